"""Dialog ``fapiao.pull.wizard``: days to pull and what to narrow them to; long ranges are split and pulled in the
background.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..clouds.inbound import FILTERS, HEADER
from ..models.cloud import gate
from ..models.received.fapiao import DEDUCTIONS
from ..models.received.fapiao_pull import KINDS, STATUSES_ASKED
from ..models.values import TYPES


class FapiaoPullWizard(models.TransientModel):
    _name = "fapiao.pull.wizard"
    _description = "Pull Received Fapiao"

    account_id = fields.Many2one("fapiao.account", required=True, default=lambda self: self._default_account())
    kind = fields.Selection(KINDS, required=True, default=HEADER)
    date_from = fields.Date("First Day", required=True, default=lambda self: self.env["fapiao.pull"]._recent_days()[0])
    date_to = fields.Date("Last Day", required=True, default=lambda self: self.env["fapiao.pull"]._recent_days()[1])
    tax_period = fields.Char(help="Of the deduction (税款所属期), yyyymm.")
    code = fields.Char("Fapiao Code", help="发票代码, of those that aren't digital.")
    number = fields.Char("Fapiao Number")
    seller_tax_no = fields.Char("Seller's Tax Number")
    deduction = fields.Selection(DEDUCTIONS)
    status = fields.Selection(STATUSES_ASKED)
    type_code = fields.Selection(TYPES, "Type")
    full_used = fields.Integer("Full Pulls This Month", compute="_compute_preview")
    window_count = fields.Integer("Pulls to Make", compute="_compute_preview")
    preview = fields.Text(compute="_compute_preview")
    refusal = fields.Text(compute="_compute_preview")

    def _default_account(self):
        accounts = self.env["fapiao.account"].search([("company_id", "=", self.env.company.id)])
        return accounts.filtered("can_pull")[:1]

    # ------------------------------------------------------------------ computes

    @api.depends("account_id", "kind", "date_from", "date_to", *FILTERS)
    def _compute_preview(self):
        for wizard in self:
            is_filled = wizard.account_id and wizard.kind and wizard.date_from and wizard.date_to
            windows = wizard._windows() if is_filled else []
            wizard.window_count = len(windows)
            wizard.preview = "\n".join(f"{first} – {last}" for first, last in windows)
            wizard.refusal = "\n".join(wizard._refusals() if is_filled else [])
            wizard.full_used = self.env["fapiao.pull"]._full_used(wizard.account_id.tax_no)

    def _windows(self):
        return self.env["fapiao.pull"]._windows(self.kind, self.date_from, self.date_to)

    def _filters(self):
        return self.env["fapiao.pull"]._clean_filters({name: self[name] for name in FILTERS})

    def _refusals(self):
        """Return the problems of the whole range, which apply to each of its parts."""
        days = (self.date_from, self.date_to)
        return self.env["fapiao.pull"]._refusals(self.account_id, self.kind, *days, filters=self._filters())

    # ------------------------------------------------------------------ actions

    def action_pull(self):
        """Queue the pulls and show them; the first few start at once."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        self.account_id._check_may_use()
        if refusals := self._refusals():
            raise UserError("\n".join(refusals))
        pulls = self.env["fapiao.pull"]
        for first, last in self._windows():
            pulls |= pulls._open_pull(self.account_id, self.kind, first, last, self._filters())
        pulls._queue_now()
        return pulls._get_records_action(name=self.env._("Download Jobs"))
