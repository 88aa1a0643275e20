"""Leaving an account: another one takes over, or none does. What was never sent is withdrawn; what the cloud
may have seen stays with the account, which is archived and keeps asking."""

from odoo import fields, models
from odoo.exceptions import UserError

from ..clouds.identity import plain
from ..clouds.registry import client_of
from . import fapiao_gate as gate
from .fapiao_account_identity import ADDRESS, OUTBOUND
from .fapiao_notes import as_html
from .fapiao_outbound import OPEN_STATES, UNSENT_STATES

# A call that ended so had no effect at the cloud
HARMLESS = ("not_sent", "login", "rate_limited")


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    replaced_by_id = fields.Many2one("fapiao.account", readonly=True, copy=False)
    has_open_tasks = fields.Boolean(compute="_compute_has_open_tasks")

    # ------------------------------------------------------------------ computes

    def _compute_has_open_tasks(self):
        for account in self:
            account.has_open_tasks = bool(account._origin._open_counts())

    # ------------------------------------------------------------------ actions

    def action_replace(self):
        """Open the dialog that makes another account take over from this one."""
        self.ensure_one()
        self._check_manager()
        return self._open_leaving("replace", self.env._("Replace Account"))

    def action_archive_anyway(self):
        """Open the dialog that archives this account although something is open."""
        self.ensure_one()
        self._check_manager()
        return self._open_leaving("archive", self.env._("Archive Account"))

    # ------------------------------------------------------------------ what is open

    def _open_counts(self):
        """Return ``{(model, state): number}`` of what is not settled at these accounts; an applied-for red
        form counts as ``is_open``."""
        counts = {}
        for name in OUTBOUND:
            # sudo: whoever may archive an account may know what is open there
            Model = self.env[name].sudo()
            own = [("account_id", "in", self.ids)]
            domain = [*own, ("state", "in", ("draft", *OPEN_STATES))]
            for state, number in Model._read_group(domain, ["state"], ["__count"]):
                counts[name, state] = number
        # sudo: as above
        forms = self.env["fapiao.red.form"].sudo()
        watched = [("account_id", "in", self.ids), ("is_open", "=", True), ("state", "=", "issued")]
        if number := forms.search_count(watched):
            counts["fapiao.red.form", "is_open"] = number
        return counts

    def _check_nothing_open(self):
        """Raise ``UserError`` with what is open at these accounts, and the ways to archive all the same."""
        for account in self.filtered("active"):
            if counts := account._open_counts():
                raise UserError(
                    self.env._(
                        "Account %(account)s has open tasks: %(tasks)s. Use “Replace Account…” on the account"
                        " to let another one take over, or “Archive Anyway…” to go on without one.",
                        account=account.display_name,
                        tasks=account._say_open(counts),
                    )
                )

    def _say_open(self, counts):
        """Return ``counts`` (see :meth:`_open_counts`) as words."""
        numbers = dict.fromkeys(OUTBOUND, 0)
        for (name, _state), number in counts.items():
            numbers[name] += number
        labels = {
            "fapiao.request": self.env._("requests"),
            "fapiao.red.form": self.env._("red forms"),
            "fapiao.withdrawal": self.env._("withdrawals"),
            "fapiao.red.withdrawal": self.env._("withdrawals of red forms"),
            "fapiao.marking": self.env._("marks on fapiao"),
            "fapiao.report": self.env._("assistant updates"),
        }
        return ", ".join(f"{labels[name]}: {number}" for name, number in numbers.items() if number)

    def _unsent(self, name):
        """Return the records of outbound model ``name`` whose order no cloud can have seen."""
        # sudo: they change by their own flows alone
        records = (
            self.env[name]
            .sudo()
            .search(
                [
                    *(("account_id", "in", self.ids), ("in_doubt", "=", False)),
                    ("state", "in", UNSENT_STATES),
                ]
            )
        )
        calls = (
            self.env["fapiao.exchange"]
            .sudo()
            ._read_group(
                [
                    *(("res_model", "=", name), ("res_id", "in", records.ids)),
                    *("|", ("outcome", "=", False), ("outcome", "not in", HARMLESS)),
                ],
                ["res_id", "operation"],
            )
        )
        sent = set(calls)
        return records.filtered(lambda record: (record.id, record.operation) not in sent)

    # ------------------------------------------------------------------ leaving

    def _replace(self, values):
        """Archive this account and return the one that takes over: a copy with the identity of ``values``."""
        self.ensure_one()
        self._begin_leaving()
        # what the old cloud was found to be says nothing of the new one
        account = self.copy({**values, "active": True, "bureau_channel": "unknown"})
        self.replaced_by_id = account
        # sudo: the secrets stay with the server and the user they are known to, whoever replaces the account
        account.sudo().write(self._secrets_for(account))
        # sudo: a manager of fapiao need not be allowed to edit companies
        companies = self.env["res.company"].sudo().search([("fapiao_account_id", "=", self.id)])
        companies.fapiao_account_id = account
        self._withdraw_unsent(
            self.env._(
                "Withdrawn before it was sent: account %(old)s was replaced by %(new)s.",
                old=self.name,
                new=account.name,
            )
        )
        self.message_post(body=self.env._("Replaced by account %s.", account.name))
        account.message_post(body=self.env._("Takes over from account %s.", self.name))
        return account

    def _leave(self):
        """Archive this account; nothing takes over."""
        self.ensure_one()
        self._begin_leaving()
        self._withdraw_unsent(
            self.env._("Withdrawn before it was sent: account %s was archived.", self.name),
        )
        self.message_post(body=self.env._("Archived. What is open at the cloud is still asked about."))

    def _begin_leaving(self):
        """Archive this account under the lock of its claims: what is queued can't be sent meanwhile."""
        if not self.active:
            raise UserError(self.env._("Account %s is archived already.", self.display_name))
        self.env["fapiao.outbound"]._lock_account(self.id)
        self._archive()
        self.flush_recordset()

    def _secrets_for(self, account):
        """Return the secrets of this account that also hold for ``account``: of the same user at the same
        server."""
        # sudo: see _secrets
        mine, kept = self.sudo(), {}
        for part in ADDRESS:
            cloud = client_of(self.provider, part)
            if account.provider != self.provider or account._origins(part) != self._origins(part):
                continue
            for secret, whose in cloud.secrets.items():
                if (
                    secret != whose
                    and mine[secret]
                    and plain(whose, account[whose]) == plain(whose, self[whose])
                ):
                    kept[secret] = mine[secret]
        return kept

    def _withdraw_unsent(self, reason):
        """Withdraw what was never sent, and say so on its documents."""
        fix = self.env._("Issue again by hand if it is still right.")
        for name in OUTBOUND:
            records = self._unsent(name)
            records._lock()
            for record in records:
                record._become("withdrawn")
                record._watch_after_end()
                record.write({"error_message": reason, "error_fix": fix})
                for document in _documents_of(record):
                    document._message_log(body=as_html(f"{reason} {fix}"))

    # ------------------------------------------------------------------ what comes after

    def _in_charge(self):
        """Return the account through which new work goes on what came through this one: itself, or, where it
        was replaced by one of the same taxpayer in the same mode, that one."""
        account = self
        while not account.active and account._is_succeeded():
            account = account.replaced_by_id
        return account

    def _is_succeeded(self):
        successor = self.replaced_by_id
        return (
            successor.id > self.id  # an account made later; so it ends
            and (successor.tax_no, successor.mode) == (self.tax_no, self.mode)
        )

    # ------------------------------------------------------------------ small helpers

    def _check_manager(self):
        gate.check(self, gate.MANAGER, "write")

    def _open_leaving(self, purpose, title):
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "fapiao.account.replace",
            "view_mode": "form",
            "target": "new",
            "context": {"default_source_id": self.id, "default_purpose": purpose},
        }


def _documents_of(record):
    """Return the documents on which people look for news of an outbound record, as a list."""
    if record._name == "fapiao.request":
        return record._documents()
    return [record, *record.move_ids] if record._name == "fapiao.red.form" else []
