"""Statements before and after a search: the documents in its scope, and the states after its matches.

``write_bills`` and ``write_fapiao`` do in SQL what ``verdict.py`` does for one document.
"""

from typing import NamedTuple

from odoo.tools import SQL

from .matching_open import OPEN_BILL, plain, plain_name, tax_no
from .verdict import DEAD, DEDUCTIBLE

# The planner has no statistics on CTEs and prefers loops and sorts, which take minutes instead of seconds for
# many documents.
PLAN_FOR_MANY = SQL("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '64MB'")
PLAN_AS_USUAL = SQL(
    "SET LOCAL enable_nestloop = DEFAULT; SET LOCAL enable_mergejoin = DEFAULT; SET LOCAL work_mem = DEFAULT"
)


class Sought(NamedTuple):
    """The sellers of a search. A name is compared only where the other side has no tax number."""

    tax_nos: list
    names: list
    names_alone: list  # of sellers without a tax number
    numbers: list


def sellers(fapiao_ids, move_ids):
    """Return the query for the fields of :class:`Sought` from these fapiao and these bills with their vendors."""
    return SQL(
        r"""
    SELECT COALESCE(array_agg(DISTINCT tax_no) FILTER (WHERE tax_no <> ''), '{}'),
           COALESCE(array_agg(DISTINCT name) FILTER (WHERE name <> ''), '{}'),
           COALESCE(array_agg(DISTINCT name) FILTER (WHERE name <> '' AND tax_no = ''), '{}'),
           COALESCE(array_agg(DISTINCT number) FILTER (WHERE number <> ''), '{}')
      FROM (SELECT %(seller_tax_no)s, %(seller)s, upper(f.number) FROM fapiao f WHERE f.id = ANY(%(fapiao)s)
             UNION
            SELECT %(vat)s, %(vendor)s, word
              FROM account_move m LEFT JOIN res_partner p ON p.id = m.commercial_partner_id
              LEFT JOIN regexp_split_to_table(
                        upper(concat_ws(' ', m.ref, m.payment_reference, m.fapiao)), '[^0-9A-Z]+') AS word
                    ON length(word) >= 8
             WHERE m.id = ANY(%(moves)s)) AS sought (tax_no, name, number)""",
        seller_tax_no=plain(SQL("f.seller_tax_no")),
        seller=plain_name(SQL("f.seller_name")),
        vat=tax_no(SQL("p.vat")),
        vendor=plain_name(SQL("p.name")),
        fapiao=fapiao_ids,
        moves=move_ids,
    )


def fapiao_of(companies, sought):
    """Return the query for the open received fapiao of these sellers or with these numbers."""
    name = plain_name(SQL("f.seller_name"))
    branches = [
        SQL("f.seller_tax_no = ANY(%s)", sought.tax_nos),
        SQL("f.number = ANY(%s)", sought.numbers),
        SQL("f.seller_tax_no IS NULL AND %s = ANY(%s)", name, sought.names),
        SQL("f.seller_tax_no = '' AND %s = ANY(%s)", name, sought.names),
    ]
    if sought.names_alone:
        # reads all open fapiao
        branches.append(SQL("%s = ANY(%s)", name, sought.names_alone))
    return SQL(" UNION ").join(
        SQL(
            "SELECT f.id FROM fapiao f WHERE f.direction = 'in' AND f.company_id = ANY(%s)"
            " AND f.match_state IN ('none', 'proposed') AND %s",
            list(companies),
            branch,
        )
        for branch in branches
    )


def bills_of(companies, sought):
    """Return the query for the open bills of these vendors or with these numbers as their reference."""
    name = plain_name(SQL("p.name"))
    vendors = SQL(
        "m.commercial_partner_id IN (SELECT p.id FROM res_partner p WHERE p.vat <> '' AND %s = ANY(%s)"
        " OR COALESCE(p.vat, '') IN ('', '/') AND %s = ANY(%s) OR %s)",
        tax_no(SQL("p.vat")),
        sought.tax_nos,
        name,
        sought.names,
        SQL("%s = ANY(%s)", name, sought.names_alone) if sought.names_alone else SQL("FALSE"),
    )
    branches = [vendors] + [
        SQL("%s = ANY(%s)", SQL.identifier("m", field), sought.numbers)
        for field in ("ref", "payment_reference", "fapiao")
    ]
    return SQL(" UNION ").join(
        SQL(
            "SELECT m.id FROM account_move m WHERE %s AND m.company_id = ANY(%s) AND %s",
            OPEN_BILL,
            list(companies),
            branch,
        )
        for branch in branches
    )


def changed(since):
    """Return the query for ``(company, fapiao ids, bill ids)`` of open documents written after ``since``."""
    return SQL(
        """
    SELECT company_id, array_agg(fapiao_id) FILTER (WHERE fapiao_id IS NOT NULL),
           array_agg(move_id) FILTER (WHERE move_id IS NOT NULL)
      FROM (SELECT f.company_id, f.id AS fapiao_id, NULL::integer AS move_id FROM fapiao f
             WHERE f.direction = 'in' AND COALESCE(f.match_state, 'none') IN ('none', 'proposed')
               AND COALESCE(f.write_date, f.create_date) > %(since)s
             UNION ALL
            SELECT m.company_id, NULL, m.id FROM account_move m
             WHERE %(is_open)s AND m.write_date > %(since)s) AS documents
     GROUP BY company_id""",
        since=since,
        is_open=OPEN_BILL,
    )


def forget_proposals(searched, companies, fapiao_ids):
    """Return the statement that deletes the proposals of earlier searches for these fapiao, or all (None)."""
    return SQL(
        "DELETE FROM fapiao_match WHERE state = 'proposed' AND active AND rule = ANY(%s)"
        " AND company_id = ANY(%s) AND move_id IS NOT NULL AND %s RETURNING fapiao_id, move_id",
        list(searched),
        list(companies),
        SQL("TRUE") if fapiao_ids is None else SQL("fapiao_id = ANY(%s)", fapiao_ids),
    )


def drop_overtaken(searched, move_ids):
    """Return the statement that deletes proposals for fapiao or bills that are matched now."""
    return SQL(
        """
    DELETE FROM fapiao_match p
     WHERE p.state = 'proposed' AND p.active AND p.rule = ANY(%(searched)s)
       AND EXISTS (SELECT FROM fapiao_match c WHERE c.move_id = p.move_id AND c.active
                                                AND c.state = 'confirmed')
       AND p.move_id = ANY(%(moves)s)
    RETURNING p.fapiao_id, p.move_id""",
        searched=list(searched),
        moves=move_ids,
    )


def reversed_by(fapiao_ids):
    """Return the query for fapiao and bill of the confirmed matches of the originals of these red fapiao:
    their bills differ only while the red ones are on no document.
    """
    return SQL(
        "SELECT x.fapiao_id, x.move_id FROM fapiao red"
        " JOIN fapiao_match x ON x.fapiao_id = red.original_id AND x.active AND x.state = 'confirmed'"
        " WHERE red.id = ANY(%s) AND x.move_id IS NOT NULL",
        fapiao_ids,
    )


def write_bills(move_ids):
    """Return the statement that writes state and numbers of these bills."""
    return SQL(
        """
    WITH rows AS (
        SELECT x.move_id, x.state = 'confirmed' AS is_confirmed, x.amount, x.amount_tax, f.number,
               x.amount = f.amount_total AS is_whole, f.type_code = ANY(%(deductible)s) AS is_deductible,
               COALESCE(x.seller_differs, FALSE) OR f.status = ANY(%(dead)s)
               OR f.status = 'red' AND COALESCE((%(is_red_open)s), TRUE) AS is_wrong
          FROM fapiao_match x JOIN fapiao f ON f.id = x.fapiao_id
         WHERE x.active AND x.move_id = ANY(%(moves)s)
    ), sums AS (
        SELECT move_id, bool_or(is_confirmed) AS is_confirmed,
               COALESCE(sum(amount) FILTER (WHERE is_confirmed), 0) AS covered,
               COALESCE(sum(amount_tax) FILTER (WHERE is_confirmed), 0) AS tax,
               0.01 * count(*) FILTER (WHERE is_confirmed AND NOT is_whole) AS tolerance,
               COALESCE(bool_or(is_deductible) FILTER (WHERE is_confirmed), FALSE) AS is_deductible,
               COALESCE(bool_or(is_wrong) FILTER (WHERE is_confirmed), FALSE) AS is_wrong,
               string_agg(DISTINCT number, ', ' ORDER BY number) FILTER (WHERE is_confirmed) AS numbers
          FROM rows GROUP BY move_id
    ), verdicts AS (
        SELECT m.id, s.numbers, CASE
               WHEN s.move_id IS NULL THEN 'none'
               WHEN NOT s.is_confirmed THEN 'proposed'
               WHEN s.is_wrong THEN 'differs'
               WHEN s.covered = -m.amount_total_signed THEN CASE
                    WHEN COALESCE(m.amount_tax_signed, 0) = 0 AND NOT s.is_deductible THEN 'matched'
                    WHEN abs(-COALESCE(m.amount_tax_signed, 0) - s.tax) <= s.tolerance THEN 'matched'
                    ELSE 'differs' END
               WHEN s.covered * -m.amount_total_signed > 0 AND abs(s.covered) < abs(m.amount_total_signed)
               THEN 'partial'
               ELSE 'differs' END AS state
          FROM account_move m LEFT JOIN sums s ON s.move_id = m.id
         WHERE m.id = ANY(%(moves)s)
    )
    UPDATE account_move m SET fapiao_in_state = v.state, fapiao_in_numbers = v.numbers
      FROM verdicts v
     WHERE m.id = v.id AND (m.fapiao_in_state, m.fapiao_in_numbers) IS DISTINCT FROM (v.state, v.numbers)""",
        deductible=list(DEDUCTIBLE),
        dead=list(DEAD),
        is_red_open=SQL(
            "SELECT bool_or(NOT EXISTS (SELECT FROM fapiao_match y"
            " WHERE y.fapiao_id = red.id AND y.active AND y.state = 'confirmed'))"
            " FROM fapiao red WHERE red.original_id = f.id"
        ),
        moves=move_ids,
    )


def write_fapiao(fapiao_ids):
    """Return the statement that writes state and matched amount of these fapiao; their bills come first."""
    return SQL(
        """
    WITH sums AS (
        SELECT x.fapiao_id, bool_or(x.state = 'confirmed') AS is_confirmed,
               COALESCE(sum(x.amount) FILTER (WHERE x.state = 'confirmed'), 0) AS covered,
               COALESCE(bool_or('differs' IN (m.fapiao_in_state, e.fapiao_in_state))
                        FILTER (WHERE x.state = 'confirmed'), FALSE) AS is_differing
          FROM fapiao_match x
          LEFT JOIN account_move m ON m.id = x.move_id
          LEFT JOIN hr_expense e ON e.id = x.expense_id
         WHERE x.active AND x.fapiao_id = ANY(%(fapiao)s) GROUP BY x.fapiao_id
    ), verdicts AS (
        SELECT f.id, COALESCE(s.covered, 0) AS covered, CASE
               WHEN s.fapiao_id IS NULL THEN 'none'
               WHEN NOT s.is_confirmed THEN 'proposed'
               WHEN abs(s.covered) < abs(f.amount_total) THEN 'partial'
               WHEN s.is_differing OR s.covered <> f.amount_total THEN 'differs'
               ELSE 'matched' END AS state
          FROM fapiao f LEFT JOIN sums s ON s.fapiao_id = f.id
         WHERE f.id = ANY(%(fapiao)s)
    )
    UPDATE fapiao f SET match_state = v.state, match_amount = v.covered
      FROM verdicts v
     WHERE f.id = v.id AND (f.match_state, f.match_amount) IS DISTINCT FROM (v.state, v.covered)""",
        fapiao=fapiao_ids,
    )
