"""What a client of the cloud needs to know of an account, and how fast it may go."""

from dataclasses import replace
from datetime import timedelta

from odoo import fields, models

from ..clouds.base import ASSISTANT, Config, TokenSlot
from ..clouds.registry import open_cloud
from .fapiao_time import SHANGHAI, aware, naive

# By cloud: what is secret of an account, whom the cloud calls the user, and what else the client wants.
SECRETS = {"piaodanyun": ("phone", "password", "tax_password"), "kingdee": ("app_secret",)}
USERNAME = {"piaodanyun": "tax_username", "kingdee": "user"}
OPTIONS = {
    "piaodanyun": ("tenant", "token_header", "token_prefix", "token_lifetime", "add_seal"),
    "kingdee": (
        *("app_id", "tenant_id", "account_id", "user", "user_type", "business_system"),
        *("auto_invoice", "gross_total", "token_lifetime", "full_interface"),
    ),
}


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    def _secrets(self):
        """Return the account's secrets; the one place that reads them."""
        self.ensure_one()
        # sudo: whoever may issue may use the secrets, but only an administrator may see them
        account = self.sudo()
        return {name: account[name] or "" for name in SECRETS[self.provider]}

    def _connection(self, part=""):
        """Return ``(Config, TokenSlot)``: plain values a client can use without the database.

        ``part``: that of the account which speaks to another address, see ``clouds.base.part_of``.
        """
        self.ensure_one()
        account = self.sudo()  # sudo: the token is a secret as well, see _secrets
        expires_at = account.token_expires_at
        slot = TokenSlot(account.token or "", aware(expires_at))
        return self._config(self._secrets()), slot

    def _config(self, secrets, **options):
        return Config(
            provider=self.provider,
            base_url=self.base_url.rstrip("/"),
            tax_no=self.tax_no,
            username=self[USERNAME[self.provider]] or "",
            secrets=secrets,
            options={**{name: self[name] or "" for name in OPTIONS[self.provider]}, **options},
            read_timeout=self.read_timeout,
            total_timeout=self.read_timeout + 10,
            calls_at_once=self.calls_at_once,
        )

    def _lease(self):
        """Return how long a claimed call may take before its worker counts as dead; the claimed ones of
        a batch wait for each other, so a batch of calls is granted, not a single one."""
        return timedelta(seconds=self._config({}).longest_send + 60)

    def _words(self, part=""):
        """Return the cloud's pure half, for freezing and reading; it can't make a call. What is frozen bears
        today's date, as it is in China."""
        self.ensure_one()
        today = aware(fields.Datetime.now()).astimezone(SHANGHAI).date()
        config = self._config(secrets={}, bill_date=today)
        return open_cloud(replace(config, classified=self._classified_texts()), TokenSlot())

    def _store_token(self, slot, part=""):
        # sudo: see _secrets
        self.sudo().write(
            {
                "token": slot.token,
                "token_expires_at": naive(slot.expires_at),
            }
        )

    def _pace_left(self, part=""):
        """Return how many calls may start now; counted in the journal, so it holds across workers. What
        another ``part`` of the account calls doesn't reach the bureau and is counted apart."""
        self.ensure_one()
        now = fields.Datetime.now()
        own = ("operation", "in" if part else "not in", sorted(ASSISTANT))
        left = []
        for span, allowed in (
            (timedelta(minutes=1), self.pace_per_minute),
            (timedelta(hours=1), self.pace_per_hour),
            (timedelta(days=1), self.pace_per_day),
        ):
            started = self.env["fapiao.exchange"].search_count(
                [("account_id", "=", self.id), ("sent_at", ">", now - span), own], limit=allowed
            )
            left.append(allowed - started)
        return max(min(left), 0)
