"""The red letter: its confirmation form, and the red fapiao (protocol: "(red)")."""
from datetime import datetime

from ..bureau import issue as bureau
from ..bureau import red
from ..clock import SHANGHAI, dashed
from ..errors import Refused
from ..records import RedLine
from . import auth, callbacks, queue, told, values
from .protocol import Answer

# The application counts 1–4, the direct call 01–04; that both mean the same is ours [?].
REASONS = {'1': '01', '2': '02', '3': '03', '4': '04'}
TYPES = {'01': True, '02': False, '08xdp': True, '10xdp': False}    # special?
NOT_FOUND = '未查询到发票{}'
SELLER = '2'
IDENTITIES = {'0': '2', '1': '3'}       # enteridentity → side: 0 seller, 1 buyer [?]
PAGE_SIZE = 50
LINE_FIELDS = {
    'lineProperty', 'originalSeq', 'originaldetailRowNo', 'billSourceId', 'goodsCode', 'goodsName',
    'revenueCode', 'specification', 'units', 'quantity', 'price', 'amount', 'taxRate', 'taxAmount',
    'privilegeFlag', 'privilegeContent', 'remark', 'detailId'}


def apply(exchange):
    """REDCONFIRMBILL.APPLY: a form, applied for by the seller; its orderNo leads to one form only."""
    exchange.demand('orderNo', 'invoiceNo', 'redReason')
    reason = values.choice(exchange.data, 'redReason', REASONS)
    blue = _blue(exchange, exchange.text('invoiceNo'))
    form = _form_of_order(exchange, exchange.text('orderNo'))
    if form is not None and form.digest != exchange.digest():
        raise Refused(f'申请单号{form.order}已存在且内容不一致')
    if form is None:
        form = _new_form(exchange, blue, REASONS[reason], exchange.text('orderNo'))
    return Answer(_form(exchange.world, form))


def _new_form(exchange, blue, reason, order):
    form = red.apply(exchange.world, blue, reason, SELLER, 'kingdee', _lines(exchange, blue))
    form.order, form.digest, form.tenant = order, exchange.digest(), exchange.realm
    return form


def _form_of_order(exchange, order):
    if not exchange.world.settings.deduplicate:
        return None
    return next((form for form in exchange.world.red_forms.values()
                 if (form.order, form.tenant) == (order, exchange.realm)), None)


def _blue(exchange, number):
    """The fapiao to be reversed: the tenant's own, of the type named."""
    blue = exchange.world.fapiao.get(number)
    if blue is None or blue.seller_no not in exchange.tenant.tax_nos or not exchange.world.is_shown(blue):
        raise Refused(NOT_FOUND.format(number))
    if exchange.text('sellerTaxpayerId') not in ('', blue.seller_no):
        raise Refused(NOT_FOUND.format(number))
    kind = values.choice(exchange.data, 'invoiceType', TYPES)
    if TYPES[kind] != blue.special:
        raise Refused(f'发票类型{kind}与蓝字发票不一致')
    return blue


# --- parts ---

def _lines(exchange, blue):
    """invoiceDetail as parts of the blue lines; without it everything that is left is meant."""
    given = exchange.data.get('invoiceDetail')
    if given in (None, []):
        return ()
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Refused('invoiceDetail应为明细数组')
    return [_line(row, position, blue, exchange.quirks) for position, row in enumerate(given, 1)]


def _line(row, position, blue, quirks):
    """Amounts are negative and exclude tax; they name their blue line in originalSeq, from 1."""
    try:
        if quirks.strict_keys:
            values.known(row, LINE_FIELDS, '明细')
        values.demand(row, ('originalSeq', 'amount', 'taxAmount'))
        amount, tax = values.money(row, 'amount'), values.money(row, 'taxAmount')
        quantity, price = values.number(row, 'quantity', 13), values.number(row, 'price', 13)
        place = values.number(row, 'originalSeq', 0)
        if amount >= 0 or tax > 0 or (quantity is not None and quantity >= 0):
            raise Refused('红字明细金额、税额和数量应为负数')
        if not 1 <= place <= len(blue.lines):
            raise Refused(f'originalSeq{place}不存在')
        line = blue.lines[int(place) - 1]
        _check_like(row, line)
    except Refused as error:
        raise Refused(f'第{position}行:{error.text}') from None
    if line.inclusive:
        amount, price = amount + tax, price and price * (1 + line.rate)
    return RedLine(int(place) - 1, -amount, -tax, quantity and -quantity, price)


def _check_like(row, line):
    for key, value in (('goodsName', line.name), ('revenueCode', line.code)):
        if values.text(row, key) not in ('', value):
            raise Refused(f'{key}与蓝字发票明细不一致')
    rate = values.number(row, 'taxRate')
    if rate is not None and rate != line.rate:
        raise Refused('taxRate与蓝字发票明细不一致')


# --- the form ---

def query_forms(exchange):
    """ALLE.REDCONFIRMBILL.QUERY: by number, or by the day it was applied for; by page."""
    exchange.demand('taxpayerId')
    number, world = exchange.text('taxpayerId'), exchange.world
    page, size = _count(exchange, 'pageNo', 1, 10**6), _count(exchange, 'pageSize', PAGE_SIZE, PAGE_SIZE)
    side = exchange.text('identity')
    found = [form for form in world.red_forms.values()
             if number in _parties(world, form) and exchange.text('redInfoBillNo') in ('', form.number)
             and (not side or IDENTITIES.get(side) == form.side) and _in_period(exchange, form)]
    return Answer({'dataList': [_form(world, form) for form in found[(page - 1) * size:page * size]],
                   'pageNo': page, 'pageSize': size, 'totalElement': len(found)})


def _count(exchange, key, default, most):
    value = values.number(exchange.data, key, 0)
    if value is None:
        return default
    if not 0 < value <= most:
        raise Refused(f'{key}应为1至{most}')
    return int(value)


def _parties(world, form):
    blue = world.fapiao[form.blue]
    return blue.seller_no, blue.buyer_no


def _in_period(exchange, form):
    day = f'{form.applied_at:%Y-%m-%d}'
    start, end = (_day(exchange, key) for key in ('startDate', 'endDate'))
    return (not start or start <= day) and (not end or day <= end)


def _day(exchange, key):
    text = exchange.text(key)
    if not text:
        return ''
    try:
        return f'{datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=SHANGHAI):%Y-%m-%d}'
    except ValueError:
        raise Refused(f'{key}格式不正确,应为yyyy-MM-dd') from None


def _form(world, form):
    """The keys of [docs], and beside them what a person would look for [?]."""
    blue = world.fapiao[form.blue]
    net, tax, made = blue.net, blue.tax, world.fapiao.get(form.red_number)
    if form.lines:
        net = sum(part.amount - part.tax * blue.lines[part.row].inclusive for part in form.lines)
        tax = sum(part.tax for part in form.lines)
    return {
        'orderNo': form.order, 'redInfoBillNo': form.number, 'govRedConfirmBillUuid': form.uid,
        'redConfirmBillStatus': form.state, 'redConfirmEnterDate': dashed(form.applied_at),
        'redReason': form.reason, 'originalInvoiceNumber': form.blue,
        'invoiceNum': made.number if made and world.is_shown(made) else '',
        'sellerName': blue.seller_name, 'sellerTaxpayerId': blue.seller_no, 'buyerName': blue.buyer_name,
        'buyerTaxpayerId': blue.buyer_no, 'totalAmount': -net, 'totalTaxAmount': -tax}


def revoke(exchange):
    """REDCONFIRMBILL.REVOKE [docs]: whoever entered the form takes it back."""
    exchange.demand('taxNo', 'number', 'enteridentity', 'qrlx')
    form = _form_there(exchange, exchange.text('number'))
    if exchange.text('qrlx') != 'C':
        raise Refused('确认类型qrlx应为C')
    if IDENTITIES.get(exchange.text('enteridentity')) != form.side:
        raise Refused('只有录入方可以撤销红字确认单')
    red.act(exchange.world, form, 'withdraw')
    return Answer(text='撤销成功')


def _form_there(exchange, number):
    form = exchange.world.red_forms.get(number)
    if form is None or not set(_parties(exchange.world, form)) & set(exchange.tenant.tax_nos):
        raise Refused(f'红字确认单{number}不存在')
    return form


# --- the red fapiao ---

def issue(exchange):
    """ALLE.INVOICE.RED: from the form named, or from one it applies for itself."""
    exchange.demand('serialNo', 'invoiceNum', 'sellerTaxpayerId')
    auth.demand_tax_no(exchange, exchange.text('sellerTaxpayerId'))
    world, serial = exchange.world, exchange.text('serialNo')
    request = bureau.request_for(world, serial, 'kingdee', exchange.tax_no, exchange.digest(), exchange.realm)
    if request.count and world.settings.deduplicate:
        if request.digest != exchange.digest() and world.settings.repeat_answers != 'success':
            raise Refused(f'流水号{serial}已存在且内容不一致')
        return answer(exchange, world.fapiao[request.numbers[0]])
    blue = _blue(exchange, exchange.text('invoiceNum'))
    form = _form_to_issue(exchange, blue, request)
    if form.state not in red.ISSUABLE:
        raise Refused(f'红字确认单{form.number}状态为{red.STATES[form.state]},不能开具红字发票')
    queue.check_session(world, blue.seller_no)
    made = bureau.red(world, request, form)
    callbacks.reversed_(world, made, exchange.tenant.account_id, exchange.system)
    return answer(exchange, made)


def _form_to_issue(exchange, blue, request):
    world, number = exchange.world, exchange.text('redInfoBillNo')
    if number:
        form = _form_there(exchange, number)
        if form.blue != blue.number:
            raise Refused(f'红字确认单{number}与原发票号码不匹配')
        if form.red_number and world.settings.deduplicate:
            raise Refused(f'该红字确认单已开具红字发票{form.red_number}')
        return form
    reason = values.choice(exchange.data, 'redReason', tuple(REASONS.values()))
    if request.count:
        return world.red_forms[world.fapiao[request.numbers[0]].red_form]   # carried out twice
    latest = red.latest(world, blue.number)
    if latest is not None and latest.state in red.OPEN and not latest.red_number:
        # The form this call left waiting for the buyer: it goes on from there.
        return latest
    return _new_form(exchange, blue, reason, exchange.text('serialNo'))


def answer(exchange, made):
    if exchange.quirks.red_answer == 'accepted':
        return Answer(text='红冲请求已受理,结果请等待回调')
    serial = exchange.text('serialNo')
    return Answer(told.fapiao(exchange.world, made, '', serial, exchange.quirks.query_lines_key), '红冲成功')
