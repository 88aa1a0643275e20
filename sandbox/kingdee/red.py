"""The red letter: its confirmation form, and the red fapiao."""

from .. import values
from ..bureau import issue as bureau
from ..bureau import red
from ..clock import dashed
from ..protocol import Answer, Refused, renamed, words
from ..records import RedLine
from . import callbacks, queue, told

# The application counts 1–4, the direct call 01–04; that both mean the same is ours [?].
REASONS = {"1": "01", "2": "02", "3": "03", "4": "04"}
TYPES = {"01": True, "02": False, "08xdp": True, "10xdp": False}  # special?
SELLER, BUYER = "2", "3"
IDENTITIES = {"0": "2", "1": "3"}  # enteridentity → side: 0 seller, 1 buyer [?]
PAGE_SIZE = 50
LINE_FIELDS = words("""
    lineProperty originalSeq originaldetailRowNo billSourceId goodsCode goodsName revenueCode specification units
    quantity price amount taxRate taxAmount privilegeFlag privilegeContent remark detailId""")


def apply(exchange):
    """REDCONFIRMBILL.APPLY: a form, applied for by the seller; its orderNo leads to one form only."""
    exchange.demand("orderNo", "invoiceNo", "redReason")
    order, reason = exchange.text("orderNo"), values.choice(exchange.data, "redReason", REASONS)
    blue = _blue(exchange, exchange.text("invoiceNo"))
    key, forms = (order, exchange.realm), exchange.world.red_forms.values()
    form = next((each for each in forms if (each.order, each.tenant) == key), None)
    if form is None or not exchange.world.settings.deduplicate:
        form = _new_form(exchange, blue, REASONS[reason], order)
    elif form.digest != exchange.digest():
        raise Refused(f"申请单号{form.order}已存在且内容不一致")
    return Answer(_form(exchange.world, form))


def _new_form(exchange, blue, reason, order):
    form = red.apply(exchange.world, blue, reason, SELLER, "kingdee", _lines(exchange, blue))
    form.order, form.digest, form.tenant = order, exchange.digest(), exchange.realm
    return form


def _blue(exchange, number):
    """The fapiao to be reversed: the tenant's own, of the type named."""
    blue = exchange.world.fapiao.get(number)
    own = blue is not None and blue.seller_no in exchange.tenant.tax_nos and exchange.world.is_shown(blue)
    if not own or exchange.text("sellerTaxpayerId") not in ("", blue.seller_no):
        raise Refused(f"未查询到发票{number}")
    kind = values.choice(exchange.data, "invoiceType", TYPES)
    if TYPES[kind] != blue.special:
        raise Refused(f"发票类型{kind}与蓝字发票不一致")
    return blue


# --- parts ---


def _lines(exchange, blue):
    """invoiceDetail as parts of the blue lines; without it everything that is left is meant."""
    given = exchange.data.get("invoiceDetail") or []
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Refused("invoiceDetail应为明细数组")
    lines = []
    for position, row in enumerate(given, 1):
        with values.row(position):
            lines.append(_line(row, blue))
    return lines


def _line(row, blue):
    """Amounts are negative and exclude tax; they name their blue line in originalSeq, from 1."""
    values.known(row, LINE_FIELDS, "明细")
    values.demand(row, ("originalSeq", "amount", "taxAmount"))
    amount, tax = values.money(row, "amount"), values.money(row, "taxAmount")
    quantity, price = values.number(row, "quantity", 13), values.number(row, "price", 13)
    place = values.number(row, "originalSeq", 0)
    if amount >= 0 or tax > 0 or (quantity is not None and quantity >= 0):
        raise Refused("红字明细金额、税额和数量应为负数")
    if not 1 <= place <= len(blue.lines):
        raise Refused(f"originalSeq{place}不存在")
    line = blue.lines[int(place) - 1]
    for key, value in (("goodsName", line.name), ("revenueCode", line.code)):
        if values.text(row, key) not in ("", value):
            raise Refused(f"{key}与蓝字发票明细不一致")
    if values.number(row, "taxRate") not in (None, line.rate):
        raise Refused("taxRate与蓝字发票明细不一致")
    if line.inclusive:
        amount, price = amount + tax, price and price * (1 + line.rate)
    return RedLine(int(place) - 1, -amount, -tax, quantity and -quantity, price)


# --- the form ---


def query_forms(exchange):
    """ALLE.REDCONFIRMBILL.QUERY: by number, or by the day it was applied for, of either side (`identity`)."""
    number, world = exchange.text("redInfoBillNo"), exchange.world
    side = values.choice(exchange.data, "identity", tuple(IDENTITIES), "any")
    first, last = (values.day(exchange.data, key) for key in ("startDate", "endDate"))
    found = [
        _form(world, form)
        for form in world.red_forms.values()
        if exchange.text("taxpayerId") in _sides(world, form, side)
        and number in ("", form.number)
        and (not first or first <= form.applied_at.date())
        and (not last or form.applied_at.date() <= last)
    ]
    # The keys that ask for a page are ours [?]: those of the answer.
    page = int(values.number(exchange.data, "pageNo", 0) or 1)
    size = min(int(values.number(exchange.data, "pageSize", 0) or PAGE_SIZE), PAGE_SIZE)
    shown = found[(page - 1) * size : page * size]
    return Answer({"dataList": shown, "pageNo": page, "pageSize": size, "totalElement": len(found)})


def _sides(world, form, side):
    seller, buyer = _parties(world, form)
    return {"0": (seller,), "1": (buyer,)}.get(side, (seller, buyer))


def _parties(world, form):
    blue = world.fapiao[form.blue]
    return blue.seller_no, blue.buyer_no


def _form(world, form):
    """The keys of [docs], and beside them what a person would look for [?]."""
    blue = world.fapiao[form.blue]
    net, tax, made = blue.net, blue.tax, world.fapiao.get(form.red_number)
    if form.lines:
        net = sum(part.amount - part.tax * blue.lines[part.row].inclusive for part in form.lines)
        tax = sum(part.tax for part in form.lines)
    parties = "sellerName=seller_name sellerTaxpayerId=seller_no buyerName=buyer_name buyerTaxpayerId=buyer_no"
    own = """
        orderNo=order redInfoBillNo=number govRedConfirmBillUuid=uid redConfirmBillStatus=state redReason=reason
        originalInvoiceNumber=blue"""
    return {
        **renamed(own, form),
        "redConfirmEnterDate": dashed(form.applied_at),
        "redInvoiceNum": made.number if made and world.is_shown(made) else "",
        **renamed(parties, blue),
        "totalAmount": -net,
        "totalTaxAmount": -tax,
    }


def revoke(exchange):
    """REDCONFIRMBILL.REVOKE [docs]: enteridentity says which side entered the form [?], taxNo who withdraws it."""
    form = _form_there(exchange, exchange.text("number"))
    if exchange.text("qrlx") != "C":
        raise Refused("确认类型qrlx应为C")
    if IDENTITIES.get(exchange.text("enteridentity")) != form.side:
        raise Refused("录入方身份与红字确认单不一致")
    seller, _buyer = _parties(exchange.world, form)
    red.withdraw(exchange.world, form, SELLER if exchange.text("taxNo") == seller else BUYER)
    return Answer(text="撤销成功")


def _form_there(exchange, number):
    form = exchange.world.red_forms.get(number)
    if form is None or not set(_parties(exchange.world, form)) & set(exchange.tenant.tax_nos):
        raise Refused(f"红字确认单{number}不存在")
    return form


# --- the red fapiao ---


def issue(exchange):
    """ALLE.INVOICE.RED: from the form named, or from one it applies for itself."""
    world, serial = exchange.world, exchange.text("serialNo")
    request = bureau.request_for(world, serial, "kingdee", exchange.tax_no, exchange.digest(), exchange.realm)
    if request.numbers and world.settings.deduplicate:
        if request.digest != exchange.digest():
            raise Refused(f"流水号{serial}已存在且内容不一致")
        return answer(exchange, world.fapiao[request.numbers[0]])
    blue = _blue(exchange, exchange.text("invoiceNum"))
    form = _form_to_issue(exchange, blue, request)
    if form.state not in red.ISSUABLE:
        raise Refused(f"红字确认单{form.number}状态为{red.STATES[form.state]},不能开具红字发票")
    queue.check_session(world, blue.seller_no)
    made = bureau.red(world, request, form)
    callbacks.reversed_(world, made, exchange.tenant.account_id, exchange.system)
    return answer(exchange, made)


def _form_to_issue(exchange, blue, request):
    world, number = exchange.world, exchange.text("redInfoBillNo")
    if number:
        form = _form_there(exchange, number)
        if form.blue != blue.number:
            raise Refused(f"红字确认单{number}与原发票号码不匹配")
        if form.red_number and world.settings.deduplicate:
            raise Refused(f"该红字确认单已开具红字发票{form.red_number}")
        return form
    reason = values.choice(exchange.data, "redReason", tuple(REASONS.values()))
    if request.numbers:
        return world.red_forms[world.fapiao[request.numbers[0]].red_form]  # carried out twice
    latest = red.latest(world, blue.number)
    if latest is not None and latest.state in red.OPEN and not latest.red_number:
        # The form this call left waiting for the buyer: it goes on from there.
        return latest
    return _new_form(exchange, blue, reason, exchange.text("serialNo"))


def answer(exchange, made):
    return Answer(told.fapiao(exchange.world, made, "", exchange.text("serialNo")), "红冲成功")
