"""Dialog ``fapiao.deduction``: selects received fapiao for deduction (勾选), or takes the selection back."""

import re

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..models.cloud import gate
from ..models.received.verdict import DEDUCTIBLE
from ..models.values import LIVING

PERIOD = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])")


class FapiaoDeduction(models.TransientModel):
    _name = "fapiao.deduction"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Select Fapiao for Deduction"
    _fapiao_inputs = frozenset({"kind", "period", "purpose"})

    kind = fields.Selection(
        [("select", "Select for deduction"), ("unselect", "Take the selection back")],
        required=True,
        default="select",
    )
    period = fields.Char(
        required=True,
        default=lambda self: fields.Date.context_today(self).strftime("%Y%m"),
        help="yyyymm: the tax period in which the tax is deducted.",
    )
    purpose = fields.Selection([("1", "Deduct"), ("2", "Not to be deducted")], required=True, default="1", string="Use")
    fapiao_ids = fields.Many2many("fapiao", string="Fapiao (发票)", readonly=True)
    currency_id = fields.Many2one("res.currency", default=lambda self: self.env.company.currency_id)
    ready_count = fields.Integer("Ready", compute="_compute_ready")
    amount_tax = fields.Monetary("Tax", compute="_compute_ready")
    problems = fields.Text("Left Out", compute="_compute_ready")

    # ------------------------------------------------------------------ computes

    @api.depends("kind", "fapiao_ids")
    def _compute_ready(self):
        for dialog in self:
            reasons = dialog._reasons()
            ready = dialog.fapiao_ids.filtered(lambda fapiao, said=reasons: not said[fapiao])
            dialog.ready_count = len(ready)
            dialog.amount_tax = sum(fapiao.deductible or fapiao.amount_tax for fapiao in ready)
            dialog.problems = "\n".join(filter(None, reasons.values())) or False

    @api.constrains("period")
    def _check_period(self):
        for dialog in self:
            if not PERIOD.fullmatch(dialog.period or ""):
                raise ValidationError(
                    self.env._("“%s” is no period. Write year and month, like 202611.", dialog.period)
                )

    # ------------------------------------------------------------------ actions

    @api.model
    def _open(self, fapiao):
        gate.check(fapiao, gate.ISSUER)
        # sudo: what a dialog is about is set by this flow alone
        dialog = self.sudo().create({"fapiao_ids": [Command.set(fapiao.ids)]}).sudo(self.env.su)
        if fapiao and all(one.deduction == "selected" for one in fapiao):
            dialog.kind = "unselect"
        return dialog._get_records_action(name=self.env._("Deduction"), target="new", context={})

    def action_confirm(self):
        """Queue the marks of valid fapiao, and show their progress."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "fapiao_ids")
        reasons = self._reasons()
        ready = self.fapiao_ids.filtered(lambda fapiao: not reasons[fapiao])
        if not ready:
            raise UserError(self.problems or self.env._("Nothing is chosen."))
        markings = self.env["fapiao.marking"]._create_for(ready, self.kind, self.period, self.purpose)
        markings._attempt_after_commit()
        return markings._get_records_action(name=self.env._("Deduction"))

    # ------------------------------------------------------------------ helpers

    def _reasons(self):
        """Return why each fapiao can't be marked, "" if it can."""
        return {fapiao: self._reason(fapiao) for fapiao in self.fapiao_ids}

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
        if fapiao.type_code not in DEDUCTIBLE:
            types = dict(fapiao._fields["type_code"]._description_selection(self.env))
            return self.env._(
                "%(number)s is of a type without deduction: %(type)s.",
                number=number,
                type=types[fapiao.type_code],
            )
        return ""


class Fapiao(models.Model):
    _inherit = "fapiao"

    def action_deduct(self):
        """Open the dialog that selects these fapiao for deduction, or takes the selection back."""
        gate.check(self, gate.ISSUER)
        return self.env["fapiao.deduction"]._open(self)
