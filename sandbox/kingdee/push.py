"""BILL.PUSH: an array of bills, each checked as the bureau would, each entered once."""
from dataclasses import replace

from ..bureau import heads, lines
from ..errors import Refused
from . import auth, bill, queue, split, values
from .protocol import Answer, digest
from .records import Bill

MAX_BILLS = 100                 # [?]
EXISTS = '单据编号{}已存在,请勿重复推送'
CHANGED = '单据编号{}已存在且内容不一致,请更换单据编号'


def push(exchange):
    given = exchange.data
    if not isinstance(given, list) or not given:
        raise Refused('data应为单据数组')
    if len(given) > MAX_BILLS:
        raise Refused(f'一次最多推送{MAX_BILLS}张单据')
    results = [_read(exchange, item) for item in given]
    if exchange.world.settings.deduplicate:
        results = _without_twins(results)
    spoilt = exchange.quirks.push_all_or_none and any(isinstance(each, Refused) for each in results)
    for result in () if spoilt else results:
        if isinstance(result, Bill):
            _enter(exchange, result)
    queue.settle(exchange.world)
    return _answer(exchange, given, results)


def _without_twins(results):
    """A number that comes twice in one push counts once."""
    seen, kept = set(), []
    for result in results:
        key = result.key if isinstance(result, Bill) else None
        kept.append(Refused(EXISTS.format(result.number)) if key and key in seen else result)
        seen.add(key)
    return kept


def _read(exchange, item):
    """A bill to be entered, None for one that is there already, or why it is refused."""
    try:
        values.demand(item if isinstance(item, dict) else {}, ('billNo', 'sellerTaxpayerId'))
        auth.demand_tax_no(exchange, values.text(item, 'sellerTaxpayerId'))
        content = digest(item)
        if _is_known(exchange, item, content):
            return None
        draft = bill.read(item, exchange.quirks)
        check(exchange.world, draft)
        return queue.new_bill(exchange.world, exchange, draft, content, *bill.flags(item))
    except Refused as error:
        return error


def _is_known(exchange, item, content):
    """Never a second fapiao for one bill: its number is taken, whatever it says."""
    if not exchange.world.settings.deduplicate:
        return False
    number = values.text(item, 'billNo')
    there = queue.newest(exchange.world, values.text(item, 'sellerTaxpayerId'), number,
                         exchange.tenant.account_id)
    if there is None or there.state in exchange.quirks.reusable_after:
        return False
    if exchange.world.settings.repeat_answers == 'success':
        return True
    if there.digest != content:
        raise Refused(CHANGED.format(number))
    if exchange.quirks.repeated_push == 'refuse':
        raise Refused(EXISTS.format(number))
    return True


def check(world, draft):
    """The bureau's checks, except the credit line, which counts when a fapiao is issued."""
    seller = world.taxpayer(draft.seller_no)
    heads.check_totals(draft, world.settings)
    for part in split.plan(draft, world.kingdee):
        heads.check(part, seller, world.buyers, world.settings)
        lines.check(part, world.settings)


def _enter(exchange, entered):
    defer = exchange.defer
    if defer is None:
        queue.enter(exchange.world, entered)
    else:
        queue.enter(exchange.world, replace(entered, auto=True), defer.params.get('seconds', 60),
                    defer.params.get('queries'))


def _answer(exchange, given, results):
    """[?] One line a bill; the envelope fails with the first trouble."""
    troubles = [each for each in results if isinstance(each, Refused)]
    listed = [_line(item, result, exchange.quirks) for item, result in zip(given, results, strict=True)]
    data = listed if exchange.quirks.push_list else None
    if not troubles:
        return Answer(data, '推单成功')
    first = troubles[0]
    return Answer(data, first.text, failure(first, exchange.quirks))


def accepted(exchange):
    """All of it is taken, or so it says."""
    return _answer(exchange, exchange.items, [None] * len(exchange.items))


def is_repeated(exchange):
    """Is every bill of this push there already?"""
    there = [queue.newest(exchange.world, str(item.get('sellerTaxpayerId')), str(item.get('billNo')),
                          exchange.tenant.account_id) for item in exchange.items]
    return bool(there) and all(there)


def _line(item, result, quirks):
    number = str(item.get('billNo', '')) if isinstance(item, dict) else ''
    return outcome(number, result if isinstance(result, Refused) else None, quirks)


def outcome(number, error, quirks):
    return {'billNo': number, 'success': error is None, 'message': '成功' if error is None else error.text,
            'errorCode': quirks.success_code if error is None else failure(error, quirks)}


def failure(error, quirks):
    """999 is Refused's own default: a refusal without a code of this cloud."""
    return quirks.failure_code if error.code == 999 else str(error.code)
