"""The accounting voucher of documents, handed over and deleted."""

import re

from ..errors import Refused
from ..protocol import Answer
from .records import Voucher, note

DEMANDED = ("vouchId", "vouchNo", "businessDate", "accountDate", "period")
DAY = r"\d{4}_\d{2}_\d{2}"
FORMATS = {"businessDate": DAY, "accountDate": DAY, "period": r"\d{6}"}


def collect(exchange):
    """The same voucher again replaces what was told of it."""
    world, info = exchange.world, exchange.body.get("voucherInfo")
    if not isinstance(info, dict):
        raise Refused("参数voucherInfo不能为空")
    _check(info)
    documents, serials = _list(exchange, "expenseIdArray"), _list(exchange, "serialNoArray")
    _check_known(world, documents, serials)
    content = {key: value for key, value in exchange.body.items() if key != "sign"}
    voucher = Voucher(str(info["vouchId"]), str(info["vouchNo"]), content, documents, serials)
    _unlink(world, voucher.uid)
    world.vouchers[voucher.uid] = voucher
    for record in _linked(world, voucher):
        record.vouchers = [*record.vouchers, voucher.uid]
    note(exchange, voucher=voucher.number, serials=serials, document=",".join(documents))
    return Answer(bare=True)


def _check(info):
    for key in DEMANDED:
        if not info.get(key):
            raise Refused(f"参数{key}不能为空")
    for key, pattern in FORMATS.items():
        if not re.fullmatch(pattern, str(info[key])):
            raise Refused(f"参数{key}格式不正确")
    for entry in info.get("entries") or ():
        if entry.get("dueDate") and not re.fullmatch(DAY, str(entry["dueDate"])):
            raise Refused("参数dueDate格式不正确")


def _list(exchange, key):
    given = exchange.body.get(key) or []
    if not isinstance(given, list):
        raise Refused(f"参数{key}应为数组")
    return [str(each) for each in given]


def _check_known(world, documents, serials):
    known = {each.bxd_key for each in world.documents.values() if not each.deleted}
    for name in set(documents) - known:
        raise Refused(f"报销单{name}不存在")
    for serial in set(serials) - set(world.slips):
        raise Refused(f"发票流水号{serial}不存在")


def _unlink(world, uid):
    for record in _linked(world, world.vouchers.get(uid)):
        record.vouchers = [each for each in record.vouchers if each != uid]


def _linked(world, voucher):
    if voucher is None:
        return []
    documents = [each for each in world.documents.values() if each.bxd_key in voucher.documents]
    return documents + [world.slips[serial] for serial in voucher.serials if serial in world.slips]


def delete(exchange):
    exchange.demand("vouchNo", "vouchId")
    world = exchange.world
    voucher = world.vouchers.get(exchange.text("vouchId"))
    if voucher is None or voucher.number != exchange.text("vouchNo"):
        raise Refused(f"凭证{exchange.text('vouchNo')}不存在")
    if not voucher.deleted:
        _unlink(world, voucher.uid)
        voucher.deleted = True
        documents = ",".join(voucher.documents)
        note(exchange, voucher=voucher.number, serials=voucher.serials, document=documents)
    return Answer(bare=True)
