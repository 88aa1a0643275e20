"""The bills in the cloud: when each is issued, together with which, and what becomes of it."""
from dataclasses import replace
from datetime import timedelta

from ..bureau import issue as bureau
from ..errors import Refused
from . import callbacks, split
from .records import UNISSUED, Bill, Order

STATES = {'waiting': '待开票', 'issuing': '开票中', 'issued': '已开票', 'partial': '部分开票',
          'failed': '开票失败', 'returned': '已退回', 'withdrawn': '已撤回'}
SESSION = {'lost': '电子税务局登录已失效,请重新登录', 'logged_out': '电子税务局未登录',
           'sms': '电子税务局登录需要短信验证码'}
FACE = '电子税务局需要人脸识别认证'


def attempts(world, tax_no, number, account_id=None):
    """Every bill of this number, of one tenant or of all, the oldest first."""
    found, attempt = [], 1
    while (key := f'{tax_no}/{number}/{attempt}') in world.bills:
        found.append(world.bills[key])
        attempt += 1
    return [bill for bill in found if account_id in (None, bill.account_id)]


def standing(world, tax_no, number, account_id=None):
    """What counts of them now: the newest, or all where nothing is de-duplicated; none withdrawn."""
    found = attempts(world, tax_no, number, account_id)
    if world.settings.deduplicate:
        found = found[-1:]
    return [bill for bill in found if bill.state != 'withdrawn']


def find(world, tax_no, number, account_id=None):
    return next(reversed(standing(world, tax_no, number, account_id)), None)


def newest(world, tax_no, number, account_id=None):
    return next(reversed(attempts(world, tax_no, number, account_id)), None)


def enter(world, bill, seconds=None, queries=None):
    """Takes a bill in; an automatic one gets its time."""
    quirks = world.kingdee
    while bill.key in world.bills:
        bill.attempt += 1       # after its twin of the same push
    if bill.auto:
        bill.state = 'issuing'
        waits = quirks.merge_seconds if bill.merge and quirks.auto_merge else quirks.issue_delay
        bill.queries_left = quirks.issue_queries if queries is None else queries
        if bill.queries_left is None:
            bill.ready_at = world.clock.now() + timedelta(seconds=waits if seconds is None else seconds)
        world.issuing[bill.key] = bill
    world.bills[bill.key] = bill
    world.keep(bill)


def is_due(world, bill):
    if bill.queries_left is not None:
        return bill.queries_left <= 0
    return bill.ready_at <= world.clock.now()


def settle(world):
    """Issues every bill whose time has come, with those that wait to be merged with it."""
    for bill in list(world.issuing.values()):
        if bill.key in world.issuing and is_due(world, bill):
            together = [each for each in world.issuing.values()
                        if each is not bill and _may_join(world, bill, each)]
            issue(world, [bill, *together])


def _may_join(world, bill, other):
    return world.kingdee.auto_merge and bill.merge and other.merge and mergeable(bill, other)


def mergeable(bill, other):
    return _merge_key(bill) == _merge_key(other)


def _merge_key(bill):
    draft = bill.draft
    return (bill.tax_no, bill.account_id, bill.system, draft.buyer_no, draft.buyer_name, draft.special,
            draft.levy, draft.lines[0].inclusive)


def issue(world, bills):
    """Issues what isn't issued yet of these bills, as one order of business."""
    if not bills[0].orders:
        _plan(world, bills)
    orders = [world.orders[number] for number in bills[0].orders]
    bills = [world.bills[key] for key in dict.fromkeys(key for order in orders for key in order.bills)]
    made = [order for order in orders if not order.fapiao and _issue_order(world, order)]
    for bill in bills:
        _conclude(world, bill)
    callbacks.issued(world, bills, made)


def _plan(world, bills):
    """Every bill of a merge knows all its orders: they are issued, and fail, together."""
    orders = []
    for draft in split.plan(merged(bills), world.kingdee):
        sources = {line.bill for line in draft.lines}
        keys = [bill.key for bill in bills if bill.number in sources]
        order = Order(f'SANDBOX-KP-{world.next_serial()}', keys, draft)
        world.orders[order.number] = order
        world.keep(order)
        orders.append(order.number)
    for bill in bills:
        bill.orders = list(orders)


def merged(bills):
    """One draft of several: the first one's head over everybody's lines."""
    first, *others = [bill.draft for bill in bills]
    if not others:
        return first
    drafts = [first, *others]
    return replace(
        first, lines=[line for draft in drafts for line in draft.lines],
        net=sum(draft.net for draft in drafts), tax=sum(draft.tax for draft in drafts),
        gross=sum(draft.gross for draft in drafts),
        remark=' '.join(dict.fromkeys(draft.remark for draft in drafts if draft.remark)))


def _issue_order(world, order):
    """The bureau issues one fapiao, or says why not."""
    try:
        check_session(world, order.draft.seller_no)
        bureau.check(world, order.draft)
    except Refused as error:
        order.error = error.text
        world.keep(order)
        return False
    request = bureau.request_for(world, order.number, 'kingdee', order.draft.seller_no, '')
    order.fapiao, order.error = bureau.blue(world, request, order.draft).number, ''
    world.keep(order)
    return True


def check_session(world, tax_no):
    """The cloud stands in for the taxpayer at the bureau, who must be logged in."""
    user = world.user(tax_no)
    if user.session in SESSION:
        raise Refused(SESSION[user.session])
    if user.face_due:
        raise Refused(FACE)


def _conclude(world, bill):
    orders = [world.orders[number] for number in bill.orders if bill.key in world.orders[number].bills]
    issued = [order for order in orders if order.fapiao]
    bill.state = 'issued' if len(issued) == len(orders) else 'partial' if issued else 'failed'
    bill.error = next((order.error for order in orders if order.error), '')
    _leave(world, bill)


def _leave(world, bill):
    bill.ready_at = bill.queries_left = None
    world.issuing.pop(bill.key, None)
    world.keep(bill)


def orders_of(world, bill):
    """Those that carry lines of this bill."""
    return [world.orders[number] for number in bill.orders if bill.key in world.orders[number].bills]


def fapiao_of(world, bill):
    return [world.fapiao[order.fapiao] for order in orders_of(world, bill) if order.fapiao]


def is_unissued(world, bill):
    """Nothing of it is issued, nor of what it was merged with."""
    return bill.state in UNISSUED and not any(world.orders[number].fapiao for number in bill.orders)


def demand_unissued(world, bill):
    if not is_unissued(world, bill):
        raise Refused(f'单据{bill.number}状态为{STATES[bill.state]},不能进行该操作')


def end(world, bill, state, text=''):
    """Takes a bill out of the queue; a merge it was part of comes apart."""
    demand_unissued(world, bill)
    for number in bill.orders:
        order = world.orders[number]
        for other in (world.bills[key] for key in order.bills):
            other.orders = []
            world.keep(other)
    bill.state, bill.error = state, text
    _leave(world, bill)


def fail(world, bill, text):
    """The cloud, or the bureau behind it, can't issue it."""
    end(world, bill, 'failed', text)
    callbacks.issued(world, [bill], [])


def send_back(world, bill, text):
    end(world, bill, 'returned', text)
    callbacks.returned(world, bill, text)


def new_bill(world, exchange, draft, digest, auto, merge):
    earlier = newest(world, draft.seller_no, draft.lines[0].bill)
    return Bill(draft.lines[0].bill, draft.seller_no, 1 if earlier is None else earlier.attempt + 1,
                exchange.tenant.account_id, exchange.system, digest, draft, auto, merge, world.clock.now())
