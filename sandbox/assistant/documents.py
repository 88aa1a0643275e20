"""Documents and the tickets they use: cache, save, status, delete, query; and the vouchers they are booked by."""

import base64
import binascii
import re

from ..protocol import Answer, Refused, words
from .auth import CLAIMED
from .records import STATES, UNUSED, Document, Voucher, note, serials_of
from .tickets import details, find

COVERS = words("pdf jpg jpeg png bmp gif tif tiff ofd")
WRITTEN = ("canBeDeduction", "entryAmount", "outputReason")
# Of a voucher.
DEMANDED = ("vouchId", "vouchNo", "businessDate", "accountDate", "period")
DAY = r"\d{4}_\d{2}_\d{2}"
FORMATS = {"businessDate": DAY, "accountDate": DAY, "period": r"\d{6}"}
NUMBER = r"-?\d+(\.\d+)?"
OPTIONAL = {
    "attachmentsCount": r"\d+",
    "resource": "[1-5]",
    "accountItemAmount": NUMBER,
    "supInformationAmount": NUMBER,
}
OF_ENTRIES = {"dueDate": DAY, **dict.fromkeys(words("amount exchangeRate price num debitsAmount creditAmount"), NUMBER)}


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


def _list(exchange, key, default=None):
    given = exchange.body.get(key) or default
    if not isinstance(given, list):
        raise Refused(f"参数{key}应为数组")
    return given


def query(exchange):
    """invoices/query: the tickets of a document, by its number; [] where it isn't there [?]."""
    world, wanted = exchange.world, (exchange.user.tin, exchange.text("billNumber"))
    found = [each for each in world.documents.values() if (each.tin, each.number) == wanted and not each.deleted]
    serials = found[0].serials if found else []
    return Answer([details(world, world.slips[serial]) for serial in serials])


# --- cache and save ---


def cache(exchange):
    lines, document = _lines(exchange), _open(exchange)
    document.cached = lines
    note(exchange, document.bxd_key, serials_of(lines))
    return Answer(bare=True)


def save(exchange):
    world, lines, cover = exchange.world, _lines(exchange), _cover(exchange)
    document, serials = _open(exchange), serials_of(lines)
    may_repeat = exchange.user is not None and exchange.user.ticket_param[0] == "1"
    for serial in serials:
        _demand_free(find(world, serial), document, may_repeat)
    for serial in set(document.serials) - set(serials):
        _free(world, document, serial)
    document.lines, document.cached, document.saved = lines, None, True
    document.cover = cover or document.cover
    note(exchange, document.bxd_key, serials)
    return Answer(bare=True)


def _lines(exchange):
    return [_line(exchange, each) for each in _list(exchange, "data")]


def _line(exchange, given):
    if not isinstance(given, dict) or not isinstance(given.get("fid"), list):
        raise Refused("参数fid应为数组")
    serials = [str(each) for each in given["fid"]]
    for serial in serials:
        find(exchange.world, serial)
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
        base64.b64decode(content.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Refused("coverBase64不是合法的base64字符串") from None
    return {"type": kind, "number": exchange.text("coverNumber"), "content": content}


def _demand_free(slip, document, may_repeat):
    if slip.is_used_beside(document.key) and not may_repeat:
        raise Refused(f"发票{slip.told.get('invoiceNo') or slip.serial}已报销,不允许重复报销", CLAIMED)


# --- status ---


def update_status(exchange):
    exchange.demand("expenseStatus")
    world, status, document = exchange.world, exchange.text("expenseStatus"), _find(exchange)
    if status not in STATES:
        raise Refused(f'expenseStatus"{status}"不合法')
    if document.deleted or not document.saved:
        raise Refused(f"单据{exchange.text('billnumber')}不存在")
    written = _written_back(exchange, document)
    slips = [find(world, serial) for serial in document.serials]
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
    note(exchange, document.bxd_key, document.serials, status)
    return Answer(text="成功")


def _written_back(exchange, document):
    """invoiceData by serial number: whether the tax may be deducted, how much, why it is turned out."""
    given = _list(exchange, "invoiceData", [])
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
    document, line = _find(exchange), exchange.text("branch_id")
    if not document.deleted:
        _shrink(exchange, document, [each for each in document.lines if each["entryid"] != line])
        if document.cached is not None:
            document.cached = [each for each in document.cached if each["entryid"] != line]
    return Answer(text="成功")


def delete(exchange):
    document = _find(exchange)
    if not document.deleted:
        _shrink(exchange, document, [])
        document.cached, document.deleted, document.saved, document.status = None, True, False, UNUSED
        document.cover = {}
    return Answer(text="成功")


def _shrink(exchange, document, kept):
    gone = [serial for serial in document.serials if serial not in serials_of(kept)]
    for serial in gone:
        _free(exchange.world, document, serial)
    document.lines = kept
    note(exchange, document.bxd_key, gone)


def replace_serial(world, old, new):
    """A ticket got another serial number: the documents that hold it follow."""
    for document in world.documents.values():
        for line in (*document.lines, *(document.cached or ())):
            line["fid"] = [new if each == old else each for each in line["fid"]]


# --- the accounting voucher, handed over and deleted ---


def collect(exchange):
    """The same voucher again replaces what was told of it."""
    world, info = exchange.world, exchange.body.get("voucherInfo")
    if not isinstance(info, dict):
        raise Refused("参数voucherInfo不能为空")
    _check_voucher(info)
    documents, serials = (list(map(str, _list(exchange, f"{key}Array", []))) for key in ("expenseId", "serialNo"))
    for name in set(documents) - {each.bxd_key for each in world.documents.values() if not each.deleted}:
        raise Refused(f"报销单{name}不存在")
    for serial in set(serials) - set(world.slips):
        raise Refused(f"发票流水号{serial}不存在")
    content = {key: value for key, value in exchange.body.items() if key != "sign"}
    voucher = Voucher(str(info["vouchId"]), str(info["vouchNo"]), content, documents, serials)
    _unlink(world, voucher.uid)
    world.vouchers[voucher.uid] = voucher
    linked = [each for each in world.documents.values() if each.bxd_key in documents]
    for record in (*linked, *(world.slips[serial] for serial in serials)):
        record.vouchers.append(voucher.uid)
    note(exchange, ",".join(documents), serials)
    return Answer(bare=True)


def _check_voucher(info):
    for key in DEMANDED:
        if not info.get(key):
            raise Refused(f"参数{key}不能为空")
    for key, pattern in FORMATS.items():
        if not re.fullmatch(pattern, str(info[key])):
            raise Refused(f"参数{key}格式不正确")
    _check_formats(info, OPTIONAL)
    for entry in info.get("entries") or ():
        _check_formats(entry, OF_ENTRIES)


def _check_formats(given, formats):
    for key, pattern in formats.items():
        if given.get(key) and not re.fullmatch(pattern, str(given[key])):
            raise Refused(f"参数{key}格式不正确")


def _unlink(world, uid):
    for record in (*world.documents.values(), *world.slips.values()):
        record.vouchers = [each for each in record.vouchers if each != uid]


def delete_voucher(exchange):
    world = exchange.world
    voucher = world.vouchers.get(exchange.text("vouchId"))
    if voucher is None or voucher.number != exchange.text("vouchNo"):
        raise Refused(f"凭证{exchange.text('vouchNo')}不存在")
    if not voucher.deleted:
        _unlink(world, voucher.uid)
        voucher.deleted = True
        note(exchange, ",".join(voucher.documents), voucher.serials)
    return Answer(bare=True)
