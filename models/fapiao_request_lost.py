"""One of several fapiao of an order is reversed alone, and it can't be told which lines stood on it.

Then its amount is open again all the same, a person is told, and nothing is issued anew until it is known
what: after the others are reversed too, that is all of it.
"""

# A problem's words are marked here and translated where they are shown, as in rules/.
# pylint: disable=prefer-env-translation

from odoo import api, fields, models

from ..rules.amounts import ZERO, spread
from ..rules.problems import Problem, _
from .fapiao_decimal import exact
from .fapiao_notes import as_html
from .fapiao_red_form_watch import PROBLEM

LOST = _(
    "Fapiao %(number)s over %(total)s is reversed, and it can't be told for sure which lines stood on it."
)
WAY_OUT = _("Reverse the others of the same order too (%(rest)s); then all of it can be issued anew.")


class Fapiao(models.Model):
    _inherit = "fapiao"

    def _note_uncovered(self):
        """Take off their documents what those of these fapiao stood for that are reversed while others of
        the same order live, where the lines on them aren't known."""
        for fapiao in self.filtered(lambda fapiao: fapiao.color == "blue" and fapiao.status == "red"):
            bundle = fapiao.request_ids._bundle()
            facts = bundle._facts_of_bundle()
            if fapiao in facts and len(facts) > 1 and set(bundle.mapped("state")) == {"issued"}:
                bundle._attribute()
                bundle._take_off(fapiao)


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    def _take_off(self, fapiao):
        """Make the amount of ``fapiao`` open again, unless its lines are known or all is reversed."""
        rows = self.line_ids
        if rows.fapiao_id or fapiao in rows.lost_fapiao_id or not any(rows.mapped("live")):
            return
        self.env["fapiao.request.line"].create(rows._values_taken_off(fapiao))
        for document in self[:1]._documents():
            document.activity_schedule(
                PROBLEM,
                summary=self.env._("One of several fapiao was reversed"),
                note=as_html(self._say_lost(fapiao)),
                user_id=self[:1].user_id.id,
            )

    def _values_of_loss(self, fapiao):
        living = self.fapiao_ids.filtered(lambda fact: fact._is_living())
        return {
            "number": ", ".join(fapiao.mapped("number")),
            "total": fapiao.currency_id.format(sum(fapiao.mapped("amount_total"))),
            "rest": ", ".join(living.mapped("number")),
        }

    def _say_lost(self, fapiao):
        values = self._values_of_loss(fapiao)
        return " ".join(self.env._(text, **values) for text in (LOST, WAY_OUT))


class FapiaoRequestLine(models.Model):
    _inherit = "fapiao.request.line"

    def _values_taken_off(self, fapiao):
        """Return create values of lines that take the amount of ``fapiao`` off the invoices of these ones,
        in proportion where there are several."""
        invoices = self.move_id.filtered(lambda move: move.move_type == "out_invoice")
        own = [self.filtered(lambda row, move=move: row.move_id == move) for move in invoices]
        weights = [max(sum((exact(row.amount_total) for row in rows), ZERO), ZERO) for rows in own]
        figures = (exact(fapiao.amount_untaxed), exact(fapiao.amount_tax))
        shares = [spread(min(figure, sum(weights, ZERO)), weights) for figure in figures]
        return [
            {
                "request_id": rows[:1].request_id.id,
                "move_id": move.id,
                "lost_fapiao_id": fapiao.id,
                "name": fapiao.number,
                "amount_untaxed": float(-amount),
                "amount_tax": float(-tax),
            }
            for move, rows, amount, tax in zip(invoices, own, *shares, strict=True)
        ]


class AccountMove(models.Model):
    _inherit = "account.move"

    # compute_sudo: salespeople see invoices, but neither fapiao nor requests
    fapiao_lost_text = fields.Text(compute="_compute_fapiao_lost_text", compute_sudo=True)

    @api.depends("fapiao_request_line_ids.live", "fapiao_request_line_ids.lost_fapiao_id")
    def _compute_fapiao_lost_text(self):
        for move in self:
            rows = move._fapiao_rows_lost()
            said = rows and rows.request_id._bundle()._say_lost(rows.lost_fapiao_id)
            move.fapiao_lost_text = said or False

    def _fapiao_rows_lost(self):
        return self.fapiao_request_line_ids.filtered(lambda row: row.live and row.lost_fapiao_id)


class FapiaoBuilder(models.AbstractModel):
    _inherit = "fapiao.builder"

    def _lost_lines_problem(self, move):
        """What is missing on an invoice can be issued only where it is known line by line."""
        # sudo: what is covered doesn't depend on who asks
        rows = move.sudo()._fapiao_rows_lost()
        if not rows:
            return None
        return Problem("lines_unknown", LOST, WAY_OUT, rows.request_id._bundle()._values_of_loss(rows.lost_fapiao_id))
