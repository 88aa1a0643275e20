"""BILL.WITHDRAW: takes bills back, as long as nothing of them is issued."""
from ..errors import Refused
from . import queue
from .protocol import Answer
from .push import failure, outcome

MAX_BILLS = 50


def withdraw(exchange):
    exchange.demand('sellerTaxpayerId')
    numbers = exchange.data.get('serialNos') if isinstance(exchange.data, dict) else None
    if not isinstance(numbers, list) or not numbers:
        raise Refused('参数serialNos应为单据编号数组且不能为空')
    if len(numbers) > MAX_BILLS:
        raise Refused(f'一次最多撤回{MAX_BILLS}张单据')
    quirks = exchange.quirks
    errors = {number: _trouble(exchange, number) for number in map(str, numbers)}
    if not (quirks.withdraw_all_or_none and any(errors.values())):
        for number, error in errors.items():
            if error is None:
                for bill in _bills(exchange, number):
                    queue.end(exchange.world, bill, 'withdrawn')
    listed = [outcome(number, error, quirks) for number, error in errors.items()]
    data = listed if quirks.withdraw_list else None
    troubles = [error for error in errors.values() if error]
    if not troubles:
        return Answer(data, '撤回成功')
    return Answer(data, ';'.join(error.text for error in troubles), failure(troubles[0], quirks))


def _trouble(exchange, number):
    """Why this bill can't be taken back, or None."""
    try:
        for bill in _bills(exchange, number):
            queue.demand_unissued(exchange.world, bill)
    except Refused as error:
        return error
    return None


def _bills(exchange, number):
    """One, unless the cloud de-duplicates nothing."""
    bills = queue.standing(exchange.world, exchange.text('sellerTaxpayerId'), number,
                           exchange.tenant.account_id)
    if not bills:
        raise Refused(f'单据{number}不存在')
    return bills
