"""Booking (入账) and selecting for deduction (勾选): each fapiao of a call succeeds or fails separately."""

import re

from .. import values
from ..bureau import inbound
from ..errors import Refused
from ..protocol import Answer, words
from .envelope import FAILURE
from .inbound import NUMBER_KEYS, find_task, new_task

SELECT, UNSELECT = "1", "0"  # [?] authenticateFlag
PURPOSES = ("1", "2", "3", "4")  # [?] deductionPurpose; 1 is the plain deduction
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?", re.ASCII)
STATUSES = (inbound.BOOKED, inbound.BOOKED_ONLY, inbound.TAKEN_BACK)  # [?] nextEntryMarkStatus
NAMES = words("invoiceCode invoiceNo serialNo serilNo etaxInvoiceNo")
MAX_FAPIAO = 500  # [?] a call


def recorded(exchange):
    exchange.demand("taxNo", "nextEntryMarkStatus")
    status = values.choice(exchange.data, "nextEntryMarkStatus", STATUSES)

    def act(row, item):
        moment = values.text(item, "recordedTime")
        if status != inbound.TAKEN_BACK:
            values.demand(item, ("recordedTime", "recordedPeriod"))
            if not MOMENT.fullmatch(moment):
                raise Refused("recordedTime格式不正确")
        inbound.book(exchange.world, row, status, moment, values.text(item, "recordedPeriod"))

    outcome = _each(exchange, act)
    return Answer(outcome, "成功") if exchange.quirks.recorded_as == "direct" else _task(exchange, "recorded", outcome)


def select(exchange):
    exchange.demand("taxNo", "authenticateFlag")
    flag = values.choice(exchange.data, "authenticateFlag", (SELECT, UNSELECT))
    purpose = values.choice(exchange.data, "deductionPurpose", PURPOSES, "1")
    period = values.text(exchange.data, "taxPeriod")  # [?] the key

    def act(row, item):
        if flag == UNSELECT:
            inbound.unselect(exchange.world, row)
        else:
            inbound.select(exchange.world, row, purpose, period)

    return _task(exchange, "select", _each(exchange, act))


def _task(exchange, kind, outcome):
    return Answer({"taskNo": new_task(exchange, kind, outcome=outcome).number}, "成功")


def recorded_query(exchange):
    """By taskNo what became of a call; without one, how the fapiao named are booked [?]."""
    exchange.demand("taxNo")
    if exchange.text("taskNo"):
        return Answer(find_task(exchange, ("recorded",)).outcome, "成功")
    shown = []
    for item in _items(exchange):
        row = _row(exchange, item)
        mark = inbound.mark_for(exchange.world, row) if row else inbound.Mark("", "", "", booked="")
        booked = {"entryMarkStatus": mark.booked, "recordedTime": mark.booked_at, "recordedPeriod": mark.booked_period}
        shown.append({**_named(item), **booked})
    return Answer({"invoices": shown}, "成功")


def select_query(exchange):
    exchange.demand("taxNo", "taskNo")
    return Answer(find_task(exchange, ("select",)).outcome, "成功")


def _each(exchange, act):
    outcome = {"success": [], "fail": []}
    for item in _items(exchange):
        try:
            row = _row(exchange, item)
            if row is None:
                raise Refused("发票不存在")
            act(row, item)
            outcome["success"].append(_named(item))
        except Refused as error:
            # [?] under which key a failed one says why
            outcome["fail"].append({**_named(item), "errorCode": FAILURE, "message": error.text})
    return outcome


def _items(exchange):
    given = exchange.data.get("invoices")
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise Refused("参数invoices应为发票数组且不能为空")
    if len(given) > MAX_FAPIAO:
        raise Refused(f"一次最多{MAX_FAPIAO}张发票")
    return given


def _row(exchange, item):
    number = next(filter(None, (values.text(item, key) for key in NUMBER_KEYS)), "")
    if not number:
        raise Refused("参数invoiceNo不能为空")
    return inbound.find(exchange.world, exchange.tax_no, number, values.text(item, "invoiceCode"))


def _named(item):
    """What tells this fapiao in the caller's own words."""
    return {key: item.get(key) or "" for key in NAMES if key in item}
