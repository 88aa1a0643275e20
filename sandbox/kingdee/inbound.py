"""Received fapiao: logging in to the bureau, and the tasks that bring them in pages."""

import re
import uuid
from datetime import date

from .. import values
from ..bureau import inbound
from ..bureau.inbound import Wish, mark_for, status_of
from ..bureau.received import KINDS, lines_of
from ..errors import Refused
from ..protocol import Answer, renamed, words
from . import queue
from .records import InboundTask

DOWNLOADS = ("headers", "full")
# authenticateFlags: 1 not selected, 2 selected, 3 scanned; nothing is scanned any more.
FLAGS = {"1": False, "2": True, "3": True}
RUNNING_CODE = "6910"
RUNNING = "任务正在执行中,请稍后查询"  # [?]
UNKNOWN = "任务号{}不存在或已过期"  # [?]
YEARS = 5
FULL_PER_MONTH = 5  # of downloads with lines, for a tax number
MAX_PAGE = 200
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
NUMBER_KEYS = ("invoiceNo", "etaxInvoiceNo", "invoiceNum")
ONES = dict.fromkeys(words("checkStatus expenseStatus isRevise"), "1")
EMPTY = dict.fromkeys(
    words("""
    buyerAccount buyerAddressPhone downloadUrl drawer originalGraphUrl payee pixel proxyMark region reviewer
    rotationAngle snapshotUrl salerAccount salerAddressPhone"""),
    "",
)
OWN = """
    buyerName=buyer_name buyerTaxNo=buyer_no checkCode=check_code invoiceCode=code invoiceDate=day invoiceNo=number
    salerName=seller_name salerTaxNo=seller_no"""
MONEY = renamed("amount=net invoiceMoney=net taxAmount=tax totalAmount=gross")


def tax_login(exchange):
    """How the bureau is reached (1: through a log-in), and whether somebody has to log in first."""
    exchange.demand("taxNo")
    taxpayer = exchange.world.taxpayers.get(exchange.tax_no)
    name = taxpayer.name if taxpayer else ""
    data = {"loginType": "1", "needAuth": "0", "loginWebUrl": "", "companyName": name}
    try:
        _demand_session(exchange)
    except Refused as error:
        data.update(needAuth="1", loginWebUrl=exchange.world.url)
        return Answer(data, error.text)
    return Answer(data, "请求成功")


def down_headers(exchange):
    return _begin(exchange, "headers", _wish(exchange))


def down_full(exchange):
    """[?] With lines; in no paper, so the name is ours."""
    wish, month = _wish(exchange), f"{exchange.world.clock.now():%Y-%m}"
    begun = [
        task
        for task in exchange.world.inbound_tasks.values()
        if (task.kind, task.tax_no, f"{task.begun_at:%Y-%m}") == ("full", exchange.tax_no, month)
    ]
    if len(begun) >= FULL_PER_MONTH:
        raise Refused(f"本月全量发票下载已达{FULL_PER_MONTH}次上限")
    return _begin(exchange, "full", wish)


def _begin(exchange, kind, wish):
    exchange.demand("taxNo")
    values.choice(exchange.data, "asyncFlag", ("1",))
    _demand_session(exchange)
    task = new_task(exchange, kind, wish=vars(wish))
    _selection(exchange.world, task)
    return Answer({"asyncFlag": "1", "taskNo": task.number}, "成功")


def new_task(exchange, kind, **content):
    world, number = exchange.world, uuid.uuid4().hex
    begun = (number, kind, exchange.tenant.account_id, exchange.tax_no, world.clock.now())
    world.inbound_tasks[number] = InboundTask(*begun, **content)
    return world.inbound_tasks[number]


def _demand_session(exchange):
    if exchange.tax_no in exchange.world.taxpayers:
        queue.check_session(exchange.world, exchange.tax_no)


# --- what is asked for ---


def _wish(exchange):
    options = exchange.data.get("searchOpt")
    if not isinstance(options, dict):
        raise Refused("参数searchOpt应为对象")
    number, period = values.text(options, "invoiceNo"), values.text(options, "taxPeriod")
    first, last = _window(exchange, options, bool(number))
    flags = {FLAGS[flag] for flag in _listed(options, "authenticateFlags", FLAGS)}
    if period and not inbound.MONTH.fullmatch(period):
        raise Refused("taxPeriod格式不正确,应为yyyyMM")
    return Wish(
        first,
        last,
        tuple(map(int, _listed(options, "invoiceType", map(str, KINDS)))),
        values.text(options, "salerTaxNo"),
        tuple(_listed(options, "invoiceStatus", inbound.STATUSES)),
        number,
        values.text(options, "invoiceCode"),
        next(iter(flags)) if len(flags) == 1 else None,
        # The example asks for June 2022 in a window from 2023 on: it is the period of the deduction [?].
        period if flags else "",
    )


def _listed(options, key, allowed):
    """Several may stand there with commas [?]."""
    given, allowed = [each for each in values.text(options, key).split(",") if each], set(allowed)
    for each in given:
        if each not in allowed:
            raise Refused(f'{key}"{each[:30]}"不合法')
    return given


def _window(exchange, options, may_be_open):
    first, last = (_day(options, key) for key in ("startTime", "endTime"))
    if not first and not last and may_be_open:
        return "", ""
    if not first or not last:
        raise Refused("参数startTime、endTime不能为空")
    today = exchange.world.clock.now().date()
    if first > last:
        raise Refused("startTime不能晚于endTime")
    if last >= today:
        raise Refused("无法下载当天发票,endTime应早于今天")  # [?]
    if first < _years_before(today, YEARS):
        raise Refused(f"只能下载最近{YEARS}年的发票")
    return str(first), str(last)


def _day(options, key):
    text = values.text(options, key)
    if not text:
        return None
    try:
        if not DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f"{key}格式不正确,应为yyyy-MM-dd") from None


def _years_before(day, years):
    # The 28th stands for a 29 February, which the year before may not have.
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)


# --- what a task brings ---


def down_query(exchange):
    exchange.demand("taxNo", "taskNo")
    world, task = exchange.world, find_task(exchange, DOWNLOADS)
    number, size = _whole(exchange, "pageNo"), _whole(exchange, "pageSize")
    if size > MAX_PAGE:
        raise Refused(f"pageSize不能超过{MAX_PAGE}")
    for _ in range(world.kingdee.inbound_arrivals if number > 1 else 0):
        world.receive_fapiao(task.tax_no, day=task.wish["last"] or None)
    chosen, start = _selection(world, task), (number - 1) * size
    overlap = min(start, world.kingdee.inbound_overlap)
    rows = chosen.slice(start - overlap, start + size) if start < len(chosen) else []
    # Made outside the world's lock: a page of 200 takes its time.
    return Answer(lambda: _page(world, rows, len(chosen), task.kind == "full"), "成功")


def find_task(exchange, kinds):
    """The task asked about, once it is ready."""
    task = exchange.world.inbound_tasks.get(exchange.text("taskNo"))
    owner = (exchange.tenant.account_id, exchange.tax_no)
    if task is None or task.kind not in kinds or (task.account_id, task.tax_no) != owner:
        raise unknown_task(exchange)
    if task.queries < exchange.quirks.inbound_queries:
        task.queries += 1
        raise Refused(RUNNING, RUNNING_CODE)
    return task


def unknown_task(exchange):
    return Refused(UNKNOWN.format(exchange.text("taskNo")))


def _whole(exchange, key):
    text = exchange.text(key)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Refused(f"{key}应为大于0的整数")
    return int(text)


def _selection(world, task):
    """The fapiao of a download, as they were when it began."""
    if task.number not in world.selections:
        world.selections[task.number] = inbound.choose(world, task.tax_no, Wish(**task.wish))
    return world.selections[task.number]


# --- how it looks on the wire; the list around the rows is in no source ---


def _page(world, rows, total, with_lines):
    shown = [_row(world, row, with_lines) for row in rows]
    quirks = world.kingdee
    totals = {quirks.inbound_total_key: total} if quirks.inbound_total_key else {}
    return {**totals, quirks.inbound_list_key: shown}


def _row(world, row, with_lines):
    mark = world.marks.get(row.key)
    if mark is None and row.number in world.fapiao:
        mark = mark_for(world, row)
    flag, moment = ("2", mark.selected_at) if mark and mark.selected else ("1", "")
    item = {
        **EMPTY,
        **ONES,
        **{key: str(getattr(row, name)) for key, name in MONEY.items()},
        "authenticateFlag": flag,
        "checkFlag": flag,
        "authenticateTime": moment,
        "checkTime": moment,
        **renamed(OWN, row),
        "invoiceStatus": status_of(row, mark),
        "invoiceType": str(row.kind),
        "remark": row.remark or (f"被红冲蓝字发票号码:{row.original}" if row.original else ""),
        "serialNo": f"SB{row.code}{row.number}",
    }
    if with_lines:
        item["items"] = [_line(line) for line in lines_of(row)]
    return item


def _line(line):
    own = "detailAmount=net num=quantity unitPrice=price taxAmount=tax taxRate=rate"
    values = {key: "" if value is None else str(value) for key, value in renamed(own, line).items()}
    discount = "1" if line.nature == "discount" else ""
    texts = renamed("goodsCode=code goodsName=name specModel=spec unit", line)
    return {**values, **texts, "discountType": discount}
