"""What people did in a page, as the long poll tells it.

A message names tickets and how a person sorted them; what they say is fetched with them. Its ``data`` may be JSON
text within JSON. Source (saveBill in four shapes, saveEntrys, updateInvoice):
docs/protocols/kingdee-assistant.md#messages, #groups.
"""

from ... import reading
from ...picking import COST, GOODS, PAYEE, SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE, Group, Message
from ...reading import exact_sum, unfolded
from .answers import day_at, rows_in, serials_in, together

_KINDS = {kind.lower(): kind for kind in (SAVE_BILL, SAVE_ENTRIES, UPDATE_INVOICE)}
# No source has a key for the old number; these are in the vendor's own style
_OLD_SERIAL = ("oldSerialNo", "serialNoOld", "originalSerialNo", "oldFid")
# What tells a row by payee (BizOut) from a ticket of an expense claim
_PAYEE_KEYS = ("salerAccount", "salerAddressPhone")
_YES, _NO = ("true", "1", "y", "是"), ("false", "0", "n", "否")
# A document has no more tickets than this; a larger number is none
_MOST = 100_000


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
        groups=_groups(kind, body),
        line=reading.word_at(body, "branch_id"),
        total=reading.money_at(body, "invoicesTotalAmount", "invoicesAmount"),
        tax=reading.money_at(body, "invoicesTaxAmount"),
        count=_count_at(body, "allSize"),
        is_electronic=_flag_at(body, "isElectronicInvoice"),
        attachments=serials_in(reading.pick(body, "attachmentSerialNos")),
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


# How a person sorted the tickets


def _groups(kind, body):
    """Return the groups of a message in the shape of its kind of document; () where it only lists tickets."""
    if kind == SAVE_ENTRIES:
        # Redundant beside the list, which alone says what lies on the line
        return tuple(group for group in map(_cost, rows_in(reading.pick(body, "traList"))) if group.serials)
    if kind != SAVE_BILL:
        return ()
    inner = unfolded(reading.pick(body, "data"))
    if isinstance(inner, dict) and ("purchaseInfo" in inner or "buyerInfo" in inner):
        return _purchases(inner)
    rows = rows_in(inner)
    if any("invoiceData" in row for row in rows):
        return tuple(map(_cost, rows))
    if any(key in row for row in rows for key in _PAYEE_KEYS):
        return _payees(rows)
    return ()


def _cost(row):
    """Return the group of a kind of cost (Tra, traList): its own, or else that of its first ticket."""
    first = next(iter(rows_in(reading.pick(row, "invoiceData"))), {})
    return Group(
        kind=COST,
        serials=_serials(row),
        cost_code=reading.word_at(row, "costType") or reading.word_at(first, "classify"),
        cost_name=reading.word_at(row, "costName") or reading.word_at(first, "classifyName"),
        size=_count_at(row, "size"),
        date=_day_at(row),
        **_amounts(row),
    )


def _purchases(inner):
    """Return the groups of a purchase, one for goods of a supplier, each with the account of its payee."""
    payees = {}
    # The list of payees calls them buyers
    for payee in rows_in(reading.pick(inner, "buyerInfo")):
        about = reading.word_at(payee, "buyerAccount"), reading.word_at(payee, "buyerAddressPhone")
        for key in ("buyerTaxNo", "buyerName"):
            if named := reading.word_at(payee, key):
                payees.setdefault(named, about)
    return tuple(_goods(row, payees) for row in rows_in(reading.pick(inner, "purchaseInfo")))


def _goods(row, payees):
    name, tax_no = _seller(row)
    account, address = payees.get(tax_no) or payees.get(name) or ("", "")
    return Group(
        kind=GOODS,
        serials=_serials(row),
        payee_name=name,
        payee_tax_no=tax_no,
        payee_account=account,
        payee_address=address,
        goods_name=reading.word_at(row, "goodsName"),
        goods_code=reading.word_at(row, "goodsCode", "goodsCood"),
        unit=reading.word_at(row, "unit"),
        quantity=reading.decimal_at(row, "num"),
        price=reading.decimal_at(row, "unitPrice"),
        amount=reading.money_at(row, "detailAmount"),
        tax=reading.money_at(row, "taxAmount"),
        size=_count_at(row, "size"),
        date=_day_at(row),
    )


def _payees(rows):
    """Return one group for each payee: tax number, or name, and bank account."""
    found = {}
    for row in rows:
        name, tax_no = _seller(row)
        found.setdefault((tax_no or name, reading.word_at(row, "salerAccount")), []).append(row)
    return tuple(map(_payee, found.values()))


def _payee(rows):
    name, tax_no = _seller(rows[0])
    return Group(
        kind=PAYEE,
        serials=together(*map(_serials, rows)),
        payee_name=name,
        payee_tax_no=tax_no,
        payee_address=reading.word_at(rows[0], "salerAddressPhone"),
        payee_account=reading.word_at(rows[0], "salerAccount"),
        goods_name=reading.word_at(rows[0], "goodsName"),
        goods_code=reading.word_at(rows[0], "goodsCode", "goodsCood"),
        **{name: exact_sum(*(_amounts(row)[name] for row in rows)) for name in ("amount", "tax", "total")},
    )


def _amounts(row):
    return {
        "amount": reading.money_at(row, "amount"),
        "tax": reading.money_at(row, "taxAmount"),
        "total": reading.money_at(row, "totalAmount"),
    }


def _seller(row):
    return reading.word_at(row, "salerName", "sallerName"), reading.word_at(row, "salerTaxNo", "sallerTaxNo")


def _day_at(row):
    day = day_at(row, "invoiceDate")
    return day.isoformat() if day else ""


def _count_at(row, name):
    number = reading.decimal_at(row, name)
    return int(number) if number is not None and number == number.to_integral_value() and 0 <= number < _MOST else None


def _flag_at(row, name):
    value = reading.pick(row, name)
    word = str(value).lower() if isinstance(value, bool) else reading.as_text(value).lower()
    return True if word in _YES else False if word in _NO else None
