"""Mixin ``fapiao.wishes.mixin``: what a person says, for one request, of how the cloud handles it."""

from odoo import api, fields, models

from ..clouds import base
from ..clouds.registry import client_of
from ..models.issuing.builder import Wishes
from ..models.values import DIGITAL_PAPER


class FapiaoWishesMixin(models.AbstractModel):
    _name = "fapiao.wishes.mixin"
    _description = "How a Fapiao Is Requested"
    _fapiao_inputs = frozenset({"issue_at_once", "may_merge", "organisation", "priority", "paper_code", "paper_number"})

    has_queue = fields.Boolean(compute="_compute_has_queue", compute_sudo=True)
    issue_at_once = fields.Selection(
        [("yes", "At once"), ("no", "When a person in the cloud has it issued")],
        "Automatic Issue",
        help="自动开票. Not at once: the request waits in the cloud, where it can be corrected or sent back.",
    )
    may_merge = fields.Selection(
        [("no", "Alone"), ("yes", "Together with others of this customer")],
        "Requests in the Cloud",
        help="自动合并: whether the cloud may put this request on one fapiao with others.",
    )
    organisation = fields.Char("Organization", help="组织编码 of the cloud's organisation that issues.")
    priority = fields.Char(help="优先级 in the cloud's list of requests.")
    needs_sheet = fields.Boolean(compute="_compute_needs_sheet", compute_sudo=True)
    paper_code = fields.Char("Code of the Sheet", help="发票代码 printed on the next sheet: 10 or 12 digits.")
    paper_number = fields.Char(
        "Number of the Sheet",
        help="发票号码 printed on the next sheet: eight digits. Several fapiao take the sheets that follow.",
    )

    # ------------------------------------------------------------------ hooks of the dialogs

    def _wishes_account(self):
        """Return the account that issues."""
        raise NotImplementedError

    def _compute_needs_sheet(self):
        """Set whether one of the fapiao is printed on a sheet that has to be named."""
        raise NotImplementedError

    # ------------------------------------------------------------------ computes

    def _compute_has_queue(self):
        for dialog in self:
            account = dialog._wishes_account()
            dialog.has_queue = bool(account) and base.MERGES in client_of(account.provider).features

    # ------------------------------------------------------------------ helpers

    def _has_sheets(self, form):
        account = self._wishes_account()
        return bool(account) and form == DIGITAL_PAPER and client_of(account.provider).paper_number_required

    @api.model
    def _wishes_values(self, account):
        """Return create values with the settings of ``account``; none where several issue, each by its own."""
        if len(account) != 1:
            return {}
        # sudo: settings of the account, no secrets
        account = account.sudo()
        return {
            "issue_at_once": "yes" if account.auto_invoice else "no",
            "may_merge": "yes" if account.auto_merge else "no",
            "organisation": account.org_code,
            "priority": account.priority,
        }

    def _wishes(self):
        """Return the input as :class:`~..models.issuing.builder.Wishes`."""
        self.ensure_one()
        texts = ("organisation", "priority", "paper_code", "paper_number")
        return Wishes(
            issue_at_once=self.issue_at_once == "yes" if self.issue_at_once else None,
            may_merge=self.may_merge == "yes" if self.may_merge else None,
            **{name: (self[name] or "").strip() for name in texts},
        )
