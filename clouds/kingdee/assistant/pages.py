"""The assistant's pages: whom they are opened for, and their addresses; and where a browser listens meanwhile.

Source: docs/protocols/kingdee-assistant.md#keys, #pages, #socket.
"""

import secrets
from urllib.parse import quote, urlencode, urlsplit

from ... import reading
from ...addresses import checked_base
from ...errors import OutcomeUnknown
from ...picking import DOCUMENT_PAGE, EDIT_PAGE, LINE_EDIT_PAGE, LINE_PAGE, PICK_PAGE, SHOW_PAGE, Socket
from ...writing import filled

# kind: path, what must be given beside the user's key, what may be
_PAGES = {
    PICK_PAGE: ("/m4-web/fpzs/index", ("linkKey",), ("gridParam", "sourceType")),
    LINE_EDIT_PAGE: ("/m4-web/fpzs/expense/branch/update", ("linkKey",), ()),
    LINE_PAGE: ("/m4-web/fpzs/expense/branch/info", (), ()),
    DOCUMENT_PAGE: ("/m4-web/fpzs/expense/invoice/list", (), ()),
    SHOW_PAGE: ("/m4-web/fpzs/expense/showInvoice", ("serialNo",), ()),
    EDIT_PAGE: ("/m4-web/fpzs/invoice/update", ("serialNo",), ("linkKey",)),
}


def address(base, kind, **values):
    """Return the address of a page; ``values`` under the cloud's own names, ``userKey`` among them.

    Raises ValueError for an unknown page or where a value it needs is empty, NotSent for a bad ``base``.
    """
    try:
        path, needed, optional = _PAGES[kind]
    except KeyError:
        raise ValueError(f"{kind!r} is no page of the assistant") from None
    missing = [name for name in ("userKey", *needed) if not values.get(name)]
    if missing:
        raise ValueError(f"The page {kind!r} needs {', '.join(missing)}")
    query = [(name, values[name]) for name in ("userKey", *needed, *optional) if values.get(name)]
    return checked_base(base) + path + "?" + urlencode(query, quote_via=quote, safe="")


def socket(base, version, link_key):
    """Return the :class:`...picking.Socket` of ``link_key`` at the link host ``base``, for a ``version`` of Engine.IO.

    Raises NotSent for a bad ``base``.
    """
    base = checked_base(base)
    path = urlsplit(base).path
    return Socket(base.removesuffix(path), f"{path}/socket.io", version, {"userId": link_key}, link_key)


def visit_body(visit, tax_no):
    """Return the body of the call for a user key (3), without client, time and signature."""
    return {
        "tin": visit.tax_no or tax_no,
        "ghf_mc": visit.company,
        "eid": visit.user,
        "billNumber": visit.number,
        "bxd_key": visit.key,
        "random": visit.random or secrets.token_hex(8),
        "ticketParam": visit.rules,
        "billType": visit.kind,
        **filled(
            branch_id=visit.line,
            invoiceSerialNos=",".join(visit.serials),
            attachmentSerialNos=",".join(visit.attachments),
            buyerAccount=visit.buyer_account,
            buyerAddressPhone=visit.buyer_address,
        ),
    }


def key_in(answer, name):
    """Return the key in an answer's data: a bare text, or an object with ``name``.

    Raises OutcomeUnknown where there is none.
    """
    data = answer.data
    key = reading.as_text(reading.pick(data, name) if isinstance(data, dict) else data)
    if not key or any(char.isspace() for char in key):
        raise OutcomeUnknown(answer.text, f"no_{name}", answer.status)
    return key
