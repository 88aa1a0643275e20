"""Query whether a fapiao may be reversed: no effect at the bureau, repeatable."""

import json

from odoo import models
from odoo.exceptions import UserError

from ..clouds.base import Issued, NotFound
from ..clouds.errors import CloudError
from ..models.values import aware, naive
from ..rules.codes import is_number
from ..rules.document import to_plain
from ..rules.red_document import BUYER, RedOrder


class FapiaoRedFlush(models.TransientModel):
    _inherit = "fapiao.red.flush"

    def _ask(self):
        """Query the bureau whether the fapiao may be reversed, and store the answer."""
        try:
            self._find_facts()
            if self.initiator == BUYER and not (self.seller_tax_no and self.issued_at):
                self._note(
                    "none",
                    self.env._(
                        "The cloud doesn't show this fapiao. Enter the seller's tax number and the exact"
                        " time of issue, as the tax bureau shows it."
                    ),
                )
                return
            order = RedOrder(
                blue_number=self.number or "",
                initiator=self.initiator,
                seller_tax_no=self.seller_tax_no or "",
                blue_issued_at=aware(self.issued_at),
            )
            said = self.env["fapiao.engine"]._ask(self.account_id, lambda cloud: cloud.check_red(order))
            self._record_said(said)
        except CloudError as error:
            self.account_id._record_need_in_new_transaction(error)
            self._note("failed", self.account_id._error_message(error), needs_login=bool(getattr(error, "need", "")))

    def _find_facts(self):
        """Query the cloud for seller and time of issue, which a buyer must provide, if unknown."""
        number = self.number or ""
        if not is_number(number):
            raise UserError(self.env._("“%s” is not the number of a fapiao: that has 20 digits.", number))
        if self.issued_at and self.seller_tax_no:
            return
        found = self.env["fapiao.engine"]._ask(self.account_id, lambda cloud: cloud.find(number=number))
        if isinstance(found, Issued):
            self.write(
                {
                    "issued_at": self.issued_at or naive(found.issued_at),
                    "seller_tax_no": self.seller_tax_no or found.seller_tax_no,
                }
            )

    def _record_said(self, said):
        if isinstance(said, NotFound):
            self._note(
                "not_yet",
                self.env._(
                    "The tax bureau doesn't show this fapiao yet, which takes up to two hours after issue."
                    " Try again later: nothing is lost."
                ),
            )
        elif said.allowed:
            shown = json.dumps(to_plain(said), ensure_ascii=False)
            self._note("allowed", self._describe_allowed(said), check=shown)
            self._keep_inbound(said)
        else:
            self._note("refused", said.text)
            self._look_for_red()

    def _describe_allowed(self, check):
        """Return the bureau's text, and a warning if the fapiao isn't one of the vendor."""
        vendor = self.bill_id.commercial_partner_id._fapiao_tax_no() if self.bill_id else ""
        if not vendor or not check.seller_tax_no or vendor == check.seller_tax_no:
            return check.text
        return self.env._(
            "Careful: this fapiao was issued by %(seller)s (%(number)s), not by the vendor of %(bill)s.",
            seller=check.seller_name or "–",
            number=check.seller_tax_no,
            bill=self.bill_id.display_name,
        )

    def _look_for_red(self):
        """After a refusal, query whether the fapiao was reversed elsewhere, and take that over."""
        if self.fapiao_id and (found := self.fapiao_id._find_red_in_new_transaction()):
            self._note(
                "already",
                self.env._(
                    "Fapiao %(number)s is reversed already, by red fapiao %(red)s, which was unknown here and"
                    " is taken over now.",
                    number=self.fapiao_id.number,
                    red=found,
                ),
            )

    def _keep_inbound(self, check):
        """Record the vendor's fapiao shown by the bureau, if not known."""
        if self.fapiao_id:
            return
        # sudo: fapiao are created from a cloud's answer only, users can't create them
        Fapiao = self.env["fapiao"].sudo()
        # sudo: as in _note
        self.sudo().fapiao_id = Fapiao._record_checked(
            self.company_id, self.account_id, self.number, check, self.bill_id
        )
        self.reason = self._plans()[0].order.reason

    def _note(self, answer, text, **values):
        # sudo: only this flow writes the bureau's answer
        self.sudo().write(
            {"answer": answer, "answer_text": text, "check": False, "needs_login": False, **values}
        )
