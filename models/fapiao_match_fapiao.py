"""What a received fapiao knows of its matches, and what keeps it from being booked twice."""

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from . import fapiao_gate as gate
from .fapiao_match_verdict import DEAD, MATCH_STATES, fapiao_state


class Fapiao(models.Model):
    _inherit = "fapiao"

    match_ids = fields.One2many("fapiao.match", "fapiao_id", "Matches", readonly=True)
    match_state = fields.Selection(
        MATCH_STATES, "Match", compute="_compute_match_state", store=True, readonly=True
    )
    match_amount = fields.Monetary(
        "Amount Matched", compute="_compute_match_state", store=True, readonly=True
    )
    match_documents = fields.Char("Documents", compute="_compute_match_documents", compute_sudo=True)

    _unmatched = models.Index(
        "(company_id, seller_tax_no, amount_total)"
        " WHERE direction = 'in' AND match_state IN ('none', 'proposed')"
    )

    def init(self):
        """Rows that come in by SQL alone start unmatched."""
        res = super().init()
        self.env.cr.execute(SQL("ALTER TABLE fapiao ALTER COLUMN match_state SET DEFAULT 'none'"))
        return res

    # ------------------------------------------------------------------ computes

    @api.depends(
        "amount_total",
        "match_ids.active",
        "match_ids.state",
        "match_ids.amount",
        "match_ids.move_id.fapiao_in_state",
        "match_ids.expense_id.fapiao_in_state",
    )
    def _compute_match_state(self):
        for fapiao in self:
            matches = fapiao.match_ids.filtered("active")
            confirmed = matches.filtered(lambda match: match.state == "confirmed")
            documents = [match._document() for match in confirmed]
            fapiao.match_amount = sum(confirmed.mapped("amount"))
            fapiao.match_state = fapiao_state(
                fapiao.amount_total,
                confirmed.mapped("amount"),
                bool(matches),
                any(document.fapiao_in_state == "differs" for document in documents),
            )

    @api.depends("match_ids.state", "match_ids.active")
    def _compute_match_documents(self):
        for fapiao in self:
            confirmed = fapiao.match_ids.filtered(lambda match: match.state == "confirmed")
            fapiao.match_documents = ", ".join(confirmed.mapped("document_name")) or False

    # ------------------------------------------------------------------ actions

    def action_match(self):
        """Search bills for these fapiao; of a single one show what was found side by side."""
        gate.check(self, gate.INVOICER)
        self._check_received()
        self.env["fapiao.match"]._match(self.company_id.ids, self.ids)
        if len(self) == 1:
            return self.env["fapiao.match.wizard"]._open(self)
        counts = [
            self.filtered(lambda one, state=state: one.match_state == state) for state, _l in MATCH_STATES
        ]
        none, proposed, partial, matched, differs = map(len, counts)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if matched else "info",
                "message": self.env._(
                    "%(matched)s matched, %(proposed)s proposed, %(none)s without a bill.",
                    matched=matched + differs + partial,
                    proposed=proposed,
                    none=none,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_match_documents(self):
        """Open the candidates of this fapiao as they are, without another search."""
        gate.check(self, gate.INVOICER)
        self._check_received()
        return self.env["fapiao.match.wizard"]._open(self)

    # ------------------------------------------------------------------ private steps

    def _check_received(self):
        if not self or any(fapiao.direction != "in" for fapiao in self):
            raise UserError(self.env._("Only received fapiao are matched with bills."))

    def _is_no_purchase(self):
        """Tell whether this fapiao stands for nothing: a dead one, or one that was reversed while what
        reverses it is on no document. With a refund for the red fapiao, bill and refund are both right."""
        if self.status != "red":
            return self.status in DEAD
        reds = self.red_ids
        return not reds or any("confirmed" not in red.match_ids.mapped("state") for red in reds)

    def _lock_taken(self):
        """Lock all fapiao of these numbers in every company, and return ``{fapiao: confirmed matches of its
        number}``. Raises a serialization failure where somebody has just confirmed one of them."""
        if not self:
            return {}
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "SELECT id FROM fapiao WHERE direction = 'in' AND number = ANY(%s) ORDER BY id FOR UPDATE",
                self.mapped("number"),
            )
        )
        # sudo: a booking in another company counts, though the user may not see it
        twins = self.sudo().browse([id_ for (id_,) in self.env.cr.fetchall()])
        Match = self.env["fapiao.match"].sudo()
        matches = Match.search([("fapiao_id", "in", twins.ids), ("state", "=", "confirmed")])
        return {
            fapiao: matches.filtered(lambda match, one=fapiao: match.fapiao_id._is_same_paper(one))
            for fapiao in self.sudo()
        }

    def _is_same_paper(self, other):
        """Tell whether these are one and the same fapiao, as two companies may know it: a short number is
        only unique with its code."""
        if self.number != other.number:
            return False
        return not (self.code and other.code) or self.code == other.code

    def _raise_taken(self, matches, user=None):
        """Refuse to book this fapiao once more; ``matches`` are those it is booked with, named as far as ``user``
        (the current one) may read them."""
        names = ", ".join(matches._names_for(user or self.env.user, self.company_id))
        if not names:
            raise ValidationError(
                self.env._(
                    "Fapiao %(number)s comes to %(total)s. No more than that can be matched, and with the"
                    " same sign.",
                    number=self.number,
                    total=self.currency_id.format(self.amount_total),
                )
            )
        raise ValidationError(
            self.env._(
                "Fapiao %(number)s over %(total)s is booked already: %(documents)s. Undo that match first, or"
                " match no more than what is left.",
                number=self.number,
                total=self.currency_id.format(self.amount_total),
                documents=names,
            )
        )
