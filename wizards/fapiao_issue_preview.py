"""Preview of the fapiao in the issue dialog: split or merged invoices."""

from odoo import Command, api, fields, models

from ..models.cloud import gate

FIGURES = ("documents", "line_count", "amount_untaxed", "amount_tax", "amount_total")


class FapiaoIssue(models.TransientModel):
    _inherit = "fapiao.issue"

    is_merged = fields.Boolean("Merged into One Fapiao", readonly=True)
    can_merge = fields.Boolean(compute="_compute_can_merge")
    preview_ids = fields.One2many("fapiao.issue.preview", "issue_id", "Fapiao To Be Issued", readonly=True)
    fapiao_count = fields.Integer(readonly=True)

    @api.depends("move_ids")
    def _compute_can_merge(self):
        """Offered if the invoices look mergeable; problems are shown when it is selected."""
        for issue in self:
            free = issue._free(issue.move_ids)
            issue.can_merge = len(free) > 1 and len(free.commercial_partner_id) == len(free.company_id) == 1

    def action_merge(self):
        """Merge all invoices on one fapiao, or separate them again, and check them."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        self.sudo().is_merged = not self.is_merged  # sudo: as in _open
        return self.action_check()

    # ------------------------------------------------------------------ preview

    def _preview_values(self, ready):
        """Return write values that show the ``Built`` in ``ready``, if they differ from the invoices."""
        shown = self._figures(ready) if self._wants_preview(ready) else []
        return {
            "fapiao_count": len(ready),
            "preview_ids": [
                Command.clear(),
                *(
                    Command.create({**values, "sequence": sequence})
                    for sequence, values in enumerate(shown, start=1)
                ),
            ],
        }

    def _wants_preview(self, ready):
        return self.is_merged or len(ready) > len({built.moves for built in ready})

    def _differs_from_preview(self, ready):
        """Return whether the fapiao to issue differ from the preview."""
        shown = [tuple(row[name] for name in FIGURES) for row in self.preview_ids]
        if not self._wants_preview(ready):
            return bool(shown)
        return shown != [tuple(values[name] for name in FIGURES) for values in self._figures(ready)]

    @api.model
    def _figures(self, ready):
        return [
            {
                "currency_id": built.moves.company_id.currency_id.id,
                "documents": ", ".join(built.documents.mapped("name")),
                "line_count": len(built.draft.lines),
                "amount_untaxed": float(built.draft.amount),
                "amount_tax": float(built.draft.tax),
                "amount_total": float(built.draft.total),
            }
            for built in ready
        ]

    # ------------------------------------------------------------------ texts

    def _describe_summary_of_preview(self):
        """Return the summary of one split invoice or several merged ones, or ""."""
        values = {"invoices": len(self._free(self.move_ids)), "fapiao": self.fapiao_count}
        if self.is_merged and not self.fapiao_count:
            return self.env._("These invoices can't share a fapiao.")
        if self.is_merged and self.fapiao_count == 1:
            return self.env._("%(invoices)s invoices become one fapiao.", **values)
        if self.is_merged:
            return self.env._(
                "%(invoices)s invoices are more than one fapiao may carry: they become %(fapiao)s.", **values
            )
        if self.is_single and self.fapiao_count > 1:
            return self.env._(
                "This invoice can't stand on one fapiao: it is split into %(fapiao)s.", **values
            )
        return ""

    def _describe_label_of_fapiao(self):
        if self.fapiao_count == 1:
            return self.env._("Issue One Fapiao")
        return self.env._("Issue %s Fapiao", self.fapiao_count)


class FapiaoIssuePreview(models.TransientModel):
    _name = "fapiao.issue.preview"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Issue Fapiao: What It Becomes"
    _order = "sequence, id"
    _rec_name = "documents"

    issue_id = fields.Many2one("fapiao.issue", required=True, ondelete="cascade")
    sequence = fields.Integer("No.")
    documents = fields.Char()
    line_count = fields.Integer("Number of Lines")
    currency_id = fields.Many2one("res.currency")
    amount_untaxed = fields.Monetary("Untaxed")
    amount_tax = fields.Monetary("Tax")
    amount_total = fields.Monetary("Total")
