"""What a reversal brings with it once it is a fact: the credit note, and the new fapiao for the rest.

It runs in a transaction of its own after the red fapiao is recorded, so that a lock date or a missing
code can't make that fact unknown. A worker that dies in between leaves ``todo`` behind, which the
reconciler finishes.
"""

import functools
import logging

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .fapiao_notes import as_html
from .fapiao_outbound import CLICK_TIME
from .fapiao_red_form_watch import PROBLEM

_logger = logging.getLogger(__name__)


class FapiaoRedForm(models.Model):
    _inherit = "fapiao.red.form"

    make_credit_note = fields.Boolean(
        "Create the Credit Note",
        readonly=True,
        help="Create and post the credit note once the fapiao is reversed.",
    )
    reissue = fields.Boolean(
        "New Fapiao for the Rest",
        readonly=True,
        help="Where only part of an invoice is credited and the cloud reverses in full only: issue a new"
        " fapiao for what is left, as soon as the old one is reversed.",
    )
    rest_request_ids = fields.One2many("fapiao.request", "rest_of_id", "Requests for the Rest", readonly=True)
    rest_fapiao_ids = fields.Many2many("fapiao", compute="_compute_rest_fapiao_ids", string="New Fapiao")
    follow_up = fields.Selection(
        [
            ("none", "Nothing to do"),
            ("todo", "To do"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        "What Follows",
        required=True,
        default="none",
        readonly=True,
        copy=False,
        index=True,
    )
    follow_up_text = fields.Text("What Is Missing", readonly=True, copy=False)

    # ------------------------------------------------------------------ computes

    @api.depends("rest_request_ids.fapiao_ids")
    def _compute_rest_fapiao_ids(self):
        for form in self:
            form.rest_fapiao_ids = form.rest_request_ids.fapiao_ids

    # ------------------------------------------------------------------ the fact

    def _note_reversed_by(self, red):
        """Note the red fapiao that these forms have led to, or that somebody else was faster with."""
        for form in self:
            wanted = form.make_credit_note or form.reissue
            form.write(
                {
                    "red_fapiao_id": red.id,
                    "next_try_at": False,
                    "lookup_number": False,
                    "follow_up": "todo" if wanted else "none",
                }
            )
            if not red.original_id:
                red.original_id = form.fapiao_id
            form.fapiao_id._note_reversed()
            form.fapiao_id.red_form_ids._close_activities()
            form.move_ids._fapiao_close_problems()
            form._withdraw_idle_requests()
            others = form._for_same_credit().filtered(lambda other: other.follow_up in ("todo", "failed"))
            (others - form).filtered("reissue").follow_up = "todo"
            if wanted or others:
                form._wake_reconciler(at=fields.Datetime.now() + CLICK_TIME)

    def _withdraw_idle_requests(self):
        """Give up orders for a red fapiao that exists already, as far as nobody has seen them."""
        for request in self.request_ids:
            if request.state in ("queued", "waiting_login") and not request.in_doubt:
                request._become("withdrawn")

    # ------------------------------------------------------------------ what follows

    @api.model
    def _follow_up_due(self):
        """Do what follows the reversals that are a fact by now."""
        self.search([("follow_up", "=", "todo")])._follow_up_apart()

    def _follow_up_apart(self):
        """Do what follows the reversal of these forms, each in a transaction of its own."""
        engine = self.env["fapiao.engine"]
        for form_id in self.ids:
            try:
                engine._step(functools.partial(follow_up, form_id))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                _logger.info("Fapiao: what follows red form %s is tried again later", form_id)
            except UserError as error:
                engine._step(functools.partial(note_failure, form_id, str(error)))
            except Exception as error:
                _logger.exception("Fapiao: what follows red form %s failed", form_id)
                engine._step(functools.partial(note_failure, form_id, str(error)))

    def _follow_up(self):
        """Make the credit note and order the new fapiao, whatever of both is wanted and missing."""
        self.ensure_one()
        if self.make_credit_note and not self.credit_id:
            self._make_credit_note()
        if self.reissue and not self.rest_request_ids:
            if self._rest_has_to_wait():
                return
            self._issue_rest()
        self.write({"follow_up": "done", "follow_up_text": False})

    def _make_credit_note(self):
        """Create and post the credit notes of the reversed fapiao's invoices, in the name of who asked."""
        invoices = (
            self.fapiao_id._invoices()
            .with_user(self.user_id)
            .with_context(allowed_company_ids=self.company_id.ids, fapiao_red_form_id=self.id)
        )
        credits_ = invoices._reverse_moves(
            [
                {
                    "invoice_date": self.red_fapiao_id.issue_date,
                    "date": self.red_fapiao_id.issue_date,
                    "invoice_date_due": self.red_fapiao_id.issue_date,
                    "ref": self.env._(
                        "Red fapiao %(red)s: reversal of %(invoice)s",
                        red=self.red_fapiao_id.number,
                        invoice=invoice.name,
                    ),
                }
                for invoice in invoices
            ]
        )
        # before posting, so that it finds its red letter done
        links = [Command.link(credit.id) for credit in credits_]
        self.write({"credit_id": credits_[:1].id, "move_ids": links})
        self.red_fapiao_id.move_ids = links
        credits_.action_post()

    def _issue_rest(self):
        """Order a new blue fapiao for what the books say is left of the invoices."""
        self.env.flush_all()
        if due := self._still_due():
            raise UserError(
                self.env._(
                    "Fapiao %(number)s is reversed, but %(others)s is not yet. Click Red-flush on %(credit)s"
                    " again; the new fapiao for the rest is issued after that.",
                    number=self.fapiao_id.number,
                    others=", ".join(due.mapped("number")),
                    credit=self.credit_id.display_name,
                )
            )
        # two forms for one credit note may end at the same time: one of them issues the rest
        self.fapiao_id._invoices().sudo()._fapiao_lock()
        invoices = self.fapiao_id._invoices().filtered(
            # less what is requested already: by another form for the same credit note
            lambda move: move._fapiao_rest_without(self.env["fapiao"]) > 0
        )
        # sudo: whoever asked for the reversal may issue; the engine speaks for him
        orders = self.env["fapiao.builder"].with_user(self.user_id).sudo()._build_rest(invoices)
        for built in orders:
            if not built.is_ready:
                raise UserError(
                    self.env._(
                        "Fapiao %(number)s is reversed, but the new one for the rest of %(invoice)s could not"
                        " be ordered: %(problems)s",
                        number=self.fapiao_id.number,
                        invoice=", ".join(built.moves.mapped("name")),
                        problems=" ".join(built.moves._fapiao_say(problem) for problem in built.problems),
                    )
                )
        # sudo: requests are made by this flow alone; they are its user's all the same
        requests = self.env["fapiao.request"].with_user(self.user_id).sudo()._create_blue(orders)
        requests.rest_of_id = self
        requests._enqueue(wake_after=CLICK_TIME)

    def _tell_failure(self, text):
        """The fapiao is reversed and something is missing: nobody may overlook that."""
        self.write({"follow_up": "failed", "follow_up_text": text})
        for document in self.fapiao_id._invoices()[:1] or self:
            document.activity_schedule(
                PROBLEM,
                summary=self.env._("After the red fapiao something is missing"),
                note=as_html(text),
                user_id=self.user_id.id,
            )


# What the engine runs in transactions of its own; the environment is that transaction's.


def follow_up(form_id, env):
    # not waited for: whoever holds it is doing just this
    form = env["fapiao.red.form"].browse(form_id).try_lock_for_update()
    if form.follow_up == "todo":
        form._in_reader_language()._follow_up()


def note_failure(form_id, text, env):
    form = env["fapiao.red.form"].browse(form_id).try_lock_for_update()
    if form.follow_up == "todo":
        form._in_reader_language()._tell_failure(text)
