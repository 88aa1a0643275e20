"""Model ``account.move``: reversal from the invoice, the credit note and the vendor bill."""

from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...rules import red_lines
from ...rules.problems import errors
from ...rules.red_lines import Part
from ..cloud import gate
from ..issuing.builder import QUANTITY_DIGITS, Builder
from ..values import exact
from . import planner
from .fapiao_red_form import ENDED_STAGES, STAGES

# States of a credit note for which a fapiao is to be reversed.
DUE_STATES = ("to_issue", "partial", "failed")


class AccountMove(models.Model):
    _inherit = "account.move"

    fapiao_red_form_ids = fields.Many2many(
        "fapiao.red.form", "fapiao_red_form_move_rel", "move_id", "form_id", "Red Forms", copy=False
    )
    # compute_sudo: salespeople see invoices, but neither fapiao nor red forms
    fapiao_can_red = fields.Boolean(compute="_compute_fapiao_red", compute_sudo=True)
    fapiao_red_stage = fields.Selection(STAGES, compute="_compute_fapiao_red", compute_sudo=True)
    fapiao_red_message = fields.Text(compute="_compute_fapiao_red", compute_sudo=True)
    fapiao_red_deadline = fields.Datetime(compute="_compute_fapiao_red", compute_sudo=True)
    fapiao_wants_red = fields.Boolean(
        compute="_compute_fapiao_red",
        compute_sudo=True,
        help="A posted credit note whose invoice still has its whole fapiao.",
    )

    # ------------------------------------------------------------------ computes

    @api.depends(
        "move_type",
        "state",
        "fapiao_state",
        "fapiao_ids.can_reverse",
        "reversed_entry_id.fapiao_ids.can_reverse",
        "fapiao_red_form_ids.stage",
        "fapiao_red_form_ids.advice",
        "fapiao_red_form_ids.follow_up_text",
        "fapiao_red_form_ids.activity_ids",
    )
    @api.depends_context("uid")
    def _compute_fapiao_red(self):
        is_employee = self.env.user._is_internal()  # portal customers read their invoices too
        for move in self:
            last = move._fapiao_red_last()
            move.fapiao_can_red = move.state == "posted" and move._fapiao_may_red()
            move.fapiao_wants_red = (
                move.move_type == "out_refund" and move.fapiao_can_red and move.fapiao_state in DUE_STATES
            )
            move.fapiao_red_stage = last.stage
            move.fapiao_red_deadline = last.deadline if last.stage == "waiting" else False
            # what was missing after a reversal may have been entered by hand since
            is_mended = last.stage == "issued" and move.fapiao_state == "issued"
            move.fapiao_red_message = is_employee and not is_mended and move._fapiao_red_status_message()

    def _fapiao_may_red(self):
        """Return whether Red-Flush is possible here: a fapiao to reverse or a vendor bill to answer."""
        if self.move_type in ("in_invoice", "in_refund"):
            account = self.company_id._fapiao_own_account()
            return bool(account) and not any(self.fapiao_red_form_ids.mapped("is_open"))
        if self.move_type == "out_refund" and self.fapiao_state not in DUE_STATES:
            return False
        return any(self._fapiao_to_reverse().mapped("can_reverse"))

    def _fapiao_to_reverse(self):
        """Return the valid fapiao that a reversal from this document concerns."""
        origin = self.reversed_entry_id if self.move_type == "out_refund" else self
        return origin._fapiao_living()

    # ------------------------------------------------------------------ actions

    def action_fapiao_red(self):
        """Open the open red form, or the dialog that reverses the fapiao of this invoice, credit note or bill."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        if under_way := self.fapiao_red_form_ids.filtered("is_open"):
            return under_way._get_records_action()
        if self.state != "posted":
            raise UserError(self.env._("%s is not posted.", self.display_name))
        Flush = self.env["fapiao.red.flush"]
        if self.move_type in ("in_invoice", "in_refund"):
            return Flush._open_for_bill(self.reversed_entry_id or self)
        credit = self if self.move_type == "out_refund" else self.browse()
        fapiao = (credit._fapiao_taken_from() if credit else self._fapiao_to_reverse()).sudo(False)
        if not fapiao and credit and not credit.reversed_entry_id:
            raise UserError(
                self.env._(
                    "%s credits no invoice here, so no fapiao goes with it. Reverse it from the fapiao itself.",
                    self.display_name,
                )
            )
        if not fapiao:
            raise UserError(self.env._("There is no fapiao to reverse: none was issued, or it is reversed already."))
        if under_way := fapiao.red_form_ids.filtered("is_open"):
            return under_way._get_records_action()
        if len(fapiao) > 1 and not credit:
            return fapiao._get_records_action(name=self.env._("Which of These to Reverse?"))
        return Flush._open(fapiao, credit)

    def action_fapiao_red_forms(self):
        """Open the red forms of this document."""
        gate.check(self, gate.READER)
        return self.fapiao_red_form_ids._get_records_action(name=self.env._("Red Forms"))

    # ------------------------------------------------------------------ posting of a credit note

    def _post(self, soft=True):
        posted = super()._post(soft)
        for credit in posted:
            if credit._fapiao_red_is_due("automatic"):
                credit._fapiao_enqueue_red()
        return posted

    def _fapiao_red_is_due(self, setting):
        """Return whether a reversal is due for this credit note, and the company's setting for it is ``setting``."""
        return (
            self.move_type == "out_refund"
            and self.company_id.fapiao_red_on_credit == setting
            and not self.env.context.get("fapiao_red_form_id")
            and self.fapiao_wants_red
        )

    def _fapiao_enqueue_red(self):
        """Only queue. A credit note that can't be reversed is posted, with an activity that gives the reason."""
        plans = planner.plan_all(self._fapiao_taken_from(), self)
        if all(plan.is_ready for plan in plans):
            self.env["fapiao.red.form"]._enqueue_plans(plans)
            return
        problems = [problem for plan in plans for problem in errors(plan.problems)]
        self._fapiao_tell(self.env._("The fapiao could not be reversed"), problems)

    def action_post(self):
        """Offer the reversal for a credit note posted by hand. The dialog queries the bureau, so it is opened
        by a separate call after the posting is committed.
        """
        action = super().action_post()
        is_issuer = self.env.user.has_group("l10n_cn_invoice_cloud.group_fapiao_issuer")
        if action or len(self) != 1 or not is_issuer or not self._fapiao_red_is_due("ask"):
            return action
        return {"type": "ir.actions.client", "tag": "l10n_cn_invoice_cloud.ask_for_red", "params": {"move_id": self.id}}

    # ------------------------------------------------------------------ amounts after credit notes

    def _fapiao_credits(self):
        """Return the posted credit notes of these invoices."""
        return self.reversal_move_ids.filtered(lambda move: move.move_type == "out_refund" and move.state == "posted")

    def _fapiao_net_total(self):
        """Return the total of the invoice less its credit notes (``Decimal``, with tax, in CNY)."""
        self.ensure_one()
        return sum(exact(move.amount_total_signed) for move in self | self._fapiao_credits())

    def _fapiao_rest_without(self, fapiao):
        """Return what is to be issued of the invoice without ``fapiao`` (``Decimal``, with tax, in CNY)."""
        self.ensure_one()
        documents = self | self._fapiao_credits()
        # sudo: coverage is the same for every user
        lines = documents.sudo().fapiao_request_line_ids.filtered("live") - fapiao._covering_lines()
        return self._fapiao_net_total() - sum(exact(line.amount_total) for line in lines)

    def _fapiao_taken_from(self):
        """Return the valid fapiao that this credit note affects: of a split invoice, those to be reversed, or
        those with the credited lines; all of them if neither is known.
        """
        self.ensure_one()
        if self._fapiao_has_several() and (shared := self._fapiao_shared_out()) is not None:
            return self.env["fapiao"].union(*shared)
        living = self._fapiao_to_reverse()
        origins = [line.id for line in self._fapiao_lines_credited().values()]
        if len(living) < 2 or not all(origins):
            return living
        holding = living.filtered(
            lambda fapiao: set(origins) & set(fapiao._covering_lines().filtered("live").move_line_id.ids)
        )
        return holding or living

    def _fapiao_lines_credited(self):
        """Return ``{line of this credit note: line of the invoice}`` for lines with an amount."""
        self.ensure_one()
        lines = self.invoice_line_ids.filtered(lambda line: line.display_type == "product" and line.balance)
        return {line: line._fapiao_origin() for line in lines}

    def _fapiao_state_of_credit(self):
        """Return the status of a posted credit note from its red form and red fapiao."""
        self.ensure_one()
        if self._fapiao_is_going():
            return "pending"
        if self._fapiao_has_several():
            # some may not be reversed yet
            if not self._fapiao_still_due():
                blue = self.reversed_entry_id.fapiao_ids.filtered(lambda fact: fact.color == "blue")
                is_reversed = {"red", "partly_red"} & set(blue.mapped("status"))
                return "issued" if is_reversed or self._fapiao_covered() else "none"
            if "issued" in self.fapiao_red_form_ids.mapped("stage"):
                return "partial"
        elif self._fapiao_covered() or any(fact.color == "red" and fact.status == "normal" for fact in self.fapiao_ids):
            return "issued"
        elif not self.reversed_entry_id._fapiao_living():
            return "none"
        return "failed" if self.fapiao_red_form_ids.sorted("id")[-1:].stage in ENDED_STAGES else "to_issue"

    # ------------------------------------------------------------------ credit notes of several fapiao

    def _fapiao_has_several(self):
        """Return whether the invoice of this credit note has, or had, several fapiao."""
        self.ensure_one()
        return len(self.reversed_entry_id.fapiao_ids.filtered(lambda fact: fact.color == "blue")) > 1

    def _fapiao_still_due(self):
        """Return ``{line of this credit note: (line of the invoice, Part)}``: amounts credited here that
        valid fapiao still contain, whatever reversed the others. Signs are those of the invoice.
        """
        self.ensure_one()
        invoice = self.reversed_entry_id
        covered = sum_by_origin(invoice._fapiao_parts_covered())
        booked = (invoice | invoice._fapiao_credits())._fapiao_parts_booked()
        kept = sum_by_origin(
            (line if line.move_id == invoice else line._fapiao_origin(), part) for line, part in booked.items()
        )
        wanted = {}
        for line, origin in self._fapiao_lines_credited().items():
            if not origin:
                continue
            part = red_lines.due(Part() - booked[line], covered.get(origin, Part()), kept[origin])
            if part.amount:
                wanted[line] = (origin, part)
                covered[origin] = covered[origin] - part
        return wanted

    def _fapiao_parts_booked(self):
        """Return ``{line: Part}`` of these documents' lines as booked, negative on a credit note."""
        builder = Builder(self.env)
        catalogue = builder._catalogue(self)
        booked = {}
        for move in self:
            # a line that can't become an item still has its amount
            for line in move.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
                booked[line] = Part(exact(-line.balance))
            for item in builder._items(move, catalogue)[0] or []:
                line = self.env["account.move.line"].browse(int(item.key))
                booked[line] = Part(item.amount, item.tax, item.quantity or Decimal(0))
        return booked

    def _fapiao_parts_covered(self, fapiao=None):
        """Return pairs of line of this invoice and Part that valid fapiao (or ``fapiao`` alone) still cover."""
        self.ensure_one()
        # sudo: coverage is the same for every user
        rows = (
            (self | self._fapiao_credits())
            .sudo()
            .fapiao_request_line_ids.filtered(lambda row: row.live and row.move_line_id)
        )
        if fapiao is not None:
            rows &= fapiao._covering_lines()
        return [
            (
                row.move_line_id if row.move_id == self else row.move_line_id._fapiao_origin(),
                Part(exact(row.amount_untaxed), exact(row.amount_tax), exact(row.quantity, QUANTITY_DIGITS)),
            )
            for row in rows
        ]

    def _fapiao_takes_all_of(self, fapiao, taken):
        """Return whether ``taken``, line of this credit note → Part, is all that ``fapiao`` covers of the invoice."""
        origins = self._fapiao_lines_credited()
        covered = self.reversed_entry_id._fapiao_parts_covered(fapiao)
        left = sum_by_origin([*covered, *((origins[line], Part() - part) for line, part in taken.items())])
        return not any(part.amount or part.tax for part in left.values())

    def _fapiao_shared_out(self):
        """Return ``{fapiao: {line of this credit note: Part}}``: the valid fapiao to reverse, and the amount
        of each. ``{}`` if nothing is due, ``None`` if unknown.
        """
        self.ensure_one()
        origins = self._fapiao_lines_credited().values()
        if not all(origins):
            return None
        held = {
            fapiao: sum_by_origin(self.reversed_entry_id._fapiao_parts_covered(fapiao))
            for fapiao in self._fapiao_to_reverse().sorted("id")
        }
        return red_lines.share_out(self._fapiao_still_due(), held)

    # ------------------------------------------------------------------ status

    def _fapiao_open_of_credit(self):
        """Return the amount still to be reversed for this credit note, negative."""
        if self.fapiao_state != "partial":
            return self.amount_total_signed
        return -float(sum(part.total for _origin, part in self._fapiao_still_due().values()))

    def _fapiao_red_last(self):
        """Return the red form that determines the status of this document: of several, one that isn't done."""
        undone = self._fapiao_red_latest().filtered(lambda form: form.stage != "issued" or form.follow_up == "failed")
        return (undone or self.fapiao_red_form_ids.sorted("id"))[-1:]

    def _fapiao_red_latest(self):
        """Return the last red form of each fapiao."""
        latest = {form.fapiao_id: form for form in self.fapiao_red_form_ids.sorted("id")}
        return self.env["fapiao.red.form"].union(*latest.values())

    def _fapiao_red_status_message(self):
        """Return the status message of the reversal: of several fapiao, one line each until all are done."""
        latest = self._fapiao_red_latest()
        if self.move_type != "out_refund" or len(latest) < 2:
            return self._fapiao_red_last()._status_message()
        if self.fapiao_state == "issued":
            return ""
        stages = dict(latest._fields["stage"]._description_selection(self.env))
        lines = [
            self.env._(
                "Fapiao %(number)s: %(said)s",
                number=form.fapiao_id.number,
                said=form._status_message() or stages[form.stage],
            )
            for form in latest
        ]
        if self.fapiao_state == "partial":
            lines.append(self.env._("What is left is reversed by clicking Red-flush again."))
        return "\n".join(lines)


def sum_by_origin(pairs):
    """Return ``{line: Part}``, the sums of ``pairs`` of line and Part."""
    found = {}
    for origin, part in pairs:
        found[origin] = found.get(origin, Part()) + part
    return found
