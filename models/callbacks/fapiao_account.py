"""Model ``fapiao.account``: callback address, allowed callers, and the day of the monthly check."""

import hashlib
import hmac
import ipaddress
import logging
import re
import secrets
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...clouds.registry import callbacks_of
from ..cloud import gate

_logger = logging.getLogger(__name__)

TOKEN_BYTES = 32
SHOWN_OVER = timedelta(days=1)


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"
    _fapiao_inputs = frozenset(
        {
            *("callback_addresses", "callback_rows_per_hour", "callback_bytes_per_hour", "recheck_day"),
        }
    )

    has_callbacks = fields.Boolean(compute="_compute_has_callbacks")
    callback_token = fields.Char(groups="base.group_system", copy=False, readonly=True)
    callback_url = fields.Char(
        "Callback Address",
        compute="_compute_callback_url",
        groups="base.group_system",
        help="To be entered in the cloud, at the business system (系统管理 → 业务系统列表). Anyone who knows it can"
        " make Odoo query the cloud; keep it confidential.",
    )
    callback_addresses = fields.Text(
        "Allowed Callers",
        tracking=True,
        help="Addresses or networks from which the cloud calls, one a line, such as 203.0.113.7 or"
        " 203.0.113.0/24. Empty: from anywhere. Behind a proxy Odoo must run in proxy mode.",
    )

    callback_rows_per_hour = fields.Integer(
        "Callbacks an Hour",
        default=2000,
        required=True,
        help="Of more than that only the arrival is noted; the open requests are asked about instead.",
    )
    callback_bytes_per_hour = fields.Integer(
        "Callback Bytes an Hour",
        default=20 * 2**20,
        required=True,
        help="How much of what the cloud pushes is kept within an hour; beyond it only the arrival is noted.",
    )
    callback_over_at = fields.Datetime("Callbacks Over Quota At", readonly=True, copy=False)
    callback_is_over = fields.Boolean(compute="_compute_callback_is_over")
    callback_last_at = fields.Datetime("Last Callback", compute="_compute_callback_last_at")
    callback_hint = fields.Text(compute="_compute_callback_hint", groups="base.group_system")

    _positive_quota = models.Constraint(
        "CHECK (callback_rows_per_hour > 0 AND callback_bytes_per_hour > 0)",
        "The numbers of callbacks and bytes an hour must be above zero.",
    )

    recheck_day = fields.Integer(
        "Look at Issued Fapiao by Day",
        default=10,
        required=True,
        help="From the first of each month, the cloud is asked about each fapiao that was issued in the previous"
        " month, so that a reversal made in the portal is known before the VAT return. This is the day by which"
        " it is done; 0 turns it off. Fapiao issued earlier are asked about once a quarter.",
    )
    recheck_told_on = fields.Date(readonly=True, copy=False)

    _valid_recheck_day = models.Constraint(
        "CHECK (recheck_day BETWEEN 0 AND 28)",
        "The day by which issued fapiao are looked at is 1 to 28, or 0 for never.",
    )

    # ------------------------------------------------------------------ computes

    @api.depends("provider")
    def _compute_has_callbacks(self):
        for account in self:
            account.has_callbacks = bool(callbacks_of(account.provider))

    @api.depends("provider", "callback_token")
    def _compute_callback_url(self):
        for account in self:
            is_open = callbacks_of(account.provider) and account.callback_token
            account.callback_url = is_open and (
                f"{account.get_base_url()}/invoice_cloud/callback/{account.provider}/{account.callback_token}"
            )

    @api.depends("callback_over_at")
    def _compute_callback_is_over(self):
        since = fields.Datetime.now() - SHOWN_OVER
        for account in self:
            account.callback_is_over = bool(account.callback_over_at and account.callback_over_at > since)

    def _compute_callback_last_at(self):
        # sudo: users who see the account may know when the cloud has called
        groups = (
            self.env["fapiao.callback"]
            .sudo()
            ._read_group([("account_id", "in", self.ids)], ["account_id"], ["last_at:max"])
        )
        last = {account.id: last_at for account, last_at in groups}
        for account in self:
            account.callback_last_at = last.get(account._origin.id)

    @api.depends("callback_last_at")
    def _compute_callback_hint(self):
        """Show what prevents callbacks: the address can't name a database, so the host must."""
        host = urlsplit(self[:1].get_base_url()).hostname or "host"
        for account in self:
            account.callback_hint = not account.callback_last_at and self.env._(
                "No callback has ever come. If the cloud says that it has called, this server has probably several"
                " databases: the address names none, and Odoo answers 404 for all. Let the host name choose: add"
                " to Odoo's configuration file\ndbfilter = ^%(database)s$\n"
                "where all requests to %(host)s go to a server of its own, or dbfilter = ^%%d$ where databases are"
                " called like the first part of their host name; then restart Odoo.",
                database=re.escape(self.env.cr.dbname),
                host=host,
            )

    # ------------------------------------------------------------------ constraints

    @api.constrains("callback_addresses")
    def _check_callback_addresses(self):
        for account in self:
            for line in account._callback_lines():
                try:
                    ipaddress.ip_network(line, strict=False)
                except ValueError:
                    raise ValidationError(
                        self.env._(
                            "“%s” is neither an address nor a network. Write one a line, such as 203.0.113.7"
                            " or 203.0.113.0/24.",
                            line,
                        )
                    ) from None

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        # sudo: only administrators see the token, but every new account gets one
        for account in accounts.sudo().filtered(lambda account: not account.callback_token):
            account.callback_token = secrets.token_urlsafe(TOKEN_BYTES)
        return accounts

    # ------------------------------------------------------------------ actions

    def action_rotate_callback_token(self):
        """Give the account a new callback address; the old one is invalid at once."""
        gate.check(self, gate.ADMINISTRATOR, "write")
        for account in self:
            # sudo: not even an administrator chooses it
            account.sudo().callback_token = secrets.token_urlsafe(TOKEN_BYTES)
            account.message_post(body=self.env._("The callback address was changed."))
        return True

    # ------------------------------------------------------------------ incoming calls

    @api.model
    def _called_back(self, provider, token, caller):
        """Return the account of a callback, or none if provider, token or caller is wrong.

        All accounts are compared, so that the duration reveals nothing. Archived accounts are included, since
        their open tasks get callbacks too.
        """
        given, found = _digest(token), self.browse()
        # sudo: the caller has no Odoo user, and the token is secret
        accounts = self.sudo().with_context(active_test=False)
        for account in accounts.search([("callback_token", "!=", False)]):
            is_right = hmac.compare_digest(given, _digest(account.callback_token))
            if is_right and account.provider == provider:
                found = account
        if not found or not callbacks_of(provider):
            _logger.info("Fapiao: a callback from %s was refused: no account has this address", caller)
            return self.browse()
        if not found._may_be_called_from(caller):
            _logger.warning("Fapiao: a callback for account %s from %s was refused", found.id, caller)
            return self.browse()
        return found

    def _may_be_called_from(self, caller):
        lines = self._callback_lines()
        if not lines:
            return True
        try:
            address = ipaddress.ip_address(caller or "")
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in ipaddress.ip_network(line, strict=False) for line in lines)

    def _record_callbacks_over(self, now):
        """Record that the quota was exceeded, with one activity for the manager at a time."""
        self.callback_over_at = now
        account = self.with_context(lang=self._first_manager().lang or self.env.lang)
        summary = account.env._("The cloud pushes more callbacks than the account keeps")
        if summary not in account.activity_ids.mapped("summary"):
            account._warn_manager(
                summary,
                account.env._(
                    "Nothing is lost: the open requests are asked about instead. If these are real callbacks,"
                    " raise the quota in the account's callback settings; if not, the callback address is"
                    " known to a stranger: have an administrator change it."
                ),
            )

    def _record_credit_pushed(self, credit, at):
        """Store the figures of a callback that came at ``at``, unless newer ones are known."""
        if self.credit_at and at < self.credit_at:
            return
        # the fapiao it is about is in the figure, whenever it is recorded
        self._store_credit(credit, "pushed", at, at, 0)
        self._warn_low_credit()

    def _callback_lines(self):
        return [line.strip() for line in (self.callback_addresses or "").splitlines() if line.strip()]

    # ------------------------------------------------------------------ monthly status check (see ``fapiao.py``)

    def _notify_look_unfinished(self, count, month):
        """Notify the manager, once a month, of the number of fapiao that could not be queried in time."""
        self.recheck_told_on = month.first
        account = self.with_context(lang=self._first_manager().lang or self.env.lang)
        account._warn_manager(
            account.env._("Fapiao not checked before the VAT return"),
            account.env._(
                "The cloud could not be asked about %s fapiao of last month. Before the VAT return, compare them"
                " with the tax bureau: one of them may have been reversed or voided there.",
                count,
            ),
        )


def _digest(token):
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
