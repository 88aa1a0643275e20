"""What a client of the cloud needs to know of an account, and how fast it may go."""

from dataclasses import replace
from datetime import timedelta

from odoo import fields, models

from ..clouds.addresses import checked_mode
from ..clouds.base import ASSISTANT_CHANNEL, ASSISTANT_PAGES, BUREAU, PAGES, Config, TokenSlot
from ..clouds.registry import client_of, open_cloud
from .fapiao_pace import QUESTION
from .fapiao_time import SHANGHAI, aware, naive


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    pages_per_minute = fields.Integer(
        "Pages a Minute",
        default=600,
        required=True,
        help="What the cloud answers from its own store: pages of a pull, files at an address, messages of"
        " the expense assistant. It doesn't reach the tax bureau.",
    )
    pace_reserved_percent = fields.Integer(
        "Kept for Issuing (%)",
        default=30,
        required=True,
        help="The share of the calls that only issuing may use, so that questions and files never hold it up."
        " Of the rest, the same share is kept from background work. Accounts with the same tax number share"
        " their calls; the strictest of their settings applies.",
    )

    _valid_pace_shares = models.Constraint(
        "CHECK (pages_per_minute > 0 AND pace_reserved_percent BETWEEN 0 AND 90)",
        "Pages a minute must be above zero, and the share kept for issuing between 0 and 90 percent.",
    )

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
            is_sandbox=self.mode == "sandbox",
        )

    def _words(self, part="", provider=""):
        """Return the cloud's pure half, for freezing and reading; it can't make a call. What is frozen bears
        today's date, as it is in China. ``provider``: whose words they are, if not the account's."""
        self.ensure_one()
        today = aware(fields.Datetime.now()).astimezone(SHANGHAI).date()
        config = self._config(secrets={}, provider=provider, bill_date=today)
        return open_cloud(replace(config, classified=self._classified_texts()), TokenSlot())

    def _store_token(self, slot, part=""):
        # sudo: see _secrets
        self.sudo().write(
            {
                "token": slot.token,
                "token_expires_at": naive(slot.expires_at),
            }
        )

    # ------------------------------------------------------------------ pace

    def _take_pace(self, limit, part="", purpose=QUESTION):
        """Return how many of ``limit`` calls may start now, and count them; see ``fapiao.pace``."""
        return self.env["fapiao.pace"]._take(self, limit, ASSISTANT_CHANNEL if part else BUREAU, purpose)

    def _give_back_pace(self, count, part="", purpose=QUESTION):
        """Take back what :meth:`_take_pace` has counted for calls that aren't made."""
        self.env["fapiao.pace"]._give_back(self, count, ASSISTANT_CHANNEL if part else BUREAU, purpose)

    def _pace_key(self, channel):
        return f"{self.provider}/{self.tax_no}/{channel}"

    def _pace_limits(self, channel):
        """Return ``([(span, calls)], percent kept for what is urgent)``. Accounts with the same tax number
        share a pace: the most careful of them counts."""
        self.ensure_one()
        # sudo: the tax bureau counts over all companies with this tax number
        sharing = self.sudo().with_context(active_test=False)
        ((minute, hour, day, pages, percent),) = sharing._read_group(
            [
                ("provider", "=", self.provider),
                ("tax_no", "=", self.tax_no),
                *("|", ("active", "=", True), ("id", "=", self.id)),
            ],
            [],
            [
                *("pace_per_minute:min", "pace_per_hour:min", "pace_per_day:min"),
                *("pages_per_minute:min", "pace_reserved_percent:max"),
            ],
        )
        if channel in (PAGES, ASSISTANT_PAGES):
            return [(timedelta(minutes=1), pages)], 0
        spans = (timedelta(minutes=1), timedelta(hours=1), timedelta(days=1))
        return list(zip(spans, (minute, hour, day), strict=True)), percent

    def _say_pace(self, error):
        """Return in plain words how many calls are allowed (``PaceUsedUp``), and when the next may start."""
        calls, wait = error.allowed, error.retry_after
        if error.channel != BUREAU:
            said = self.env._("The account's settings allow %s such calls a minute.", calls)
        elif error.span > 3600:
            said = self.env._("The tax bureau allows %s calls a day; some are kept for issuing.", calls)
        elif error.span > 60:
            said = self.env._("The tax bureau allows %s calls an hour; some are kept for issuing.", calls)
        else:
            said = self.env._("The tax bureau allows %s calls a minute; some are kept for issuing.", calls)
        if wait > 120:
            when = self.env._("Try again in %s minutes.", -(-wait // 60))
        else:
            when = self.env._("Try again in %s seconds.", wait)
        return f"{said} {when}"
