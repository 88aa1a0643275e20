"""Temporary tables of a search with its open documents: ``open_fapiao``, ``open_bill``.

Names and tax numbers are normalised once, and the tables are analyzed: without statistics the planner takes
every key for unique, and a large search takes minutes. A rule removes what it has matched.
"""

from odoo.tools import SQL

from ...rules import names, taxno
from ..values import LIVING

OPEN_BILL = SQL(
    "m.move_type IN ('in_invoice', 'in_refund', 'in_receipt') AND m.state IN ('draft', 'posted')"
    " AND m.fapiao_in_state IN ('none', 'proposed')"
)


def plain(expression):
    """Return SQL that normalises a number like ``rules.taxno.normalise``."""
    return SQL("regexp_replace(upper(normalize(COALESCE(%s, ''), NFKC)), %s, '', 'g')", expression, taxno.IGNORED)


def plain_name(expression):
    """Return SQL that normalises a party's name like ``rules.names.key``."""
    name = plain(SQL("translate(%s, %s, %s)", expression, *names.RADICALS))
    return SQL("regexp_replace(%s, %s, '')", name, names.PERSON_SUFFIX)


def tax_no(expression):
    """Return SQL for the number in a partner's tax ID; see ``res.partner._written_tax_no``."""
    return SQL("regexp_replace(%s, '^(CN|/$)', '')", plain(expression))


def taxpayer(column, taxpayers):
    """Return SQL for the company that is the taxpayer of the one in ``column``, from ``{branch id: taxpayer's id}``:
    the fapiao of a branch are received by its parent."""
    if not taxpayers:
        return column
    known = SQL("unnest(%s, %s) AS known (id, taxpayer)", list(taxpayers), list(taxpayers.values()))
    return SQL("COALESCE((SELECT taxpayer FROM %s WHERE known.id = %s), %s)", known, column, column)


def build(companies, scope, taxpayers):
    """Return the statements that fill both tables with the open documents of ``companies``. ``scope`` is
    ``(fapiao ids or None, bill ids or None)``; ``taxpayers``: see :func:`taxpayer`."""
    fapiao_ids, move_ids = scope
    return SQL(
        """
    DROP TABLE IF EXISTS pg_temp.open_fapiao, pg_temp.open_bill;
    %(fapiao)s;
    %(bills)s;
    %(named)s;
    ANALYZE open_fapiao, open_bill""",
        fapiao=_open_fapiao(companies, fapiao_ids, taxpayers),
        bills=_open_bills(companies, move_ids, taxpayers),
        named=_KEY_BY_NAME,
    )


# ``key`` identifies the seller by tax number or else name, ``month`` counts periods of 31 days.
_KEYS = SQL("CASE WHEN tax_no <> '' THEN tax_no ELSE seller END AS key, (day - DATE '2000-01-01') / 31 AS month")
# A vendor without tax number is identified by its name if the fapiao have one number for that name.
_KEY_BY_NAME = SQL(
    """
    UPDATE open_bill SET key = known.tax_no
      FROM (SELECT company_id, seller, min(tax_no) AS tax_no FROM open_fapiao
             WHERE tax_no <> '' AND seller <> ''
             GROUP BY company_id, seller HAVING count(DISTINCT tax_no) = 1) AS known
     WHERE open_bill.tax_no = '' AND open_bill.company_id = known.company_id
       AND open_bill.seller = known.seller"""
)


def _open_fapiao(companies, ids, taxpayers):
    return SQL(
        """
    CREATE TEMPORARY TABLE open_fapiao ON COMMIT DROP AS
    SELECT f.*, %(keys)s
      FROM (
        SELECT f.id, %(taxpayer)s AS company_id, f.company_id AS owner_id, f.number,
               f.code, f.amount_total AS total, f.amount_tax AS tax,
               COALESCE(f.issue_date, f.create_date::date) AS day, %(tax_no)s AS tax_no, %(name)s AS seller,
               EXISTS (SELECT FROM fapiao g WHERE g.direction = 'in' AND g.number = f.number
                                              AND g.company_id <> f.company_id) AS is_shared
          FROM fapiao f
         WHERE f.direction = 'in' AND f.company_id = ANY(%(companies)s) AND f.status = ANY(%(living)s)
           AND COALESCE(f.match_state, 'none') IN ('none', 'proposed') AND f.amount_total <> 0
           AND NOT EXISTS (SELECT FROM fapiao_match x WHERE x.fapiao_id = f.id AND x.active)
           AND %(scope)s) AS f""",
        keys=_KEYS,
        tax_no=plain(SQL("f.seller_tax_no")),
        name=plain_name(SQL("f.seller_name")),
        taxpayer=taxpayer(SQL("f.company_id"), taxpayers),
        companies=list(companies),
        living=list(LIVING),
        scope=SQL("TRUE") if ids is None else SQL("f.id = ANY(%s)", ids),
    )


def _open_bills(companies, ids, taxpayers):
    """``said`` is the text that may contain a number; ``is_named`` whether a fapiao's number was found there."""
    return SQL(
        """
    CREATE TEMPORARY TABLE open_bill ON COMMIT DROP AS
    SELECT b.*, %(keys)s
      FROM (
        SELECT m.id, %(taxpayer)s AS company_id, -m.amount_total_signed AS total,
               COALESCE(m.invoice_date, m.date) AS day,
               %(vat)s AS tax_no, %(partner)s AS seller,
               upper(concat_ws(' ', m.ref, m.payment_reference, m.fapiao)) AS said,
               known.move_id IS NOT NULL AS is_proposed, COALESCE(known.is_named, FALSE) AS is_named
          FROM account_move m
          LEFT JOIN res_partner p ON p.id = m.commercial_partner_id
          LEFT JOIN (SELECT x.move_id, bool_or(x.state = 'confirmed') AS is_confirmed,
                            bool_or(x.rule = 'number') AS is_named
                       FROM fapiao_match x WHERE x.active AND x.move_id IS NOT NULL AND %(known_scope)s
                      GROUP BY x.move_id) AS known ON known.move_id = m.id
         WHERE %(is_open)s AND m.company_id = ANY(%(companies)s) AND m.amount_total_signed <> 0
           AND known.is_confirmed IS NOT TRUE
           AND NOT EXISTS (SELECT FROM hr_expense e WHERE e.account_move_id = m.id)
           AND %(scope)s) AS b""",
        keys=_KEYS,
        is_open=OPEN_BILL,
        vat=tax_no(SQL("p.vat")),
        partner=plain_name(SQL("p.name")),
        taxpayer=taxpayer(SQL("m.company_id"), taxpayers),
        companies=list(companies),
        known_scope=SQL("TRUE") if ids is None else SQL("x.move_id = ANY(%s)", ids),
        scope=SQL("TRUE") if ids is None else SQL("m.id = ANY(%s)", ids),
    )
