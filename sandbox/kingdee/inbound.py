"""Received fapiao: log-in to the bureau, tasks, pages (docs/protocols/kingdee-inbound.md)."""

import re
import uuid
from datetime import date, timedelta

from ..bureau import inbound
from ..bureau.inbound import Wish
from ..bureau.kinds import KINDS
from ..errors import Refused
from . import queue, values
from .inbound_rows import Shape
from .protocol import Answer
from .records import InboundTask

DOWNLOADS = ('headers', 'full')
# authenticateFlags of the paper: 1 not selected, 2 selected, 3 scanned; nothing is scanned any more.
FLAGS = {'1': False, '2': True, '3': True}
RUNNING_CODE = '6910'
RUNNING = '任务正在执行中,请稍后查询'  # [?]
UNKNOWN = '任务号{}不存在或已过期'  # [?]
NO_HEADERS = '乐企渠道不支持进项表头下载'  # [?] the words
LOGIN_TYPES = {False: '1', True: '2'}  # [?] the paper shows 1; by direct channel?
YEARS = {False: 5, True: 2}  # by direct channel?
DAY = re.compile(r'\d{4}-\d{2}-\d{2}', re.ASCII)


def tax_login(exchange):
    """How the bureau is reached, and whether somebody has to log in first."""
    exchange.demand('taxNo')
    world, tax_no = exchange.world, exchange.tax_no
    direct = _is_direct(exchange)
    taxpayer = world.taxpayers.get(tax_no)
    data = {
        'loginType': LOGIN_TYPES[direct],
        'needAuth': '0',
        'loginWebUrl': '',
        'companyName': taxpayer.name if taxpayer else '',
    }
    try:
        _demand_session(exchange)
    except Refused as error:
        data.update(needAuth='1', loginWebUrl=f'{world.url}/#taxpayers')
        return Answer(data, error.text)
    return Answer(data, '请求成功')


def down_headers(exchange):
    if _is_direct(exchange):
        raise Refused(NO_HEADERS)
    return _begin(exchange, 'headers')


def down_full(exchange):
    """[?] With lines; five a month and tax number."""
    wish = _wish(exchange)
    limit, month = exchange.quirks.full_per_month, f'{exchange.world.clock.now():%Y-%m}'
    begun = sum(
        (each.kind, each.tax_no, f'{each.begun_at:%Y-%m}') == ('full', exchange.tax_no, month)
        for each in exchange.world.inbound_tasks.values()
    )
    if begun >= limit:
        raise Refused(f'本月全量发票下载已达{limit}次上限')
    return _begin(exchange, 'full', wish)


def _begin(exchange, kind, wish=None):
    exchange.demand('taxNo')
    values.choice(exchange.data, 'asyncFlag', ('1',))
    wish = wish or _wish(exchange)
    _demand_session(exchange)
    task = new_task(exchange, kind, wish=vars(wish))
    selection(exchange.world, task)
    return Answer({'asyncFlag': '1', 'taskNo': task.number}, '成功')


def new_task(exchange, kind, **content):
    world = exchange.world
    task = InboundTask(
        uuid.uuid4().hex, kind, exchange.tenant.account_id, exchange.tax_no, world.clock.now(), **content
    )
    world.inbound_tasks[task.number] = task
    world.keep(task)
    return task


def _is_direct(exchange):
    return exchange.tax_no in exchange.quirks.inbound_direct


def _demand_session(exchange):
    """The login channel goes through somebody's session at the bureau."""
    if not _is_direct(exchange) and exchange.tax_no in exchange.world.taxpayers:
        queue.check_session(exchange.world, exchange.tax_no)


# --- what is asked for ---


def _wish(exchange):
    options = exchange.data.get('searchOpt')
    if not isinstance(options, dict):
        raise Refused('参数searchOpt应为对象')
    number = values.text(options, 'invoiceNo')
    first, last = _window(exchange, options, bool(number))
    flags = {FLAGS[flag] for flag in _listed(options, 'authenticateFlags', FLAGS)}
    period = values.text(options, 'taxPeriod')
    if period and not inbound.MONTH.fullmatch(period):
        raise Refused('taxPeriod格式不正确,应为yyyyMM')
    return Wish(
        first,
        last,
        tuple(map(int, _listed(options, 'invoiceType', map(str, KINDS)))),
        values.text(options, 'salerTaxNo'),
        tuple(_listed(options, 'invoiceStatus', inbound.STATUSES)),
        number,
        values.text(options, 'invoiceCode'),
        next(iter(flags)) if len(flags) == 1 else None,
        # The paper asks for June 2022 in a window from 2023 on: it is the period of the deduction [?].
        period if flags else '',
    )


def _listed(options, key, allowed):
    """Several may stand there with commas [?]."""
    given, allowed = [each for each in values.text(options, key).split(',') if each], set(allowed)
    for each in given:
        if each not in allowed:
            raise Refused(f'{key}"{each[:30]}"不合法')
    return given


def _window(exchange, options, may_be_open):
    first, last = (_day(options, key) for key in ('startTime', 'endTime'))
    if not first and not last and may_be_open:
        return '', ''
    if not first or not last:
        raise Refused('参数startTime、endTime不能为空')
    today = exchange.world.clock.now().date()
    years = YEARS[_is_direct(exchange)]
    if first > last:
        raise Refused('startTime不能晚于endTime')
    if last >= today and exchange.quirks.inbound_today == 'refuse':
        raise Refused('无法下载当天发票,endTime应早于今天')
    if first < _years_before(today, years):
        raise Refused(f'只能下载最近{years}年的发票')
    return str(first), str(min(last, today - timedelta(days=1)))


def _day(options, key):
    text = values.text(options, key)
    if not text:
        return None
    try:
        if not DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(f'{key}格式不正确,应为yyyy-MM-dd') from None


def _years_before(day, years):
    # The 28th stands for a 29 February, which the year before may not have.
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)


# --- what a task brings ---


def down_query(exchange):
    exchange.demand('taxNo', 'taskNo')
    world, task = exchange.world, find_task(exchange, DOWNLOADS)
    number, size = _whole(exchange, 'pageNo'), _whole(exchange, 'pageSize')
    if size > exchange.quirks.inbound_max_page:
        raise Refused(f'pageSize不能超过{exchange.quirks.inbound_max_page}')
    if number > 1:
        for _ in range(exchange.quirks.inbound_arrivals):
            world.receive_fapiao(task.tax_no, day=task.wish['last'] or None)
    chosen = selection(world, task)
    start = (number - 1) * size
    overlap = min(start, exchange.quirks.inbound_overlap)
    rows = chosen.slice(max(start - overlap, 0), start + size) if start < len(chosen) else []
    shape = Shape(world, with_lines=task.kind == 'full')
    # Made outside the world's lock: a page of 200 takes its time.
    return Answer(lambda: shape.page(rows, len(chosen)), '成功')


def find_task(exchange, kinds):
    """The task asked about, once it is ready."""
    world, quirks = exchange.world, exchange.quirks
    task = world.inbound_tasks.get(exchange.text('taskNo'))
    if (
        task is None
        or task.kind not in kinds
        or (task.account_id, task.tax_no) != (exchange.tenant.account_id, exchange.tax_no)
        or _age(world, task) > (quirks.inbound_task_seconds or float('inf'))
    ):
        raise unknown_task(exchange)
    if _age(world, task) < quirks.inbound_seconds or task.queries < quirks.inbound_queries:
        task.queries += 1
        world.keep(task)
        raise running()
    return task


def running():
    return Refused(RUNNING, RUNNING_CODE)


def unknown_task(exchange):
    return Refused(UNKNOWN.format(exchange.text('taskNo')))


def _age(world, task):
    return (world.clock.now() - task.begun_at).total_seconds()


def _whole(exchange, key):
    text = exchange.text(key)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise Refused(f'{key}应为大于0的整数')
    return int(text)


def selection(world, task):
    """The fapiao of a download: as they were when it began, or as they are, where pages are live."""
    version = (world.inbound_version, len(world.fapiao)) if world.kingdee.inbound_live else None
    known = world.selections.get(task.number)
    if known is None or (version and known[0] != version):
        newest = world.kingdee.inbound_order == 'newest'
        known = version, inbound.choose(world, task.tax_no, Wish(**task.wish), newest)
        world.selections[task.number] = known
    return known[1]
