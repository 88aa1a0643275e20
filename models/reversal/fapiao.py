"""Model ``fapiao``: reversal. Red forms, input of the rules, red fapiao found at the bureau."""

import json
from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_compare

from ...clouds import base
from ...clouds.errors import CloudError
from ...rules import document, red_lines
from ...rules.document import DISCOUNT, NORMAL, ORDINARY, Line
from ...rules.red_document import Blue, RedLine
from ..cloud import gate
from ..cloud.engine import Engine
from ..values import DIGITAL, DIGITAL_FORM, KIND_AND_FORM, KIND_OF, PAPER, TYPE_CODES, aware, exact, shortest

PARTIES = ("seller_name", "seller_tax_no", "buyer_name", "buyer_tax_no")


class Fapiao(models.Model):
    _inherit = "fapiao"

    red_form_ids = fields.One2many("fapiao.red.form", "fapiao_id", "Red Forms", readonly=True)
    red_form_count = fields.Integer(compute="_compute_red_form_count")
    can_reverse = fields.Boolean(compute="_compute_can_reverse")

    # ------------------------------------------------------------------ computes

    @api.depends("red_form_ids")
    def _compute_red_form_count(self):
        for fapiao in self:
            fapiao.red_form_count = len(fapiao.red_form_ids)

    @api.depends("color", "status", "account_id", "red_form_ids.is_open")
    def _compute_can_reverse(self):
        for fapiao in self:
            fapiao.can_reverse = bool(
                fapiao._is_living()
                and fapiao.account_id
                and fapiao._is_reversed_by_cloud()
                and not any(fapiao.red_form_ids.mapped("is_open"))
            )

    def _is_reversed_by_cloud(self):
        """Return whether the account's cloud can reverse a fapiao of this type."""
        _kind, form = KIND_AND_FORM.get(self.type_code, ("", ""))
        return form in self.account_id._reversible()

    # ------------------------------------------------------------------ actions

    def action_red(self):
        """Open the dialog that reverses these fapiao, each in full, or the red forms that are open."""
        gate.check(self, gate.ISSUER)
        if under_way := self.red_form_ids.filtered("is_open"):
            return under_way._get_records_action()
        for fapiao in self:
            if fapiao.color == "red":
                raise UserError(
                    self.env._("Fapiao %(number)s is a red one: it cannot be reversed itself.", number=fapiao.number)
                )
            if not fapiao._is_living():
                raise UserError(self.env._("Fapiao %s is reversed already.", fapiao.number))
            if fapiao.account_id and not fapiao._is_reversed_by_cloud():
                raise UserError(
                    self.env._(
                        "The cloud has no call that reverses fapiao %s, which was issued by a tax control device."
                        " Reverse or void it in the cloud's portal, then click Refresh here.",
                        fapiao.number,
                    )
                )
        return self.env["fapiao.red.flush"]._open(self._of_one_account())

    def _of_one_account(self):
        """Return these fapiao, the oldest first; raise UserError unless one account reverses all of them."""
        if len(self) > 1 and "in" in self.mapped("direction"):
            # a buyer names the seller and the moment of issue of each
            raise UserError(self.env._("Received fapiao are reversed one by one: select one."))
        if len({(one.company_id, one.direction, one._reversing()) for one in self}) > 1:
            raise UserError(
                self.env._("These fapiao are reversed through different accounts. Select those of one account.")
            )
        return self.sorted("id")

    def _reversing(self):
        """Return the account through which this fapiao is reversed."""
        return (self.account_id or self.company_id._fapiao_own_account())._in_charge()

    def action_red_forms(self):
        """Open the red forms of this fapiao."""
        gate.check(self, gate.READER)
        return self.red_form_ids._get_records_action(name=self.env._("Red Forms"))

    def _invoices(self):
        """Return the posted customer invoices covered by these fapiao."""
        return self.move_ids.filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")

    def _covering_lines(self):
        """Return the request lines that cover nothing once these fapiao are reversed, and their reversals."""
        # sudo: coverage is the same for every user
        rows = self.sudo().request_ids.line_ids.filtered(
            lambda row: all(fact in self or fact.status == "red" for fact in row._facts())
        )
        return rows | self.sudo().red_form_ids.request_ids.line_ids

    # ------------------------------------------------------------------ input of the rules

    def _as_blue(self):
        """Return this fapiao as input of the reversal rules (:class:`~..rules.red_document.Blue`)."""
        self.ensure_one()
        return Blue(
            number=self.number,
            type=KIND_OF.get(self.type_code, ""),
            lines=self._lines_as_issued(),
            issued_at=aware(self.issued_at),
            seller_tax_no=self.seller_tax_no or "",
            buyer_tax_no=self.buyer_tax_no or "",
            color=self.color,
            is_paper=self.type_code in PAPER,
            reversed=tuple(line for red in self.red_ids if red.status == "normal" for line in red._lines_as_red()),
        )

    def _as_blue_without(self, number):
        """Return this fapiao as :meth:`_as_blue`, as it stood before the red fapiao ``number``."""
        reds = self.red_ids.filtered(lambda red: red.status == "normal" and red.number != number)
        return replace(self._as_blue(), reversed=tuple(line for red in reds for line in red._lines_as_red()))

    def _lines_as_issued(self):
        """Return the lines with all digits, from their request if there was one in this database."""
        request = self.request_ids.filtered(lambda request: request.kind == "blue" and request.draft)[:1]
        if request and len(request.fapiao_ids) == 1:
            return document.from_plain(json.loads(request.draft)).lines
        if lines := request and request._lines_printed_on(self):
            return lines
        return self._lines_as_printed()

    def _lines_as_printed(self):
        """Return the lines as reported by the cloud, without keys."""
        return tuple(
            Line(
                kind=DISCOUNT if line.is_discount else NORMAL,
                spec=line.spec or "",
                unit=line.unit or "",
                **self._printed_values(line),
            )
            for line in self.line_ids
        )

    def _lines_as_red(self):
        return [
            RedLine(xh=line.original_line or place, **self._printed_values(line))
            for place, line in enumerate(self.line_ids, start=1)
        ]

    @staticmethod
    def _printed_values(line):
        """Return what a blue and a red line have in common, as exact decimals."""
        return {
            "name": line.name or "",
            "code": line.code or "",
            "amount": exact(line.amount_untaxed),
            "tax": exact(line.amount_tax),
            "rate": exact(line.rate, 4),
            "zero_kind": line.zero_kind or "",
            "policy": line.policy or "",
            "quantity": shortest(line.quantity) if line.quantity else None,
            "price": shortest(line.price) if line.price else None,
        }

    # ------------------------------------------------------------------ records from answers

    @api.model
    def _issued_values(self, request, issued):
        if request.kind != "red":
            return super()._issued_values(request, issued)
        order = request._red_order()
        blue = request.red_form_id.fapiao_id
        return {
            **blue._red_values(issued),
            "account_id": request.account_id.id,
            "amount_untaxed": float(order.amount),
            "amount_tax": float(order.tax),
            "amount_total": float(order.total),
            "move_ids": [fields.Command.set(request.move_ids.ids)],
            "line_ids": [
                fields.Command.create(values) for values in self.env["fapiao.line"]._values_of_red(order.lines)
            ],
        }

    def _red_values(self, issued):
        """Return create values of the red fapiao ``issued``; what isn't reported is mirrored from this one."""
        self.ensure_one()
        said = {"amount_untaxed": issued.amount, "amount_tax": issued.tax, "amount_total": issued.total}
        return {
            "company_id": self.company_id.id,
            "account_id": self.account_id.id,
            "direction": self.direction,
            "color": "red",
            "number": issued.number,
            "type_code": self._red_type_code(issued),
            "code": issued.code or False,
            "short_number": issued.short_number or False,
            **self._times(issued.issued_at or aware(fields.Datetime.now())),
            **{name: self[name] for name in PARTIES},
            **{name: -abs(float(self[name] if value is None else value)) for name, value in said.items()},
            **self._particulars(issued.particulars),
            "line_ids": self._lines_said(issued, self),
            "original_id": self.id,
            "move_ids": [fields.Command.set(self.move_ids.ids)],
        }

    def _red_type_code(self, issued):
        """Return the type of the red fapiao: that of this one, but for one on paper an electronic one, as it is asked
        for (docs/protocols/piaodanyun.md#red-letter)."""
        kind, form = KIND_AND_FORM.get(self.type_code, ("", ""))
        if self.type_code in PAPER:
            form = DIGITAL_FORM
        return TYPE_CODES.get((kind, issued.form or form), self.type_code)

    @api.model
    def _lines_said(self, found, blue=None):
        """Number the lines of a red fapiao by those of the original that they reverse, where that is certain."""
        commands = super()._lines_said(found, blue)
        if commands and blue and found.color == "red":
            numbers = red_lines.reversed_by(found.lines, blue._as_blue_without(found.number))
            for (_command, _id, values), number in zip(commands, numbers, strict=True):
                values["original_line"] = number
        return commands

    @api.model
    def _record_checked(self, company, account, number, check, bill):
        """Return the inbound fapiao that the bureau's ``check`` (``RedCheck``) describes, created if not known."""
        known = self.search([("company_id", "=", company.id), ("direction", "=", "in"), ("number", "=", number)])
        amount, tax = -float(check.amount or 0), -float(check.tax or 0)
        fapiao = known or self.create(
            {
                "company_id": company.id,
                "account_id": account.id,
                "direction": "in",
                "number": number,
                "type_code": self._type_checked(check),
                **(self._times(check.issued_at) if check.issued_at else {}),
                **{name: getattr(check, name) for name in PARTIES},
                "amount_untaxed": amount,
                "amount_tax": tax,
                "amount_total": amount + tax,
                "line_ids": [
                    fields.Command.create(values)
                    for values in self.env["fapiao.line"]._values_of(red_lines.mirrored(check.lines))
                ],
            }
        )
        fapiao.move_ids |= bill
        return fapiao

    @api.model
    def _type_checked(self, check):
        """Return the type that the bureau's ``check`` gives a fapiao."""
        codes = PAPER if check.is_paper else DIGITAL.values()
        types = {KIND_OF[code]: code for code in codes}
        return types.get(check.type, types[ORDINARY])

    def _record_paper(self, check):
        """Record that this fapiao is one on paper, which only the bureau knows of one that was not issued here."""
        if check.is_paper and self.type_code in DIGITAL.values():
            self.type_code = self._type_checked(check)

    def _record_reversed(self):
        """Update the status from the valid red fapiao of this one."""
        for fapiao in self:
            rounding = fapiao.currency_id.rounding
            taken = -sum(fapiao.red_ids.filtered(lambda red: red.status == "normal").mapped("amount_total"))
            if fapiao._is_living() and float_compare(taken, 0, precision_rounding=rounding) > 0:
                is_all = float_compare(taken, fapiao.amount_total, precision_rounding=rounding) >= 0
                fapiao.status = "red" if is_all else "partly_red"
        self._record_uncovered()

    # ------------------------------------------------------------------ reversals made elsewhere

    def _find_red_in_new_transaction(self):
        """Query whether this fapiao was reversed elsewhere, and take over the red one; return its number or
        "".

        Raises ``CloudError``. The result is committed in a separate transaction that the caller's may not see
        yet, so a number is returned instead of a record.
        """
        self.ensure_one()
        number = self.number
        found = Engine(self.env)._ask(self.account_id, lambda cloud: cloud.find_red(number))
        if not isinstance(found, base.Issued):
            return ""
        fapiao_id = self.id
        Engine(self.env)._step(lambda env: env["fapiao"].browse(fapiao_id)._adopt_red(found).number)
        self.invalidate_recordset()
        return found.number

    def _adopt_red(self, issued):
        """Return the red fapiao ``issued`` that reverses this one, taken over if not known."""
        self.ensure_one()
        red = self.search([*self._same_register(), ("number", "=", issued.number)])
        if not red:
            red = self.create(self._red_values(issued))
            red._want_files()
            for document in [*self.move_ids, *self.order_ids]:
                document._message_log(
                    body=self.env._(
                        "Red fapiao %(red)s, issued elsewhere, reverses %(blue)s.", red=red.number, blue=self.number
                    )
                )
        elif not red.original_id:
            red.original_id = self
        self._record_reversed()
        self.red_form_ids.filtered("is_open")._record_reversed_by(red)
        return red

    def _same_register(self):
        return [("company_id", "=", self.company_id.id), ("direction", "=", self.direction)]

    def _look_for_red(self, found):
        """Take over the red fapiao that the cloud names for this one, if not known."""
        if found.reversed_by and found.reversed_by not in self.red_ids.mapped("number"):
            try:
                self._find_red_in_new_transaction()
            except CloudError as error:
                raise UserError(self.account_id._error_message(error)) from error
