"""What a caller does with bills (开票申请单): push, each checked as the bureau would; take back; ask about them."""

import re
from decimal import ROUND_HALF_UP

from .. import values
from ..bureau.checks import check_head, check_lines, check_totals
from ..protocol import Answer, Refused, digest, renamed, words
from ..records import CENT, ZERO, Fapiao, Line, request_key
from . import auth, callbacks, queue, split, told
from .auth import failure
from .records import Bill

MAX_BILLS, MAX_WITHDRAWN = 100, 50  # the first is ours [?]
EXISTS = "单据编号{}已存在,请勿重复推送"
CHANGED = "单据编号{}已存在且内容不一致,请更换单据编号"
FREE = ("withdrawn", "returned")  # [?] states after which a number may come again
# Texts that go into the draft as they are.
TEXTS = renamed("""
    seller_no=sellerTaxpayerId seller_name=sellerName seller_address=sellerAddressAndTel
    seller_bank=sellerBankAndAccount buyer_no=buyerTaxpayerId buyer_name=buyerName
    buyer_address=buyerAddressAndTel buyer_bank=buyerBankAndAccount buyer_mail=buyerRecipientMail
    buyer_phone=buyerRecipientPhone remark drawer payee reviewer""")
REQUIRED = words("""
    billNo billDate invoiceType includeTaxFlag totalAmount sellerName sellerTaxpayerId buyerName billDetail""")
# The last three are in [docs]' example and nowhere explained.
FIELDS = {*REQUIRED, *TEXTS.values()}.union(
    words("""
    billSource priority autoInvoice autoMerge buyerProperty specialType taxationStyle orgCode blueinvoiceCode
    blueinvoiceNo redReason invoiceProperty pushMatchRules fillValueRule""")
)
LINE_REQUIRED = words("lineProperty detailId goodsName revenueCode amount taxRate")
LINE_FIELDS = {*LINE_REQUIRED}.union(
    words("""
    goodsCode specification units quantity price taxAmount privilegeFlag privilegeContent discountAmount remark""")
)
TYPES = {  # special?, and what it is made of
    "08xdp": (True, "digital"),
    "10xdp": (False, "digital"),
    "028": (True, "electronic"),
    "026": (False, "electronic"),
    "004": (True, "paper"),
    "007": (False, "paper"),
    "025": (False, "roll"),
}
NATURES = {"2": "normal", "1": "discount"}  # not 票单云's coding
ZERO_KINDS = {"免税": "exempt", "不征税": "untaxed"}
FLAG = ("0", "1")


def push(exchange):
    given = exchange.data
    if not isinstance(given, list) or not given:
        raise Refused("data应为单据数组")
    if len(given) > MAX_BILLS:
        raise Refused(f"一次最多推送{MAX_BILLS}张单据")
    results = [_read(exchange, item) for item in given]
    if exchange.world.settings.deduplicate:
        results = _without_twins(results)
    for result in results:
        if isinstance(result, Bill):
            queue.enter(exchange.world, result, exchange.defer)
    callbacks.settle(exchange.world)
    numbers = [str(item.get("billNo", "")) if isinstance(item, dict) else "" for item in given]
    return answer(zip(numbers, results, strict=True), "推单成功")


def _without_twins(results):
    """A number that comes twice in one push counts once."""
    seen, kept = set(), []
    for result in results:
        key = (result.tax_no, result.number) if isinstance(result, Bill) else None
        kept.append(Refused(EXISTS.format(result.number)) if key and key in seen else result)
        seen.add(key)
    return kept


def _read(exchange, item):
    """A bill to be entered, or why it is refused."""
    try:
        values.demand(item if isinstance(item, dict) else {}, ("billNo", "sellerTaxpayerId"))
        auth.demand_tax_no(exchange, values.text(item, "sellerTaxpayerId"))
        content = digest(item)
        _demand_new(exchange, item, content)
        draft = _read_draft(item, exchange.quirks)
        # The bureau's checks, except the credit line, which counts when a fapiao is issued.
        check_totals(draft)
        for part in split.plan(draft, exchange.quirks):
            seller = exchange.world.taxpayer(draft.seller_no)
            check_head(part, seller, exchange.world.buyers)
            check_lines(part, seller)
        about = (draft.lines[0].bill, draft.seller_no, 1, exchange.tenant.account_id, exchange.system)
        return Bill(*about, content, draft, values.choice(item, "autoInvoice", FLAG, "0") == "1")
    except Refused as error:
        return error


def _demand_new(exchange, item, content):
    """Never a second fapiao for one bill: its number is taken, whatever it says."""
    if not exchange.world.settings.deduplicate:
        return
    there = known(exchange, item)
    if there is not None and there.state not in FREE:
        raise Refused((EXISTS if there.digest == content else CHANGED).format(there.number))


def known(exchange, item):
    tax_no, number = (values.text(item, key) for key in ("sellerTaxpayerId", "billNo"))
    return queue.newest(exchange.world, tax_no, number, exchange.tenant.account_id)


def answer(results, text):
    """[?] One line a bill; the envelope fails with the first trouble."""
    listed, trouble = [], None
    for number, result in results:
        error = result if isinstance(result, Refused) else None
        listed.append(outcome(number, error))
        trouble = trouble or error
    return Answer(listed, trouble.text, failure(trouble)) if trouble else Answer(listed, text)


def outcome(number, error):
    text, code = ("成功", "0") if error is None else (error.text, failure(error))
    return {"billNo": number, "success": error is None, "message": text, "errorCode": code}


def withdraw(exchange):
    """Takes bills back, as long as nothing of them is issued."""
    numbers = exchange.data.get("serialNos")
    if not isinstance(numbers, list) or not numbers:
        raise Refused("参数serialNos应为单据编号数组且不能为空")
    if len(numbers) > MAX_WITHDRAWN:
        raise Refused(f"一次最多撤回{MAX_WITHDRAWN}张单据")
    return answer([(number, _withdraw(exchange, number)) for number in dict.fromkeys(map(str, numbers))], "撤回成功")


def _withdraw(exchange, number):
    """Why this bill can't be taken back, or None."""
    world, tax_no = exchange.world, exchange.text("sellerTaxpayerId")
    bills = queue.standing(world, tax_no, number, exchange.tenant.account_id)
    try:
        if not bills:
            raise Refused(f"单据{number}不存在")
        for each in bills:
            queue.demand_unissued(each)
        for each in bills:
            queue.end(world, each, "withdrawn")
    except Refused as error:
        return error
    return None


# --- asking ---


def query(exchange):
    number, world = exchange.text("serialNo"), exchange.world
    bills = queue.standing(world, exchange.text("sellerTaxpayerId"), number, exchange.tenant.account_id)
    if not bills:
        return _red_or_unknown(exchange, number)
    for each in bills:
        if each.state == "issuing" and each.queries_left is not None:
            each.queries_left -= 1
            callbacks.settle(world)
    if bills[-1].state == "returned":
        raise Refused(f"单据{number}已退回:{bills[-1].error}")
    entries = list(filter(None, (_entry(world, each) for each in bills)))
    if not entries:
        raise unknown(number)
    return Answer(entries)


def _entry(world, bill):
    """The entry of a bill in an answer; None while none of its fapiao is shown."""
    items = told.invoices(world, bill)
    numbers = {told.known_as(each) for each in items}
    hidden = {number for number in numbers if number and not world.is_shown(world.fapiao[number])}
    shown = [each for each in items if told.known_as(each) not in hidden]
    return {"billNo": bill.number, "invoiceList": shown} if shown or not items else None


def unknown(number):
    return Refused(f"未查询到单据{number}")


def _red_or_unknown(exchange, serial):
    """A serialNo under which ALLE.INVOICE.RED reversed something leads to the red fapiao [?]."""
    fapiao = _by_serial(exchange, serial)
    if not _is_told(exchange, fapiao):
        raise unknown(serial)
    return Answer([{"billNo": serial, "invoiceList": [told.fapiao(exchange.world, fapiao, serial, serial)]}])


def query_fapiao(exchange):
    """ALLE.INVOICE.QUERY [clients]: one fapiao, by the serialNo it was asked for or by number."""
    serial, number = exchange.text("serialNo"), exchange.text("invoiceNum")
    fapiao = _by_serial(exchange, serial) if serial else exchange.world.fapiao.get(number)
    if not _is_told(exchange, fapiao):
        raise Refused(f"未查询到发票{serial or number}")
    # the bureau's portal gives no serial
    serial = serial or (fapiao.request if fapiao.cloud else "")
    return Answer(told.fapiao(exchange.world, fapiao, serial, serial))


def _is_told(exchange, fapiao):
    own = fapiao is not None and fapiao.seller_no == exchange.text("sellerTaxpayerId")
    return own and exchange.world.is_shown(fapiao)


def _by_serial(exchange, serial):
    request = exchange.world.requests.get(request_key(serial, exchange.realm))
    known = request is not None and request.cloud == "kingdee" and request.numbers
    return exchange.world.fapiao[request.numbers[0]] if known else None


# --- reading a bill into a draft fapiao ---


def _read_draft(item, quirks):
    """The draft of the whole bill, not checked yet by the bureau's rules."""
    if not isinstance(item, dict):
        raise Refused("data应为单据数组")
    values.known(item, FIELDS, "单据")
    values.demand(item, REQUIRED)
    if not re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", values.text(item, "billDate")):
        raise Refused("billDate格式不正确,应为yyyy-MM-dd")
    _check_kind(item)
    number = values.text(item, "billNo", 50)  # [?] the limit
    inclusive = values.choice(item, "includeTaxFlag", FLAG) == "1"
    lines = _lines(item, inclusive, number)
    net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
    gross = values.money(item, "totalAmount")
    if quirks.total_is == "flag" and not inclusive:
        gross += tax
    return Fapiao(
        **{name: values.text(item, key) for name, key in TEXTS.items()},
        cloud="kingdee",
        natural_person=values.choice(item, "buyerProperty", FLAG, "0") == "1",
        special=TYPES[values.text(item, "invoiceType")][0],
        form=TYPES[values.text(item, "invoiceType")][1],
        levy=values.choice(item, "taxationStyle", FLAG, "0"),
        lines=lines,
        net=net,
        tax=tax,
        gross=gross,
    )


def _check_kind(item):
    kind = values.text(item, "invoiceType")
    if kind not in TYPES:
        raise Refused(f"发票类型{kind}不支持,SANDBOX只支持{'、'.join(TYPES)}")
    values.choice(item, "billSource", ("5",), "5")
    if values.text(item, "specialType"):
        raise Refused(f"特定业务类型{values.text(item, 'specialType')}未开通")
    # [clients] push negative bills; the digital red letter goes by its form.
    if any(values.text(item, key) for key in ("blueinvoiceCode", "blueinvoiceNo", "redReason")):
        raise Refused("数电票不支持负数单据,请使用红字确认单")
    values.choice(item, "autoMerge", FLAG, "0")


def _lines(item, inclusive, bill):
    given = item["billDetail"]
    if not isinstance(given, list):
        raise Refused("billDetail应为数组")
    lines, seen = [], set()
    for position, row in enumerate(given, 1):
        with values.row(position):
            if not isinstance(row, dict):
                raise Refused("明细应为对象")
            values.known(row, LINE_FIELDS, "明细")
            lines.extend(_line(row, inclusive, bill))
            if lines[-1].source in seen:
                raise Refused(f"detailId重复:{lines[-1].source}")
            seen.add(lines[-1].source)
    # A bill says 2 on a line whether or not a discount follows; the fapiao tells them apart.
    for line, after in zip(lines, lines[1:], strict=False):
        if after.nature == "discount" and line.nature == "normal":
            line.nature = "discounted"
    return lines


def _line(row, inclusive, bill):
    """A line, and behind it the discount it may carry in discountAmount."""
    values.demand(row, LINE_REQUIRED)
    nature = NATURES[values.choice(row, "lineProperty", NATURES)]
    rate, amount = values.number(row, "taxRate", 3), values.money(row, "amount")
    tax, policy = values.money(row, "taxAmount"), values.text(row, "privilegeContent")
    common = {
        "name": values.text(row, "goodsName"),
        "code": values.text(row, "revenueCode"),
        "rate": rate,
        "inclusive": inclusive,
        "policy": policy,
        "preferential": values.choice(row, "privilegeFlag", FLAG, "0") == "1",
        "zero_kind": "" if rate else ZERO_KINDS.get(policy, "zero"),
        "bill": bill,
        "source": values.text(row, "detailId", 32),
    }
    line = Line(
        **common,
        nature=nature,
        amount=amount,
        tax=_tax(amount, rate, inclusive) if tax is None else tax,
        spec=values.text(row, "specification"),
        unit=values.text(row, "units"),
        quantity=values.number(row, "quantity", 13),
        price=values.number(row, "price", 13),
    )
    if nature == "discount" and abs(_exact_tax(amount, rate, inclusive) - line.tax) > CENT:
        raise Refused(f"折扣行金额×税率与税额{line.tax}的误差超过{CENT}")
    discount = -abs(values.money(row, "discountAmount") or ZERO)
    if not discount:
        return [line]
    if nature == "discount":
        raise Refused("折扣行不能有discountAmount")
    return [line, Line(**common, nature="discount", amount=discount, tax=_tax(discount, rate, inclusive))]


def _tax(amount, rate, inclusive):
    return _exact_tax(amount, rate, inclusive).quantize(CENT, ROUND_HALF_UP)


def _exact_tax(amount, rate, inclusive):
    return amount / (1 + rate) * rate if inclusive else amount * rate
