"""What people did in a page, as the long poll or a socket tells it.

A message names tickets and how a person sorted them; what the tickets say is fetched with them. Its
``data`` may be JSON text within JSON. Source (saveBill in four shapes, saveEntrys,
updateInvoice): docs/protocols/kingdee-assistant.md#messages.
"""

from ... import reading
from ...picking import SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE, Group, Message
from ...reading import exact_sum, unfolded
from .values import SERIAL_KEYS, rows_in, serials_in, together

_KINDS = {kind.lower(): kind for kind in (SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE)}
# No source has a key for the old number; these are in the vendor's own style
_OLD_SERIAL = ("oldSerialNo", "serialNoOld", "originalSerialNo", "oldFid")
# What tells a row that names a payee (BizOut) from a ticket of an expense claim
_PAYEE_KEYS = ("salerAccount", "salerAddressPhone")


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
    number = reading.as_text(reading.pick(envelope, "msgId", "messageId"))
    is_bare = not number and reading.pick(envelope, "type") is not None
    told = envelope if is_bare else unfolded(reading.pick(envelope, "data"))
    if told in (None, "", [], {}) and not number:
        return None
    return _message(number, told if isinstance(told, dict) else {"data": told})


def _message(number, told):
    word = reading.as_text(reading.pick(told, "type"))
    kind = _KINDS.get(word.lower(), word)
    body = unfolded(reading.pick(told, "data"))
    if not isinstance(body, dict):
        body = {"data": body}
    serials, groups, renamed = _READERS.get(kind, _other)(body)
    return Message(
        id=number,
        kind=kind,
        key=reading.as_text(reading.pick(body, "bxd_key")),
        number=reading.as_text(reading.pick(body, "billnumber")),
        user=reading.as_text(reading.pick(body, "userid", "eid")),
        serials=serials,
        groups=groups,
        renamed=renamed,
        raw=reading.plain(told),
    )


def _bill(body):
    inner = unfolded(reading.pick(body, "data"))
    if isinstance(inner, dict) and ("purchaseInfo" in inner or "buyerInfo" in inner):
        groups = _purchases(inner)
    else:
        rows = rows_in(inner)
        if any("invoiceData" in row for row in rows):
            groups = tuple(_cost(row) for row in rows)
        elif any(key in row for row in rows for key in _PAYEE_KEYS):
            groups = _payees(rows)
        else:
            groups = ()
    named = serials_in(reading.pick(body, "invoiceSerialNos"))
    return together(named, *(group.serials for group in groups), _serials_of(inner)), groups, ()


def _serials_of(inner):
    rows = [row for row in rows_in(inner) if reading.pick(row, *SERIAL_KEYS) is not None]
    return serials_in(rows)


def _cost(row, line=""):
    """Return the group of a kind of cost (Tra, traList)."""
    return Group(
        serials=together(serials_in(reading.pick(row, "invoiceData")), serials_in(row)),
        line=line,
        cost_code=reading.as_text(reading.pick(row, "costType")),
        cost_name=reading.as_text(reading.pick(row, "costName")),
        total=reading.money_at(row, "totalAmount"),
        tax=reading.money_at(row, "taxAmount"),
    )


def _purchases(inner):
    """Return the groups of a purchase: one a supplier and kind of goods."""
    accounts = {}
    # the list of payees calls them buyers
    for payee in rows_in(reading.pick(inner, "buyerInfo")):
        account = reading.as_text(reading.pick(payee, "buyerAccount"))
        for key in ("buyerTaxNo", "buyerName"):
            accounts.setdefault(reading.as_text(reading.pick(payee, key)), account)
    groups = []
    for row in rows_in(reading.pick(inner, "purchaseInfo")):
        name, tax_no = _seller(row)
        groups.append(
            Group(
                serials=serials_in(reading.pick(row, "invoiceData")),
                payee_name=name,
                payee_tax_no=tax_no,
                payee_account=(tax_no and accounts.get(tax_no)) or (name and accounts.get(name)) or "",
                goods_name=reading.as_text(reading.pick(row, "goodsName")),
                total=reading.money_at(row, "detailAmount"),
                tax=reading.money_at(row, "taxAmount"),
            )
        )
    return tuple(groups)


def _payees(rows):
    """Return one group a payee: tax number and bank account."""
    found = {}
    for row in rows:
        name, tax_no = _seller(row)
        account = reading.as_text(reading.pick(row, "salerAccount"))
        found.setdefault((tax_no or name, account), []).append(row)
    return tuple(_payee(rows, account) for (_who, account), rows in found.items())


def _payee(rows, account):
    name, tax_no = _seller(rows[0])
    return Group(
        serials=together(*(serials_in(row) for row in rows)),
        payee_name=name,
        payee_tax_no=tax_no,
        payee_account=account,
        goods_name=reading.as_text(reading.pick(rows[0], "goodsName")),
        total=exact_sum(*(reading.money_at(row, "totalAmount") for row in rows)),
        tax=exact_sum(*(reading.money_at(row, "taxAmount") for row in rows)),
    )


def _seller(row):
    name = reading.pick(row, "salerName", "sallerName")
    return reading.as_text(name), reading.as_text(reading.pick(row, "salerTaxNo", "sallerTaxNo"))


def _entries(body):
    """The groups share the line's tickets among them; the only one is empty where none is left."""
    line = reading.as_text(reading.pick(body, "branch_id"))
    tickets = rows_in(reading.pick(body, "list"))
    costs = [_cost(row, line) for row in rows_in(reading.pick(body, "traList"))]
    costs = [group for group in costs if group.serials]
    listed = serials_in(tickets)
    sorted_out = together(*(group.serials for group in costs))
    rest = [row for row in tickets if not set(serials_in(row)) & set(sorted_out)]
    if serials_in(rest) or not costs:
        costs.append(
            Group(
                serials=serials_in(rest),
                line=line,
                total=exact_sum(*(reading.money_at(row, "jshj", "totalAmount") for row in rest)),
                tax=exact_sum(*(reading.money_at(row, "se", "taxAmount") for row in rest)),
            )
        )
    return together(listed, sorted_out), tuple(costs), ()


def _update(body):
    rows = rows_in(reading.pick(body, "data"))
    renamed = []
    for row in rows:
        old = next(iter(serials_in(reading.pick(row, *_OLD_SERIAL) or reading.pick(body, *_OLD_SERIAL))), "")
        new = next(iter(serials_in(row)), "")
        if new and new != old:
            renamed.append((old, new))
    return serials_in(rows), (), tuple(renamed)


def _other(body):
    named = serials_in(reading.pick(body, "invoiceSerialNos"))
    return together(named, _serials_of(reading.pick(body, "data"))), (), ()


_READERS = {SAVE_BILL: _bill, SAVE_ENTRIES: _entries, UPDATE_INVOICE: _update}
