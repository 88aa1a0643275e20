"""A request at a cloud that takes orders into a queue of its own, splits and merges them.

Such a cloud answers with a bill: none, one or several fapiao, and where the rest of it stands. The request
is issued when its fapiao come to its total; where the cloud has merged it with others, when they come to
the total of all the requests that they stand for (seed 001, 支持拆分合并).
"""

from odoo import Command, api, fields, models

from ..clouds import base, errors
from .fapiao_types import LIVING


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    cloud_state = fields.Selection(
        [
            ("waiting", "Waits for a person in the cloud"),
            ("issuing", "Being issued"),
            ("returned", "Sent back"),
        ],
        "In the Cloud",
        readonly=True,
        copy=False,
    )

    can_withdraw = fields.Boolean(compute="_compute_can_withdraw")

    # ------------------------------------------------------------------ computes

    @api.depends("state", "in_doubt", "fapiao_ids")
    def _compute_can_withdraw(self):
        for request in self:
            request.can_withdraw = request._can_be_given_up()

    # ------------------------------------------------------------------ results

    def _adopt(self, found):
        """A bill is ours by its number; what contradicts it is another buyer on one of its fapiao."""
        if not isinstance(found, base.Bill):
            return super()._adopt(found)
        for issued in found.fapiao:
            if issued.buyer_tax_no and issued.buyer_tax_no != (self.buyer_tax_no or ""):
                return self._say_difference(
                    issued, [(self.env._("buyer tax number"), self.buyer_tax_no, issued.buyer_tax_no)]
                )
        self._accept(found)
        return ""

    def _accept(self, result):
        if not isinstance(result, base.Bill):
            return super()._accept(result)
        for issued in result.fapiao:
            self._take_one_of_several(issued)
        self.cloud_state = result.state or False
        if self.account_id.session_state != "ok":
            self.account_id._note_ready()
        if result.is_complete and self._is_all_issued():
            (self | self._merged_with()).filtered(lambda request: request.state != "issued")._settle_bill()
        elif result.state == "returned" and not self.fapiao_ids:
            self._become("rejected", errors.Rejected(result.text or self.env._("Sent back by the cloud.")))
        else:
            self._wait_for_bill(result)
        return None

    def _settle_bill(self):
        for request in self:
            request.cloud_state = False
            request._become("issued")
        self._attribute()
        self.fapiao_ids._note_uncovered()

    def _wait_for_bill(self, bill):
        if self.state not in ("pending", "manual"):
            self._become_pending(bill.text)
            return
        if bill.state == "waiting":
            # it is known to lie there: three days without a result are no sign of trouble
            self.unknown_since = fields.Datetime.now()
        self.cloud_text = bill.text or False
        self._wait_on()

    def _take_one_of_several(self, issued):
        """Record and link one of the fapiao that the bill has become."""
        if issued.number in self.fapiao_ids.mapped("number"):
            return
        fapiao = self.env["fapiao"]._record_issued(self, issued)
        # merged: what another request has brought stands for our documents as well
        fapiao.move_ids = [Command.link(move.id) for move in self.move_ids]
        self._link_fact(fapiao)

    def _said(self):
        """Where the order lies in the cloud's own queue, that is what there is to say."""
        if self.state != "pending" or not self.cloud_state:
            return super()._said()
        label = dict(self._fields["cloud_state"]._description_selection(self.env))[self.cloud_state]
        return [f"{label}.", *filter(None, [self.cloud_text])]

    def _progress(self):
        said = " ".join(self._said()) if self.state == "pending" and self.cloud_state else ""
        progress = super()._progress()
        return {**progress, "message": progress["message"] or said}

    # ------------------------------------------------------------------ sums

    def _merged_with(self):
        """Return the other requests that our fapiao stand for."""
        return self.fapiao_ids.request_ids - self

    def _is_all_issued(self):
        """Tell whether the fapiao come to the total of the requests they stand for: those that live, or,
        where somebody has reversed one meanwhile, all of them."""
        ordered = sum((self | self._merged_with()).mapped("amount_total"))
        blue = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        living = blue.filtered(lambda fapiao: fapiao.status in LIVING)
        return any(
            self.currency_id.compare_amounts(sum(facts.mapped("amount_total")), ordered) == 0
            for facts in (living, blue)
        )
