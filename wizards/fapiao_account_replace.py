"""Dialog ``fapiao.account.replace``: replaces or archives an account with open tasks."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.cloud import gate
from ..models.cloud.fapiao_account import ADDRESS, MODES, OUTBOUND, PROVIDERS, USER_KINDS

# Settings that may differ on the new account; passwords are entered on the account itself
IDENTITY = (
    *("name", "provider", "mode", "base_url", "tax_no", "phone", "tenant_number", "tax_username"),
    *("app_key", "tenant_code", "datacenter", "cloud_user", "user_type", "business_system"),
    *("assistant_url", "assistant_page_url", "assistant_link_url", "client_key"),
)
# Computed with the user's own rights: the account may be named by the client
TAKEN_OVER = {
    "compute": "_compute_identity",
    "compute_sudo": False,
    "precompute": True,
    "store": True,
    "readonly": False,
}
WITHDRAWALS = ("fapiao.withdrawal", "fapiao.red.withdrawal")


class FapiaoAccountReplace(models.TransientModel):
    _name = "fapiao.account.replace"
    _description = "Replace Fapiao Account"

    source_id = fields.Many2one("fapiao.account", "Account", required=True, ondelete="cascade")
    purpose = fields.Selection([("replace", "Replace"), ("archive", "Archive")], required=True, default="replace")

    name = fields.Char(**TAKEN_OVER)
    provider = fields.Selection(PROVIDERS, "Cloud", **TAKEN_OVER)
    mode = fields.Selection(MODES, **TAKEN_OVER)
    base_url = fields.Char("Address", **TAKEN_OVER)
    tax_no = fields.Char("Tax Number", **TAKEN_OVER)
    phone = fields.Char(**TAKEN_OVER)
    tenant_number = fields.Integer("Tenant ID", **TAKEN_OVER)
    tax_username = fields.Char("Tax Bureau User", **TAKEN_OVER)
    app_key = fields.Char("App ID", **TAKEN_OVER)
    tenant_code = fields.Char("Cloud Tenant", **TAKEN_OVER)
    datacenter = fields.Char("Data Center", **TAKEN_OVER)
    cloud_user = fields.Char(**TAKEN_OVER)
    user_type = fields.Selection(USER_KINDS, "Kind of User", **TAKEN_OVER)
    business_system = fields.Char(**TAKEN_OVER)
    assistant_url = fields.Char("Assistant's Address", **TAKEN_OVER)
    assistant_page_url = fields.Char("Address of Its Pages", **TAKEN_OVER)
    assistant_link_url = fields.Char("Link Host", **TAKEN_OVER)
    client_key = fields.Char("Client ID", **TAKEN_OVER)

    unsent_count = fields.Integer("Requests Not Yet Sent", compute="_compute_counts")
    sent_count = fields.Integer("Requests Sent and Open", compute="_compute_counts")
    manual_count = fields.Integer("Requests That Need a Decision", compute="_compute_counts")
    red_form_count = fields.Integer("Red Forms", compute="_compute_counts")
    withdrawal_count = fields.Integer("Withdrawals", compute="_compute_counts")
    marking_count = fields.Integer("Marks on Fapiao", compute="_compute_counts")
    report_count = fields.Integer("Assistant Updates", compute="_compute_counts")
    has_open = fields.Boolean(compute="_compute_counts")
    has_unsent = fields.Boolean(compute="_compute_counts")

    # ------------------------------------------------------------------ computes

    @api.depends("source_id")
    def _compute_identity(self):
        for wizard in self:
            for name in IDENTITY:
                wizard[name] = wizard.source_id[name]

    @api.depends("source_id")
    def _compute_counts(self):
        for wizard in self:
            counts = wizard.source_id._open_counts()
            numbers = dict.fromkeys(OUTBOUND, 0)
            for (model, _state), number in counts.items():
                numbers[model] += number
            wizard.unsent_count = len(wizard.source_id._unsent("fapiao.request"))
            wizard.manual_count = counts.get(("fapiao.request", "manual"), 0)
            wizard.sent_count = numbers["fapiao.request"] - wizard.unsent_count - wizard.manual_count
            wizard.red_form_count = numbers["fapiao.red.form"]
            wizard.withdrawal_count = sum(numbers[model] for model in WITHDRAWALS)
            wizard.marking_count = numbers["fapiao.marking"]
            wizard.report_count = numbers["fapiao.assistant.update"]
            wizard.has_open = bool(counts)
            wizard.has_unsent = any(wizard.source_id._unsent(model) for model in OUTBOUND)

    # ------------------------------------------------------------------ actions

    def action_replace(self):
        """Withdraw unsent tasks, archive the account, and open its replacement."""
        gate.check(self, gate.MANAGER, "write")
        self.ensure_one()
        source = self.source_id
        source._check_manager()
        values = {name: self[name] for name in IDENTITY}
        account = source._replace(values)
        if all(account._identity_fingerprint(part) == source._identity_fingerprint(part) for part in ADDRESS):
            raise UserError(
                self.env._(
                    "The new account would be the same as the old one. Change its mode, address, tax number"
                    " or user here; passwords and everything else are changed on the account itself."
                )
            )
        return account._get_records_action()

    def action_leave(self):
        """Withdraw unsent tasks, and archive the account."""
        gate.check(self, gate.MANAGER, "write")
        self.ensure_one()
        self.source_id._check_manager()
        self.source_id._leave()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
