"""A vendor bill for each received fapiao, made by SQL from one that the ORM made and posted.

They have no journal items: the search reads none.
"""

from odoo import Command

from .world import check

# Of ten bills in a row, so many name their fapiao, and so many have its seller and total only; the rest fit nothing.
NAMED, LIKE = 6, 3


def make(world):
    """Make vendors and bills; return how many bills there are, and how many are to be found by number and by seller
    and total."""
    with world.env() as env:
        cr = env.cr
        bill = _template(env, world.company_id)
        cr.execute(_VENDORS, [bill.partner_id.id])
        cr.execute(
            "UPDATE res_partner SET commercial_partner_id = id WHERE ref = 'bench';"
            " CREATE TEMPORARY TABLE vendor ON COMMIT DROP AS SELECT vat, id FROM res_partner WHERE ref = 'bench';"
            " ANALYZE vendor"
        )
        cr.execute(_BILLS, {"named": NAMED, "like": NAMED + LIKE, "bill": bill.id})
        count = cr.rowcount
        bill.button_draft()
        bill.button_cancel()
        cr.execute(
            """SELECT count(*) FILTER (WHERE m.ref IS NOT NULL), count(*) FILTER (WHERE m.ref IS NULL AND
            -m.amount_total_signed = f.amount_total) FROM account_move m JOIN fapiao f ON f.number = m.narration WHERE
            m.invoice_origin = 'bench' AND f.status IN ('normal', 'partly_red')
            """
        )
        expected = cr.fetchone()
        check(all(expected), "no bill is to be found")
    world.maintain("VACUUM (ANALYZE)", "account_move", "res_partner", "fapiao")
    return count, *expected


def _template(env, company_id):
    env = env(context={"allowed_company_ids": [company_id]})
    vendor = env["res.partner"].create({"name": "bench", "is_company": True})
    values = {"move_type": "in_invoice", "company_id": company_id, "partner_id": vendor.id}
    values["invoice_date"] = env["fapiao.pull"]._today()
    values["invoice_line_ids"] = [Command.create({"name": "bench", "price_unit": 100})]
    bill = env["account.move"].create(values)
    bill.action_post()
    env.flush_all()
    return bill


# Each row is a copy of the template's with other values.
_VENDORS = """
INSERT INTO res_partner
SELECT (jsonb_populate_record(old, jsonb_build_object(
           'id', nextval('res_partner_id_seq'), 'name', x.seller_name, 'complete_name', x.seller_name,
           'vat', x.seller_tax_no, 'ref', 'bench', 'commercial_partner_id', NULL))).*
  FROM (SELECT DISTINCT ON (seller_tax_no) seller_tax_no, seller_name
          FROM fapiao WHERE direction = 'in' AND seller_tax_no <> '') x, res_partner old
 WHERE old.id = %s"""
# A wrong total is one that no fapiao of the sandbox has, nor any two of them.
_BILLS = """
INSERT INTO account_move
SELECT (jsonb_populate_record(old, jsonb_build_object(
           'id', nextval('account_move_id_seq'), 'name', 'BENCH/' || x.id, 'sequence_number', x.id,
           'sequence_prefix', 'BENCH/', 'invoice_origin', 'bench', 'narration', x.number, 'ref', x.ref,
           'payment_reference', NULL, 'fapiao', NULL, 'access_token', NULL, 'fapiao_in_state', 'none',
           'move_type', CASE WHEN x.total < 0 THEN 'in_refund' ELSE 'in_invoice' END,
           'partner_id', x.vendor_id, 'commercial_partner_id', x.vendor_id, 'date', x.day, 'invoice_date', x.day,
           'amount_untaxed', abs(x.total - x.tax), 'amount_tax', abs(x.tax),
           'amount_total', abs(x.total), 'amount_residual', abs(x.total),
           'amount_untaxed_signed', x.tax - x.total, 'amount_tax_signed', -x.tax,
           'amount_total_signed', -x.total, 'amount_residual_signed', -x.total,
           'amount_total_in_currency_signed', -x.total))).*
  FROM (SELECT f.id, f.number, f.issue_date + 3 AS day, v.id AS vendor_id, COALESCE(f.amount_tax, 0) AS tax,
               f.amount_total + CASE WHEN f.place %% 10 < %(like)s THEN 0 ELSE 50000000 END AS total,
               CASE WHEN f.place %% 10 < %(named)s THEN f.number END AS ref
          FROM (SELECT *, row_number() OVER (ORDER BY id) AS place FROM fapiao WHERE direction = 'in') f
          JOIN vendor v ON v.vat = f.seller_tax_no) x, account_move old
 WHERE old.id = %(bill)s"""
