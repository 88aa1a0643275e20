"""Model ``fapiao.account``: the endpoint of Kingdee's expense assistant (发票助手).

It has its own address, credentials and token, and no session with the bureau.
"""

import hashlib
from dataclasses import asdict

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...clouds import picking
from ...clouds.addresses import checked_mode, fits_mode, origin
from ...clouds.base import ASSISTANT_PART, Config, TokenSlot
from ...clouds.errors import CloudError
from ...clouds.registry import client_of, open_cloud, providers_with
from ..cloud.engine import Engine
from ..values import aware, naive

ASSISTANT_CONNECTION = {"assistant_url", "assistant_page_url", "client_key", "client_secret", "tax_no"}
KEY_LENGTH = 32  # bxd_key may have 50, eid 80: docs/protocols/kingdee-assistant.md#keys


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"
    _fapiao_inputs = frozenset(
        {
            *("assistant_url", "assistant_page_url", "assistant_quiet_codes", "client_key", "client_secret"),
            *("assistant_link_url", "assistant_link_version", "assistant_announce", "assistant_grid"),
        }
    )

    assistant_url = fields.Char(
        "Assistant's Address",
        tracking=True,
        help="Of the expense assistant (发票助手), as the cloud's support names it; empty without one.",
    )
    assistant_quiet_codes = fields.Char(
        "Codes for No Message",
        help="Codes, separated by commas, by which the assistant says that there is no message.",
    )
    assistant_page_url = fields.Char(
        "Address of Its Pages", help="Where its pages open, if that is another address than the one above."
    )
    assistant_link_url = fields.Char(
        "Link Host",
        tracking=True,
        help="Where the browser hears at once that something was chosen (socket.io), as the cloud's support names it."
        " Empty: this server finds it out by asking every few seconds, as it does anyway.",
    )
    assistant_link_version = fields.Selection(
        [("3", "Engine.IO 3 (socket.io 1 and 2)"), ("4", "Engine.IO 4 (socket.io 3 and 4)")],
        "Link Host Speaks",
        default="3",
        required=True,
        help="Try the other one if the browser can't connect to the link host.",
    )
    assistant_announce = fields.Selection(
        [("polling", "Long poll"), ("socket", "Socket")],
        "Pages Send By",
        default="polling",
        required=True,
        help="What the page is told of how we listen (sourceType). Keep the long poll unless the link host stays"
        " silent; if choices no longer arrive with the socket, go back.",
    )
    assistant_grid = fields.Selection(
        [
            (picking.GRIDS[0], "All Four"),
            (picking.GRIDS[1], "Upload and Phone"),
            (picking.GRIDS[2], "Barcode and Document Scanner"),
        ],
        "Ways to Add Fapiao",
        required=True,
        default=picking.GRIDS[0],
        help="Which ones the page shows on which fapiao are picked.",
    )
    client_key = fields.Char(
        "Client ID",
        help="client_id of the expense assistant, handed out by the cloud's support. Its papers name no place in the"
        " portal where it stands.",
    )
    client_secret = fields.Char(
        groups="base.group_system", copy=False, help="client_secret, handed out together with the client ID."
    )
    assistant_token = fields.Char(groups="base.group_system", copy=False, readonly=True)
    assistant_token_expires_at = fields.Datetime(groups="base.group_system", copy=False, readonly=True)
    has_assistant = fields.Boolean(compute="_compute_has_assistant")

    # ------------------------------------------------------------------ computes

    @api.depends("provider", "assistant_url", "client_key")
    def _compute_has_assistant(self):
        for account in self:
            is_offered = account.provider in providers_with(ASSISTANT_PART)
            account.has_assistant = bool(is_offered and account.assistant_url and account.client_key)

    # ------------------------------------------------------------------ constraints

    @api.constrains("assistant_url", "assistant_page_url", "assistant_link_url", "mode")
    def _check_assistant_url(self):
        for account in self:
            for url in filter(None, (account.assistant_url, account.assistant_page_url, account.assistant_link_url)):
                account._check_address(url)

    def write(self, vals):
        """Changed credentials invalidate the token."""
        result = super().write(vals)
        if ASSISTANT_CONNECTION.intersection(vals):
            # sudo: users who may edit the account can't write the token otherwise
            self.sudo().write({"assistant_token": False, "assistant_token_expires_at": False})
        return result

    # ------------------------------------------------------------------ actions

    def action_test_assistant(self):
        """Fetch a new token of the assistant and show the result."""
        self.ensure_one()
        self._check_may_use()
        self._ask_assistant(lambda cloud: cloud.test())
        return self._notify(self.env._("The assistant accepts this account."))

    # ------------------------------------------------------------------ helpers

    def _ask_assistant(self, question):
        """Return ``question(cloud)`` of the assistant, a call without effect. Raises UserError with the cure."""
        if not self.has_assistant:
            raise UserError(
                self.env._(
                    "Account %s has no expense assistant. Enter its address and the client ID there.",
                    self.display_name,
                )
            )
        try:
            return Engine(self.env)._ask(self, question, ASSISTANT_PART)
        except CloudError as error:
            raise UserError(self._error_message(error)) from error

    def _check_page(self, url):
        """Raise UserError unless a page for the browser is the assistant's and https; a sandbox may use http."""
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

    def _socket_for_browser(self, socket):
        """Return a :class:`~...clouds.picking.Socket` as a dict for the browser; None unless it lies where the account
        says and the mode allows: addresses also change by import or SQL. Polling does without.
        """
        url = self.assistant_link_url
        if socket is None or origin(socket.origin) != origin(url) or not fits_mode(url, self.mode):
            return None
        return asdict(socket)

    def _connection_of_part(self, part):
        checked_mode(self.assistant_url, self.mode)
        account = self.sudo()  # sudo: users of the account may use its token, but not see it
        slot = TokenSlot(account.assistant_token or "", aware(account.assistant_token_expires_at))
        return self._assistant_config({"client_secret": account.client_secret or ""}), slot

    def _words_of_part(self, part):
        return open_cloud(self._assistant_config(secrets={}), TokenSlot())

    def _assistant_config(self, secrets):
        return Config(
            provider=client_of(self.provider, ASSISTANT_PART).provider,
            base_url=(self.assistant_url or "").rstrip("/"),
            tax_no=self.tax_no,
            secrets=secrets,
            options={
                "client_key": self.client_key or "",
                "page_url": (self.assistant_page_url or "").rstrip("/"),
                "quiet_codes": self.assistant_quiet_codes or "",
                "link_url": (self.assistant_link_url or "").rstrip("/"),
                "link_version": self.assistant_link_version,
                "announce": self.assistant_announce,
                "grid": self.assistant_grid or picking.GRIDS[0],
                "token_lifetime": self.token_lifetime,
            },
            read_timeout=self.read_timeout,
            total_timeout=self.read_timeout + 10,
            calls_at_once=self.calls_at_once,
            is_sandbox=self.mode == "sandbox",
        )

    def _store_token(self, slot, part=""):
        if part != ASSISTANT_PART:
            return super()._store_token(slot, part)
        # sudo: see _connection_of_part
        return self.sudo().write({"assistant_token": slot.token, "assistant_token_expires_at": naive(slot.expires_at)})

    # ------------------------------------------------------------------ keys at the assistant
    # Of documents, lines and users: constant, and unique to this database.

    @api.model
    def _assistant_of(self, company):
        """Return the account of ``company`` with an assistant, or none."""
        # sudo: users with expenses may lack access to accounts
        own = company.sudo()._fapiao_own_account()
        if own.active and own.has_assistant:
            return own
        return self.sudo().search([("company_id", "in", company._fapiao_lineage().ids)]).filtered("has_assistant")[:1]

    @api.model
    def _assistant_key(self, record):
        """Return the key of a record: of a saved expense or bill (``bxd_key``), independent of its number; of a
        user (``eid``), who has one wallet of tickets. Source: docs/protocols/kingdee-assistant.md#keys.
        """
        record.ensure_one()
        return self._assistant_name_of(record._name, record.id)

    @api.model
    def _assistant_line(self, document, line=None):
        """Return the key (``branch_id``, ``entryid``) of a bill's ``line``, or of the document as a whole: an expense
        has one line, and a bill one for the fapiao that belong to none of its lines.
        """
        return f"{self._assistant_key(document)[:16]}-{f'L{line.id}' if line else 1}"

    @api.model
    def _assistant_number(self, document):
        """Return the displayed number (``billnumber``) of an expense or bill."""
        document.ensure_one()
        is_move = document._name == "account.move"
        if is_move and document.name and document.name != "/":
            return document.name
        return f"{'BILL' if is_move else 'EXP'}{document.id}"

    @api.model
    def _assistant_name_of(self, model, id_):
        database = self.env["fapiao.task.mixin"]._database_uuid()
        return hashlib.sha256(f"{database}/{model}/{id_}".encode()).hexdigest()[:KEY_LENGTH]
