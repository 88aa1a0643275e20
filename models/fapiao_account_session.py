"""What the account knows of log-in, face authentication and credit line, and who waits for them."""

from odoo import fields, models

from ..clouds.errors import CloudError
from .fapiao_notes import as_html
from .fapiao_outbound import OTHERS
from .fapiao_pace import QUESTION


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    def _refresh_from_cloud(self, purpose=QUESTION):
        """Ask credit line and face state and note both; raises ``CloudError`` after noting the need."""
        self.ensure_one()
        try:
            note = self._ask_how_it_is(purpose)
        except CloudError as error:
            self._note_need_apart(error)
            raise
        self._note_apart(note)

    def _ask_how_it_is(self, purpose):
        """Return what notes the cloud's answer on the account; one without credit line keeps its session
        with the bureau itself, so that a token is all there is to ask for."""
        engine = self.env["fapiao.engine"]
        if not self.has_credit:
            engine._ask(self, lambda cloud: cloud.test(), purpose=purpose)
            return lambda account: account._note_ready()
        credit, face = engine._ask(
            self, lambda cloud: (cloud.credit_line(), cloud.face_needed()), purpose=purpose
        )
        return lambda account: account._note_credit(credit, face)

    def _note_credit(self, credit, face_needed):
        self.write(
            {
                **({"credit_total": credit.total} if credit.total is not None else {}),
                **({"credit_left": credit.left} if credit.left is not None else {}),
                "credit_at": fields.Datetime.now(),
                "face_state": {True: "needed", False: "ok", None: "unknown"}[face_needed],
            }
        )
        self._note_ready() if not face_needed else self._note_need("face")
        self._warn_low_credit()

    def _needs_person(self):
        return self.session_state not in ("unknown", "ok")

    def _note_need(self, need, error=None):
        """Remember that a person must act before calls can succeed."""
        text = error and self._say(error)
        self.write({"session_state": need, "session_text": text, "session_at": fields.Datetime.now()})
        if need == "face":
            self.face_state = "needed"

    def _note_reachable(self):
        """The cloud takes our token; what the bureau thinks is another question."""
        if self.session_state in ("credentials", "permission"):
            self.write(
                {"session_state": "unknown", "session_text": False, "session_at": fields.Datetime.now()}
            )
            self._resume_waiting()

    def _note_ready(self):
        self.write({"session_state": "ok", "session_text": False, "session_at": fields.Datetime.now()})
        self._resume_waiting()

    def _resume_waiting(self):
        """What waited for a person goes on by itself."""
        for model in ("fapiao.request", "fapiao.red.form", *OTHERS):
            # sudo: these change by this flow alone, whoever logged in or corrected the account
            self.env[model].sudo().search(
                [("account_id", "in", self.ids), ("state", "=", "waiting_login")]
            )._enqueue()

    def _warn_low_credit(self):
        """Raise one activity, and only one, while the credit line is low."""
        summary = self.env._("Credit line is low")
        for account in self.filtered("credit_low"):
            if summary in account.activity_ids.mapped("summary"):
                continue
            manager = account._first_manager()
            account.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=summary,
                note=as_html(
                    self.env._(
                        "%(left)s left of %(total)s.", left=account.credit_left, total=account.credit_total
                    )
                ),
                user_id=(manager or self.env.user).id,
            )

    def _first_manager(self):
        """Return the user who looks after the account: a fapiao manager of its company."""
        managers = self.env.ref("l10n_cn_invoice_cloud.group_fapiao_manager").all_user_ids
        return managers.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids
        )[:1]

    def _note_apart(self, note):
        """Run ``note(account)`` in a transaction of its own: what the cloud told us holds even if the
        caller's transaction is rolled back, and no lock is held while calls run."""
        account_id = self.id
        self.env["fapiao.engine"]._step(lambda env: note(env["fapiao.account"].browse(account_id)))
        self.invalidate_recordset()

    def _note_need_apart(self, error):
        if need := getattr(error, "need", None):
            self._note_apart(lambda account: account._note_need(need, error))
