"""The pool of received fapiao: pages are loaded set-based, sellers linked to vendors, red fapiao to their originals.

Rows are compared before they are touched: pulling the same again writes and locks nothing. A value that the cloud
doesn't report never clears a known one. Called as superuser; commits nothing.
"""

import csv
import io
from operator import itemgetter
from typing import NamedTuple

from odoo.tools import SQL

from ...clouds.inbound import InboundFapiao, InboundLine
from ...rules import taxno
from ...rules.names import name_key
from ..values import TYPES
from .matching_open import plain_name, tax_no

OTHER_TYPE = "11"
DEPENDED_ON = ["status", "number", "amount_total", "amount_tax", "amount_untaxed", "booking", "deduction"]

# ------------------------------------------------------------------ columns: those of the rows, and of the tables

NUMERIC = "numeric"
_TYPE_OF = {
    "issue_date": "date",
    **dict.fromkeys(("amount_untaxed", "amount_tax", "amount_total", "deductible", "tax_rate", "unit_price"), NUMERIC),
    **dict.fromkeys(("is_revised", "is_proxy"), "bool"),
    **dict.fromkeys(("certified_at", "selected_at"), "timestamptz"),
}
# ``currency``: foreign amounts are converted before, see foreign_money.py
_FIELDS = [name for name in InboundFapiao._fields if name not in ("lines", "travel", "currency")]
HEADER_COLUMNS = [(name, _TYPE_OF.get(name, "varchar")) for name in _FIELDS] + [("partner_id", "int4")]

_NAME_OF = {"amount": "amount_untaxed", "tax": "amount_tax"}
_LINE_TYPE_OF = {
    **dict.fromkeys(("quantity", "price", "rate", "amount", "tax"), NUMERIC),
    "is_discount": "bool",
}
LINE_COLUMNS = [("number", "varchar"), ("sequence", "int4")] + [
    (_NAME_OF.get(name, name), _LINE_TYPE_OF.get(name, "varchar")) for name in InboundLine._fields
]
_MERGED = [name for name, _type in HEADER_COLUMNS if name != "number"]
_header_of = itemgetter(*map(InboundFapiao._fields.index, _FIELDS))


def _columns(names, *table):
    return SQL(", ").join(SQL.identifier(*table, name) for name in names)


def _values():
    """Return the new value of each merged column: the cloud's if it reports one, else the known one."""
    values = {
        name: SQL("COALESCE(%s, %s)", SQL.identifier("inbox", name), SQL.identifier("known", name)) for name in _MERGED
    }
    values["type_code"] = SQL(
        "CASE WHEN inbox.type_code IN %s THEN inbox.type_code ELSE COALESCE(known.type_code, %s) END",
        tuple(code for code, _label in TYPES),
        OTHER_TYPE,
    )
    values["color"] = SQL("CASE WHEN known.color = 'red' THEN 'red' ELSE inbox.color END")
    # The cloud's list may be older than a reversal that is known here by its red fapiao. OFFSET 0 forces a
    # lookup for the few rows concerned; otherwise the planner may scan all fapiao.
    values["status"] = SQL(
        """CASE WHEN inbox.status = 'normal' AND known.status IN ('partly_red', 'red')
                     AND EXISTS (SELECT FROM fapiao red
                                  WHERE red.original_id = known.id AND red.status = 'normal' OFFSET 0)
                THEN known.status ELSE COALESCE(inbox.status, known.status, 'normal') END"""
    )
    for name in ("certified_at", "selected_at"):
        # a column of the ORM has no time zone
        values[name] = SQL(
            "COALESCE(%s AT TIME ZONE 'UTC', %s)", SQL.identifier("inbox", name), SQL.identifier("known", name)
        )
    values["partner_id"] = SQL("COALESCE(known.partner_id, inbox.partner_id)")
    return SQL(", ").join(SQL("%s AS %s", value, SQL.identifier(name)) for name, value in values.items())


# The parts of the merging statement are the same for each page.
_MERGING = {
    "values": _values(),
    "merged": _columns(_MERGED, "said"),
    "known": _columns(_MERGED, "known"),
    "columns": _columns(_MERGED),
    "excluded": _columns(_MERGED, "excluded"),
}


class Loaded(NamedTuple):
    """Number of new, changed and unchanged rows, and the ids of those with a changed status."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    changed_status_ids: tuple = ()


class Pool:
    """The received fapiao of one company."""

    def __init__(self, env, company_id):
        self.env = env
        self.cr = env.cr
        self.company_id = company_id

    # ------------------------------------------------------------------ loading

    def load(self, account_id, rows, pull_id=None, parties=None):
        """Load ``rows`` (:class:`~..clouds.inbound.InboundFapiao`); return :class:`Loaded`.

        Of several rows with one number the last counts. ``parties``: partner ids by tax number, passed when
        many pages are loaded, else read here. Creates the activities for changed status of fapiao with bills.
        """
        rows = [
            row._replace(
                seller_tax_no=taxno.normalise(row.seller_tax_no), buyer_tax_no=taxno.normalise(row.buyer_tax_no)
            )
            for row in {row.number: row for row in rows}.values()
        ]
        if not rows:
            return Loaded()
        if parties is None:
            parties = self.parties({row.seller_tax_no for row in rows})
        self._flush()
        partner = parties.get
        self._fill("fapiao_inbox", HEADER_COLUMNS, ((*_header_of(row), partner(row.seller_tax_no)) for row in rows))
        merged = self._merge_headers(account_id, pull_id)
        inserted = {id_ for id_, is_new, _is_other in merged if is_new}
        touched = {id_ for id_, _is_new, _is_other in merged}
        if any(row.lines for row in rows):
            touched |= self._merge_lines(rows)
        if any(row.original_number for row in rows):
            self._link_originals(SQL("red.number IN (SELECT number FROM fapiao_inbox)"))
        hit = tuple(id_ for id_, is_new, is_other in merged if is_other and not is_new)
        fapiao = self.env["fapiao"]
        fapiao.invalidate_model()
        # the SQL bypasses the ORM
        fapiao.browse(touched - inserted).modified(DEPENDED_ON)
        if hit:
            fapiao.browse(hit)._status_hit()
        return Loaded(len(inserted), len(touched - inserted), len(rows) - len(touched), hit)

    def _flush(self):
        for model in ("fapiao", "fapiao.line", "res.partner"):
            self.env[model].flush_model()

    def _fill(self, table, columns, rows):
        """Copy ``rows`` into a temporary table of this connection, which is emptied on commit; ``None`` and "" become
        NULL."""
        self.cr.execute(
            SQL(
                "CREATE TEMPORARY TABLE IF NOT EXISTS %s (%s) ON COMMIT DELETE ROWS; DELETE FROM %s",
                SQL.identifier(table),
                SQL(", ").join(SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in columns),
                SQL.identifier(table),
            )
        )
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(rows)
        # PostgreSQL accepts no NUL and no bare carriage return, UTF-8 no half of a surrogate pair
        lines = text.getvalue().replace("\0", "").replace("\r", " ").encode("utf-8", "replace")
        names = ", ".join(f'"{name}"' for name, _kind in columns)
        self.cr.copy_expert(f'COPY "{table}" ({names}) FROM STDIN WITH (FORMAT csv)', io.BytesIO(lines))

    def _merge_headers(self, account_id, pull_id):
        """Insert and update in one statement; return ``(id, is new, has another status)`` of changed rows.

        OFFSET 0 forces a lookup per row's number. Otherwise the planner scans the whole pool for a page as
        long as it has less than some ten thousand rows.
        """
        self.cr.execute(
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
                        company_id, direction, account_id, pull_id, number, files_state, match_state, %(columns)s,
                        create_uid, write_uid, create_date, write_date
                    )
                    SELECT %(company)s, 'in', %(account)s, %(pull)s, number, 'none', 'none', %(columns)s,
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
                **_MERGING,
                company=self.company_id,
                account=account_id or None,
                pull=pull_id or None,
                user=self.env.uid,
            ),
            log_exceptions=False,
        )
        return self.cr.fetchall()

    def _merge_lines(self, rows):
        """Replace the lines of the fapiao whose lines are reported and differ; return their ids."""
        lines = ((row.number, sequence, *line) for row in rows for sequence, line in enumerate(row.lines, start=1))
        self._fill("fapiao_inbox_line", LINE_COLUMNS, lines)
        values = [name for name, _type in LINE_COLUMNS if name not in ("number", "sequence")]
        self.cr.execute(
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
                    INSERT INTO fapiao_line (fapiao_id, company_id, sequence, %(columns)s, create_uid, write_uid,
                                             create_date, write_date)
                    SELECT fapiao_id, %(company)s, sequence, %(columns)s, %(user)s, %(user)s,
                           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                      FROM said WHERE fapiao_id IN (SELECT id FROM other)
                )
                SELECT id FROM other
                """,
                company=self.company_id,
                said=_columns(values, "said"),
                kept=_columns(values, "kept"),
                columns=_columns(values),
                user=self.env.uid,
            ),
            log_exceptions=False,
        )
        self.env["fapiao.line"].invalidate_model()
        return {id_ for (id_,) in self.cr.fetchall()}

    # ------------------------------------------------------------------ vendors by tax number, originals by number

    def parties(self, tax_numbers=None):
        """Return partner ids by tax number, of ``tax_numbers`` or all: active partners, the company's own
        before shared ones, commercial partners before their contacts.
        """
        company = self.env["res.company"].browse(self.company_id)
        self.env["res.partner"].flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (tax_no) tax_no, commercial_partner_id
                      FROM (SELECT *, %s AS tax_no
                              FROM res_partner
                             WHERE vat IS NOT NULL AND active
                               AND (company_id IS NULL OR company_id IN %s)) partner
                     WHERE tax_no <> '' AND %s
                     ORDER BY tax_no, company_id IS NULL, id <> commercial_partner_id, id
                    """,
                    tax_no(SQL("vat")),
                    tuple((company | company.parent_ids).ids),
                    SQL("tax_no = ANY(%s)", list(tax_numbers)) if tax_numbers is not None else SQL("TRUE"),
                )
            )
        )

    def named(self, name):
        """Return the ids of the active partners with the ``name``, compared as the search for pairs does."""
        if not (key := name_key(name)):
            return []
        self.env["res.partner"].flush_model(["name", "active"])
        known = SQL("SELECT id FROM res_partner WHERE active AND %s = %s", plain_name(SQL("name")), key)
        return [id_ for (id_,) in self.env.execute_query(known)]

    def numbered(self, number):
        """Return the ids of the active partners with the tax ``number``, however it was entered."""
        self.env["res.partner"].flush_model(["vat", "active"])
        known = SQL(
            "SELECT id FROM res_partner WHERE active AND vat IS NOT NULL AND %s = %s", tax_no(SQL("vat")), number
        )
        return [id_ for (id_,) in self.env.execute_query(known)] if number else []

    def resolve(self):
        """Find vendors and originals that were created after their fapiao; writes only where some are
        missing.
        """
        self._flush()
        if parties := self.parties():
            self.cr.execute(
                SQL(
                    """
                    UPDATE fapiao SET partner_id = party.id
                      FROM unnest(%s, %s) AS party(tax_no, id)
                     WHERE fapiao.company_id = %s AND fapiao.direction = 'in'
                       AND fapiao.partner_id IS NULL AND fapiao.seller_tax_no = party.tax_no
                    """,
                    *(list(parties), list(parties.values()), self.company_id),
                ),
                log_exceptions=False,
            )
        self._link_originals(SQL("TRUE"))
        self.env["fapiao"].invalidate_model()

    def _link_originals(self, which):
        """Link those red fapiao ``which`` to the blue ones they name, once both exist."""
        self.cr.execute(
            SQL(
                """
                UPDATE fapiao red SET original_id = blue.id
                  FROM fapiao blue
                 WHERE red.company_id = %(company)s AND red.direction = 'in'
                   AND red.original_id IS NULL AND red.original_number IS NOT NULL
                   AND blue.company_id = %(company)s AND blue.direction = 'in'
                   AND blue.number = red.original_number AND blue.id <> red.id AND %(which)s
                """,
                company=self.company_id,
                which=which,
            ),
            log_exceptions=False,
        )
