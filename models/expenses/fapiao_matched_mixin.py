"""Mixin ``fapiao.matched.mixin``: picking for bills and expenses, and their assistant updates."""

from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...clouds import picking
from ...rules import deduction
from ...rules.filenames import clean
from ..cloud import gate
from ..cloud.engine import Engine
from ..values import exact, in_document_language
from .pick_round import fetch_all

PENDING = "l10n_cn_invoice_cloud.report"
ALL = ("hr.expense", "account.move")
# A person's scan may be the cover at the assistant. No document names a limit; 4 MB are 5.6 MB on the wire
COVERS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
LARGEST_COVER = 4 * 1024 * 1024


class FapiaoMatchedMixin(models.AbstractModel):
    _inherit = "fapiao.matched.mixin"
    _fapiao_inputs = frozenset({"fapiao_cover_number", "fapiao_output_reason"})

    fapiao_cover_number = fields.Char(
        "Image Number (影像编号)",
        copy=False,
        help="Number of the scanned cover at the expense assistant, such as its barcode. Empty: the document's number.",
    )
    fapiao_output_reason = fields.Char(
        "Reason for Not Deducting (转出原因)",
        copy=False,
        help="Sent to the expense assistant with tickets whose tax is not deducted in full. Empty: “not deducted”.",
    )
    fapiao_can_pick = fields.Boolean(compute="_compute_fapiao_can_pick")

    fapiao_told = fields.Char("Expense Assistant", compute="_compute_fapiao_told", compute_sudo=True)
    fapiao_told_problem = fields.Text(compute="_compute_fapiao_told", compute_sudo=True)

    # ------------------------------------------------------------------ hooks of concrete models: picking

    def _fapiao_pick_kinds(self):
        """Return the kinds of document (of ``fapiao.pick``) the user may choose from, the most likely first."""
        raise NotImplementedError

    def _fapiao_pick_is_open(self):
        """Return whether the current user may still add fapiao to this document."""
        raise NotImplementedError

    def _fapiao_pick_refill(self):
        """Update this document from its picked fapiao, if it takes its values from them."""
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

    # ------------------------------------------------------------------ create, write and delete

    def unlink(self):
        self._fapiao_update_note("gone", [(self._name, id_) for id_ in self.ids])
        return super().unlink()

    # ------------------------------------------------------------------ actions

    def action_fapiao_pick(self):
        """Open the dialog in which fapiao are picked for these documents at the expense assistant."""
        gate.check(self, gate.INTERNAL)
        self._fapiao_pick_check()
        return self.env["fapiao.pick"]._open_dialog(self)

    def action_fapiao_pick_list(self):
        """Show all fapiao of this document at the assistant."""
        gate.check(self, gate.INTERNAL)
        self.ensure_one()
        return self.env["fapiao.pick"]._open_dialog(self, picking.DOCUMENT_PAGE)

    def action_fapiao_pick_line(self):
        """Show the fapiao of this document's line at the assistant."""
        gate.check(self, gate.INTERNAL)
        self.ensure_one()
        return self.env["fapiao.pick"]._open_dialog(self, picking.LINE_PAGE)

    def action_fapiao_pick_adjust(self):
        """Change the fapiao of this document's line at the assistant, and take over the changes."""
        gate.check(self, gate.INTERNAL)
        self._fapiao_pick_check()
        self.ensure_one()
        return self.env["fapiao.pick"]._open_dialog(self, picking.LINE_EDIT_PAGE)

    def action_fapiao_pick_compare(self):
        """Query the fapiao of this document at the assistant (19), and show the differences."""
        self.ensure_one()
        self._fapiao_pick_check_look()
        ours, theirs = self._fapiao_pick_both()
        here = [ours[serial].display_name for serial in ours if serial not in theirs]
        there = [theirs[serial].number for serial in theirs if serial not in ours]
        said = []
        if here:
            said.append(self.env._("Here, but not at the assistant: %(numbers)s.", numbers=", ".join(here)))
        if there:
            said.append(self.env._("At the assistant, but not here: %(numbers)s.", numbers=", ".join(there)))
            said.append(self.env._("Take Over From the Assistant adds them."))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if said else "success",
                "sticky": bool(said),
                "message": " ".join(said)
                or self.env._("The assistant has the same fapiao on this document: %s.", len(ours)),
            },
        }

    def action_fapiao_pick_take_over(self):
        """Add the fapiao that only the assistant has on this document, as if they were picked now. Returns the session
        that shows what became of each.
        """
        gate.check(self, gate.INTERNAL)
        self._fapiao_pick_check()
        self.ensure_one()
        ours, theirs = self._fapiao_pick_both()
        missing = [serial for serial in theirs if serial not in ours]
        if not missing:
            raise UserError(self.env._("The assistant has no fapiao on this document that are missing here."))
        Pick, engine = self.env["fapiao.pick"], Engine(self.env)
        account = Pick.env["fapiao.account"]._assistant_of(self.company_id)
        found = account._ask_assistant(partial(fetch_all, serials=missing))
        document, user = self, self.env.uid
        pick_id, message_id = engine._step(
            lambda env: env["fapiao.pick"]._prepare_take_over(document.with_env(env), user, missing)
        )
        # sudo: the rights on the document were checked above
        self.env["fapiao.pick.message"].sudo().browse(message_id)._decide(*found)
        self.env.invalidate_all()
        return Pick.browse(pick_id)._get_records_action(name=self.env._("Taken Over From the Assistant"))

    # ------------------------------------------------------------------ picking

    def _fapiao_pick_both(self):
        """Return ``{serial number: fapiao}`` of this document here and ``{serial number: InboundFapiao}`` there."""
        theirs = {ticket.fapiao.serial_no: ticket.fapiao for ticket in self._fapiao_pick_ask()}
        # sudo: employees see the fapiao of their own expense
        confirmed = self.sudo().fapiao_match_ids.filtered(
            lambda match: match.state == "confirmed" and match.fapiao_id.serial_no
        )
        return {match.fapiao_id.serial_no: match.fapiao_id for match in confirmed}, theirs

    def _fapiao_pick_lines(self):
        """Return pairs of a line's key at the assistant and the bill's line, or none for the document as a whole."""
        return [(self.env["fapiao.account"]._assistant_line(self), self.env["account.move.line"])]

    def _fapiao_pick_is_own(self):
        """Return whether these documents are the current user's own, to be viewed even after they are closed."""
        return False

    def _fapiao_pick_check_look(self):
        """Raise if the current user may not open the assistant for these documents. The key of its pages also
        allows changes, so read access is not enough.
        """
        gate.check(self, gate.INTERNAL)
        if not all(document._fapiao_in_can_match() for document in self):
            raise UserError(self.env._("Fapiao are picked for vendor bills and expenses only."))
        if not (self.env.su or self._fapiao_pick_is_own()):
            self.check_access("write")

    def _fapiao_pick_check(self):
        """Raise if the current user may not add fapiao to these documents, with the reason."""
        if not self or len(self.company_id) != 1:
            raise UserError(self.env._("Choose documents of one company."))
        gate.check(self, gate.INTERNAL, "write")
        self._fapiao_pick_check_look()
        for document in self:
            if not document._fapiao_pick_is_open():
                raise AccessError(
                    self.env._(
                        "You can't change %s any more. Have it set back to draft, then pick its fapiao.",
                        document.display_name,
                    )
                )

    def _fapiao_pick_ask(self):
        """Return the ``picking.Ticket`` of this document at the assistant; raises ``UserError``."""
        account = self.env["fapiao.account"]._assistant_of(self.company_id)
        visit = picking.Visit(
            user=account._assistant_key(self.env.user),
            key=account._assistant_key(self),
            number=account._assistant_number(self),
            company=self.company_id.name,
            tax_no=account.tax_no,
            rules=self.company_id._fapiao_pick_rules(),
        )
        return account._ask_assistant(lambda cloud: cloud.document_tickets(cloud.user_key(visit), visit.number))

    def _fapiao_pick_files(self, attachments):
        """Copy a ticket's files to the document; the first one that can be shown becomes its main attachment."""
        if not attachments:
            return
        # a picture stays as it came: one made smaller would be another file, and be taken for a person's scan
        Attachment = self.env["ir.attachment"].with_context(image_no_postprocess=True)
        known = Attachment.search([("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", False)])
        fresh = attachments.filtered(lambda one: one.checksum not in known.mapped("checksum"))
        copies = Attachment.create(
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
        self._message_set_main_attachment_id(copies.with_env(self.env))

    # ------------------------------------------------------------------ hooks of concrete models: updates

    def _fapiao_update_status(self):
        """Return the status (of ``clouds.picking``) of this document, and whether users may still change it."""
        raise NotImplementedError

    def _fapiao_update_owner(self):
        """Return the user in whose name updates are sent."""
        raise NotImplementedError

    def _fapiao_update_move(self):
        """Return the valid journal entry of this document, or none."""
        raise NotImplementedError

    def _fapiao_update_tax(self):
        """Return the tax booked on this document that is deducted, as ``Decimal``."""
        raise NotImplementedError

    def _fapiao_update_cost(self, line_key=""):
        """Return code and name of the cost type of a line, both ``""`` if there is none."""
        return "", ""

    def _fapiao_update_cover_rows(self):
        """Return pairs of label and value for the document's cover."""
        raise NotImplementedError

    def _fapiao_update_scan(self):
        """Return the attachment that a person added as the document's own scan, or none: its main one, else the
        newest, that isn't the file of a ticket.
        """
        self.ensure_one()
        Attachment, tickets = self.env["ir.attachment"], self._fapiao_update_matches().fapiao_id
        theirs = Attachment.search([("res_model", "=", "fapiao"), ("res_id", "in", tickets.ids)]).mapped("checksum")
        added = Attachment.search(
            [
                ("res_model", "=", self._name),
                ("res_id", "=", self.id),
                ("res_field", "=", False),
                ("mimetype", "in", list(COVERS)),
                ("file_size", "<=", LARGEST_COVER),
            ],
            order="id desc",
        )
        own = added.filtered(lambda one: one.checksum not in theirs)
        return (own & self.message_main_attachment_id) or own[:1]

    # ------------------------------------------------------------------ changes

    def _fapiao_update_soon(self):
        """Plan the updates of these documents at the end of the transaction."""
        self._fapiao_update_note(self._name, self.ids)

    @api.model
    def _fapiao_update_note(self, what, items):
        """Collect ``items`` of ``what`` until the end of the transaction, when the state of documents is final."""
        if not items:
            return
        hooks = self.env.cr.precommit
        if PENDING not in hooks.data:
            hooks.data[PENDING] = {}
            hooks.add(partial(plan_noted, self.env(su=True)))
        hooks.data[PENDING].setdefault(what, set()).update(items)

    # ------------------------------------------------------------------ state

    def _fapiao_update_lines(self):
        serials = tuple(sorted(set(self._fapiao_update_matches().fapiao_id.mapped("serial_no"))))
        return ((self.env["fapiao.account"]._assistant_line(self), serials),) if serials else ()

    def _fapiao_update_matches(self):
        """Return the matches with tickets picked at the assistant."""
        return self.fapiao_match_ids.filtered(
            lambda match: (
                match.state == "confirmed" and match.active and match.rule == "picked" and match.fapiao_id.serial_no
            )
        )

    def _fapiao_update_taken(self):
        """Return the deducted tax of each ticket; see ``clouds.picking.DocumentReport``."""
        left, rows = abs(self._fapiao_update_tax()), []
        for match in self._fapiao_update_matches().sorted("id"):
            tax = min(abs(exact(match.amount_tax)), left)
            left -= tax
            whole = tax and tax == abs(exact(match.amount_tax))
            rows.append(
                {
                    "serial_no": match.fapiao_id.serial_no,
                    "entry_amount": tax,
                    "deductible": bool(tax),
                    "reason": "" if whole else self.fapiao_output_reason or self._fapiao_update_reason(match, tax),
                }
            )
        return rows

    def _fapiao_update_reason(self, match, tax):
        """Return why the tax of a ticket, of which ``tax`` is, isn't deducted (转出原因); "" for a part of it."""
        if tax:
            return ""
        # read by users of the cloud
        chinese = in_document_language(self)
        if match.fapiao_id._way().how == deduction.NOT:
            return chinese.env._("Tax of this kind of ticket can't be deducted")
        if not exact(match.amount_tax):
            return chinese.env._("No tax on the ticket")
        if self.env["fapiao.account"]._assistant_of(self.company_id).small_scale:
            return chinese.env._("Small-scale taxpayer, nothing is deducted")
        return chinese.env._("Booked as a cost, not deducted")


def plan_noted(env):
    """Queue the updates of the documents collected in this transaction."""
    noted = env.cr.precommit.data.pop(PENDING, {})
    expenses, moves = (env[model].browse(noted.get(model, ())).exists() for model in ALL)
    # the deletion of a document may have been refused
    gone = [(model, id_) for model, id_ in noted.get("gone", ()) if not env[model].browse(id_).exists()]
    env["fapiao.assistant.update"]._plan_safely(expenses, moves, gone)
