"""What the account may do now: log-in to the tax bureau (``loginDppt``), credit line, authentication by face.

Source: docs/protocols/piaodanyun.md#log-in, #credit-line-and-face. Names of the QR picture and of a scan's
states are in no source; [family]: ``qrcode``, a 310 that hands out a code, and ``slzt`` 1 waiting, 2 done, 3 expired.
"""

from .. import reading
from ..base import CreditLine, FaceQr, LoginStep
from ..errors import OutcomeUnknown, Rejected
from ..phrases import says_trouble
from . import codes
from .meaning import MEANING, face_word, opened

CERT = {"cert": "1", "soft_cert": "2"}
SCAN = {"face_qr": "1", "app_qr": "10"}
_PICTURES = ("iVBORw0KGgo", "/9j/", "R0lGOD", "data:image/")
_STATES = {"1": "waiting", "2": "done", "3": "expired"}  # slzt
APPS = {"tax": "1", "income": "2"}

VALIDITY = ("yxqq", "yxqz")  # assumption: first and last day of the credit line, where told


def freeze_login(step, _request_uid, tax_no, _options):
    """Return the form of one step, without user and password; ValueError for an unknown ``method``.

    ``step``: ``method``, and perhaps ``code``, ``pin``, ``qr_id``.
    """
    form = {"nsrsbh": tax_no}
    method, code, pin, qr_id = (step.get(name) for name in ("method", "code", "pin", "qr_id"))
    if method == "sms":
        return {**form, **({"sms": code} if code else {})}
    if method in CERT:
        return {**form, "cert": CERT[method], **({"pin": pin} if pin and method == "soft_cert" else {})}
    if method in SCAN:
        return {**form, "ewmlx": SCAN[method], **({"ewmid": qr_id} if qr_id else {})}
    raise ValueError(f"{method!r} is no way to log in")


def read_login(raw, form=None):
    """Return the :class:`LoginStep` that the answer to ``form`` reached.

    Without ``form`` the step is judged by the answer alone. Raises Rejected (with the bureau's
    words), LoginRequired, RateLimited or OutcomeUnknown.
    """
    envelope = opened(raw)
    is_qr = envelope.code == codes.OTHER and bool(reading.word_at(envelope.data, "ewmid"))
    scanning = bool(form) and bool(form.get("ewmid"))
    if not envelope.ok and not is_qr:
        return _refused(envelope, form or {})
    data = envelope.data
    qr_id = reading.word_at(data, "ewmid")
    if scanning:
        return LoginStep(_scan_state(envelope), qr_id=form["ewmid"], text=envelope.text)
    if qr_id:
        picture, text = _qr(data)
        if not picture and not text:
            raise OutcomeUnknown(envelope.text, "no_qr", envelope.status)
        return LoginStep("qr", qr_id=qr_id, qr_text=text, qr_png=picture, text=envelope.text)
    if form and form.get("ewmlx"):
        if codes.LOGGED_IN.search(envelope.text):
            return LoginStep("done", text=envelope.text)
        raise OutcomeUnknown(envelope.text, "no_qr", envelope.status)
    return LoginStep(_plain_state(envelope, form), text=envelope.text)


def _plain_state(envelope, form):
    if form is None:
        return "done" if isinstance(envelope.data, str) and envelope.data else "sms_sent"
    first_of_two = not form.get("sms") and not form.get("cert")
    if first_of_two and not codes.LOGGED_IN.search(envelope.text):
        return "sms_sent"
    return "done"


def _scan_state(envelope):
    state = _STATES.get(reading.word_at(envelope.data, "slzt"))
    if state:
        return state
    if codes.SCAN_OVER.search(envelope.text):
        return "expired"
    if codes.LOGGED_IN.search(envelope.text) or (isinstance(envelope.data, str) and envelope.data):
        return "done"
    # assumption: the same code once more means that it was not scanned yet
    if codes.SCAN_WAITS.search(envelope.text) or reading.pick(envelope.data, "ewmid"):
        return "waiting"
    return "done"


def _refused(envelope, form):
    text, scanning = envelope.text, bool(form.get("ewmid"))
    if scanning and codes.SCAN_OVER.search(text):
        return LoginStep("expired", text=text)
    if scanning and codes.SCAN_WAITS.search(text):
        return LoginStep("waiting", text=text)
    if envelope.code == codes.BUSINESS and form.get("sms") and "验证码" in text:
        # "the code is wrong" must not look like "a code is due"
        raise Rejected(text, envelope.code, envelope.status)
    shared = MEANING.shared_error(envelope)
    if shared:
        raise shared
    if envelope.code in (codes.BUSINESS, codes.PARAMETER, codes.OTHER) and not says_trouble(text):
        raise Rejected(text, envelope.code, envelope.status)
    raise OutcomeUnknown(text, envelope.code, envelope.status)


def _qr(data):
    """Return the picture (bare base64) and the text of a code to scan, whatever they are called."""
    picture = text = ""
    for name in data:
        key, value = str(name).lower(), reading.as_text(data[name])
        if value.startswith(_PICTURES):
            picture = picture or value.rpartition(",")[2]
        elif key in ("ewm", "qrcode", "ewmnr", "url"):
            text = text or value
    return picture, text


# Credit line and face


def read_credit(raw):
    """Return the :class:`CreditLine`; raise OutcomeUnknown if neither total nor rest is a number."""
    envelope = _answered(raw)
    data = envelope.data
    count = reading.decimal_at(data, "kjlpzs")
    valid_from, valid_to = (_day(data, name) for name in VALIDITY)
    line = CreditLine(
        valid_from=valid_from,
        valid_to=valid_to,
        total=reading.money_at(data, "zsxed"),
        left=reading.money_at(data, "sysxed"),
        used=reading.money_at(data, "ysysxed"),
        count=int(count) if count is not None else None,
        amount=reading.money_at(data, "fphjje"),
        tax=reading.money_at(data, "fpejse"),
    )
    if line.total is None and line.left is None:
        raise OutcomeUnknown(envelope.text, "no_credit_line", envelope.status)
    return line


def _day(data, name):
    moment = reading.moment_at(data, name)
    return moment and moment.astimezone(reading.SHANGHAI).date()


def read_face_needed(raw):
    """Return whether ``Sfsl`` says Y; None if the answer doesn't say.

    ``data`` is JSON in base64 (as in the paper), JSON in a string, or an object.
    """
    return {"Y": True, "N": False}.get(face_word(reading.unfolded(_answered(raw).data, is_base64=True)))


def freeze_plain(_document, _request_uid, tax_no, _options):
    """Return the question for the credit line, or whether a face must be authenticated."""
    return {"nsrsbh": tax_no}


def freeze_face_qr(asked, _request_uid, tax_no, _options):
    """Return the query for a face-authentication code; ``app`` in ``asked``: tax or income."""
    app = (asked or {}).get("app", "tax")
    if app not in APPS:
        raise ValueError(f"{app!r} is no app that scans faces")
    return {"nsrsbh": tax_no, "type": APPS[app]}


def read_face_qr(raw):
    """Return the :class:`FaceQr`; raise OutcomeUnknown if there is nothing to draw."""
    envelope = _answered(raw)
    text = reading.word_at(envelope.data, "ewm")
    if not text:
        raise OutcomeUnknown(envelope.text, "no_qr", envelope.status)
    return FaceQr(reading.word_at(envelope.data, "rzid"), text)


def _answered(raw):
    envelope = opened(raw)
    if not envelope.ok:
        raise MEANING.question_error(envelope)
    return envelope
