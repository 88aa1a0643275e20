"""Model ``fapiao.answer.text``: unknown texts in answers, counted by account and classified by an
administrator.

Without a meaning such an answer leaves the outcome unknown. A meaning applies from the next answer on, after
all markers of "issued already" and "open" (see ``clouds/reply.py``).
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL

from ...clouds.reply import LOGIN, OPEN, REFUSED, THROTTLED, normal
from .fapiao_call import OPERATIONS


class FapiaoAnswerText(models.Model):
    _name = "fapiao.answer.text"
    _description = "Unknown Answer of an Invoice Cloud"
    _order = "last_seen DESC, id DESC"
    _rec_name = "text"

    account_id = fields.Many2one("fapiao.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, index=True)
    operation = fields.Selection(OPERATIONS, readonly=True, help="The call that was first answered so.")
    code = fields.Char("Cloud's Code", required=True, readonly=True, default="")
    text = fields.Char("Cloud's Words", required=True, readonly=True, default="", help="Each number in it stands as #.")
    count = fields.Integer("Answers", required=True, readonly=True, default=1, aggregator="sum")
    first_seen = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    last_seen = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    meaning = fields.Selection(
        [
            (REFUSED, "Refused: nothing was issued"),
            (LOGIN, "Log-in required"),
            (THROTTLED, "Turned away (pace)"),
            (OPEN, "Outcome open"),
        ],
        help="Empty: not classified yet; the outcome stays open and the cloud is asked by the request ID."
        " Choose “Refused: nothing was issued” only if the cloud's support confirms it: a corrected request then"
        " gets a new ID.",
    )
    classified_by_id = fields.Many2one("res.users", readonly=True)
    classified_at = fields.Datetime("Classified On", readonly=True)

    _unique_text = models.UniqueIndex("(account_id, code, text)")

    # ------------------------------------------------------------------ rights

    def write(self, vals):
        """Administrators set the meaning; all other fields are written by the engine."""
        if not self.env.su:
            self._check_may_classify(vals)
        if "meaning" in vals:
            vals = {
                **vals,
                "classified_by_id": self.env.uid if vals["meaning"] else False,
                "classified_at": fields.Datetime.now() if vals["meaning"] else False,
            }
        return super().write(vals)

    def _check_may_classify(self, vals):
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only an administrator may say what an answer means."))
        if set(vals) - {"meaning"}:
            raise AccessError(self.env._("Of an unknown answer only its meaning can be changed."))

    @api.constrains("meaning", "text")
    def _check_refusal_says_why(self):
        for row in self:
            if row.meaning == REFUSED and not row.text:
                raise ValidationError(self.env._("An answer without words names no fault: it cannot count as refused."))

    # ------------------------------------------------------------------ counting and reading

    @api.model
    def _note(self, account, operation, error):
        """Count ``error``, the meaning of an answer to ``operation``, if its text has no meaning yet.

        A row is counted once per committed transaction, also under concurrency.
        """
        if not getattr(error, "is_unclassified", False):
            return
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """INSERT INTO fapiao_answer_text
                       (account_id, company_id, operation, code, text, count, first_seen, last_seen,
                        create_uid, create_date, write_uid, write_date)
                   VALUES (%(account)s, %(company)s, %(operation)s, %(code)s, %(text)s, 1, %(now)s, %(now)s,
                           %(uid)s, %(now)s, %(uid)s, %(now)s)
                   ON CONFLICT (account_id, code, text) DO UPDATE
                   SET count = fapiao_answer_text.count + 1, last_seen = EXCLUDED.last_seen""",
                account=account.id,
                company=account.company_id.id,
                operation=operation,
                code=error.code,
                text=normal(error.text),
                now=now,
                uid=self.env.uid,
            ),
            log_exceptions=False,
        )
        self.invalidate_model(["count", "last_seen"])
        account.invalidate_recordset(["answer_text_ids"])
