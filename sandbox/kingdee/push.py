"""BILL.PUSH: an array of bills, each checked as the bureau would, each entered once; and BILL.WITHDRAW."""

from .. import values
from ..bureau import heads, lines
from ..errors import Refused
from ..protocol import Answer, digest
from . import auth, bill, callbacks, queue, split
from .envelope import failure
from .records import Bill

MAX_BILLS, MAX_WITHDRAWN = 100, 50  # the first is ours [?]
EXISTS = "单据编号{}已存在,请勿重复推送"
CHANGED = "单据编号{}已存在且内容不一致,请更换单据编号"
FREE = ("withdrawn", "returned")  # [?] states after which a number may come again


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
    return _answer(zip(numbers, results, strict=True), "推单成功")


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
        draft = bill.read(item, exchange.quirks)
        _check(exchange.world, draft)
        return queue.new_bill(exchange, draft, content, bill.is_automatic(item))
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


def _check(world, draft):
    """The bureau's checks, except the credit line, which counts when a fapiao is issued."""
    seller = world.taxpayer(draft.seller_no)
    heads.check_totals(draft)
    for part in split.plan(draft, world.kingdee):
        heads.check(part, seller, world.buyers)
        lines.check(part)


def _answer(results, text):
    """[?] One line a bill; the envelope fails with the first trouble."""
    listed, trouble = [], None
    for number, result in results:
        error = result if isinstance(result, Refused) else None
        listed.append(outcome(number, error))
        trouble = trouble or error
    return Answer(listed, trouble.text, failure(trouble)) if trouble else Answer(listed, text)


def accepted(exchange):
    """All of it is taken, or so it says."""
    return _answer([(str(item.get("billNo", "")), None) for item in exchange.items], "推单成功")


def outcome(number, error):
    text, code = ("成功", "0") if error is None else (error.text, failure(error))
    return {"billNo": number, "success": error is None, "message": text, "errorCode": code}


def withdraw(exchange):
    """Takes bills back, as long as nothing of them is issued."""
    exchange.demand("sellerTaxpayerId")
    numbers = exchange.data.get("serialNos")
    if not isinstance(numbers, list) or not numbers:
        raise Refused("参数serialNos应为单据编号数组且不能为空")
    if len(numbers) > MAX_WITHDRAWN:
        raise Refused(f"一次最多撤回{MAX_WITHDRAWN}张单据")
    return _answer([(number, _withdraw(exchange, number)) for number in dict.fromkeys(map(str, numbers))], "撤回成功")


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
