"""What the account may do now: credit line, and authentication by face.

Source: docs/protocols/piaodanyun.md#credit-line-and-face.
"""

from .. import reading
from ..base import CreditLine, FaceQr
from ..errors import OutcomeUnknown
from .meaning import MEANING, face_word, opened

APPS = {"tax": "1", "income": "2"}


def read_credit(raw):
    """Return the :class:`CreditLine`; raise OutcomeUnknown if neither total nor rest is a number."""
    envelope = _answered(raw)
    data = envelope.data
    count = reading.decimal_at(data, "kjlpzs")
    line = CreditLine(
        total=reading.money_at(data, "zsxed"),
        left=reading.money_at(data, "sysxed"),
        used=reading.money_at(data, "ysysxed"),
        count=int(count) if count is not None else None,
    )
    if line.total is None and line.left is None:
        raise OutcomeUnknown(envelope.text, "no_credit_line", envelope.status)
    return line


def read_face_needed(raw):
    """Return whether ``Sfsl`` says Y; None if the answer doesn't say.

    ``data`` is JSON in base64 (as in the paper), JSON in a string, or an object.
    """
    return {"Y": True, "N": False}.get(face_word(reading.unfolded(_answered(raw).data, is_base64=True)))


def freeze_face_qr(app, tax_no):
    """Return the query for a face-authentication code; ``app``: tax or income."""
    if app not in APPS:
        raise ValueError(f"{app!r} is no app that scans faces")
    return {"nsrsbh": tax_no, "type": APPS[app]}


def read_face_qr(raw):
    """Return the :class:`FaceQr`; raise OutcomeUnknown if there is nothing to draw."""
    envelope = _answered(raw)
    text = reading.as_text(reading.pick(envelope.data, "ewm"))
    if not text:
        raise OutcomeUnknown(envelope.text, "no_qr", envelope.status)
    return FaceQr(
        auth_id=reading.as_text(reading.pick(envelope.data, "rzid")),
        text=text,
        source=reading.as_text(reading.pick(envelope.data, "emwly", "ewmly")),
    )


def _answered(raw):
    envelope = opened(raw)
    if not envelope.ok:
        raise MEANING.question_error(envelope)
    return envelope
