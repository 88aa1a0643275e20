"""What people did in a page, as the long poll tells it.

A message names tickets; what they say is fetched with them. Its ``data`` may be JSON text within JSON.
Source (saveBill in four shapes, saveEntrys, updateInvoice): docs/protocols/kingdee-assistant.md#messages.
"""

from ... import reading
from ...picking import SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE, Message
from ...reading import unfolded
from .answers import rows_in, serials_in, together

_KINDS = {kind.lower(): kind for kind in (SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE)}
# No source has a key for the old number; these are in the vendor's own style
_OLD_SERIAL = ("oldSerialNo", "serialNoOld", "originalSerialNo", "oldFid")


def read(data):
    """Return the :class:`..picking.Message` in an answer's ``data``; None if there is none.

    ``data``: ``{data, from, key, msgId}`` or a list of them (the first: the others come again). A message
    of an unknown kind keeps the cloud's word for it and its ``raw``.
    """
    envelope = unfolded(data)
    if isinstance(envelope, list):
        envelope = next(iter(rows_in(envelope)), None)
    if not isinstance(envelope, dict) or not envelope:
        return None
    number = reading.word_at(envelope, "msgId", "messageId")
    is_bare = not number and reading.pick(envelope, "type") is not None
    told = envelope if is_bare else unfolded(reading.pick(envelope, "data"))
    if told in (None, "", [], {}) and not number:
        return None
    return _message(number, told if isinstance(told, dict) else {"data": told})


def _message(number, told):
    word = reading.word_at(told, "type")
    kind = _KINDS.get(word.lower(), word)
    body = unfolded(reading.pick(told, "data"))
    if not isinstance(body, dict):
        body = {"data": body}
    rows = _rows(kind, body)
    named = serials_in(reading.pick(body, "invoiceSerialNos")) if kind not in (SAVE_ENTRIES, UPDATE_INVOICE) else ()
    return Message(
        id=number,
        kind=kind,
        key=reading.word_at(body, "bxd_key"),
        number=reading.word_at(body, "billnumber"),
        user=reading.word_at(body, "userid", "eid"),
        serials=together(named, *map(_serials, rows)),
        renamed=tuple(_renamed(rows, body)) if kind == UPDATE_INVOICE else (),
        raw=reading.plain(told),
    )


def _rows(kind, body):
    """Return the rows of a message that name tickets: tickets themselves, kinds of cost, purchases."""
    if kind == SAVE_ENTRIES:
        return rows_in(reading.pick(body, "list")) + rows_in(reading.pick(body, "traList"))
    inner = unfolded(reading.pick(body, "data"))
    purchases = rows_in(reading.pick(inner, "purchaseInfo")) if kind == SAVE_BILL else []
    return purchases + rows_in(inner)


def _serials(row):
    """Return the serial numbers of a row: of the tickets it puts together, and its own."""
    return together(serials_in(reading.pick(row, "invoiceData")), serials_in(row))


def _renamed(rows, body):
    for row in rows:
        old = next(iter(serials_in(reading.pick(row, *_OLD_SERIAL) or reading.pick(body, *_OLD_SERIAL))), "")
        new = next(iter(serials_in(row)), "")
        if new and new != old:
            yield old, new
