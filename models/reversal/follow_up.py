"""Follow-up of a reversal: the credit note, and the new fapiao for the rest.

It runs in a separate transaction after the red fapiao is recorded, so that a lock date or a missing code can't
lose that fact. If the worker dies in between, ``todo`` remains and the reconciler completes it.
"""

import functools
import logging

from odoo import Command
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..cloud.engine import Engine
from ..cloud.fapiao_task_mixin import CLICK_TIME
from ..issuing.builder import Builder
from ..values import PROBLEM, as_html

_logger = logging.getLogger(__name__)


def run_follow_ups(env, form_ids):
    """Run the follow-up of these red forms, each in a separate transaction."""
    engine = Engine(env)
    for form_id in form_ids:
        try:
            engine._step(functools.partial(_step, form_id, None))
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            _logger.info("Fapiao: what follows red form %s is tried again later", form_id)
        except Exception as error:
            if not isinstance(error, UserError):
                _logger.exception("Fapiao: what follows red form %s failed", form_id)
            engine._step(functools.partial(_step, form_id, str(error)))


def _step(form_id, failure, env):
    """Run the follow-up of a form, or record the text of its ``failure``."""
    # not waited for: the worker that holds the lock runs this same follow-up
    form = env["fapiao.red.form"].browse(form_id).try_lock_for_update()
    if form.follow_up != "todo":
        return
    form = form._in_reader_language()
    if failure is None:
        _follow_up(form)
    else:
        _notify_failure(form, failure)


def _follow_up(form):
    """Create the credit note and request the new fapiao, as far as wanted and missing."""
    if form.make_credit_note and not form.credit_id:
        _make_credit_note(form)
    if form.reissue and not form.rest_request_ids:
        if any((form._for_same_credit() - form).mapped("is_open")):
            return  # a new fapiao for the rest is issued after all forms of the credit note
        _issue_rest(form)
    form.write({"follow_up": "done", "follow_up_text": False})


def _make_credit_note(form):
    """Create and post the credit notes of the reversed fapiao's invoices, in the requester's name."""
    invoices = (
        form.fapiao_id._invoices()
        .with_user(form.user_id)
        .with_context(allowed_company_ids=form.company_id.ids, fapiao_red_form_id=form.id)
    )
    red = form.red_fapiao_id
    credits_ = invoices._reverse_moves(
        [
            {
                "invoice_date": red.issue_date,
                "date": red.issue_date,
                "invoice_date_due": red.issue_date,
                "ref": form.env._("Red fapiao %(red)s: reversal of %(invoice)s", red=red.number, invoice=invoice.name),
            }
            for invoice in invoices
        ]
    )
    # before posting, which then finds the red fapiao
    links = [Command.link(credit.id) for credit in credits_]
    form.write({"credit_id": credits_[:1].id, "move_ids": links})
    red.move_ids = links
    credits_.action_post()


def _issue_rest(form):
    """Request a new blue fapiao for the remaining amount of the invoices."""
    form.env.flush_all()
    credit = form.credit_id
    due = form.taken and credit and credit._fapiao_still_due() and credit._fapiao_taken_from()
    if due:
        raise UserError(
            form.env._(
                "Fapiao %(number)s is reversed, but %(others)s is not yet. Click Red-flush on %(credit)s"
                " again; the new fapiao for the rest is issued after that.",
                number=form.fapiao_id.number,
                others=", ".join(due.mapped("number")),
                credit=credit.display_name,
            )
        )
    # two forms of one credit note may end at the same time: one of them issues the rest
    form.fapiao_id._invoices().sudo()._fapiao_lock()
    rest = form.fapiao_id._invoices().filtered(
        # less what is requested already by another form of the same credit note
        lambda move: move._fapiao_rest_without(form.env["fapiao"]) > 0
    )
    # sudo: the requester may issue; the engine acts in the requester's name
    orders = Builder(form.env(user=form.user_id, su=True))._build_rest(rest)
    for built in orders:
        if not built.is_ready:
            raise UserError(
                form.env._(
                    "Fapiao %(number)s is reversed, but the new one for the rest of %(invoice)s could not"
                    " be ordered: %(problems)s",
                    number=form.fapiao_id.number,
                    invoice=", ".join(built.moves.mapped("name")),
                    problems=" ".join(built.moves._fapiao_describe(problem) for problem in built.problems),
                )
            )
    # sudo: only this flow creates requests; they still belong to the user
    requests = form.env["fapiao.request"].with_user(form.user_id).sudo()._create_blue(orders)
    requests.rest_of_id = form
    requests._enqueue(wake_after=CLICK_TIME)


def _notify_failure(form, text):
    """Create an activity: the fapiao is reversed, and the follow-up failed."""
    form.write({"follow_up": "failed", "follow_up_text": text})
    for document in form.fapiao_id._invoices()[:1] or form:
        document.activity_schedule(
            PROBLEM,
            summary=form.env._("After the red fapiao something is missing"),
            note=as_html(text),
            user_id=form.user_id.id,
        )
