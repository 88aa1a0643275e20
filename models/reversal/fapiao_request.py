"""Model ``fapiao.request``: red requests, which issue the red fapiao of a red form.

The answer may be lost, and the fapiao may have been reversed elsewhere meanwhile. A request not found by ID
is also searched through the original, which names the red fapiao that reversed it
(docs/protocols/piaodanyun.md#query).
"""

import json

from odoo import Command, api, fields, models

from ...clouds import base
from ...rules import red_document
from ...rules.document import to_plain
from ..cloud.fapiao_task_mixin import DEAD_STATES, QUERY_SOON
from ..values import DIGITAL_FORM, KIND_AND_FORM


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    red_form_id = fields.Many2one("fapiao.red.form", readonly=True, copy=False, index="btree_not_null")
    rest_of_id = fields.Many2one(
        "fapiao.red.form", "Rest After the Reversal", readonly=True, copy=False, index="btree_not_null"
    )

    # ------------------------------------------------------------------ creation

    @api.model
    def _create_red(self, form):
        """Create, freeze and return the request that issues the red fapiao of ``form``; nothing is sent."""
        order = form._order_at_bureau()
        request = self.create(
            {
                "account_id": form.account_id.id,
                "company_id": form.company_id.id,
                "operation": base.RED_ISSUE,
                "kind": "red",
                "type": order.type,
                "form": KIND_AND_FORM.get(form.fapiao_id.type_code, (order.type, DIGITAL_FORM))[1],
                "user_id": form.user_id.id,
                "red_form_id": form.id,
                "move_ids": [Command.set(form.move_ids.ids)],
                "previous_id": max(form.request_ids.ids, default=False),
                "partner_id": form.move_ids.commercial_partner_id[:1].id,
                "buyer_name": form.fapiao_id.buyer_name,
                "buyer_tax_no": form.fapiao_id.buyer_tax_no,
                "draft": json.dumps(to_plain(order), ensure_ascii=False),
                "amount_untaxed": form.amount_untaxed,
                "amount_tax": form.amount_tax,
                "amount_total": form.amount_total,
                "line_ids": [Command.create(share) for share in form._shares()],
            }
        )
        request._identify()
        request._freeze(order)
        return request

    def _red_order(self):
        """Return the frozen :class:`~..rules.red_document.RedOrder`."""
        self.ensure_one()
        return red_document.from_plain(json.loads(self.draft))

    # ------------------------------------------------------------------ queries

    def _asked_for(self):
        return {"red": True} if self.kind == "red" else super()._asked_for()

    def _apply_finding(self, meaning):
        if self.kind == "red" and self.state in ("unknown", "pending", "manual", *DEAD_STATES):
            meaning = self._follow_trail(meaning)
        return None if meaning is None else super()._apply_finding(meaning)

    def _follow_trail(self, meaning):
        """Return what ``meaning`` says of the red fapiao; ``None`` if another query is needed.

        ID not found → query the original; if it names a red fapiao, query that; if it names none, nothing was
        reversed and the result is "not found".
        """
        blue_number = self._red_order().blue_number
        if isinstance(meaning, base.Bill):
            # a cloud may answer by ID and by number, as for a split request
            meaning = self._of_bill(meaning, blue_number)
        match meaning:
            case base.NotFound() if not self.lookup_number:
                return self._look_up(blue_number)
            case base.Issued() if meaning.number == blue_number:
                if meaning.reversed_by:
                    return self._look_up(meaning.reversed_by)
                self.lookup_number = False
                if meaning.status == "red":
                    return base.Pending()  # reversed by a fapiao that it doesn't name
                return base.NotFound()
            case base.NotFound():
                # the original, or the red fapiao it names, is not shown now: no proof
                self.lookup_number = False
                return base.Pending()
        return meaning

    def _of_bill(self, bill, blue_number):
        """Return the red fapiao of a billing request, or the original if that was queried; else NotFound."""
        red = (one for one in bill.fapiao if one.color == "red")
        blue = (one for one in bill.fapiao if self.lookup_number == blue_number == one.number)
        return next(red, None) or next(blue, None) or base.NotFound()

    def _look_up(self, number):
        """Query the fapiao ``number`` next."""
        now = self._now()
        is_open = self.state in ("unknown", "pending")
        self.write({"lookup_number": number, "next_try_at" if is_open else "watch_at": now})
        self._wake_reconciler(at=now + QUERY_SOON)

    def _difference(self, found, is_asked=False):
        """A red fapiao belongs to the request if it reverses the same original by the same amounts."""
        if self.kind != "red":
            return super()._difference(found, is_asked)
        order = self._red_order()
        return self._describe_difference(
            found,
            [
                (self.env._("original"), order.blue_number, found.original_number or order.blue_number),
                (self.env._("total"), order.total, order.total if found.total is None else found.total),
                (self.env._("tax"), order.tax, order.tax if found.tax is None else found.tax),
            ],
        )

    # ------------------------------------------------------------------ results

    def _take_result(self, result):
        taken = super()._take_result(result)
        if self.kind == "red" and isinstance(result, base.Issued):
            self.lookup_number = False
            red = self.fapiao_ids.filtered(lambda fapiao: fapiao.number == result.number)
            self.red_form_id._record_reversed_by(red)
        return taken

    def _describe_issued(self, fapiao):
        if self.kind != "red":
            return super()._describe_issued(fapiao)
        return self.env._(
            "Red fapiao %(red)s reverses %(blue)s.",
            red=", ".join(fapiao.mapped("number")),
            blue=self.red_form_id.fapiao_id.number,
        )
