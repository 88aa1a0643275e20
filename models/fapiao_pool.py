"""The way into the pool of received fapiao: a page at a time, set-based, writing only what is new.

A row of the pool is compared before it is touched: pulling the same again writes nothing and locks nothing.
What a cloud doesn't say never blanks what is known.
"""

from functools import cache
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from .fapiao_pool_copy import HEADER_COLUMNS, LINE_COLUMNS, headers_as_csv, lines_as_csv
from .fapiao_types import TYPES

# What the cloud's word is taken for wherever it says something. (Colour and status have rules of their own.)
SAID = [
    column for column, _type in HEADER_COLUMNS if column not in ("number", "color", "status", "partner_id")
]
OTHER_TYPE = "11"
GROWTH = (1000, 10_000)  # rows that a pull has brought
DEPENDED_ON = ["status", "number", "amount_total", "amount_tax", "amount_untaxed", "booking", "deduction"]


class Loaded(NamedTuple):
    """How many rows were new, changed and as before, and the ids of those whose status is another one."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    changed_status_ids: tuple = ()


class Fapiao(models.Model):
    _inherit = "fapiao"

    @api.model
    def _load(self, company_id, account_id, rows, pull_id=None, parties=None):
        """Bring ``rows`` (:class:`~..clouds.inbound.InboundFapiao`) into the pool; return :class:`Loaded`.

        Of several with one number the last counts. ``parties``: partner ids by tax number, for who loads
        many pages; without it they are looked up. Called as superuser; commits nothing. Changes of status
        of fapiao that bills stand on raise their activities here.
        """
        rows = list({row.number: row for row in rows}.values())
        if not rows:
            return Loaded()
        if parties is None:
            parties = self._parties(company_id, {row.seller_tax_no for row in rows})
        self._flush_pool()
        self._fill_inbox(rows, parties)
        merged = self._merge_headers(company_id, account_id, pull_id)
        inserted = {id_ for id_, is_new, _is_other in merged if is_new}
        touched = {id_ for id_, _is_new, _is_other in merged}
        if any(row.lines for row in rows):
            touched |= self._merge_lines(company_id, rows)
        if any(row.original_number for row in rows):
            self._link_originals(company_id, SQL("red.number IN (SELECT number FROM fapiao_inbox)"))
        hit = tuple(id_ for id_, is_new, is_other in merged if is_other and not is_new)
        self.invalidate_model()
        self._tell_dependents(touched - inserted, hit)
        return Loaded(len(inserted), len(touched - inserted), len(rows) - len(touched), hit)

    def _flush_pool(self):
        for model in ("fapiao", "fapiao.line", "res.partner"):
            self.env[model].flush_model()

    def _tell_dependents(self, updated_ids, hit):
        """What is computed from changed rows is computed again; the SQL went past the ORM."""
        if updated_ids:
            self.browse(updated_ids).modified(DEPENDED_ON)
        if hit:
            self._status_hit(list(hit))

    def _tell_planner(self, before, after):
        """Have the pool looked at anew by the planner, where it has grown much.

        By itself that is done a minute later at the earliest, and not for a company's first fapiao in a large
        pool. Until then the planner takes it for empty and may read all of it to find an original or a bill.
        """
        if any(before < size <= after for size in GROWTH):
            self.env.cr.execute(SQL("ANALYZE fapiao"))

    # ------------------------------------------------------------------ headers

    def _fill_inbox(self, rows, parties):
        """Copy the rows into this connection's temporary table; it is empty again after the commit."""
        cr = self.env.cr
        cr.execute(_inbox("fapiao_inbox", HEADER_COLUMNS))
        copy(cr, "fapiao_inbox", HEADER_COLUMNS, headers_as_csv(rows, parties))

    def _merge_headers(self, company_id, account_id, pull_id):
        """Insert and update in one statement; return ``(id, is new, has another status)`` of what changed.

        OFFSET 0 has each row's number looked up by itself. Left to choose, the planner reads the whole pool
        for a page as long as it is below some ten thousand.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH fresh AS (
                    SELECT known.id AS known_id, known.status AS old_status, inbox.number, said.*
                      FROM fapiao_inbox inbox
                      LEFT JOIN LATERAL (SELECT * FROM fapiao
                                          WHERE company_id = %(company)s AND direction = 'in'
                                            AND number = inbox.number OFFSET 0) known ON TRUE
                     CROSS JOIN LATERAL (SELECT %(values)s) said
                     WHERE known.id IS NULL OR (%(merged)s) IS DISTINCT FROM (%(known)s)
                ), written AS (
                    INSERT INTO fapiao AS known (
                        company_id, direction, account_id, pull_id, number, files_state, %(columns)s,
                        create_uid, write_uid, create_date, write_date
                    )
                    SELECT %(company)s, 'in', %(account)s, %(pull)s, number, 'none', %(columns)s,
                           %(user)s, %(user)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                      FROM fresh
                    ON CONFLICT (company_id, direction, number) DO UPDATE
                       SET (%(columns)s) = ROW (%(excluded)s),
                           account_id = COALESCE(known.account_id, EXCLUDED.account_id),
                           status_at = CASE WHEN known.status = EXCLUDED.status THEN known.status_at
                                            ELSE now() AT TIME ZONE 'UTC' END,
                           write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
                     WHERE (%(known)s) IS DISTINCT FROM (%(excluded)s)
                    RETURNING id, number, status
                )
                SELECT written.id, fresh.known_id IS NULL, written.status IS DISTINCT FROM fresh.old_status
                  FROM written JOIN fresh USING (number)
                """,
                **_merging(),
                company=company_id,
                account=account_id or None,
                pull=pull_id or None,
                user=self.env.uid,
            ),
            log_exceptions=False,
        )
        return self.env.cr.fetchall()

    # ------------------------------------------------------------------ lines

    def _merge_lines(self, company_id, rows):
        """Replace the lines of those fapiao whose lines are told and differ; return the ids of these."""
        cr = self.env.cr
        cr.execute(_inbox("fapiao_inbox_line", LINE_COLUMNS))
        copy(cr, "fapiao_inbox_line", LINE_COLUMNS, lines_as_csv(rows))
        columns = [column for column, _type in LINE_COLUMNS if column != "number"]
        cr.execute(
            SQL(
                """
                WITH said AS (
                    SELECT fapiao.id AS fapiao_id, line.*
                      FROM fapiao_inbox_line line
                      JOIN fapiao ON fapiao.company_id = %(company)s AND fapiao.direction = 'in'
                           AND fapiao.number = line.number
                ), kept AS (
                    SELECT * FROM fapiao_line WHERE fapiao_id IN (SELECT fapiao_id FROM said)
                ), other AS (
                    SELECT DISTINCT COALESCE(said.fapiao_id, kept.fapiao_id) AS id
                      FROM said FULL JOIN kept USING (fapiao_id, sequence)
                     WHERE (%(said)s) IS DISTINCT FROM (%(kept)s)
                ), gone AS (
                    DELETE FROM fapiao_line WHERE fapiao_id IN (SELECT id FROM other)
                ), come AS (
                    INSERT INTO fapiao_line (fapiao_id, company_id, %(columns)s, create_uid, write_uid,
                                             create_date, write_date)
                    SELECT fapiao_id, %(company)s, %(columns)s, %(user)s, %(user)s,
                           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                      FROM said WHERE fapiao_id IN (SELECT id FROM other)
                )
                SELECT id FROM other
                """,
                company=company_id,
                said=SQL(", ").join(_of("said", column) for column in columns if column != "sequence"),
                kept=SQL(", ").join(_of("kept", column) for column in columns if column != "sequence"),
                columns=SQL(", ").join(map(SQL.identifier, columns)),
                user=self.env.uid,
            ),
            log_exceptions=False,
        )
        self.env["fapiao.line"].invalidate_model()
        return {id_ for (id_,) in cr.fetchall()}


COMPARED = [*SAID, "color", "status", "partner_id"]


def _of(table, column):
    return SQL("%s.%s", SQL.identifier(table), SQL.identifier(column))


@cache
def _merging():
    """Return the parts of the merging statement that are the same for each page."""
    return {
        "values": _merged_values(),
        "merged": SQL(", ").join(_of("said", column) for column in COMPARED),
        "known": SQL(", ").join(_of("known", column) for column in COMPARED),
        "columns": SQL(", ").join(map(SQL.identifier, COMPARED)),
        "excluded": SQL(", ").join(SQL("EXCLUDED.%s", SQL.identifier(column)) for column in COMPARED),
    }


def _merged_values():
    """Return what a row is to be: the cloud's word where it has one, else what is known."""
    types = tuple(code for code, _label in TYPES)
    values = {column: SQL("COALESCE(%s, %s)", _of("inbox", column), _of("known", column)) for column in SAID}
    values["type_code"] = SQL(
        "CASE WHEN inbox.type_code IN %s THEN inbox.type_code ELSE COALESCE(known.type_code, %s) END",
        types,
        OTHER_TYPE,
    )
    values["color"] = SQL("CASE WHEN known.color = 'red' THEN 'red' ELSE inbox.color END")
    # A list of the cloud's may be older than a reversal that is known here by its red fapiao. OFFSET 0 has
    # that looked up for the few rows concerned; else the planner may read all fapiao for it.
    values["status"] = SQL(
        """CASE WHEN inbox.status = 'normal' AND known.status IN ('partly_red', 'red')
                     AND EXISTS (SELECT FROM fapiao red
                                  WHERE red.original_id = known.id AND red.status = 'normal' OFFSET 0)
                THEN known.status ELSE COALESCE(inbox.status, known.status, 'normal') END"""
    )
    values["partner_id"] = SQL("COALESCE(known.partner_id, inbox.partner_id)")
    return SQL(", ").join(SQL("%s AS %s", values[column], SQL.identifier(column)) for column in COMPARED)


def _inbox(table, columns):
    """Return what makes an empty temporary table; one a connection has already is only emptied."""
    return SQL(
        "CREATE TEMPORARY TABLE IF NOT EXISTS %s (%s) ON COMMIT DELETE ROWS; DELETE FROM %s",
        SQL.identifier(table),
        SQL(", ").join(SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in columns),
        SQL.identifier(table),
    )


def copy(cr, table, columns, lines):
    """Copy CSV into a table; what is empty becomes NULL."""
    names = ", ".join(f'"{name}"' for name, _kind in columns)
    cr.copy_expert(f'COPY "{table}" ({names}) FROM STDIN WITH (FORMAT csv)', lines)
