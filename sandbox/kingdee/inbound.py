"""Received fapiao: logging in to the bureau, the tasks that bring them in pages, booking and deduction."""

import re
import uuid
from decimal import Decimal

from .. import values
from ..bureau import inbound
from ..bureau.inbound import Wish, mark_for, status_of
from ..bureau.received import KINDS, VAT
from ..protocol import Answer, Refused, renamed, words
from . import queue
from .auth import FAILURE
from .records import Collected, InboundTask

HEADERS, FULL = "headers", "full"
DOWNLOADS = (HEADERS, FULL)
FULL_PER_MONTH = 5  # of a tax number
# authenticateFlags: 1 not selected, 2 selected, 3 scanned; nothing is scanned any more
FLAGS = {"1": False, "2": True, "3": True}
YEARS = 5
MAX_PAGE = 200
NUMBER_KEYS = ("invoiceNo", "etaxInvoiceNo", "invoiceNum")
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
    taxpayer = exchange.world.taxpayers.get(exchange.tax_no)
    now = exchange.world.clock.now()
    data = {
        "loginType": "1",
        "needAuth": "0",
        "loginWebUrl": "",
        "companyName": taxpayer.name if taxpayer else "",
        "companyType": "1",
        "etaxAccountType": 3,
        "taxNo": exchange.tax_no,
        "city": "沙箱市",
        "skssq": f"{now:%Y%m};{now:%Y-%m}-15;{now:%Y%m}",
        "gxrqfw": f"2017-01-01-{now:%Y-%m-%d}",  # [?] the inside
    }
    try:
        _demand_session(exchange)
    except Refused as error:
        data.update(needAuth="1", loginWebUrl=exchange.world.url)
        return Answer(data, error.text)
    return Answer(data, "请求成功")


def down(exchange):
    """Headers of received fapiao."""
    return _download(exchange, HEADERS, _wish(exchange))


def down_full(exchange):
    """[?] With lines; in no paper, so the name is ours."""
    wish, month = _wish(exchange), f"{exchange.world.clock.now():%Y-%m}"
    begun = [
        task
        for task in exchange.world.inbound_tasks.values()
        if (task.kind, task.tax_no, task.month) == (FULL, exchange.tax_no, month)
    ]
    if len(begun) >= FULL_PER_MONTH:
        raise Refused(f"本月全量发票下载已达{FULL_PER_MONTH}次上限")
    return _download(exchange, FULL, wish)


def _download(exchange, kind, wish):
    at_once = values.choice(exchange.data, "asyncFlag", ("0", "1")) == "0"
    _demand_session(exchange)
    task = new_task(exchange, kind, wish=vars(wish))
    collect(exchange.world, exchange.tax_no, wish)
    chosen = _selection(exchange.world, task)
    if not at_once:
        return Answer({"asyncFlag": "1", "taskNo": task.number}, "成功")
    rows = chosen.slice(0, len(chosen))
    return Answer(lambda: {"asyncFlag": "0", **_page(exchange.world, rows, len(rows), kind == FULL)}, "成功")


def collect(world, tax_no, wish):
    """From now on these lie in the cloud's own pool."""
    world.collected[len(world.collected)] = Collected(tax_no, vars(wish))


def new_task(exchange, kind, **content):
    world, number = exchange.world, uuid.uuid4().hex
    content["month"] = f"{world.clock.now():%Y-%m}"
    begun = (number, kind, exchange.tenant.account_id, exchange.tax_no)
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
    return _filters(options, *_window(exchange, options))


def _filters(options, first, last):
    flags = {FLAGS[flag] for flag in _listed(options, "authenticateFlags", FLAGS)}
    period = values.text(options, "taxPeriod")
    if period and not inbound.MONTH.fullmatch(period):
        raise Refused("taxPeriod格式不正确,应为yyyyMM")
    return Wish(
        first,
        last,
        tuple(map(int, _listed(options, "invoiceType", set(map(str, KINDS))))),
        values.text(options, "salerTaxNo"),
        tuple(_listed(options, "invoiceStatus", inbound.STATUSES)),
        values.text(options, "invoiceNo"),
        values.text(options, "invoiceCode"),
        flags.pop() if len(flags) == 1 else None,
        # The example asks for June 2022 in a window from 2023 on: it is the period of the deduction [?].
        period,
    )


def _listed(options, key, allowed):
    """Several may stand there with commas [?]."""
    given = [each for each in values.text(options, key).split(",") if each]
    for each in given:
        if each not in allowed:
            raise Refused(f'{key}"{each[:30]}"不合法')
    return given


def _window(exchange, options):
    first, last = (values.day(options, key) for key in ("startTime", "endTime"))
    if not first and not last and values.text(options, "invoiceNo"):
        return "", ""
    if not first or not last:
        raise Refused("参数startTime、endTime不能为空")
    today = exchange.world.clock.now().date()
    if first > last:
        raise Refused("startTime不能晚于endTime")
    if last >= today:
        raise Refused("无法下载当天发票,endTime应早于今天")  # [?]
    # The 28th stands for a 29 February, which the year may not have.
    if first < today.replace(year=today.year - YEARS, day=min(today.day, 28) if today.month == 2 else today.day):
        raise Refused(f"只能下载最近{YEARS}年的发票")
    return str(first), str(last)


# --- what a task brings ---


def down_query(exchange):
    world, task = exchange.world, find_task(exchange, *DOWNLOADS)
    number, size = _whole(exchange, "pageNo"), _whole(exchange, "pageSize")
    if size > MAX_PAGE:
        raise Refused(f"pageSize不能超过{MAX_PAGE}")
    for _ in range(world.kingdee.inbound_arrivals if number > 1 else 0):
        world.receive_fapiao(task.tax_no, day=task.wish["last"] or None)
    chosen, start = _selection(world, task), (number - 1) * size
    overlap = min(start, world.kingdee.inbound_overlap)
    rows = chosen.slice(start - overlap, start + size) if start < len(chosen) else []
    # Made outside the world's lock: a page of 200 takes its time.
    return Answer(lambda: _page(world, rows, len(chosen), task.kind == FULL), "成功")


def _page(world, rows, total, with_lines=False):
    key = world.kingdee.inbound_total_key
    totals = {key: total} if key else {}
    return {**totals, world.kingdee.inbound_list_key: [_row(world, row, with_lines) for row in rows]}


def pool(exchange):
    """[?] What downloads and the portal's own task have collected; in no paper, so name and keys are ours."""
    world, options = exchange.world, exchange.data
    first, last = (str(values.day(options, key) or "") for key in ("startTime", "endTime"))
    if bool(first) != bool(last):
        raise Refused("参数startTime、endTime应同时填写")
    number, size = _whole(exchange, "pageNo"), _whole(exchange, "pageSize")
    if size > MAX_PAGE:
        raise Refused(f"pageSize不能超过{MAX_PAGE}")
    wishes = [Wish(**each.wish) for each in world.collected.values() if each.tax_no == exchange.tax_no]
    rows = inbound.collected(world, exchange.tax_no, _filters(options, first, last), wishes)
    start = (number - 1) * size
    return Answer(lambda: {"dataList": [_row(world, row) for row in rows[start : start + size]]}, "成功")


def query_cover(exchange):
    """The files of a document, and beside them its fapiao."""
    kind, key = exchange.text("billType"), exchange.text("billId")
    document = exchange.world.inbound_documents.get(f"{kind}/{key}")
    if document is None or document.tax_no not in exchange.tenant.tax_nos:
        raise Refused("单据不存在")  # [?]
    rows = [inbound.find(exchange.world, document.tax_no, number) for number in document.numbers]
    whole = {
        "errorCode": "0000",
        "message": "成功",
        "success": True,
        "data": {"cover": document.covers, "attachment": document.attachments},
        "invoice": [_row(exchange.world, row) for row in rows if row],
    }
    return Answer(whole, bare=True)


def find_task(exchange, *kinds):
    """The task asked about, once it is ready."""
    task = exchange.world.inbound_tasks.get(exchange.text("taskNo"))
    owner = (exchange.tenant.account_id, exchange.tax_no)
    if task is None or task.kind not in kinds or (task.account_id, task.tax_no) != owner:
        raise unknown_task(exchange)
    if task.queries < exchange.quirks.inbound_queries:
        task.queries += 1
        raise Refused("任务正在执行中,请稍后查询", "6910")  # [?] the text
    return task


def unknown_task(exchange):
    return Refused(f"任务号{exchange.text('taskNo')}不存在或已过期")  # [?]


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


def _row(world, row, with_lines=False):
    mark = world.marks.get(row.key)
    if mark is None and row.number in world.fapiao:
        mark = mark_for(world, row)
    flag, moment = ("2", mark.selected_at) if mark and mark.selected else ("1", "")
    return {
        **{key: str(getattr(row, name)) for key, name in MONEY.items()},
        "authenticateFlag": "1",  # certified only when the period is confirmed, which is done at the bureau itself
        "checkFlag": flag,
        "authenticateTime": "",
        "checkTime": moment,
        **renamed(OWN, row),
        "invoiceStatus": status_of(row, mark),
        "invoiceType": str(row.kind),
        "specialType": row.element,  # [?] the key
        "remark": row.remark or (f"被红冲蓝字发票号码:{row.original}" if row.original else ""),
        "serialNo": f"SB{row.code}{row.number}",
        **({"items": _lines(row)} if with_lines else {}),
    }


def _lines(row):
    """One to three lines that add up to the fapiao exactly; one where it is no sale of goods."""
    count = int(row.number[-1]) % 3 + 1 if row.kind in VAT else 1
    net, tax = (_shares(total, count) for total in (row.net, row.tax))
    return [
        {
            "goodsName": f"*信息技术服务*软件维护{place}",
            "goodsCode": row.goods or "3040201020000000000",
            "specModel": "",
            "unit": "项",
            "num": "1",
            "unitPrice": str(net[place]),
            "detailAmount": str(net[place]),
            "taxAmount": str(tax[place]),
            "taxRate": str(Decimal(row.rate) / 100),
            "discountType": "",
        }
        for place in range(count)
    ]


def _shares(total, count):
    share = (total / count).quantize(Decimal("0.01"))
    return [*[share] * (count - 1), total - share * (count - 1)]


# --- booking (入账) and selecting for deduction (勾选): each fapiao of a call succeeds or fails separately ---

SELECT, UNSELECT = "1", "0"  # [?] authenticateFlag
PURPOSES = ("1", "2", "3", "4")  # [?] deductionPurpose; 1 is the plain deduction
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?", re.ASCII)
BOOKINGS = (inbound.BOOKED, inbound.BOOKED_ONLY, inbound.TAKEN_BACK)  # [?] nextEntryMarkStatus
NAMES = words("invoiceCode invoiceNo serialNo serilNo etaxInvoiceNo")
MAX_FAPIAO = 500  # [?] a call


def recorded(exchange):
    status = values.choice(exchange.data, "nextEntryMarkStatus", BOOKINGS)

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
    if exchange.text("taskNo"):
        return Answer(find_task(exchange, "recorded").outcome, "成功")
    shown = []
    for item in _items(exchange):
        row = _received(exchange, item)
        mark = inbound.mark_for(exchange.world, row) if row else inbound.Mark("", "", "", booked="")
        booked = {"entryMarkStatus": mark.booked, "recordedTime": mark.booked_at, "recordedPeriod": mark.booked_period}
        shown.append({**_named(item), **booked})
    return Answer({"invoices": shown}, "成功")


def select_query(exchange):
    return Answer(find_task(exchange, "select").outcome, "成功")


def _each(exchange, act):
    outcome = {"success": [], "fail": []}
    for item in _items(exchange):
        try:
            row = _received(exchange, item)
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


def _received(exchange, item):
    number = next(filter(None, (values.text(item, key) for key in NUMBER_KEYS)), "")
    if not number:
        raise Refused("参数invoiceNo不能为空")
    return inbound.find(exchange.world, exchange.tax_no, number, values.text(item, "invoiceCode"))


def _named(item):
    """What tells this fapiao in the caller's own words."""
    return {key: item.get(key) or "" for key in NAMES if key in item}
