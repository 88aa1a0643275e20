"""What a client of the cloud needs to know of an account, and how fast it may go."""

from datetime import timedelta

from odoo import fields, models

from ..clouds.addresses import checked_mode
from ..clouds.base import ASSISTANT, Config, TokenSlot
from ..clouds.registry import client_of, open_cloud
from .fapiao_time import SHANGHAI, aware, naive


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    def _secrets(self):
        """Return the account's secrets; the one place that reads them."""
        self.ensure_one()
        # sudo: whoever may issue may use the secrets, but only an administrator may see them
        account = self.sudo()
        return {name: account[name] or "" for name in client_of(self.provider).secrets}

    def _connection(self, part=""):
        """Return ``(Config, TokenSlot)``: plain values a client can use without the database.

        ``part``: that of the account which speaks to another address, see ``clouds.base.part_of``. Raises
        ``NotSent`` where the address doesn't fit the mode.
        """
        self.ensure_one()
        checked_mode(self.base_url, self.mode)
        account = self.sudo()  # sudo: the token is a secret as well, see _secrets
        expires_at = account.token_expires_at
        slot = TokenSlot(account.token or "", aware(expires_at))
        return self._config(self._secrets()), slot

    def _config(self, secrets, provider="", **options):
        """Return the ``Config`` of this account; ``provider``: that an old answer came from, if another."""
        cloud = client_of(provider or self.provider)
        return Config(
            provider=cloud.provider,
            base_url=self.base_url.rstrip("/"),
            tax_no=self.tax_no,
            username=self[cloud.username] or "",
            secrets=secrets,
            options={**{name: self[name] or "" for name in cloud.settings}, **options},
            read_timeout=self.read_timeout,
            total_timeout=self.read_timeout + 10,
            calls_at_once=self.calls_at_once,
        )

    def _words(self, part="", provider=""):
        """Return the cloud's pure half, for freezing and reading; it can't make a call. What is frozen bears
        today's date, as it is in China. ``provider``: whose words they are, if not the account's."""
        self.ensure_one()
        today = aware(fields.Datetime.now()).astimezone(SHANGHAI).date()
        return open_cloud(self._config(secrets={}, provider=provider, bill_date=today), TokenSlot())

    def _store_token(self, slot, part=""):
        # sudo: see _secrets
        self.sudo().write(
            {
                "token": slot.token,
                "token_expires_at": naive(slot.expires_at),
            }
        )

    def _take_pace(self, wanted, part="", purpose="question"):
        return min(wanted, self._pace_left(part)) if wanted else 0

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
