"""Documents and the tickets they use: cache, save, status, delete, query."""

import base64
import binascii
import hashlib

from ..errors import Refused
from ..protocol import Answer, words
from . import rules, shapes
from .exchange import CLAIMED
from .records import STATES, UNUSED, Document, note, serials_of, states

DONE = "成功"
COVERS = words("pdf jpg jpeg png bmp gif tif tiff ofd")
WRITTEN = ("canBeDeduction", "entryAmount", "outputReason")


def _find(exchange):
    """Without a bxd_key the document's number stands for it."""
    key = exchange.text("bxd_key") or exchange.text("billnumber")
    document = exchange.world.documents.get(f"{exchange.tax_no}/{key}")
    return Document(exchange.tax_no, key, "", deleted=True) if document is None else document


def _open(exchange):
    """The document, made where it isn't there yet; its number may have changed meanwhile."""
    document = _find(exchange)
    if document.deleted:
        document = Document(document.tin, document.bxd_key, "")
    document.number = exchange.text("billnumber")
    exchange.world.documents[document.key] = document
    return document


def _demand(exchange, *more):
    exchange.demand("tin", "eid", "billTypeId", "billnumber", *more)


def query(exchange):
    """invoices/query: the tickets of a document, by its number; [] where it isn't there [?]."""
    exchange.demand("billNumber")
    world, wanted = exchange.world, (exchange.user.tin, exchange.text("billNumber"))
    found = [each for each in world.documents.values() if (each.tin, each.number) == wanted and not each.deleted]
    serials = found[0].serials if found else []
    return Answer([shapes.details(world, world.slips[serial]) for serial in serials])


# --- cache and save ---


def cache(exchange):
    _demand(exchange)
    lines = _lines(exchange)
    document = _open(exchange)
    document.cached = lines
    note(exchange, document, serials=serials_of(lines))
    return Answer(bare=True)


def save(exchange):
    _demand(exchange)
    world, lines, cover = exchange.world, _lines(exchange), _cover(exchange)
    document, serials = _open(exchange), serials_of(lines)
    may_repeat = exchange.user is not None and exchange.user.ticket_param[0] == "1"
    for serial in serials:
        _demand_free(shapes.find(world, serial), document, may_repeat)
    before = states(world, {*serials, *document.serials})
    for serial in set(document.serials) - set(serials):
        _free(world, document, serial)
    document.lines, document.cached, document.saved = lines, None, True
    document.cover = cover or document.cover
    note(exchange, document, serials=serials, before=before, cover=cover.get("number", ""))
    return Answer(bare=True)


def _lines(exchange):
    given = exchange.body.get("data")
    if not isinstance(given, list):
        raise Refused("参数data应为数组")
    return [_line(exchange, each) for each in given]


def _line(exchange, given):
    if not isinstance(given, dict) or not isinstance(given.get("fid"), list):
        raise Refused("参数fid应为数组")
    serials = [str(each) for each in given["fid"]]
    for serial in serials:
        shapes.find(exchange.world, serial)
    texts = {key: str(given.get(key) or "") for key in ("entryid", "costTypeId", "costTypeName")}
    return {**texts, "fid": serials}


def _cover(exchange):
    content, kind = exchange.text("coverBase64"), exchange.text("coverFileType")
    if not content:
        return {}
    exchange.demand("coverFileType", "coverNumber")
    if kind.lower() not in COVERS:
        raise Refused("coverFileType不支持")
    try:
        raw = base64.b64decode(content.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Refused("coverBase64不是合法的base64字符串") from None
    about = {"type": kind, "number": exchange.text("coverNumber"), "size": len(raw)}
    return {**about, "sha256": hashlib.sha256(raw).hexdigest(), "content": content}


def _demand_free(slip, document, may_repeat):
    if rules.elsewhere(slip, document.key) and not may_repeat:
        raise Refused(f"发票{slip.told.get('invoiceNo') or slip.serial}已报销,不允许重复报销", CLAIMED)


# --- status ---


def update_status(exchange):
    _demand(exchange, "expenseStatus")
    world, status, document = exchange.world, exchange.text("expenseStatus"), _find(exchange)
    if status not in STATES:
        raise Refused(f'expenseStatus"{status}"不合法')
    if document.deleted or not document.saved:
        raise Refused(f"单据{exchange.text('billnumber')}不存在")
    written = _written_back(exchange, document)
    slips = [shapes.find(world, serial) for serial in document.serials]
    before = states(world, document.serials)
    may_repeat = status == UNUSED or exchange.text("ticketParam")[:1] == "1"
    for each in slips:
        _demand_free(each, document, may_repeat)
    for each in slips:
        if status == UNUSED:
            _free(world, document, each.serial)
        else:
            each.status, each.document = status, document.key
        each.deduction = written.get(each.serial, each.deduction)
    document.status = status
    note(exchange, document, status=status, serials=document.serials, before=before)
    return Answer(text=DONE)


def _written_back(exchange, document):
    """invoiceData by serial number: whether the tax may be deducted, how much, why it is turned out."""
    given = exchange.body.get("invoiceData") or []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Refused("参数invoiceData应为数组")
    for each in given:
        if str(each.get("serialNo")) not in document.serials:
            raise Refused(f"发票流水号{each.get('serialNo')}不在单据{document.number}中")
        if str(each.get("canBeDeduction", "")) not in ("", "0", "1"):
            raise Refused("canBeDeduction应为0或1")
    return {
        str(each["serialNo"]): {key: "" if each.get(key) is None else str(each[key]) for key in WRITTEN}
        for each in given
    }


def _free(world, document, serial):
    """Unused again, unless another document uses it."""
    found = world.slips[serial]
    if found.document in ("", document.key):
        found.status, found.document, found.deduction = UNUSED, "", {}


# --- deleting; a repeat finds nothing to do and succeeds ---


def delete_entry(exchange):
    _demand(exchange, "branch_id")
    document, line = _find(exchange), exchange.text("branch_id")
    if not document.deleted:
        _shrink(exchange, document, [each for each in document.lines if each["entryid"] != line], line)
        if document.cached is not None:
            document.cached = [each for each in document.cached if each["entryid"] != line]
    return Answer(text=DONE)


def delete(exchange):
    _demand(exchange)
    document = _find(exchange)
    if not document.deleted:
        _shrink(exchange, document, [])
        document.cached, document.deleted, document.saved, document.status = None, True, False, UNUSED
        document.cover = {}
    return Answer(text=DONE)


def _shrink(exchange, document, kept, line=""):
    world = exchange.world
    gone = [serial for serial in document.serials if serial not in serials_of(kept)]
    before = states(world, gone)
    for serial in gone:
        _free(world, document, serial)
    document.lines = kept
    note(exchange, document, line=line, serials=gone, before=before)


def replace_serial(world, old, new):
    """A ticket got another serial number: the documents that hold it follow."""
    for document in world.documents.values():
        for line in (*document.lines, *(document.cached or ())):
            line["fid"] = [new if each == old else each for each in line["fid"]]
