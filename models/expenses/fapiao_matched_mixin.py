"""Bills and expenses for which fapiao are picked in the expense assistant."""

from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...clouds import picking
from ...clouds.base import ASSISTANT_PART
from ...clouds.errors import CloudError
from ...rules.filenames import clean
from ..cloud import gate
from ..values import exact
from .update_steps import Wanted

PENDING = "l10n_cn_invoice_cloud.report"
ALL = ("hr.expense", "account.move")


class FapiaoMatchedMixin(models.AbstractModel):
    _inherit = "fapiao.matched.mixin"

    fapiao_can_pick = fields.Boolean(compute="_compute_fapiao_can_pick")

    fapiao_told = fields.Char("Expense Assistant", compute="_compute_fapiao_told", compute_sudo=True)
    fapiao_told_problem = fields.Text(compute="_compute_fapiao_told", compute_sudo=True)

    # ------------------------------------------------------------------ what a concrete model says

    def _fapiao_pick_kinds(self):
        """Return the kinds of document (of ``fapiao.pick``) a person may choose from, the likeliest first."""
        raise NotImplementedError

    def _fapiao_pick_is_open(self):
        """Tell whether the current user may still put fapiao on this document."""
        raise NotImplementedError

    def _fapiao_pick_refill(self):
        """Bring this document in line with its picked fapiao, where it takes its values from them."""
        raise NotImplementedError

    # ------------------------------------------------------------------ computes

    def _compute_fapiao_can_pick(self):
        for document in self:
            company = document.company_id
            is_chinese = company.account_fiscal_country_id.code == "CN"
            document.fapiao_can_pick = bool(
                is_chinese
                and document._fapiao_in_can_match()
                and self.env["fapiao.account"]._assistant_of(company)
                and document._fapiao_pick_is_open()
            )

    # ------------------------------------------------------------------ actions

    def action_fapiao_pick(self):
        """Open the dialog in which fapiao are picked for these documents at the expense assistant."""
        gate.check(self, gate.INTERNAL)
        self._fapiao_pick_check()
        return self.env["fapiao.pick"]._visit(self)._dialog()

    def action_fapiao_pick_list(self):
        """Show all fapiao of this document at the assistant."""
        gate.check(self, gate.INTERNAL)
        return self._fapiao_pick_page(picking.DOCUMENT_PAGE)

    def action_fapiao_pick_line(self):
        """Show the fapiao of this document's line at the assistant."""
        gate.check(self, gate.INTERNAL)
        return self._fapiao_pick_page(picking.LINE_PAGE)

    def action_fapiao_pick_adjust(self):
        """Change the fapiao of this document's line at the assistant, and take over what was changed."""
        gate.check(self, gate.INTERNAL)
        self._fapiao_pick_check()
        return self._fapiao_pick_page(picking.LINE_EDIT_PAGE)

    def _fapiao_pick_page(self, page):
        self.ensure_one()
        return self.env["fapiao.pick"]._visit(self, page)._dialog()

    def _fapiao_pick_is_own(self):
        """Tell whether these documents are the current user's own: they may look at them once they are closed."""
        return False

    def _fapiao_pick_check_look(self):
        """Raise where the current user may not open the assistant for these documents. The key of its pages also
        opens those that change something, so that reading a document is not enough."""
        gate.check(self, gate.INTERNAL)
        if not all(document._fapiao_in_can_match() for document in self):
            raise UserError(self.env._("Fapiao are picked for vendor bills and expenses only."))
        if not (self.env.su or self._fapiao_pick_is_own()):
            self.check_access("write")

    def _fapiao_pick_check(self):
        """Raise where the current user may not put fapiao on these documents, with the reason."""
        if not self or len(self.company_id) != 1:
            raise UserError(self.env._("Choose documents of one company."))
        gate.check(self, gate.INTERNAL, "write")
        for document in self:
            if not document._fapiao_in_can_match():
                raise UserError(self.env._("Fapiao are picked for vendor bills and expenses only."))
            if not document._fapiao_pick_is_open():
                raise AccessError(
                    self.env._(
                        "You can't change %s any more. Have it set back to draft, then pick its fapiao.",
                        document.display_name,
                    )
                )

    # --------------------------------------------------------------------------
    # Whether the expense assistant has the same fapiao on a document as Odoo; a person asks.
    # --------------------------------------------------------------------------

    def action_fapiao_pick_compare(self):
        """Ask the assistant which fapiao lie on this document (19), and say what is here or there alone."""
        self.ensure_one()
        self._fapiao_pick_check_look()
        theirs = {ticket.fapiao.serial_no: ticket.fapiao for ticket in self._fapiao_pick_ask()}
        # sudo: an employee sees what lies on the own expense, whoever else may read fapiao
        confirmed = self.sudo().fapiao_match_ids.filtered(
            lambda match: match.state == "confirmed" and match.fapiao_id.serial_no
        )
        ours = {match.fapiao_id.serial_no: match.fapiao_id for match in confirmed}
        return self._fapiao_pick_describe_difference(
            [ours[serial].display_name for serial in ours if serial not in theirs],
            [theirs[serial].number for serial in theirs if serial not in ours],
            len(ours),
        )

    # ------------------------------------------------------------------ private steps

    def _fapiao_pick_ask(self):
        """Return the ``picking.Ticket`` that the assistant has on this document; raises ``UserError``."""
        account = self.env["fapiao.account"]._assistant_of(self.company_id)
        account._check_assistant()
        visit = picking.Visit(
            user=account._assistant_user(self.env.user),
            key=account._assistant_key(self),
            number=account._assistant_number(self),
            company=self.company_id.name,
            tax_no=account.tax_no,
            rules=self.company_id._fapiao_pick_rules(),
        )

        def ask(cloud):
            return cloud.document_tickets(cloud.user_key(visit), visit.number)

        try:
            return self.env["fapiao.engine"]._ask(account, ask, ASSISTANT_PART)
        except CloudError as error:
            raise UserError(account._error_message(error)) from error

    def _fapiao_pick_describe_difference(self, ours_alone, theirs_alone, count):
        parts = []
        if ours_alone:
            parts.append(self.env._("Here, but not at the assistant: %(numbers)s.", numbers=", ".join(ours_alone)))
        if theirs_alone:
            parts.append(self.env._("At the assistant, but not here: %(numbers)s.", numbers=", ".join(theirs_alone)))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if parts else "success",
                "sticky": bool(parts),
                "message": " ".join(parts)
                or self.env._("The assistant has the same fapiao on this document: %s.", count),
            },
        }

    # --------------------------------------------------------------------------
    # Files of the tickets that were picked.
    # --------------------------------------------------------------------------

    def _fapiao_pick_files(self, attachments):
        """Put copies of a ticket's files on the document; the first one that can be shown is its main one."""
        if not attachments:
            return
        known = self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", False)]
        )
        fresh = attachments.filtered(lambda one: one.checksum not in known.mapped("checksum"))
        copies = self.env["ir.attachment"].create(
            [
                {
                    "name": clean(one.name),
                    "raw": one.raw,
                    "mimetype": one.mimetype,
                    "res_model": self._name,
                    "res_id": self.id,
                }
                for one in fresh
            ]
        )
        if copies and hasattr(self, "_message_set_main_attachment_id"):
            self._message_set_main_attachment_id(copies)

    # --------------------------------------------------------------------------
    # What expenses and bills say of themselves to the expense assistant, and what people see of it.
    # --------------------------------------------------------------------------

    # ------------------------------------------------------------------ what a concrete model says

    def _fapiao_update_status(self):
        """Return the status (of ``clouds.picking``) that the assistant ought to know of this document."""
        raise NotImplementedError

    def _fapiao_update_is_draft(self):
        """Tell whether a person may still change this document."""
        raise NotImplementedError

    def _fapiao_update_owner(self):
        """Return the user in whose name the assistant is told."""
        raise NotImplementedError

    def _fapiao_update_move(self):
        """Return the journal entry that books this document, if it stands, or none."""
        raise NotImplementedError

    def _fapiao_update_tax(self):
        """Return the tax booked on this document that is deducted, as ``Decimal``."""
        raise NotImplementedError

    def _fapiao_update_cost(self):
        """Return code and name of the kind of cost, both ``""`` where there is none."""
        return "", ""

    def _fapiao_update_cover_rows(self):
        """Return pairs of label and value for the document's cover."""
        raise NotImplementedError

    # ------------------------------------------------------------------ computes

    @api.depends("fapiao_update_ids.state")
    def _compute_fapiao_told(self):
        Account, Report = self.env["fapiao.account"], self.env["fapiao.assistant.update"]
        keys = {Account._assistant_key(document): document for document in self if document._origin}
        reports = Report._of_keys(keys)
        for document in self:
            document.fapiao_told = document.fapiao_told_problem = False
        for key, document in keys.items():
            own = reports.filtered(lambda report, key=key: key in report.keys.split(","))
            document.fapiao_told, document.fapiao_told_problem = own._describe_how_it_stands()

    # ------------------------------------------------------------------ telling

    def _fapiao_update_soon(self):
        """Look, when the transaction is complete, at what is still to be told of these documents."""
        self._fapiao_update_note(self._name, self.ids)

    def unlink(self):
        self._fapiao_update_note("gone", [(self._name, id_) for id_ in self.ids])
        return super().unlink()

    @api.model
    def _fapiao_update_note(self, what, items):
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

    def _fapiao_update_wanted(self):
        """Return the ``Wanted`` of this document."""
        self.ensure_one()
        return Wanted(self._fapiao_update_status(), self._fapiao_update_lines(), self._fapiao_update_is_draft())

    def _fapiao_update_lines(self):
        serials = tuple(sorted(set(self._fapiao_update_matches().fapiao_id.mapped("serial_no"))))
        return ((self.env["fapiao.account"]._assistant_line(self), serials),) if serials else ()

    def _fapiao_update_matches(self):
        """Return the matches with tickets that were picked at the assistant."""
        return self.fapiao_match_ids.filtered(
            lambda match: (
                match.state == "confirmed" and match.active and match.rule == "picked" and match.fapiao_id.serial_no
            )
        )

    def _fapiao_update_taken(self):
        """Return what of each ticket's tax is deducted here; see ``clouds.picking.DocumentReport``."""
        left, rows = abs(self._fapiao_update_tax()), []
        for match in self._fapiao_update_matches().sorted("id"):
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
    env["fapiao.assistant.update"]._plan_safely(expenses, moves, gone)
