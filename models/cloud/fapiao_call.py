"""Model ``fapiao.call``: the write-ahead log of calls with payload, answer and whether it was applied."""

import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...clouds import base, errors
from ...clouds.canonical import fingerprint
from ...clouds.redact import redact
from ...clouds.registry import client_of

APPLY_AFTER = timedelta(minutes=1)
APPLIED_AT_ONCE = 200
MAX_REPLAYS = 3
# Retention of queries that changed nothing. Calls with an effect are never removed: the law requires vouchers
# to be kept for at least ten years.
KEEP_IDLE = timedelta(days=7)
REMOVED_AT_ONCE = 10000
# How a call ended, by the class of error the cloud's client raised; see clouds/errors.py.
OUTCOME_OF_ERROR = [
    (errors.RateLimited, "rate_limited"),
    (errors.NotSent, "not_sent"),
    (errors.LoginRequired, "login"),
    (errors.Rejected, "rejected"),
]
# Operations as shown to accountants
OPERATIONS = [
    (base.ISSUE, "Issue"),
    (base.FIND, "Ask for the result"),
    (base.FILES, "Fetch files"),
    (base.CREDIT, "Ask for the credit line"),
    (base.LOGIN, "Log in at the tax bureau"),
    (base.FACE_STATE, "Ask for face authentication"),
    (base.FACE_QR, "Begin face authentication"),
    (base.WITHDRAW, "Withdraw requests"),
    (base.RED_CHECK, "Ask whether it may be reversed"),
    (base.RED_APPLY, "Apply for a red form"),
    (base.RED_STATE, "Ask for a red form"),
    (base.RED_LIST, "List red forms"),
    (base.RED_ISSUE, "Issue the red fapiao"),
    (base.RED_WITHDRAW, "Withdraw a red form"),
    (base.BUREAU_LOGIN, "Ask for the channel to the bureau"),
    (base.PULL_START, "Begin a pull"),
    (base.PULL_PAGE, "Pull a page"),
    (base.POOL_PAGE, "Ask for collected fapiao"),
    (base.DOCUMENT_FILES, "Ask for a document's files"),
    (base.BOOK, "Mark as booked"),
    (base.BOOK_STATE, "Ask for the booking"),
    (base.SELECT, "Select for deduction (勾选)"),
    (base.SELECT_STATE, "Ask for the selection"),
    (base.RELATE, "Link the fapiao"),
    (base.SAVE_DOCUMENT, "Save the document"),
    (base.TELL_STATUS, "Update the status"),
    (base.DROP_LINE, "Take fapiao off"),
    (base.DROP_DOCUMENT, "Delete the document"),
    (base.TELL_VOUCHER, "Send the voucher"),
    (base.DROP_VOUCHER, "Delete the voucher"),
    (base.RECEIPT, "Acknowledge a message"),
]


class FapiaoCall(models.Model):
    _name = "fapiao.call"
    _description = "Fapiao API Call"
    _order = "id desc"
    _log_access = True

    account_id = fields.Many2one("fapiao.account", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    provider = fields.Char("Cloud", readonly=True, help="Whose words the answer is in, as this module calls the cloud.")
    identity = fields.Char(readonly=True, help="Fingerprint of who the account was when the call was made.")
    operation = fields.Selection(OPERATIONS, required=True, readonly=True)
    res_model = fields.Char("Document Model", readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)
    request_uid = fields.Char("Request ID", readonly=True, index="btree_not_null")
    request_body = fields.Text("Text Sent", readonly=True)
    request_hash = fields.Char("SHA-256", readonly=True, help="Of the frozen payload.")
    state = fields.Selection(
        [
            ("sent", "Sent"),
            ("answered", "Answered"),
            ("applied", "Applied"),
            ("stuck", "Could not be processed"),
            ("lost", "Answer lost"),
        ],
        required=True,
        readonly=True,
        default="sent",
        help="Sent: the call was about to be made; should the worker die, the cloud is asked what became of it.",
    )
    outcome = fields.Selection(
        [
            ("answered", "Answered"),
            ("rejected", "Rejected"),
            ("login", "Log-in required"),
            ("not_sent", "Not sent"),
            ("rate_limited", "Turned away (pace)"),
            ("unknown", "Unknown"),
        ],
        readonly=True,
    )
    sent_at = fields.Datetime(readonly=True, required=True, default=fields.Datetime.now)
    answered_at = fields.Datetime(readonly=True)
    http_status = fields.Integer("HTTP Status", readonly=True)
    content_type = fields.Char(readonly=True)
    answer_body = fields.Text("Answer", readonly=True, help="Without secrets, for reading.")
    answer_raw = fields.Text(
        readonly=True,
        groups="base.group_system",
        help="The answer as it came, where it differs from what is shown: this is what its meaning is read from.",
    )
    error_code = fields.Char("Cloud's Code", readonly=True)
    error_text = fields.Text("Cloud's Words", readonly=True)
    error_need = fields.Char("Needed", readonly=True)
    retry_after = fields.Integer("Retry After (s)", readonly=True)
    replays = fields.Integer(readonly=True)
    is_idle = fields.Boolean(
        "Changed Nothing",
        readonly=True,
        help="The answer left the document as it was. Such questions are removed after some days.",
    )

    _document = models.Index("(res_model, res_id, id DESC)")
    _pace = models.Index("(account_id, sent_at)")
    _unapplied = models.Index("(id) WHERE state IN ('sent', 'answered')")
    _idle = models.Index("(sent_at) WHERE is_idle OR state = 'lost'")

    @api.depends("operation", "request_uid")
    def _compute_display_name(self):
        labels = dict(self._fields["operation"]._description_selection(self.env))
        for call in self:
            label = labels.get(call.operation, "")
            call.display_name = f"{label} {call.request_uid or call.id or ''}"

    # ------------------------------------------------------------------ write protection

    def write(self, vals):
        if not self.env.su:
            raise UserError(self.env._("The API log can't be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The API log can't be deleted."))

    @api.autovacuum
    def _gc_idle(self):
        """Remove old queries that changed nothing, except the last one of each document. Users can't delete
        rows of the log, so only this method bypasses the ORM's guard.
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """DELETE FROM fapiao_call WHERE id IN (
                       SELECT id FROM fapiao_call old
                        WHERE sent_at < %s AND (is_idle AND state = 'applied' OR state = 'lost')
                          AND operation NOT IN %s AND res_model IS NOT NULL
                          AND EXISTS (SELECT FROM fapiao_call newer WHERE newer.res_model = old.res_model
                                         AND newer.res_id = old.res_id AND newer.id > old.id)
                        LIMIT %s)""",
                *(fields.Datetime.now() - KEEP_IDLE, tuple(base.EFFECTS), REMOVED_AT_ONCE),
            )
        )
        removed = self.env.cr.rowcount
        self.invalidate_model()
        return removed, removed == REMOVED_AT_ONCE

    # ------------------------------------------------------------------ engine steps

    @api.model
    def _open(self, account, operation, payload, document=None, request_uid=""):
        """Write the row that must be committed before the call is made, and return it."""
        account._notice_restore()
        return self.create(self._values(account, operation, payload, document, request_uid))

    @api.model
    def _values(self, account, operation, payload, document=None, request_uid=""):
        part = base.part_of(operation)
        return {
            "account_id": account.id,
            "company_id": account.company_id.id,
            "provider": client_of(account.provider, part).provider,
            "identity": account._identity_fingerprint(part),
            "operation": operation,
            "res_model": document._name if document else False,
            "res_id": document.id if document else False,
            "request_uid": request_uid,
            "request_body": json.dumps(redact(payload), ensure_ascii=False),
            "request_hash": fingerprint(payload),
        }

    def _record(self, answer):
        """Store ``answer``, a ``RawAnswer`` or a ``CloudError``, unchanged."""
        self.ensure_one()
        values = {"state": "answered", "answered_at": fields.Datetime.now()}
        if isinstance(answer, base.RawAnswer):
            text = answer.text.replace("\x00", "")
            shown = redact(text)
            values.update(
                outcome="answered",
                http_status=answer.status,
                content_type=answer.content_type,
                answer_body=shown,
                answer_raw=text if text != shown else False,
            )
        else:
            values.update(
                outcome=next((name for cls, name in OUTCOME_OF_ERROR if isinstance(answer, cls)), "unknown"),
                http_status=answer.http_status or 0,
                error_code=answer.code,
                error_text=answer.text.replace("\x00", ""),
                error_need=getattr(answer, "need", False),
                retry_after=getattr(answer, "retry_after", 0),
            )
        self.write(values)

    def _take_facts(self):
        """Let the document record the fapiao that the answer names, independently of its further processing."""
        if self._is_answered() and self.res_model:
            self._hand_over("_take_facts_from", was_idle=True)

    def _apply(self):
        """Pass the recorded answer to its document, once."""
        self.ensure_one()
        if not self._is_answered():
            return
        self.write({"state": "applied"})
        if self.res_model:
            self._hand_over("_apply_call", was_idle=self.is_idle)

    def _hand_over(self, method, was_idle):
        """Call ``method`` of the document with this row. For a query, record whether the document is
        unchanged: ``was_idle`` before, and after this step.
        """
        document = self.env[self.res_model].browse(self.res_id)
        take = getattr(document, method)
        if self.operation in base.EFFECTS:
            take(self)
            return
        before = document._outcome()
        take(self)
        self.is_idle = was_idle and before == document._outcome()

    def _is_answered(self):
        """Lock the row and return whether its answer must still be applied."""
        self.env.cr.execute(SQL("SELECT state FROM fapiao_call WHERE id = %s FOR UPDATE", self.id))
        return self.env.cr.fetchone() == ("answered",)

    @api.model
    def _claim_unapplied(self):
        """Return the ids of answers whose application failed. After several tries a message is put on the
        document if it is open, else on the account.
        """
        since = self.env["fapiao.task.mixin"]._now() - APPLY_AFTER
        due = self.search(
            [("state", "=", "answered"), "|", ("answered_at", "=", False), ("answered_at", "<", since)],
            limit=APPLIED_AT_ONCE,
        )
        for call in due:
            call.replays += 1
        stuck = due.filtered(lambda call: call.replays > MAX_REPLAYS)
        for call in stuck:
            call._give_up()
        return (due - stuck).ids

    def _give_up(self):
        self.state = "stuck"
        if self.res_model:
            self.env[self.res_model].browse(self.res_id)._in_reader_language()._give_up_applying()
        self.account_id._warn_manager(
            self.env._("An answer of the cloud could not be processed"),
            self.env._(
                "Request %(uid)s, call %(call)s in the call log. The server's log has the reason.",
                uid=self.request_uid or "–",
                call=self.id,
            ),
        )

    def _meaning(self):
        """Return the meaning of the recorded answer, or the ``CloudError`` it represents."""
        self.ensure_one()
        if self.outcome != "answered":
            return self._error()
        # sudo: the result goes to its document, which the caller may read
        text = self.sudo().answer_raw or self.answer_body or ""
        raw = base.RawAnswer(self.http_status, text, self.content_type or "")
        try:
            words = self.account_id._words(base.part_of(self.operation), self.provider)
            return words.read(self.operation, raw)
        except errors.CloudError as error:
            return error

    def _error(self):
        """Return the ``CloudError`` stored by :meth:`_record`."""
        said = {"text": self.error_text or "", "code": self.error_code or "", "http_status": self.http_status}
        more = {
            "rate_limited": {"retry_after": self.retry_after},
            "login": {"need": self.error_need or "login"},
        }
        classes = {name: cls for cls, name in OUTCOME_OF_ERROR}
        return classes.get(self.outcome, errors.OutcomeUnknown)(**said, **more.get(self.outcome, {}))
