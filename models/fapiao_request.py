"""开票申请单: one order to issue a fapiao. The process; the fact it leads to is ``fapiao``."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from . import fapiao_gate as gate
from .fapiao_outbound import ATTENTION_STATES, UNSENT_STATES


class FapiaoRequest(models.Model):
    _name = "fapiao.request"
    _description = "Fapiao Request"
    _inherit = ["fapiao.outbound"]
    _order = "id desc"
    _rec_name = "request_uid"
    _check_company_auto = True
    _is_watched = True

    kind = fields.Selection([("blue", "Blue"), ("red", "Red")], required=True, default="blue", readonly=True)
    type = fields.Selection(
        [("special", "Special (专票)"), ("ordinary", "Ordinary (普票)")], required=True, readonly=True
    )
    user_id = fields.Many2one(
        "res.users", "Requested By", required=True, readonly=True, default=lambda self: self.env.user
    )
    move_ids = fields.Many2many(
        "account.move",
        "fapiao_request_move_rel",
        "request_id",
        "move_id",
        "Invoices",
        readonly=True,
        copy=False,
    )
    line_ids = fields.One2many("fapiao.request.line", "request_id", readonly=True)
    fapiao_ids = fields.Many2many(
        "fapiao", "fapiao_request_fapiao_rel", "request_id", "fapiao_id", readonly=True, copy=False
    )
    previous_id = fields.Many2one("fapiao.request", "Corrects", readonly=True, copy=False)
    partner_id = fields.Many2one("res.partner", "Buyer", readonly=True)
    buyer_name = fields.Char(readonly=True)
    buyer_tax_no = fields.Char("Buyer Tax Number", readonly=True)
    draft = fields.Text(
        readonly=True, copy=False, help="The fapiao in neutral words, before it was put into the cloud's."
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    amount_total = fields.Monetary(readonly=True)
    exchange_ids = fields.One2many(
        "fapiao.exchange", "res_id", "Exchanges", domain=[("res_model", "=", "fapiao.request")], readonly=True
    )
    needs_attention = fields.Boolean(compute="_compute_needs_attention", search="_search_needs_attention")

    _unique_uid = models.UniqueIndex("(request_uid)", "Two requests can't share one request ID.")
    _due = models.Index("(account_id, next_try_at, id) WHERE state IN ('queued', 'unknown', 'pending')")

    # ------------------------------------------------------------------ computes

    @api.depends("request_uid")
    def _compute_display_name(self):
        for request in self:
            request.display_name = request.request_uid or self.env._("New request")

    @api.depends("state", "is_double")
    def _compute_needs_attention(self):
        for request in self:
            request.needs_attention = request.is_double or request.state in ATTENTION_STATES

    def _search_needs_attention(self, operator, value):
        if operator != "in":
            return NotImplemented
        needing = Domain("state", "in", ATTENTION_STATES) | Domain("is_double", "=", True)
        return needing if True in value else ~needing

    # ------------------------------------------------------------------ actions

    def action_retry(self):
        """Ask about or send the requests now instead of at their next try; ids stay the same."""
        self._check_issuer()
        for request in self.sudo():  # sudo: what follows is all an issuer may change of a request
            if request.state in ("queued", "waiting_login"):
                request._enqueue()
            elif request.state in ("unknown", "pending"):
                request.next_try_at = request._now()
                request._wake_reconciler()
        self._attempt_after_commit()
        return self.action_follow()

    def action_withdraw(self):
        """Give up requests the cloud has not seen, and ask it to give up those it has taken but not issued.
        What may have been sent is never forgotten."""
        self._check_issuer()
        self._lock()
        requests = self.sudo()  # sudo: as in action_retry
        taken = requests.filtered(lambda request: request._can_be_taken_back())
        for request in requests - taken:
            if request.in_doubt or request.state not in UNSENT_STATES:
                raise UserError(
                    self.env._(
                        "Request %s may have reached the cloud already. It is being looked up under its ID;"
                        " wait for the result.",
                        request.request_uid,
                    )
                )
            request._become("withdrawn")
            request._watch_after_end()
        if not taken:
            return True
        # sudo: withdrawals are made by this flow alone
        self.env["fapiao.withdrawal"].sudo()._create_for(taken)._attempt_after_commit()
        return taken.sudo(False).action_follow()

    def action_open_business_doc(self):
        """Open the request itself; the links of core's ``x2many_buttons`` call this."""
        gate.check(self, gate.READER)
        self.ensure_one()
        return self._get_records_action()

    def action_login(self):
        """Open what a waiting request waits for: log-in, face code or, to correct it, the account."""
        gate.check(self, gate.ISSUER)
        self.ensure_one()
        return self.account_id._action_for_need()

    def action_follow(self):
        """Return the client action that shows how the requests get on."""
        gate.check(self, gate.READER)
        return {
            "type": "ir.actions.client",
            "tag": "l10n_cn_invoice_cloud.progress",
            "params": {"request_ids": self.ids},
        }

    def action_decide_not_issued(self):
        """A manager's decision, after looking at the cloud's portal: nothing was issued. The request is given up; a
        new one gets a new ID, and only after the cloud was asked about this one once more."""
        self._check_manager()
        self._lock()
        # sudo: as in action_retry
        for request in self.sudo().filtered(lambda request: request.state == "manual"):
            request._give_up(
                self.env._("%s decided that nothing was issued.", self.env.user.name),
                self.env._("Issue again from the invoice when all is corrected."),
            )
        return True

    def _give_up(self, message, fix):
        """End a request by a person's decision, with these words; it is still asked about now and then."""
        self.write(
            {
                "state": "rejected",
                "lease_until": False,
                "next_try_at": False,
                "unknown_since": False,
                "error_message": message,
                "error_fix": fix,
                "cloud_code": False,
                "cloud_text": False,
            }
        )
        self._settled()
        self._watch_after_end()

    def action_decide_ask_again(self):
        """Look once more: the order goes back among those that are queried by their id."""
        self._check_manager()
        self._lock()
        # sudo: as in action_retry
        for request in self.sudo().filtered(lambda request: request.state == "manual"):
            if request.was_sent:
                request._doubt_anew()
            else:
                request._enqueue()
        self._attempt_after_commit()
        return self.action_follow()
