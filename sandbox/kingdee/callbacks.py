"""What the cloud tells by itself: 5.1.01 return, 5.1.02 by fapiao, 5.1.03 by bill."""
import copy
from datetime import timedelta

from ..errors import Refused
from . import query, queue, told
from .envelope import packed
from .records import Delivery

OPENED, REVERSED = 'INVOICE.OPEN', 'INVOICE.RED'
GOOD, BAD = '0', '9999'                 # [docs]
BY_BILL = '3std1'                       # systems called so are told by bill [docs]


def address(world, account_id, system):
    tenant = world.kingdee_tenants.get(account_id)
    return tenant.systems.get(system) or world.kingdee.callback_url if tenant else ''


def issued(world, bills, made):
    """After an attempt to issue: by bill everything there is, by fapiao what is new or failed."""
    for bill in bills:
        url = address(world, bill.account_id, bill.system)
        if url and _style(world, bill.system) in ('bill', 'both'):
            _send(world, 'bill', bill.number, url, by_bill(world, bill))
    for order in _orders_to_tell(world, bills, made):
        bill = world.bills[order.bills[0]]
        url = address(world, bill.account_id, bill.system)
        if url and _style(world, bill.system) in ('fapiao', 'both'):
            _send(world, 'fapiao', bill.number, url, by_fapiao(world, order))


def _style(world, system):
    style = world.kingdee.callback_style
    if style != 'system':
        return style
    return 'bill' if system.startswith(BY_BILL) else 'fapiao'


def _orders_to_tell(world, bills, made):
    numbers = dict.fromkeys(number for bill in bills for number in bill.orders)
    orders = [world.orders[number] for number in numbers]
    return [order for order in orders if order in made or order.error]


def by_bill(world, bill):
    """Judge by the presence of a number: returnCode can't tell where only a part failed."""
    items = query.invoices(world, bill, world.kingdee.callback_lines_key)
    number_key = world.kingdee.number_key
    good = all(item[number_key] for item in items)
    error = next((item['issueErrorMessage'] for item in items if not item[number_key]), '')
    return _body(OPENED, items, error if not good else '')


def by_fapiao(world, order):
    bills, key = [world.bills[each] for each in order.bills], world.kingdee.callback_lines_key
    name, serial = query.joined(world, order), bills[0].number
    if order.fapiao:
        return _body(OPENED, told.fapiao(world, world.fapiao[order.fapiao], name, serial, key), '')
    item = told.unissued(world, order.draft, name, serial, order.number, order.error, key)
    return _body(OPENED, item, order.error)


def returned(world, bill, text):
    """5.1.01; its payload stands in no source [?]."""
    url = address(world, bill.account_id, bill.system)
    if url:
        data = {'billNo': bill.number, 'serialNo': bill.number, 'sellerTaxpayerId': bill.tax_no,
                'returnReason': text}
        _send(world, 'return', bill.number, url, _body(world.kingdee.return_interface, data, ''))


def reversed_(world, red, account_id, system):
    """A red fapiao; by bill in an array, as the blue ones."""
    url = address(world, account_id, system)
    if not url:
        return
    bill = next((queue.newest(world, red.seller_no, line.bill) for line in red.lines if line.bill), None)
    item = told.fapiao(world, red, bill.number if bill else '', red.request, world.kingdee.callback_lines_key)
    if _style(world, system) in ('bill', 'both'):
        _send(world, 'red', red.number, url, _body(REVERSED, [item], ''))
    if _style(world, system) in ('fapiao', 'both'):
        _send(world, 'red', red.number, url, _body(REVERSED, item, ''))


def _body(interface, data, error):
    """`data` is packed only when it is sent, so that it can still be forged."""
    return {'interfaceCode': interface, 'returnCode': BAD if error else GOOD, 'returnMsg': error or 'success',
            'data': data, 'bizControl': ''}


def _send(world, kind, about, url, body):
    quirks = world.kingdee
    due = world.clock.now() + timedelta(seconds=quirks.callback_delay + first_wait(quirks))
    # Amounts are Decimals here; what is stored and sent is plain JSON.
    delivery = Delivery(world.next_delivery(), kind, about, url, copy.deepcopy(body), due,
                        'held' if quirks.hold_callbacks else 'waiting')
    world.deliveries[delivery.key] = delivery
    world.keep(delivery)
    return delivery


def first_wait(quirks):
    return float(quirks.callback_intervals[0]) if quirks.callback_intervals else 0


def wire_body(delivery, quirks):
    """What goes out."""
    return {**delivery.body, 'data': packed(delivery.body['data'], quirks.callback_data)}


def repeat(world, about, times):
    """Sends again what was sent about this bill or fapiao, or everything."""
    found = [each for each in world.deliveries.values() if about in (None, each.about)]
    return [_send(world, each.kind, each.about, each.url, each.body) for _ in range(times) for each in found]


def forge(world, number, url, bill, changes):
    """A body that isn't true: of a bill there is, changed; or of one nobody pushed."""
    if not url:
        raise Refused('未配置回调地址')
    key = world.kingdee.callback_lines_key
    items = query.invoices(world, bill, key) if bill else []
    if bill and not items:
        items = [told.unissued(world, bill.draft, number, number, '', '', key)]
    items = items or [{'billNo': number, 'serialNo': number, 'invoiceStatus': told.NORMAL,
                       'issueErrorMessage': '', world.kingdee.number_key: '26319999' + '9' * 12}]
    items = [{**item, **changes} for item in items]
    data = items if _style(world, bill.system if bill else '') in ('bill', 'both') else items[0]
    return _send(world, 'forged', number, url, _body(OPENED, data, ''))


def release(world, order):
    """Lets held callbacks go, in this order: sent | reversed, or a list of their numbers."""
    held = [each for each in world.deliveries.values() if each.state == 'held']
    if isinstance(order, (list, tuple)):
        held = [world.deliveries[str(number)] for number in order]
    elif order == 'reversed':
        held.reverse()
    for place, delivery in enumerate(held):
        delivery.state = 'waiting'
        # A microsecond apart: the courier goes by time.
        delivery.due_at = world.clock.now() + timedelta(microseconds=place)
        world.keep(delivery)
    return held
