"""Dialog ``fapiao.login``: log-in to the tax bureau, or face authentication.

::

    start → sms_sent → done              SMS: the first call sends the code, the second submits it
    start → done                         certificate, soft certificate with its PIN
    start → qr ⇄ waiting → done          codes to scan: the dialog polls for the result
              └→ expired | failed → qr   a new code

The cloud's answers are stored in separate transactions, so that the caller's own transaction writes nothing and the
HTTP layer has no reason to repeat a call.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..clouds.base import FACE_QR, LOGIN, LoginStep
from ..clouds.errors import CloudError, LoginRequired, NotSent, OutcomeUnknown, PaceUsedUp, Rejected
from ..clouds.words import explain
from ..models.cloud.engine import Engine
from ..models.issuing.fapiao import draw_qr

WAITING = ("qr", "waiting")
QR_LIFE = timedelta(minutes=5)  # our own limit: the lifetime of the bureau's code is not documented
LEAST_PAUSE = timedelta(seconds=2)
LEFT_AFTER = timedelta(minutes=15)  # without a step of the dialog


class FapiaoLogin(models.TransientModel):
    _name = "fapiao.login"
    _description = "Log-in to the Tax Bureau"
    _rec_name = "account_id"

    account_id = fields.Many2one("fapiao.account", required=True, ondelete="cascade")
    purpose = fields.Selection([("login", "Log-in"), ("face", "Face authentication")], required=True, default="login")
    method = fields.Selection(
        [
            ("sms", "SMS code (短信验证码)"),
            ("app_qr", "Scan with the tax bureau's app (电子税务局APP)"),
            ("face_qr", "Scan and authenticate by face (人脸识别)"),
            ("cert", "Certificate (证书)"),
            ("soft_cert", "Soft certificate with PIN (软证书)"),
        ],
        required=True,
        default="sms",
    )
    app = fields.Selection(
        [("tax", "Tax bureau's app (电子税务局APP)"), ("income", "Income tax app (个人所得税APP)")],
        "Scan With",
        required=True,
        default="tax",
    )
    state = fields.Selection(
        [
            ("start", "Choose"),
            ("sms_sent", "Code sent"),
            ("qr", "Code shown"),
            ("waiting", "Waiting for the scan"),
            ("done", "Done"),
            ("expired", "Expired"),
            ("failed", "Failed"),
        ],
        required=True,
        readonly=True,
        default="start",
    )
    sms_code = fields.Char("SMS Code")
    pin = fields.Char("PIN")
    qr_id = fields.Char(readonly=True)
    qr_text = fields.Char(readonly=True)
    qr_png = fields.Text(readonly=True)
    qr_image = fields.Binary("QR Code", compute="_compute_qr_image")
    message = fields.Text(readonly=True)
    asked_at = fields.Datetime(readonly=True)
    expires_at = fields.Datetime(readonly=True)

    # ------------------------------------------------------------------ computes

    @api.depends("qr_text", "qr_png")
    def _compute_qr_image(self):
        for login in self:
            login.qr_image = login.qr_png or (draw_qr(login.qr_text) if login.qr_text else False)

    # ------------------------------------------------------------------ actions

    def action_start(self):
        """Send the SMS code, show a code to scan or log in by certificate, as selected."""
        self._check_own()
        if self.purpose == "face":
            return self._take(FACE_QR, {"app": self.app}, face_question(self.app))
        return self._take_login(pin=(self.pin or "") if self.method == "soft_cert" else "")

    def action_confirm(self):
        """Log in with the entered SMS code."""
        self._check_own()
        code = (self.sms_code or "").strip()
        if not code:
            return self._note(message=self.env._("Type the code that was sent to the phone."))
        return self._take_login(code=code)

    def action_back(self):
        """Go back to the selection of the method."""
        self._check_own()
        return self._note(state="start", message=False)

    def poll(self):
        """Query for the scan, unless that was done just now; return ``{"state", "message"}``. Polled by the dialog."""
        self._check_own()
        if self._claim_poll():
            if self.purpose == "face":
                self._ask_face()
            else:
                self._take_login(qr_id=self.qr_id)
        login_id = self.id
        # read in a separate transaction: the caller's own doesn't see the latest values yet
        return Engine(self.env)._step(
            lambda env: env["fapiao.login"].browse(login_id).read(["state", "message"], load=None)[0]
        )

    # ------------------------------------------------------------------ helpers

    def _check_own(self):
        """Raise AccessError unless dialog and account are the user's: the following runs as superuser."""
        self.ensure_one()
        self.check_access("write")
        self.account_id._check_may_use()

    def _take_login(self, **step):
        step = {"method": self.method, **{name: value for name, value in step.items() if value}}
        # the log masks secrets by this name
        shown = {"sms" if name == "code" else name: value for name, value in step.items()}
        return self._take(LOGIN, shown, lambda cloud: cloud.login(**step))

    def _take(self, operation, shown, question):
        """Make one call of the log-in, store the next state and return the dialog after it."""
        try:
            reached = Engine(self.env)._ask_logged(self.account_id, operation, shown, question)
        except CloudError as error:
            return self._record_error(error, asking="qr_id" in shown)
        if reached.state == "done":
            return self._record_done()
        now = fields.Datetime.now()
        values = {"state": reached.state, "message": False, "sms_code": False, "pin": False}
        if reached.state == "qr":
            values |= {"qr_id": reached.qr_id, "qr_text": reached.qr_text, "qr_png": reached.qr_png}
            values |= {"asked_at": now, "expires_at": now + QR_LIFE}
        elif reached.state == "expired":
            values |= {"message": self.env._("The code has expired."), **FORGOTTEN}
        return self._note(**values)

    def _ask_face(self):
        """The query whether face authentication is needed has no effect, so it isn't logged."""
        try:
            needed = Engine(self.env)._ask(self.account_id, lambda cloud: cloud.face_needed())
        except CloudError as error:
            return self._record_error(error, asking=True)
        return self._record_done() if needed is False else None

    def _claim_poll(self):
        """Return whether to query the cloud now: one query at a time, within the rate limit, before the end."""
        now = fields.Datetime.now()
        pause = max(LEAST_PAUSE, timedelta(seconds=60 / self.account_id.pace_per_minute))
        login_id, over = self.id, self.env._("The code has expired.")

        def claim(env):
            env.cr.execute(
                SQL(
                    "UPDATE fapiao_login SET asked_at = %s WHERE id = %s AND state IN %s AND asked_at <= %s"
                    " RETURNING expires_at",
                    *(now, login_id, WAITING, now - pause),
                )
            )
            row = env.cr.fetchone()
            if row and row[0] < now:
                env["fapiao.login"].browse(login_id).write({"state": "expired", "message": over})
                return False
            return bool(row)

        return Engine(self.env)._step(claim)

    def _record_done(self):
        """Record that the session is valid: waiting requests resume automatically, and the dialog shows it."""
        login_id = self.id

        def note(account):
            login = account.env["fapiao.login"].browse(login_id)
            waiting = account.waiting_count
            if login.purpose == "face":
                account.face_state = "ok"
            account._record_ready()
            login.write({"state": "done", "message": login._describe_done(waiting), **FORGOTTEN})

        self.account_id._record_in_new_transaction(note)
        return self._show()

    @api.model
    def _wipe_left(self):
        """Clear the codes of abandoned dialogs."""
        before = fields.Datetime.now() - LEFT_AFTER
        holding = Domain.OR([(name, "!=", False)] for name in FORGOTTEN)
        self.search(holding & Domain("write_date", "<", before)).write({**FORGOTTEN, "state": "expired"})

    def _describe_done(self, waiting):
        said = (
            self.env._("Face authentication is not needed any more.")
            if self.purpose == "face"
            else self.env._("You are logged in to the tax bureau.")
        )
        if waiting == 1:
            return f"{said} {self.env._('One waiting request goes on by itself.')}"
        if waiting:
            return f"{said} {self.env._('%s waiting requests go on by themselves.', waiting)}"
        return said

    def _record_error(self, error, asking=False):
        """Show the error. While ``asking`` about a code, a lost answer changes nothing: it is asked again."""
        self.account_id._record_need_in_new_transaction(error)
        if asking and isinstance(error, PaceUsedUp):
            return self._note(message=self.account_id._error_message(error))
        if asking and isinstance(error, (NotSent, OutcomeUnknown)):
            return self._note(message=self.env._("The cloud does not answer at the moment; it is queried again."))
        values = {"message": self._describe_error(error), "sms_code": False, "pin": False}
        if asking or self.state not in ("start", "sms_sent"):
            values |= {"state": "failed", **FORGOTTEN}
        return self._note(**values)

    def _describe_error(self, error):
        """Return the message of ``error`` for a log-in: that for a request would refer to a fapiao."""
        match error:
            case LoginRequired() | PaceUsedUp():
                return self.account_id._error_message(error)
            case NotSent():
                said = [
                    self.env._(explain(error)[0]),
                    self.env._("Try again; if it stays so, look at the account's settings."),
                ]
            case Rejected():
                said = [self.env._("The tax bureau did not accept this.")]
            case _:
                said = [self.env._("The cloud's answer was lost or unclear. Try again.")]
        if error.text:
            said.append(self.env._("The cloud says: %s", error.text))
        return "\n".join(said)

    def _note(self, **values):
        """Write ``values`` in a separate transaction and return the dialog after it."""
        login_id = self.id
        Engine(self.env)._step(lambda env: env["fapiao.login"].browse(login_id).write(values))
        return self._show()

    def _show(self):
        self.invalidate_recordset()
        return {**self.account_id._open_login(self.purpose), "res_id": self.id}


# Secrets and codes, not needed after the log-in.
FORGOTTEN = {"sms_code": False, "pin": False, "qr_id": False, "qr_text": False, "qr_png": False}


def face_question(app):
    """Return the query for a face code of ``app``, with an answer like that of a log-in step."""

    def ask(cloud):
        code = cloud.face_qr(app)
        return LoginStep("qr", qr_id=code.auth_id, qr_text=code.text)

    return ask
