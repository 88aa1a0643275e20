"""Dialog ``fapiao.deduction``: selects received fapiao for deduction (勾选), or takes the selection back."""

import re
from decimal import Decimal

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..models.cloud import gate
from ..models.values import LIVING
from ..rules import deduction
from ..rules.problems import errors

PERIOD = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])")


class FapiaoDeduction(models.TransientModel):
    _name = "fapiao.deduction"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Select Fapiao for Deduction"
    _fapiao_inputs = frozenset({"kind", "period", "purpose", "farm_rate", "takes_doubtful"})

    kind = fields.Selection(
        [("select", "Select for deduction"), ("unselect", "Take the selection back")],
        required=True,
        default="select",
    )
    period = fields.Char(
        required=True,
        default=lambda self: self.env["fapiao.account"]._selection_period()[0],
        help="yyyymm: the tax period in which the tax is deducted.",
    )
    period_text = fields.Char("Period From", compute="_compute_period_text")
    purpose = fields.Selection([("1", "Deduct"), ("2", "Not to be deducted")], required=True, default="1", string="Use")
    fapiao_ids = fields.Many2many("fapiao", string="Fapiao (发票)", readonly=True)
    currency_id = fields.Many2one("res.currency", default=lambda self: self.env.company.currency_id)
    farm_rate = fields.Selection(
        [("0.09", "9 %"), ("0.10", "10 %, for goods taxed at 13 %")],
        "Farm Products At",
        required=True,
        default="0.09",
        help="Rate on the price of farm products (农产品).",
    )
    has_farm = fields.Boolean(compute="_compute_ready")
    takes_doubtful = fields.Boolean("Select These As Well")
    questions = fields.Text("To Decide", compute="_compute_ready")
    ready_count = fields.Integer("Ready", compute="_compute_ready")
    amount_tax = fields.Monetary("Tax", compute="_compute_ready")
    problems = fields.Text("Left Out", compute="_compute_ready")

    # ------------------------------------------------------------------ computes

    @api.depends("kind", "period", "purpose", "farm_rate", "takes_doubtful", "fapiao_ids")
    def _compute_ready(self):
        for dialog in self:
            reasons, questions = dialog._reasons()
            ready = dialog._ready(reasons, questions)
            farm = dialog.fapiao_ids.filtered(lambda fapiao: fapiao._way().how == deduction.FARM)
            dialog.ready_count = len(ready)
            dialog.amount_tax = float(sum(dialog._tax(fapiao) for fapiao in ready))
            dialog.problems = "\n".join(filter(None, reasons.values())) or False
            dialog.questions = "\n".join(filter(None, questions.values())) or False
            dialog.has_farm = dialog.kind == "select" and bool(farm)

    @api.depends("fapiao_ids")
    @api.depends_context("lang")
    def _compute_period_text(self):
        for dialog in self:
            account = dialog.fapiao_ids[:1]._marking_account() if dialog.fapiao_ids else self.env["fapiao.account"]
            period, _last, is_said = account._selection_period()
            if not is_said:
                text = self.env._(
                    "%s is the month of the calendar: the tax bureau's open period isn't known. Ask for it with Check"
                    " Bureau Log-in on the account.",
                    period,
                )
            elif account.bureau_deadline:
                text = self.env._(
                    "%(period)s is open at the tax bureau until %(day)s.", period=period, day=account.bureau_deadline
                )
            else:
                text = self.env._("%s is open at the tax bureau.", period)
            dialog.period_text = text

    @api.constrains("period")
    def _check_period(self):
        for dialog in self:
            if not dialog._has_period():
                raise ValidationError(
                    self.env._("“%s” is no period. Write year and month, like 202611.", dialog.period)
                )

    # ------------------------------------------------------------------ actions

    @api.model
    def _open(self, fapiao):
        gate.check(fapiao, gate.ISSUER)
        # sudo: what a dialog is about is set by this flow alone
        period = fapiao[:1]._marking_account()._selection_period()[0] if fapiao else False
        values = {"fapiao_ids": [Command.set(fapiao.ids)], **({"period": period} if period else {})}
        dialog = self.sudo().create(values).sudo(self.env.su)
        if fapiao and all(one.deduction == "selected" for one in fapiao):
            dialog.kind = "unselect"
        return dialog._get_records_action(name=self.env._("Deduction"), target="new", context={})

    def action_confirm(self):
        """Queue the marks of valid fapiao, and show their progress."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "fapiao_ids")
        ready = self._ready(*self._reasons())
        if not ready:
            raise UserError(self.problems or self.questions or self.env._("Nothing is chosen."))
        if self.kind == "select":
            farm = ready.filtered(lambda fapiao: fapiao._way().how == deduction.FARM)
            farm._keep_computed_tax(Decimal(self.farm_rate))
        markings = self.env["fapiao.marking"]._create_for(ready, self.kind, self.period, self.purpose)
        markings._attempt_after_commit()
        return markings._get_records_action(name=self.env._("Deduction"))

    # ------------------------------------------------------------------ helpers

    def _has_period(self):
        return bool(PERIOD.fullmatch(self.period or ""))

    def _reasons(self):
        """Return ``({fapiao: why it can't be marked}, {fapiao: what a person has to decide})``, "" for neither."""
        reasons = {fapiao: self._reason(fapiao) for fapiao in self.fapiao_ids}
        if self.kind == "unselect":
            return reasons, dict.fromkeys(reasons, "")
        found = {fapiao: self._law(fapiao) for fapiao in self.fapiao_ids}
        refused = {
            fapiao: reason or self._describe(fapiao, errors(found[fapiao])) for fapiao, reason in reasons.items()
        }
        return refused, {
            fapiao: "" if reason else self._describe(fapiao, found[fapiao]) for fapiao, reason in refused.items()
        }

    def _ready(self, reasons, questions):
        return self.fapiao_ids.filtered(
            lambda fapiao: not reasons[fapiao] and (self.takes_doubtful or not questions[fapiao])
        )

    def _tax(self, fapiao):
        if fapiao._way().how == deduction.FARM:
            return deduction.tax_to_deduct(fapiao._deduction_paper(), Decimal(self.farm_rate))
        return fapiao._tax_to_select()

    def _law(self, fapiao):
        """Return the problems of the law with the selection of ``fapiao``."""
        _period, last, _is_said = fapiao._marking_account()._selection_period()
        period = self.period if self._has_period() else ""
        return deduction.problems(
            fapiao._deduction_paper(), period, last, self.purpose or deduction.TO_DEDUCT, Decimal(self.farm_rate)
        )

    def _describe(self, fapiao, problems):
        """Return ``problems`` of ``fapiao`` in the user's language, each with its cure; "" for none."""
        said = []
        for problem in problems:
            values = {key: self.env._(one) if isinstance(one, str) else one for key, one in problem.values.items()}
            said += [self.env._(text, **values) for text in (problem.message, problem.fix) if text]
        return f"{fapiao.number}: {' '.join(said)}" if said else ""

    def _reason(self, fapiao):
        number = fapiao.number
        if fapiao.direction != "in":
            return self.env._("%s was issued by us: only received fapiao are deducted.", number)
        if "deduction" in fapiao._open_mark_families():
            return self.env._("%s is being marked already.", number)
        if not fapiao._marking_account():
            return self.env._("%s has no account through which it could be marked.", number)
        if self.kind == "unselect":
            return "" if fapiao.deduction == "selected" else self.env._("%s is not selected.", number)
        if fapiao.deduction in ("selected", "confirmed"):
            return self.env._(
                "%(number)s is selected already, for %(period)s.",
                number=number,
                period=fapiao.deduction_period or "–",
            )
        if fapiao.status not in LIVING:
            statuses = dict(fapiao._fields["status"]._description_selection(self.env))
            return self.env._(
                "%(number)s can't be deducted: %(status)s.", number=number, status=statuses[fapiao.status]
            )
        return ""


class Fapiao(models.Model):
    _inherit = "fapiao"

    def action_deduct(self):
        """Open the dialog that selects these fapiao for deduction, or takes the selection back."""
        gate.check(self, gate.ISSUER)
        return self.env["fapiao.deduction"]._open(self)
