"""Booking (入账) and selecting for deduction (勾选): each fapiao of a call succeeds or fails by itself."""

import re

from ..bureau import inbound
from ..errors import Refused
from . import values
from .inbound import find_task, new_task
from .inbound_rows import NUMBER_KEYS
from .protocol import Answer

PURPOSES = ('1', '2', '3', '4')  # [?] deductionPurpose; 1 is the plain deduction
MOMENT = re.compile(r'\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?', re.ASCII)
STATUSES = (inbound.BOOKED, inbound.BOOKED_ONLY, inbound.TAKEN_BACK)  # [?] nextEntryMarkStatus


def recorded(exchange):
    exchange.demand('taxNo', 'nextEntryMarkStatus')
    status = values.choice(exchange.data, 'nextEntryMarkStatus', STATUSES)

    def act(row, item):
        moment = values.text(item, 'recordedTime')
        if status != inbound.TAKEN_BACK:
            values.demand(item, ('recordedTime', 'recordedPeriod'))
            if not MOMENT.fullmatch(moment):
                raise Refused('recordedTime格式不正确')
        inbound.book(exchange.world, row, status, moment, values.text(item, 'recordedPeriod'))

    return _each(exchange, 'recorded', act, exchange.quirks.recorded_as == 'task')


def select(exchange):
    quirks = exchange.quirks
    exchange.demand('taxNo', 'authenticateFlag')
    flag = values.choice(exchange.data, 'authenticateFlag', (quirks.select_flag, quirks.unselect_flag))
    purpose = values.choice(exchange.data, 'deductionPurpose', PURPOSES, '1')
    period = values.text(exchange.data, 'taxPeriod')  # [?] the key

    def act(row, item):
        if flag == quirks.unselect_flag:
            inbound.unselect(exchange.world, row)
        else:
            inbound.select(exchange.world, row, purpose, period)

    return _each(exchange, 'select', act, quirks.select_as == 'task')


def recorded_query(exchange):
    """By taskNo what became of a call; without one, how the fapiao named are booked [?]."""
    exchange.demand('taxNo')
    if exchange.text('taskNo'):
        return Answer(find_task(exchange, ('recorded',)).outcome, '成功')
    shown = []
    for item in _items(exchange):
        row = _row(exchange, item)
        mark = row and inbound.mark_for(exchange.world, row)
        shown.append(
            {
                **_named(item),
                'entryMarkStatus': mark.booked if mark else '',
                'recordedTime': mark.booked_at if mark else '',
                'recordedPeriod': mark.booked_period if mark else '',
            }
        )
    return Answer({'invoices': shown}, '成功')


def select_query(exchange):
    exchange.demand('taxNo', 'taskNo')
    return Answer(find_task(exchange, ('select',)).outcome, '成功')


def _each(exchange, kind, act, by_task):
    outcome = {'success': [], 'fail': []}
    for item in _items(exchange):
        try:
            row = _row(exchange, item)
            if row is None:
                raise Refused('发票不存在')
            act(row, item)
            outcome['success'].append(_named(item))
        except Refused as error:
            outcome['fail'].append(
                {
                    **_named(item),
                    'errorCode': exchange.quirks.failure_code,
                    exchange.quirks.fail_text_key: error.text,
                }
            )
    if not by_task:
        return Answer(outcome, '成功')
    return Answer({'taskNo': new_task(exchange, kind, outcome=outcome).number}, '成功')


def _items(exchange):
    given = exchange.data.get('invoices')
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise Refused('参数invoices应为发票数组且不能为空')
    if len(given) > exchange.quirks.batch_limit:
        raise Refused(f'一次最多{exchange.quirks.batch_limit}张发票')
    return given


def _row(exchange, item):
    number = next(filter(None, (values.text(item, key) for key in NUMBER_KEYS)), '')
    if not number:
        raise Refused('参数invoiceNo不能为空')
    return inbound.find(exchange.world, exchange.tax_no, number, values.text(item, 'invoiceCode'))


def _named(item):
    """What tells this fapiao in the caller's own words."""
    return {
        key: item.get(key) or ''
        for key in ('invoiceCode', 'invoiceNo', 'serialNo', 'serilNo', 'etaxInvoiceNo')
        if key in item
    }
