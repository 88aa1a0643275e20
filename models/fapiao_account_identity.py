"""Who an account is at its cloud. Once the cloud may know it, that never changes: an order that was sent to
one tenant is unknown at another, and would be issued there a second time."""

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..clouds.addresses import leads_inside, origin
from ..clouds.base import ASSISTANT, ASSISTANT_PART
from ..clouds.identity import identity_of, plain
from ..clouds.registry import client_of, secrets_of
from .fapiao_account import ADDRESSES
from .fapiao_outbound import OTHERS

OUTBOUND = ("fapiao.request", "fapiao.red.form", *OTHERS)
ADDRESS = {"": "base_url", ASSISTANT_PART: "assistant_url"}
COMMON = ("provider", "mode", "tax_no")
# What proves, beside outbound documents and journal, that a part of an account was called
TRACES = {"": "fapiao.pull", ASSISTANT_PART: "fapiao.pick"}
# A call that ended so told the cloud nothing it remembers: the first log-in may be tried until it works.
WITHOUT_TRACE = ("not_sent", "login")


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    is_used = fields.Boolean(compute="_compute_is_used")
    is_assistant_used = fields.Boolean(compute="_compute_is_used")

    # ------------------------------------------------------------------ computes

    def _compute_is_used(self):
        used, assistant_used = self._origin._used(""), self._origin._used(ASSISTANT_PART)
        for account in self:
            account.is_used = account._origin in used
            account.is_assistant_used = account._origin in assistant_used

    # ------------------------------------------------------------------ identity

    def _identity_names(self, part=""):
        """Return the names of the settings that say who this account, or a ``part`` of it, is."""
        self.ensure_one()
        return (*COMMON, ADDRESS[part], *client_of(self.provider, part).identity)

    def _identity_fingerprint(self, part=""):
        """Return a short text that is the same as long as account and cloud are."""
        return identity_of({name: self[name] for name in self._identity_names(part)})

    def _used(self, part):
        """Return those of these accounts whose ``part`` has documents, or was called."""
        if not self.ids:
            return self.browse()
        models_ = [name for name in OUTBOUND if self.env[name]._part == part] + [TRACES[part]]
        for name in models_:
            self.env[name].flush_model(["account_id"])
        self.env["fapiao.exchange"].flush_model(["account_id", "operation", "outcome"])
        traces = [
            SQL("EXISTS (SELECT FROM %s WHERE account_id = a.id)", SQL.identifier(self.env[name]._table))
            for name in models_
        ]
        if not part:
            # last: it looks at one row where there are documents, and there are few rows where there are none
            traces.append(
                SQL(
                    "EXISTS (SELECT FROM fapiao_exchange WHERE account_id = a.id AND operation <> ALL(%s)"
                    " AND (outcome IS NULL OR outcome <> ALL(%s)))",
                    list(ASSISTANT),
                    list(WITHOUT_TRACE),
                )
            )
        rows = self.env.execute_query(
            SQL(
                "SELECT a.id FROM fapiao_account a WHERE a.id = ANY(%s) AND (%s)",
                list(self.ids),
                SQL(" OR ").join(traces),
            )
        )
        return self.browse([id_ for (id_,) in rows])

    def _origins(self, part, vals=()):
        """Return the servers that get the secrets of a ``part`` of this account, or keys that were made with
        them; ``vals``: what is about to be written."""
        self.ensure_one()
        base, assistant, pages = (vals[name] if name in vals else self[name] for name in ADDRESSES)
        return (origin(assistant), origin(pages or assistant)) if part else (origin(base),)

    # ------------------------------------------------------------------ guards

    def _check_may_enter(self, urls, is_new=False):
        """Raise ``AccessError`` where ``urls`` lead into a private network and the user is no administrator: this
        server would call there for them. What the company has on an account that isn't new was entered by an
        administrator."""
        inside = {origin(url) for url in urls if leads_inside(url)}
        if not inside or self.env.user.has_group("base.group_system"):
            return
        # sudo: archived accounts and those hidden from the user count as well
        known = self.sudo().with_context(active_test=False).search([("company_id", "in", self.company_id.ids)])
        if is_new:
            known -= self
        if inside - {origin(account[name]) for account in known for name in ADDRESSES}:
            raise AccessError(
                self.env._(
                    "Only an administrator may enter an address on this computer or in its private network."
                )
            )

    def _check_identity_stays(self, vals):
        """Raise ``UserError`` where ``vals`` would make a used account another one."""
        for part in ADDRESS:
            changing = {account: account._identity_changed(vals, part) for account in self}
            used = self.filtered(changing.get)._used(part)
            for account in used[:1]:
                raise UserError(
                    self.env._(
                        "“%(field)s” of account %(account)s can't be changed: the cloud was called with it,"
                        " and what is open there would be looked for in another place. Use “Replace Account…”"
                        " on the account: it makes a new account and keeps asking about what is open at this"
                        " one.",
                        field=self.fields_get(changing[account], ["string"])[changing[account][0]]["string"],
                        account=account.display_name,
                    )
                )

    def _identity_changed(self, vals, part):
        """Return the names of the settings of this account's identity that ``vals`` would change."""
        self.ensure_one()
        changed = [
            name
            for name in self._identity_names(part)
            if name in vals and plain(name, vals[name]) != plain(name, self[name])
        ]
        # requests, journal and rights all follow the company
        is_moved = vals.get("company_id", self.company_id.id) != self.company_id.id
        return changed + ["company_id"] * is_moved

    def _drop_secrets_of_other_origin(self, vals):
        """Forget the secrets where somebody who may not see them leads the account to another server: it
        would be handed them."""
        if self.env.user.has_group("base.group_system"):
            return
        for part in ADDRESS:
            led_away = self.filtered(
                lambda account, part=part: account._origins(part) != account._origins(part, vals)
            ).sudo()  # sudo: whoever edits the account can neither see nor write its secrets
            names = secrets_of(part)
            for account in led_away.filtered(
                lambda account, names=names: any(account[name] for name in names)
            ):
                account.write(dict.fromkeys(names, False))
                account._message_log(
                    body=self.env._(
                        "The passwords were removed because the address was changed. An administrator has to"
                        " enter them again."
                    )
                )
