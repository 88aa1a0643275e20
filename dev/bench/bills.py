"""A vendor bill for each received fapiao, made by SQL from one that the ORM made and posted.

They have no journal items: the search reads none.
"""

from odoo import Command

from .world import check

# Of ten bills in a row, so many name their fapiao, and so many have its seller and total only; the rest fit
# nothing.
NAMED, LIKE = 6, 3


def make(world):
    """Make vendors and bills; return how many bills are to be found by number, and by seller and total."""
    with world.env() as env:
        cr = env.cr
        bill = _template(env, world.company_id)
        _clone(cr, "res_partner", bill.partner_id.id, _VENDORS, _VENDOR_VALUES)
        cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE ref = 'bench'")
        cr.execute(
            "CREATE TEMPORARY TABLE vendor ON COMMIT DROP AS"
            " SELECT vat, id FROM res_partner WHERE ref = 'bench'; ANALYZE vendor"
        )
        _clone(cr, "account_move", bill.id, _PAIRS % {"named": NAMED, "like": NAMED + LIKE}, _BILL_VALUES)
        bill.button_draft()
        bill.button_cancel()
        cr.execute(
            """
            SELECT count(*) FILTER (WHERE m.ref IS NOT NULL),
                   count(*) FILTER (WHERE m.ref IS NULL AND -m.amount_total_signed = f.amount_total)
              FROM account_move m JOIN fapiao f ON f.number = m.narration
             WHERE m.invoice_origin = 'bench' AND f.status IN ('normal', 'partly_red')
            """
        )
        expected = cr.fetchone()
        cr.execute("SELECT count(*) FROM account_move WHERE invoice_origin = 'bench'")
        check(all(expected), "no bill is to be found")
        count = cr.fetchone()[0]
    world.maintain("VACUUM (ANALYZE)", "account_move", "res_partner", "fapiao")
    return count, *expected


def _template(env, company_id):
    company = env["res.company"].browse(company_id)
    env = env(context={"allowed_company_ids": [company_id]})
    vendor = env["res.partner"].create({"name": "bench", "is_company": True})
    bill = env["account.move"].create(
        {
            "move_type": "in_invoice",
            "company_id": company.id,
            "partner_id": vendor.id,
            "invoice_date": env["fapiao.pull"]._today(),
            "invoice_line_ids": [Command.create({"name": "bench", "price_unit": 100})],
        }
    )
    bill.action_post()
    env.flush_all()
    return bill


def _clone(cr, table, template_id, source, values):
    """Insert a copy of one row for each row ``x`` of the query ``source``, with other ``values``."""
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND table_schema = current_schema AND column_name <> 'id'",
        [table],
    )
    columns = [name for (name,) in cr.fetchall()]
    check(set(values) <= set(columns), f"{table} lacks {set(values) - set(columns)}")
    names = ", ".join(f'"{name}"' for name in columns)
    chosen = ", ".join(values.get(name, f'old."{name}"') for name in columns)
    cr.execute(
        f"INSERT INTO {table} ({names}) SELECT {chosen} FROM ({source}) x, {table} old"
        f" WHERE old.id = {int(template_id)}"
    )


_VENDORS = """SELECT DISTINCT ON (seller_tax_no) seller_tax_no, seller_name
                FROM fapiao WHERE direction = 'in' AND seller_tax_no <> ''"""
_VENDOR_VALUES = {
    "name": "x.seller_name",
    "complete_name": "x.seller_name",
    "vat": "x.seller_tax_no",
    "ref": "'bench'",
    "commercial_partner_id": "NULL",
}
# A wrong total is one that no fapiao of the sandbox has, nor any two of them.
_PAIRS = """SELECT f.id, f.number, f.issue_date + 3 AS day, v.id AS vendor_id, f.amount_tax AS tax,
                   f.amount_total + CASE WHEN f.place %% 10 < %(like)s THEN 0 ELSE 50000000 END AS total,
                   CASE WHEN f.place %% 10 < %(named)s THEN f.number END AS ref
              FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM fapiao
                     WHERE direction = 'in') f
              JOIN vendor v ON v.vat = f.seller_tax_no"""
_BILL_VALUES = {
    "name": "'BENCH/' || x.id",
    "sequence_number": "x.id",
    "sequence_prefix": "'BENCH/'",
    "move_type": "CASE WHEN x.total < 0 THEN 'in_refund' ELSE 'in_invoice' END",
    "partner_id": "x.vendor_id",
    "commercial_partner_id": "x.vendor_id",
    "ref": "x.ref",
    "payment_reference": "NULL",
    "fapiao": "NULL",
    "invoice_origin": "'bench'",
    "narration": "x.number",
    "date": "x.day",
    "invoice_date": "x.day",
    "amount_untaxed": "abs(x.total - COALESCE(x.tax, 0))",
    "amount_tax": "abs(COALESCE(x.tax, 0))",
    "amount_total": "abs(x.total)",
    "amount_residual": "abs(x.total)",
    "amount_untaxed_signed": "COALESCE(x.tax, 0) - x.total",
    "amount_tax_signed": "-COALESCE(x.tax, 0)",
    "amount_total_signed": "-x.total",
    "amount_residual_signed": "-x.total",
    "amount_total_in_currency_signed": "-x.total",
    "access_token": "NULL",
    "fapiao_in_state": "'none'",
}
