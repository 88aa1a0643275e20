"""The files of a fapiao: ``getInvoicePdfOfd``, in base64 or by address.

Source: docs/protocols/piaodanyun.md#files.
"""

from .. import reading
from ..base import FileAddresses, NotFound
from ..errors import OutcomeUnknown
from ..phrases import NOT_THERE, SOMETHING_ELSE
from . import codes
from .meaning import MEANING, opened

FLAGS = {"pdf": "1", "ofd": "2", "xml": "3", "addresses": "4"}


def freeze(number, kind, issued_at, tax_no, options):
    """Return the form that asks for one file; ``kind``: pdf, ofd, xml or addresses.

    ``issued_at`` is aware or None.
    """
    form = {"downflag": FLAGS[kind], "nsrsbh": tax_no, "fphm": number}
    if issued_at:
        form["kprq"] = reading.stamp(issued_at)
    if options.add_seal:
        form["addSeal"] = "1"
    return form


def read(raw):
    """Return the file's bytes, its :class:`FileAddresses`, or ``NotFound`` while there is none yet."""
    envelope = opened(raw)
    if not envelope.ok:
        if envelope.code == codes.FILE_NOT_READY or (envelope.code == codes.BUSINESS and _not_yet(envelope.text)):
            return NotFound(envelope.text, envelope.code)
        raise MEANING.question_error(envelope)
    data = envelope.data
    if isinstance(data, dict):
        addresses = FileAddresses(
            pdf=reading.as_text(reading.pick(data, "pdfUrl")),
            ofd=reading.as_text(reading.pick(data, "ofdUrl")),
            xml=reading.as_text(reading.pick(data, "xmlUrl")),
        )
        if addresses != FileAddresses():
            return addresses
    if data in (None, "", {}, []):
        return NotFound(envelope.text, envelope.code)
    content = reading.unbase64(data)
    if not content:
        raise OutcomeUnknown(envelope.text, "unreadable_file", envelope.status)
    return content


def _not_yet(text):
    if codes.FILE_LATER.search(text):
        return True
    return bool(NOT_THERE.search(text)) and not SOMETHING_ELSE.search(text)
