"""A request that has ended and has led to a fapiao all the same, and two fapiao where one was wanted."""

from odoo import api, fields, models

from ..clouds import base
from .fapiao_notes import as_html
from .fapiao_outbound import DEAD_STATES, OPEN_STATES

ALARM = "mail.mail_activity_data_warning"  # stays until a person closes it


class FapiaoRequest(models.Model):
    _inherit = "fapiao.request"

    double_ids = fields.Many2many(
        "fapiao.request",
        "fapiao_request_double_rel",
        "request_id",
        "double_id",
        "Stands Beside",
        readonly=True,
        copy=False,
        help="Other requests that stand for the same lines.",
    )
    is_double = fields.Boolean(
        "Second Fapiao",
        compute="_compute_is_double",
        store=True,
        help="Two fapiao stand for the same lines: one of them has to be reversed.",
    )

    @api.depends("line_ids.live", "double_ids.line_ids.live")
    def _compute_is_double(self):
        for request in self:
            request.is_double = any(request.line_ids.mapped("live")) and any(
                any(other.line_ids.mapped("live")) for other in request.double_ids
            )

    # ------------------------------------------------------------------ coming back

    def _revive(self, found):
        """Take over what was found for a request that has ended."""
        if isinstance(found, base.Bill) and found.state == "returned" and not found.fapiao:
            self._note_absent()  # sent back to us: the cloud has nothing left to issue
            return
        if difference := self._difference_of(found):
            self._alarm_stranger(difference)
            self._watch_later()
            return
        self._take(found)

    def _come_back(self):
        """Make room for a request that has ended and is alive after all. What was to be sent in its place is not; what
        may have been sent stands beside it, and a person has to reverse one."""
        self._supersede_later()
        rivals = self._rivals()
        unsent = rivals.filtered(lambda request: request._can_be_given_up())
        for rival in unsent:
            rival._in_reader_language()._become("withdrawn")
            rival.error_message = self.env._(
                "Not sent: request %s has led to a fapiao after all.", self.request_uid
            )
        self._stand_beside(rivals - unsent)
        # the lines of the others are out of the unique index before ours come into it
        self.env.flush_all()

    def _rivals(self):
        """Return the other requests that stand for the same lines, or for more than the same documents hold."""
        own = self.line_ids
        lines, order_lines = own.move_line_id, own.order_line_id
        rows = (lines.fapiao_request_line_ids | order_lines.fapiao_request_line_ids).filtered("live") - own
        same = rows.filtered(
            lambda row: any(
                (row.move_line_id and row.move_line_id == one.move_line_id and row.part == one.part)
                or (not row.move_line_id and row.order_line_id and row.order_line_id == one.order_line_id)
                for one in own
            )
        )
        return (same.request_id | self._rivals_by_amount()).filtered(
            lambda request: request.kind == self.kind and request != self
        )

    def _rivals_by_amount(self):
        """Return the living requests for our invoices where these can't hold both: their lines may have been entered
        again, so that nothing but the amount tells."""
        rivals = self.browse()
        for move in self.move_ids.filtered(lambda move: move.move_type == "out_invoice"):
            rows = move.fapiao_request_line_ids
            ours = sum(rows.filtered(lambda row: row.request_id == self).mapped("amount_total"))
            left = float(move._fapiao_rest_without(self.env["fapiao"]))
            if move.company_currency_id.compare_amounts(ours, left) > 0:
                rivals |= rows.filtered("live").request_id - self
        return rivals

    def _stand_beside(self, rivals):
        """Let this request's lines be further slices of lines that others stand for."""
        if not rivals:
            return
        self.double_ids |= rivals
        for row in self.line_ids.filtered("move_line_id"):
            row.part = row.move_line_id._fapiao_free_part_beside(row)

    # ------------------------------------------------------------------ alarms

    def _double_message(self):
        """Return as lines that two fapiao stand for the same lines, and what to do; nothing where none do."""
        if not self:
            return []
        numbers = (self | self.double_ids).fapiao_ids.filtered(lambda fapiao: fapiao._is_living()).mapped("number")
        return [
            self.env._("Two fapiao stand for the same lines: %s.", ", ".join(numbers)),
            self.env._("Look both up at the tax bureau and reverse one of them: open it and choose Red-Flush."),
        ]

    def _alarm_double(self):
        """Two fapiao stand, or may stand, for the same lines: say it where it is seen, with the way out."""
        others = self.double_ids
        note = self.env._(
            "Request %(request)s (%(numbers)s) stands beside %(others)s (%(other_numbers)s) for the same lines."
            " Look both up at the tax bureau. Where two fapiao exist, reverse one of them: open it and choose"
            " Red-Flush.",
            request=self.request_uid,
            numbers=", ".join(self.fapiao_ids.mapped("number")) or "–",
            others=", ".join(others.mapped("request_uid")),
            other_numbers=", ".join(others.fapiao_ids.mapped("number")) or "–",
        )
        self._alarm(self.env._("Two fapiao for the same lines"), note)

    def _alarm_second_number(self, result):
        """The cloud has issued twice under one ID."""
        note = self.env._(
            "Beside %(known)s the cloud reports %(second)s. Check both at the tax bureau and reverse one.",
            known=", ".join(self.fapiao_ids.mapped("number")),
            second=result.number,
        )
        self._alarm(self.env._("Two fapiao under one request"), note)

    def _alarm_stranger(self, difference):
        """Under the ID of a request that has ended there is a fapiao that isn't what was ordered."""
        note = self.env._(
            "Request %(request)s was given up here. %(difference)s Compare both at the tax bureau.",
            request=self.request_uid,
            difference=difference,
        )
        self._alarm(self.env._("A fapiao under a request that was given up"), note)

    def _alarm(self, summary, note):
        """Raise one activity for each ``summary`` on the first document, and keep the words on the request."""
        for document in self._documents()[:1]:
            known = document.activity_ids.filtered(lambda activity: activity.summary == summary)
            if known:
                known.note = as_html(note)
            else:
                document.activity_schedule(ALARM, summary=summary, note=as_html(note), user_id=self.user_id.id)
        if self.state in DEAD_STATES or self.state in OPEN_STATES:
            self.error_message = note


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _fapiao_free_part_beside(self, row):
        """Return the lowest slice number of this line that no other row has, living or not."""
        numbers = set((self.fapiao_request_line_ids - row).mapped("part"))
        return next(number for number in range(len(numbers) + 1) if number not in numbers)
