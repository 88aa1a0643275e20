"""A request at a cloud that takes orders into a queue of its own, splits and merges them.

Such a cloud answers with a bill: none, one or several fapiao, and where the rest of it stands. The request
is issued when its fapiao come to its total; where the cloud has merged it with others, when they come to
the total of all the requests that they stand for (seed 001, 支持拆分合并).
"""

from decimal import Decimal

from odoo import Command, api, fields, models

from ..clouds import errors
from .fapiao_outbound import OPEN_STATES
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

    def _difference_on_bill(self, issued):
        """Return in words what speaks against one fapiao of a bill being ours, or ''."""
        if self._knows(issued.number):
            return ""
        if issued.buyer_tax_no and issued.buyer_tax_no != (self.buyer_tax_no or ""):
            return self._say_difference(
                issued, [(self.env._("buyer tax number"), self.buyer_tax_no, issued.buyer_tax_no)]
            )
        return self._number_of_another(issued)

    def _is_all_issued_alone(self):
        """Tell whether this request's fapiao come to its own total, as they do where nothing was merged."""
        blue = self.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        total = sum(blue.mapped("amount_total"))
        return bool(blue) and self.currency_id.compare_amounts(total, self.amount_total) == 0

    def _excess_of(self, bill):
        """Return in words that the fapiao of a bill come to more than all that they can stand for, or ''. The cloud may
        have merged it with other orders of the same buyer that are on their way."""
        told = [issued.total for issued in bill.fapiao if issued.color == "blue"]
        if not told or None in told:
            return ""
        others = self.search(
            [
                ("id", "!=", self.id),
                ("account_id", "=", self.account_id.id),
                ("kind", "=", "blue"),
                ("buyer_tax_no", "=", self.buyer_tax_no),
                "|",
                ("state", "in", OPEN_STATES),
                ("fapiao_ids.number", "in", [issued.number for issued in bill.fapiao]),
            ]
        )
        ordered = sum((self | others).mapped("amount_total"))
        total = float(sum(told, Decimal(0)))
        has_ended = any(issued.status not in ("", "normal") for issued in bill.fapiao)
        if has_ended or self.currency_id.compare_amounts(total, ordered) <= 0:
            return ""
        return self.env._(
            "The cloud has issued %(theirs)s for this request, but %(ours)s was ordered (%(numbers)s).",
            theirs=self.currency_id.format(total),
            ours=self.currency_id.format(self.amount_total),
            numbers=", ".join(issued.number for issued in bill.fapiao),
        )

    def _take_bill(self, result):
        """Apply what the cloud's own queue says of an order: the fapiao it has issued, and what is left."""
        for issued in result.fapiao:
            self._take_one_of_several(issued)
        self.cloud_state = result.state or False
        if result.is_complete and self._is_all_issued():
            (self | self._merged_with()).filtered(lambda request: request.state != "issued")._settle_bill()
        elif result.state == "returned" and not self.fapiao_ids:
            self._become("rejected", errors.Rejected(result.text or self.env._("Sent back by the cloud.")))
            self.ended_at_cloud = True  # the cloud itself says that it has ended there
            self._watch_after_end()
        else:
            self._wait_for_bill(result)

    def _place_in_cloud_queue(self):
        """Return in words where an order lies in the cloud's own queue, or ''."""
        if self.state != "pending" or not self.cloud_state:
            return ""
        label = dict(self._fields["cloud_state"]._description_selection(self.env))[self.cloud_state]
        return " ".join(filter(None, [f"{label}.", self.cloud_text]))

    def _difference_of_bill(self, bill):
        """Return in words what speaks against ``bill`` being ours, or ''. A bill is ours by its number; against it
        speak another buyer on one of its fapiao, more than was ordered, or a fapiao that another request is complete
        with."""
        differences = (self._difference_on_bill(issued) for issued in bill.fapiao)
        return next(filter(None, differences), "") or self._excess_of(bill)

    @staticmethod
    def _is_merged_into(others):
        """Tell whether none of ``others`` is complete with its fapiao alone, so that the cloud has merged orders."""
        return not any(other._is_all_issued_alone() for other in others)

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
            self.unknown_since = self._now()
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
        fapiao._queue_if_changed(issued)

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
