"""What expenses and bills say of themselves to the expense assistant, and what people see of it."""

from functools import partial

from odoo import api, fields, models

from .fapiao_decimal import exact
from .fapiao_report_steps import Wanted

PENDING = "l10n_cn_invoice_cloud.report"
ALL = ("hr.expense", "account.move")


class FapiaoMatchedMixin(models.AbstractModel):
    _inherit = "fapiao.matched.mixin"

    fapiao_told = fields.Char("Expense Assistant", compute="_compute_fapiao_told", compute_sudo=True)
    fapiao_told_problem = fields.Text(compute="_compute_fapiao_told", compute_sudo=True)

    # ------------------------------------------------------------------ what a concrete model says

    def _fapiao_report_status(self):
        """Return the status (of ``clouds.picking``) that the assistant ought to know of this document."""
        raise NotImplementedError

    def _fapiao_report_is_draft(self):
        """Tell whether a person may still change this document."""
        raise NotImplementedError

    def _fapiao_report_owner(self):
        """Return the user in whose name the assistant is told."""
        raise NotImplementedError

    def _fapiao_report_move(self):
        """Return the journal entry that books this document, if it stands, or none."""
        raise NotImplementedError

    def _fapiao_report_tax(self):
        """Return the tax booked on this document that is deducted, as ``Decimal``."""
        raise NotImplementedError

    def _fapiao_report_cost(self):
        """Return code and name of the kind of cost, both ``""`` where there is none."""
        return "", ""

    def _fapiao_report_cover_rows(self):
        """Return pairs of label and value for the document's cover."""
        raise NotImplementedError

    # ------------------------------------------------------------------ computes

    @api.depends("fapiao_report_ids.state")
    def _compute_fapiao_told(self):
        Account, Report = self.env["fapiao.account"], self.env["fapiao.report"]
        keys = {Account._assistant_key(document): document for document in self if document._origin}
        reports = Report._of_keys(keys)
        for document in self:
            document.fapiao_told = document.fapiao_told_problem = False
        for key, document in keys.items():
            own = reports.filtered(lambda report, key=key: key in report.keys.split(","))
            document.fapiao_told, document.fapiao_told_problem = own._say_how_it_stands()

    # ------------------------------------------------------------------ telling

    def _fapiao_report_soon(self):
        """Look, when the transaction is complete, at what is still to be told of these documents."""
        self._fapiao_report_note(self._name, self.ids)

    def unlink(self):
        self._fapiao_report_note("gone", [(self._name, id_) for id_ in self.ids])
        return super().unlink()

    @api.model
    def _fapiao_report_note(self, what, items):
        """Remember ``items`` of ``what`` until the transaction is complete: only then is it clear how the
        documents stand. A rollback forgets them."""
        if not items:
            return
        hooks = self.env.cr.precommit
        if PENDING not in hooks.data:
            hooks.data[PENDING] = {}
            hooks.add(partial(plan_noted, self.env(su=True)))
        hooks.data[PENDING].setdefault(what, set()).update(items)

    # ------------------------------------------------------------------ how it stands

    def _fapiao_report_wanted(self):
        """Return the ``Wanted`` of this document."""
        self.ensure_one()
        return Wanted(
            self._fapiao_report_status(), self._fapiao_report_lines(), self._fapiao_report_is_draft()
        )

    def _fapiao_report_lines(self):
        serials = tuple(sorted(set(self._fapiao_report_matches().fapiao_id.mapped("serial_no"))))
        return ((self.env["fapiao.account"]._assistant_line(self), serials),) if serials else ()

    def _fapiao_report_matches(self):
        """Return the matches with tickets that were picked at the assistant."""
        return self.fapiao_match_ids.filtered(
            lambda match: (
                match.state == "confirmed"
                and match.active
                and match.rule == "picked"
                and match.fapiao_id.serial_no
            )
        )

    def _fapiao_report_taken(self):
        """Return what of each ticket's tax is deducted here; see ``clouds.picking.DocumentReport``."""
        left, rows = abs(self._fapiao_report_tax()), []
        for match in self._fapiao_report_matches().sorted("id"):
            tax = min(abs(exact(match.amount_tax)), left)
            left -= tax
            # the cloud's own users read it
            reason = "" if tax else self.with_context(lang="zh_CN").env._("Not deducted")
            rows.append(
                {
                    "serial_no": match.fapiao_id.serial_no,
                    "entry_amount": tax,
                    "deductible": bool(tax),
                    "reason": reason,
                }
            )
        return rows


def plan_noted(env):
    """Queue what is to be told of the documents noted in this transaction."""
    noted = env.cr.precommit.data.pop(PENDING, {})
    expenses, moves = (env[model].browse(noted.get(model, ())).exists() for model in ALL)
    # whoever tried to delete a document may have been kept from it
    gone = [(model, id_) for model, id_ in noted.get("gone", ()) if not env[model].browse(id_).exists()]
    env["fapiao.report"]._plan_safely(expenses, moves, gone)
