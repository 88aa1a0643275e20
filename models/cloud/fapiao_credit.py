"""Model ``fapiao.credit``: the credit line of an account over time, one row a day with its last figures.

Source: docs/protocols/piaodanyun.md#credit-line-and-face, docs/protocols/kingdee-billing.md#callbacks.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..values import SHANGHAI, aware
from .fapiao_account import SOURCES

KEEP = timedelta(days=750)  # two years and the month of the third in which they are compared
REMOVED_AT_ONCE = 10000
FIGURES = (
    *("credit_total", "credit_left_told", "credit_left_today", "credit_used"),
    *("credit_count", "credit_amount", "credit_tax", "credit_source"),
)


class FapiaoCredit(models.Model):
    _name = "fapiao.credit"
    _description = "Fapiao Credit Line"
    _order = "day desc, account_id"
    _rec_name = "day"

    account_id = fields.Many2one("fapiao.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    day = fields.Date(required=True, readonly=True, help="In China.")
    at = fields.Datetime("As Of", required=True, readonly=True)
    credit_total = fields.Monetary("Credit Line", readonly=True, aggregator="max", help="总授信额度")
    credit_left_told = fields.Monetary("Left", readonly=True, aggregator="min", help="剩余授信额度")
    credit_left_today = fields.Monetary("Left Today", readonly=True, aggregator="min")
    credit_used = fields.Monetary("Used", readonly=True, aggregator="max", help="已使用授信额度")
    credit_count = fields.Integer("Fapiao This Month", readonly=True, aggregator="max", help="开具发票张数")
    credit_amount = fields.Monetary("Amount This Month", readonly=True, aggregator="max", help="发票合计金额")
    credit_tax = fields.Monetary("Tax This Month", readonly=True, aggregator="max", help="发票合计税额")
    credit_source = fields.Selection(SOURCES, "Told By", readonly=True)

    _one_a_day = models.UniqueIndex("(account_id, day)", "There is a row of this account and day.")

    @api.model
    def _note(self, account, values):
        """Keep the figures in ``values`` of ``account`` as those of their day; a figure not told stays.

        Two workers may note at a time: whichever was told later counts.
        """
        row = {name: values[name] for name in FIGURES if name in values}
        row |= {
            "account_id": account.id,
            "company_id": account.company_id.id,
            "at": values["credit_at"],
            "day": aware(values["credit_at"]).astimezone(SHANGHAI).date(),
        }
        kept = [SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name)) for name in row if name != "day"]
        self.env.cr.execute(
            SQL(
                "INSERT INTO fapiao_credit (create_date, write_date, %s) VALUES (%s, %s, %s)"
                " ON CONFLICT (account_id, day) DO UPDATE SET write_date = EXCLUDED.write_date, %s"
                " WHERE fapiao_credit.at <= EXCLUDED.at",
                SQL(", ").join(map(SQL.identifier, row)),
                *(self.env.cr.now(), self.env.cr.now()),
                SQL(", ").join(SQL("%s", value) for value in row.values()),
                SQL(", ").join(kept),
            ),
            log_exceptions=False,
        )
        self.invalidate_model(flush=False)

    @api.autovacuum
    def _gc_old(self):
        """Remove rows older than two years."""
        old = self.search([("day", "<", fields.Date.today() - KEEP)], limit=REMOVED_AT_ONCE)
        old.unlink()
        return len(old), len(old) == REMOVED_AT_ONCE
