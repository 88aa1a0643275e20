"""What the cloud has collected before: a page of its pool (全票池), and what lies on a document.

No document names the query of the pool: its path, code, keys and envelope are settings of the account, and its
answer is read like a page of a pull. Source: docs/protocols/kingdee-inbound.md#pool, #document-files.
"""

import re
from dataclasses import replace

from ...rules.problems import _
from .. import reading
from ..inbound import DocumentFile, DocumentFiles
from . import inbound
from . import inbound_codes as codes
from .envelope import opened, unpacked
from .inbound_rows import fapiao_in
from .meaning import MEANING

ENVELOPE, MESSAGE, PLAIN = "envelope", "message", "plain"  # how the data travels, see the account's setting
DOCUMENT_PATH = "/kapi/app/rim/queryCover"
# Our names in the setting of the keys, and the keys that are likeliest: those of a pull
KEYS = {"tax_no": "taxNo", **inbound.SEARCH, "page": "pageNo", "page_size": "pageSize"}
NUMBERS = {"page", "page_size"}
_KEY = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_SETTING = re.compile(rf"([a-z_]+)\s*=\s*((?:{_KEY})(?:\s*\+\s*{_KEY})*)?")
_ROLES = (("cover", "cover"), ("attachment", "attachment"))


def keys_of(text):
    """Return our names with the tuple of the cloud's keys for each, as the setting ``text`` changes them.

    ``text``: ``ours=theirs`` separated by commas or lines; ``theirs`` may lie deeper (``searchOpt.startTime``), be
    several (``invoiceNo+etaxInvoiceNo``), or nothing, for what isn't sent. Raises ValueError for anything else.
    """
    keys = {name: (key,) for name, key in KEYS.items()}
    for part in filter(None, map(str.strip, re.split(r"[,;\n]", text or ""))):
        found = _SETTING.fullmatch(part)
        if not found or found[1] not in keys:
            raise ValueError(f"{part!r} names no key")
        keys[found[1]] = tuple(key.strip() for key in (found[2] or "").split("+") if key.strip())
    return keys


def problem_with_keys(text):
    """Return what is wrong with the setting of the keys, "" if nothing."""
    try:
        keys_of(text)
    except ValueError:
        return _("Write one key a line, as number=invoiceNo; a key that lies deeper as date_from=searchOpt.startTime.")
    return ""


def freeze(asked, _request_uid, tax_no, options):
    """Return the question for a page; ``asked``: ``window`` (a ``PullWindow``), ``page`` (from 1), ``page_size``.

    What is any is left out. Raises ValueError as :func:`.inbound.search`.
    """
    page, size = int(asked.get("page") or 1), int(asked.get("page_size") or inbound.PAGE_SIZE)
    if page < 1 or size < 1:
        raise ValueError("Ask for a page from 1 on")
    values = {"tax_no": tax_no, **inbound.search(asked["window"])}
    values.update(page=page - 1 if options.pool_from_zero else page, page_size=size)
    data = {}
    for name, keys in keys_of(options.pool_keys).items():
        if name in values:
            for key in keys:
                _put(data, key.split("."), values[name])
    return data


def _put(data, path, value):
    for step in path[:-1]:
        if not isinstance(data.get(step), dict):
            data[step] = {}
        data = data[step]
    data[path[-1]] = value


def own(page, tax_no):
    """Return ``page`` without the fapiao of other buyers: a question whose key for the tax number isn't the right
    one may be answered for all companies of the tenant.
    """
    others = tuple(row.number for row in page.rows if row.buyer_tax_no not in ("", tax_no))
    return replace(page, rows=tuple(row for row in page.rows if row.buyer_tax_no in ("", tax_no)), others=others)


def freeze_document(asked, _request_uid, _tax_no, _options):
    """Return the question what lies on a document; ``asked``: its ``kind`` and ``key``, as the cloud has them."""
    if not (asked.get("kind") and asked.get("key")):
        raise ValueError("A document has a kind and a key")
    return {"billType": asked["kind"], "billId": asked["key"]}


def read_document(raw):
    """Return the :class:`..inbound.DocumentFiles`; raise what else the answer means, OutcomeUnknown with code
    ``unknown_shape`` where neither fapiao nor files can be seen.

    The fapiao lie beside ``data`` (``invoice``), the files inside (``cover``, ``attachment``).
    """
    envelope = opened(raw)
    if not envelope.ok:
        raise MEANING.question_error(envelope)
    outer = reading.loads(raw.text)
    data = envelope.data if isinstance(envelope.data, dict) else {}
    rows = _list(outer, "invoice")
    rows = rows if rows is not None else _list(data, "invoice")
    files = [(role, _list(data, name)) for name, role in _ROLES]
    if rows is None and all(found is None for _role, found in files) and envelope.data is not None:
        raise inbound.unknown_shape(envelope)
    found, unread = fapiao_in(rows or [])
    told = tuple(_file(row, role) for role, rows_of in files for row in rows_of or [] if isinstance(row, dict))
    return DocumentFiles(found, tuple(file for file in told if file.address or file.snapshot), unread, envelope.text)


def _list(part, name):
    found = unpacked(reading.pick(part, name))
    if found is None:
        return [] if isinstance(reading.pick(part, name), list) else None
    return found if isinstance(found, list) else [found] if isinstance(found, dict) else None


def _file(row, role):
    return DocumentFile(
        address=reading.word_at(row, "localUrl", "attachmentUrl", "url"),
        name=reading.word_at(row, "attachmentName", "coverName", "name"),
        kind=codes.FILE_KINDS.get(reading.word_at(row, "fileType", "attachmentType"), ""),
        role=role,
        number=reading.word_at(row, "coverNo", "coveNo", "attachmentNo"),
        serial_no=reading.word_at(row, "serialNo"),
        remark=reading.word_at(row, "remark"),
        snapshot=reading.word_at(row, "snapshotUrl"),
    )
