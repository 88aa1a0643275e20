"""Model ``res.company``: what is remembered for down payments also decides those that wait for a decision."""

from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def write(self, vals):
        result = super().write(vals)
        if vals.get("fapiao_advance"):
            self._fapiao_decide_advances()
        return result

    def _fapiao_decide_advances(self):
        """Let posted down payments without a decision follow the company's."""
        for company in self:
            # sudo: who may change the setting decides for all
            undecided = (
                self.env["account.move"]
                .sudo()
                .search(
                    [
                        ("company_id", "=", company.id),
                        ("move_type", "=", "out_invoice"),
                        ("state", "=", "posted"),
                        ("fapiao_advance", "=", False),
                        ("invoice_line_ids.is_downpayment", "=", True),
                        ("fapiao_request_ids", "=", False),
                    ]
                )
            )
            undecided.filtered("fapiao_is_advance")._fapiao_decide(
                company.fapiao_advance, company.fapiao_advance_code_id
            )
