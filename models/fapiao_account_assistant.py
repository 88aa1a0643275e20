"""The part of an account that speaks to Kingdee's expense assistant (发票助手): another address, credentials
and a token of its own, and no session with the bureau to lose."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..clouds.addresses import checked_mode, origin
from ..clouds.base import ASSISTANT_PART, Config, TokenSlot
from ..clouds.errors import CloudError
from ..clouds.registry import PARTS, open_cloud
from .fapiao_time import aware, naive

ASSISTANT_CONNECTION = {"assistant_url", "assistant_page_url", "client_id", "client_secret", "tax_no"}


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    assistant_url = fields.Char(
        "Assistant's Address",
        tracking=True,
        help="Of the expense assistant (发票助手), as the cloud's support names it; empty without one.",
    )
    assistant_page_url = fields.Char(
        "Address of Its Pages", help="Where its pages open, if that is another address than the one above."
    )
    client_id = fields.Char("Client ID", help="client_id, given by the cloud for the assistant.")
    client_secret = fields.Char(groups="base.group_system", copy=False, help="client_secret")
    assistant_token = fields.Char(groups="base.group_system", copy=False, readonly=True)
    assistant_token_expires_at = fields.Datetime(groups="base.group_system", copy=False, readonly=True)
    has_assistant = fields.Boolean(compute="_compute_has_assistant")

    # ------------------------------------------------------------------ computes

    @api.depends("provider", "assistant_url", "client_id")
    def _compute_has_assistant(self):
        for account in self:
            account.has_assistant = bool(
                account.provider == "kingdee" and account.assistant_url and account.client_id
            )

    # ------------------------------------------------------------------ constraints

    @api.constrains("assistant_url", "assistant_page_url", "mode")
    def _check_assistant_url(self):
        for account in self:
            for url in filter(None, (account.assistant_url, account.assistant_page_url)):
                account._check_address(url)

    def write(self, vals):
        """With other credentials the token at hand is another's."""
        result = super().write(vals)
        if ASSISTANT_CONNECTION.intersection(vals):
            # sudo: the token is a secret that whoever may edit the account can't touch otherwise
            self.sudo().write({"assistant_token": False, "assistant_token_expires_at": False})
        return result

    # ------------------------------------------------------------------ actions

    def action_test_assistant(self):
        """Fetch a fresh token of the assistant; says plainly what is wrong, or that all is well."""
        self.ensure_one()
        self._check_may_use()
        self._check_assistant()
        try:
            self.env["fapiao.engine"]._ask(self, lambda cloud: cloud.test(), ASSISTANT_PART)
        except CloudError as error:
            raise UserError(self._say(error)) from error
        return self._notify(self.env._("The assistant accepts this account."))

    # ------------------------------------------------------------------ private steps

    def _check_assistant(self):
        """Raise UserError with the cure where this account has no assistant to speak to."""
        if not self.has_assistant:
            raise UserError(
                self.env._(
                    "Account %s has no expense assistant. Enter its address and the client ID there.",
                    self.display_name,
                )
            )

    def _check_page(self, url):
        """Raise UserError where a page that a browser is to open isn't of the account's assistant, or isn't https;
        a sandbox may speak plain http."""
        expected = origin(self.assistant_page_url or self.assistant_url)
        is_safe = origin(url)[0] == "https" or self.mode == "sandbox"
        if len(expected) != 3 or origin(url) != expected or not is_safe:
            raise UserError(
                self.env._(
                    "The page is not at the address of the account's assistant, or not https: it is not opened."
                    " Check Assistant's Address and Address of Its Pages on account %s.",
                    self.display_name,
                )
            )

    def _connection(self, part=""):
        if part != ASSISTANT_PART:
            return super()._connection(part)
        self.ensure_one()
        checked_mode(self.assistant_url, self.mode)
        account = self.sudo()  # sudo: whoever may use the account may use its token, but not see it
        slot = TokenSlot(account.assistant_token or "", aware(account.assistant_token_expires_at))
        return self._assistant_config({"client_secret": account.client_secret or ""}), slot

    def _words(self, part="", provider=""):
        if part != ASSISTANT_PART:
            return super()._words(part, provider)
        return open_cloud(self._assistant_config(secrets={}), TokenSlot())

    def _assistant_config(self, secrets):
        return Config(
            provider=PARTS[ASSISTANT_PART],
            base_url=(self.assistant_url or "").rstrip("/"),
            tax_no=self.tax_no,
            secrets=secrets,
            options={
                "client_id": self.client_id or "",
                "page_url": (self.assistant_page_url or "").rstrip("/"),
            },
            read_timeout=self.read_timeout,
            total_timeout=self.read_timeout + 10,
            calls_at_once=self.calls_at_once,
            is_sandbox=self.mode == "sandbox",
        )

    def _store_token(self, slot, part=""):
        if part != ASSISTANT_PART:
            return super()._store_token(slot, part)
        # sudo: see _connection
        return self.sudo().write(
            {"assistant_token": slot.token, "assistant_token_expires_at": naive(slot.expires_at)}
        )
