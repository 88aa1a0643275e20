"""BILL.INVOICE.QUERY: what became of a bill."""
from ..errors import Refused
from ..records import request_key
from . import queue, told
from .protocol import Answer

UNKNOWN = '未查询到单据{}'


def query(exchange):
    exchange.demand('sellerTaxpayerId', 'serialNo')
    number, world = exchange.text('serialNo'), exchange.world
    bills = queue.standing(world, exchange.text('sellerTaxpayerId'), number, exchange.tenant.account_id)
    if not bills:
        return _red_or_unknown(exchange, number)
    for bill in bills:
        _count(world, bill)
    if bills[-1].state == 'returned' and exchange.quirks.returned_as != 'entry':
        return _returned(exchange, bills[-1])
    entries = [_entry(exchange, bill) for bill in bills]
    return Answer(list(filter(None, entries))) if any(entries) else unknown(exchange, number)


def _count(world, bill):
    if bill.state == 'issuing' and bill.queries_left is not None:
        bill.queries_left -= 1
        world.keep(bill)
        queue.settle(world)


def _entry(exchange, bill):
    """What is told of a bill; None where none of its fapiao is shown yet."""
    world, quirks = exchange.world, exchange.quirks
    items = invoices(world, bill, quirks.query_lines_key)
    shown = [item for item in items if _is_shown(world, item[quirks.number_key])]
    return {'billNo': bill.number, 'invoiceList': shown} if shown or not items else None


def _is_shown(world, number):
    return not number or world.is_shown(world.fapiao[number])


def _returned(exchange, bill):
    """A bill sent back isn't in the cloud's list any more [?]."""
    if exchange.quirks.returned_as == 'unknown':
        return unknown(exchange, bill.number)
    raise Refused(f'单据{bill.number}已退回:{bill.error}')


def unknown(exchange, number):
    if exchange.quirks.unknown_bill == 'empty':
        return Answer([])
    raise Refused(UNKNOWN.format(number))


def _red_or_unknown(exchange, serial):
    """A serialNo under which ALLE.INVOICE.RED reversed something leads to the red fapiao [?]."""
    fapiao = _by_serial(exchange, serial)
    if not _is_told(exchange, fapiao):
        return unknown(exchange, serial)
    return Answer([{'billNo': serial, 'invoiceList': [_told(exchange, fapiao, serial)]}])


def query_fapiao(exchange):
    """ALLE.INVOICE.QUERY [clients]: one fapiao, by the serialNo it was asked for or by number."""
    exchange.demand('sellerTaxpayerId')
    serial, number = exchange.text('serialNo'), exchange.text('invoiceNum')
    fapiao = _by_serial(exchange, serial) if serial else exchange.world.fapiao.get(number)
    if not _is_told(exchange, fapiao):
        raise Refused(f'未查询到发票{serial or number}')
    return Answer(_told(exchange, fapiao, serial or fapiao.request))


def _is_told(exchange, fapiao):
    return (fapiao is not None and fapiao.seller_no == exchange.text('sellerTaxpayerId')
            and exchange.world.is_shown(fapiao))


def _by_serial(exchange, serial):
    request = exchange.world.requests.get(request_key(serial, exchange.realm))
    known = request is not None and request.cloud == 'kingdee' and request.numbers
    return exchange.world.fapiao[request.numbers[0]] if known else None


def _told(exchange, fapiao, serial):
    return told.fapiao(exchange.world, fapiao, serial, serial, exchange.quirks.query_lines_key)


def invoices(world, bill, lines_key):
    """Its fapiao; what failed with the reason; what waits as the switch says."""
    listed = []
    for order in queue.orders_of(world, bill):
        name = bill_no(world, order, bill)
        if order.fapiao:
            listed.append(told.fapiao(world, world.fapiao[order.fapiao], name, bill.number, lines_key))
            listed.extend(_reds(world, order, name, bill, lines_key))
        elif order.error or world.kingdee.waiting_as == 'entry':
            listed.append(told.unissued(world, order.draft, name, bill.number, order.number, order.error,
                                        lines_key))
    if not listed and (bill.error or world.kingdee.waiting_as == 'entry'):
        listed.append(told.unissued(world, bill.draft, bill.number, bill.number, '', bill.error, lines_key))
    return listed


def bill_no(world, order, bill):
    """What a merged fapiao says of its bill."""
    if world.kingdee.merged_bill_no == 'each':
        return bill.number
    return joined(world, order)


def joined(world, order):
    return ','.join(world.bills[key].number for key in order.bills)


def _reds(world, order, name, bill, lines_key):
    if not world.kingdee.reds_listed:
        return []
    return [told.fapiao(world, red, name, bill.number, lines_key)
            for red in world.fapiao.values() if red.original == order.fapiao]
