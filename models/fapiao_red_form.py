"""红字确认单: the form without which no fapiao is reversed, from the application to the red fapiao.

Two things move it: what becomes of our application (``state``, as of everything with an effect at the
cloud) and where the form stands at the bureau (``bureau_state``, rules/red_forms.py). ``stage`` is what
both add up to for whoever reads it.
"""

from odoo import api, fields, models

from ..rules.red import REASONS
from ..rules.red_document import BUYER, SELLER
from ..rules.red_forms import STATES as BUREAU_STATES
from .fapiao_outbound import OPEN_STATES, STATES

STAGES = [
    ("draft", "Draft"),
    ("applying", "Applying"),
    ("waiting", "Waiting for confirmation"),
    ("ready", "Ready to issue"),
    ("issuing", "Issuing"),
    ("confirmed", "Confirmed; the seller issues"),
    ("manual", "Needs a decision"),
    ("issued", "Reversed"),
    ("failed", "Rejected"),
    ("refused", "Refused"),
    ("lapsed", "Lapsed"),
    ("withdrawn", "Withdrawn"),
    ("void", "Void"),
]
OPEN_STAGES = ("draft", "applying", "waiting", "ready", "issuing", "confirmed", "manual")
ENDED_STAGES = ("failed", "refused", "lapsed", "withdrawn", "void")
STAGE_OF_ENDED = {
    "05": "refused",
    "06": "refused",
    "07": "lapsed",
    "08": "withdrawn",
    "09": "withdrawn",
    "10": "void",
}
USES = [("no", "No"), ("yes", "Yes"), ("unknown", "Not known")]


class FapiaoRedForm(models.Model):
    _name = "fapiao.red.form"
    _description = "Red Form (红字确认单)"
    _inherit = ["fapiao.outbound", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "number"
    _rec_names_search = ["number", "fapiao_id.number"]
    _check_company_auto = True
    # nobody may write on a form, but whoever sees it may speak about it
    _mail_post_access = "read"

    fapiao_id = fields.Many2one(
        "fapiao", "Original", required=True, readonly=True, index=True, ondelete="restrict"
    )
    red_fapiao_id = fields.Many2one("fapiao", readonly=True, copy=False, index="btree_not_null")
    move_ids = fields.Many2many(
        "account.move",
        "fapiao_red_form_move_rel",
        "form_id",
        "move_id",
        "Documents",
        readonly=True,
    )
    credit_id = fields.Many2one(
        "account.move", "Credit Note", readonly=True, index="btree_not_null", check_company=True
    )
    user_id = fields.Many2one(
        "res.users", "Requested By", required=True, readonly=True, default=lambda self: self.env.user
    )
    previous_id = fields.Many2one("fapiao.red.form", "Previous Form", readonly=True, copy=False)
    request_ids = fields.One2many("fapiao.request", "red_form_id", "Requests", readonly=True)
    buyer_name = fields.Char(related="fapiao_id.buyer_name")

    # what is asked for
    reason = fields.Selection(
        [(reason.code, f"{reason.name} ({reason.name_zh})") for reason in REASONS.values()],
        required=True,
        readonly=True,
    )
    initiator = fields.Selection(
        [(SELLER, "Seller"), (BUYER, "Buyer")],
        "Started By",
        required=True,
        readonly=True,
        default=SELLER,
    )
    is_full = fields.Boolean("In full", readonly=True, default=True)
    is_anew = fields.Boolean(readonly=True, help="A form before this one has ended.")
    draft = fields.Text(readonly=True, copy=False, help="The reversal in neutral words.")
    line_ids = fields.One2many("fapiao.red.form.line", "form_id", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount_untaxed = fields.Monetary(readonly=True)
    amount_tax = fields.Monetary(readonly=True)
    amount_total = fields.Monetary(readonly=True)

    # what the bureau said
    state = fields.Selection(
        [(code, "At the bureau" if code == "issued" else name) for code, name in STATES], "Application"
    )
    number = fields.Char("Form Number", readonly=True, copy=False, index="btree_not_null")
    uuid = fields.Char("Form UUID", readonly=True, copy=False)
    bureau_state = fields.Selection(
        [(state.code, f"{state.name} ({state.name_zh})") for state in BUREAU_STATES.values()],
        "At the Bureau",
        readonly=True,
        copy=False,
    )
    bureau_text = fields.Char("Bureau's Words", readonly=True, copy=False)
    applied_at = fields.Datetime("Applied On", readonly=True, copy=False)
    deadline = fields.Datetime(
        readonly=True, copy=False, help="The other side has 72 hours to confirm; then the form lapses."
    )
    checked_at = fields.Datetime("Asked At", readonly=True, copy=False)
    vat_use = fields.Selection(USES, "Deducted by the Buyer", readonly=True)
    consumption_use = fields.Selection(USES, "Used for Consumption Tax", readonly=True)
    booked = fields.Selection(USES, "Booked by the Buyer", readonly=True)

    stage = fields.Selection(STAGES, compute="_compute_stage", store=True, index=True)
    is_open = fields.Boolean(compute="_compute_stage", store=True)
    advice = fields.Text("What Now", compute="_compute_advice")
    can_issue = fields.Boolean(compute="_compute_offers")
    can_apply_anew = fields.Boolean(compute="_compute_offers")
    can_withdraw = fields.Boolean(compute="_compute_offers")
    reminders = fields.Integer(
        readonly=True, copy=False, help="So many reminders of the deadline were given."
    )

    exchange_ids = fields.One2many(
        "fapiao.exchange",
        "res_id",
        "Exchanges",
        domain=[("res_model", "=", "fapiao.red.form")],
        readonly=True,
    )

    # The database itself refuses a second reversal of a fapiao that is being reversed.
    _one_open = models.UniqueIndex(
        "(fapiao_id) WHERE is_open", "This fapiao is being reversed already. Open its red form."
    )
    _due = models.Index("(account_id, next_try_at, id) WHERE is_open")

    # ------------------------------------------------------------------ computes

    @api.depends("number", "fapiao_id.number")
    def _compute_display_name(self):
        for form in self:
            form.display_name = form.number or self.env._("Red form for %s", form.fapiao_id.number)

    @api.depends("state", "bureau_state", "initiator", "red_fapiao_id", "request_ids.state")
    def _compute_stage(self):
        for form in self:
            form.stage = form._stage()
            form.is_open = form.stage in OPEN_STAGES

    def _stage(self):
        """Return the stage that application, form and red request add up to."""
        if self.red_fapiao_id:
            return "issued"
        if self.state != "issued":
            return {"rejected": "failed", "draft": "draft", "manual": "manual", "withdrawn": "withdrawn"}.get(
                self.state, "applying"
            )
        if ended := self._stage_of(self.bureau_state):
            return ended
        if not self._may_issue_from():
            return "waiting"
        if self.initiator == BUYER:
            return "confirmed"
        going = self.request_ids.filtered(lambda request: request.state in OPEN_STATES).mapped("state")
        if "manual" in going:
            return "manual"
        return "issuing" if going else "ready"

    @api.model
    def _stage_of(self, bureau_state):
        """Return the stage that an end at the bureau means; ``None`` for a state that is no end."""
        return STAGE_OF_ENDED.get(bureau_state)

    def _may_issue_from(self):
        return bool(self.bureau_state) and BUREAU_STATES[self.bureau_state].can_issue

    @api.depends(
        "stage",
        "bureau_state",
        "initiator",
        "error_message",
        "error_fix",
        "request_ids.error_message",
        "withdrawal_ids.state",
        "withdrawal_ids.error_message",
    )
    def _compute_advice(self):
        for form in self:
            form.advice = form._advice_on_withdrawal() or form._advice() or False

    def _advice(self):
        """Return in words what goes on and what is left to do."""
        bureau = BUREAU_STATES.get(self.bureau_state)
        match self.stage:
            case "waiting" if self.bureau_state:
                whom = self.env._("the buyer") if bureau.waits_for == BUYER else self.env._("the seller")
                return self.env._(
                    "The form waits for %(whom)s to confirm it at the tax bureau. It is looked at again and"
                    " again; once it is confirmed, all goes on by itself.",
                    whom=whom,
                )
            case "waiting":
                return self.env._("The cloud did not say where the form stands; it is asked again.")
            case "confirmed":
                return self.env._(
                    "Both sides agree. The seller issues the red fapiao; it is looked for by itself."
                )
            case "ready" | "issuing" | "manual" if self.request_ids:
                return " ".join(self.request_ids.sorted("id")[-1:]._said())
            case "ready":
                return self.env._("The form may be issued from: issue the red fapiao.")
            case "refused" | "lapsed" | "withdrawn" | "void" if bureau:
                return self.env._(bureau.advice)
        return " ".join(filter(None, [self.error_message, self.error_fix]))

    @api.depends(
        "stage",
        "state",
        "in_doubt",
        "is_open",
        "bureau_state",
        "initiator",
        "number",
        "fapiao_id.status",
        "fapiao_id.red_form_ids.is_open",
        "request_ids.state",
        "withdrawal_ids.state",
    )
    def _compute_offers(self):
        for form in self:
            form.can_issue = form.stage == "ready" and not form._open_withdrawal()
            form.can_apply_anew = (
                form.stage in ENDED_STAGES
                and form.stage != "void"
                and form.fapiao_id._is_living()
                and not any(form.fapiao_id.red_form_ids.mapped("is_open"))
            )
            form.can_withdraw_at_bureau = form._can_be_withdrawn()
            form.can_withdraw = form._can_be_given_up() or form.can_withdraw_at_bureau
