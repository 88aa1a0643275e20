"""Model ``fapiao.account``: what confirmed orders are going to take of the credit line."""

from odoo import models
from odoo.tools import SQL

from ..issuing.fapiao_account import EXPECTED_FOR


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    def _credit_rows(self, company_ids, today, last):
        """Add the part of confirmed orders that is neither invoiced, drafts included, nor on a fapiao, less down
        payments. An order is expected on its delivery date, without one now.
        """
        for model in ("sale.order", "sale.order.line"):
            self.env[model].flush_model()
        orders = self.env.execute_query(
            SQL(
                """SELECT company_id, day, 'order', amount FROM (
                   SELECT o.company_id, GREATEST((o.commitment_date + interval '8 hours')::date, %(today)s) AS day,
                          SUM(CASE WHEN l.is_downpayment THEN -COALESCE(l.untaxed_amount_invoiced, 0)
                                   ELSE l.price_subtotal * GREATEST(0, 1 - GREATEST(l.qty_invoiced,
                                        l.fapiao_qty_covered, 0) / l.product_uom_qty) END)
                          / COALESCE(NULLIF(o.currency_rate, 0), 1) AS amount
                     FROM sale_order o
                     JOIN sale_order_line l ON l.order_id = o.id AND l.display_type IS NULL
                          AND (l.product_uom_qty > 0 OR l.is_downpayment)
                    WHERE o.company_id = ANY(%(companies)s) AND o.state = 'sale' AND o.invoice_status <> 'invoiced'
                      AND COALESCE(o.commitment_date, o.date_order) >= %(since)s
                      AND COALESCE(o.commitment_date + interval '8 hours', %(today)s) < %(last)s::date + 1
                    GROUP BY o.id) expected
                    WHERE amount > 0""",
                today=today,
                last=last,
                since=today - EXPECTED_FOR,
                companies=company_ids,
            )
        )
        return super()._credit_rows(company_ids, today, last) + orders
