"""BILL.INVOICE.QUERY: what became of a bill."""

from ..errors import Refused
from ..protocol import Answer
from ..records import request_key
from . import callbacks, queue, told

UNKNOWN = "未查询到单据{}"


def query(exchange):
    exchange.demand("sellerTaxpayerId", "serialNo")
    number, world = exchange.text("serialNo"), exchange.world
    bills = queue.standing(world, exchange.text("sellerTaxpayerId"), number, exchange.tenant.account_id)
    if not bills:
        return _red_or_unknown(exchange, number)
    for bill in bills:
        if bill.state == "issuing" and bill.queries_left is not None:
            bill.queries_left -= 1
            callbacks.settle(world)
    if bills[-1].state == "returned":
        raise Refused(f"单据{number}已退回:{bills[-1].error}")
    entries = list(filter(None, (_entry(world, bill) for bill in bills)))
    if not entries:
        raise unknown(number)
    return Answer(entries)


def _entry(world, bill):
    """What is told of a bill; None where none of its fapiao is shown yet."""
    items = told.invoices(world, bill)
    numbers = {each["invoiceNum"] for each in items}
    hidden = {number for number in numbers if number and not world.is_shown(world.fapiao[number])}
    shown = [each for each in items if each["invoiceNum"] not in hidden]
    return {"billNo": bill.number, "invoiceList": shown} if shown or not items else None


def unknown(number):
    return Refused(UNKNOWN.format(number))


def _red_or_unknown(exchange, serial):
    """A serialNo under which ALLE.INVOICE.RED reversed something leads to the red fapiao [?]."""
    fapiao = _by_serial(exchange, serial)
    if not _is_told(exchange, fapiao):
        raise unknown(serial)
    return Answer([{"billNo": serial, "invoiceList": [told.fapiao(exchange.world, fapiao, serial, serial)]}])


def query_fapiao(exchange):
    """ALLE.INVOICE.QUERY [clients]: one fapiao, by the serialNo it was asked for or by number."""
    exchange.demand("sellerTaxpayerId")
    serial, number = exchange.text("serialNo"), exchange.text("invoiceNum")
    fapiao = _by_serial(exchange, serial) if serial else exchange.world.fapiao.get(number)
    if not _is_told(exchange, fapiao):
        raise Refused(f"未查询到发票{serial or number}")
    serial = serial or fapiao.request
    return Answer(told.fapiao(exchange.world, fapiao, serial, serial))


def _is_told(exchange, fapiao):
    own = fapiao is not None and fapiao.seller_no == exchange.text("sellerTaxpayerId")
    return own and exchange.world.is_shown(fapiao)


def _by_serial(exchange, serial):
    request = exchange.world.requests.get(request_key(serial, exchange.realm))
    known = request is not None and request.cloud == "kingdee" and request.numbers
    return exchange.world.fapiao[request.numbers[0]] if known else None
