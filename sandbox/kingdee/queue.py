"""The bills in the cloud: when each is issued, and what becomes of it.

What was issued is returned, as (bill, the Orders that got their fapiao): callbacks.py tells of it.
"""

from datetime import timedelta

from ..auth import demand_session
from ..bureau import issue as bureau
from ..protocol import Refused, renamed
from . import split
from .records import UNISSUED, Order

STATES = renamed(
    "waiting=待开票 issuing=开票中 issued=已开票 partial=部分开票 failed=开票失败 returned=已退回 withdrawn=已撤回"
)
SESSION = {
    "lost": "电子税务局登录已失效,请重新登录",
    "logged_out": "电子税务局未登录",
    "sms": "电子税务局登录需要短信验证码",
}
FACE = "电子税务局需要人脸识别认证"


def attempts(world, tax_no, number, account_id=None):
    """Every bill of this number, of one tenant or of all, the oldest first."""
    found, attempt = [], 1
    while (key := f"{tax_no}/{number}/{attempt}") in world.bills:
        found.append(world.bills[key])
        attempt += 1
    return [bill for bill in found if account_id in (None, bill.account_id)]


def newest(world, tax_no, number, account_id=None):
    return next(reversed(attempts(world, tax_no, number, account_id)), None)


def standing(world, tax_no, number, account_id=None):
    """What counts of them now: the newest, or all where nothing is de-duplicated; none withdrawn."""
    found = attempts(world, tax_no, number, account_id)
    if world.settings.deduplicate:
        found = found[-1:]
    return [bill for bill in found if bill.state != "withdrawn"]


def enter(world, bill, defer=None):
    """Takes a bill in, and counts its attempt. An automatic one is issued at once, or when the fault `defer` says."""
    bill.attempt = len(attempts(world, bill.tax_no, bill.number)) + 1
    if bill.auto or defer:
        bill.state = "issuing"
        params = defer.params if defer else {"seconds": 0}
        bill.queries_left = params.get("queries")
        if bill.queries_left is None:
            bill.ready_at = world.clock.now() + timedelta(seconds=params.get("seconds", 60))
        world.issuing[bill.key] = bill
    world.bills[bill.key] = bill


def settle(world):
    """Issues every bill whose time has come."""
    now = world.clock.now()
    due = [
        bill
        for bill in world.issuing.values()
        if (bill.ready_at <= now if bill.queries_left is None else bill.queries_left <= 0)
    ]
    return [issue(world, bill) for bill in due]


def issue(world, bill):
    """Issues what isn't issued yet of this bill."""
    if not bill.orders:
        drafts = split.plan(bill.draft, world.kingdee)
        bill.orders = [Order(f"SANDBOX-KP-{world.next_serial()}", draft) for draft in drafts]
    made = [order for order in bill.orders if not order.fapiao and _issue_order(world, order)]
    issued = [order for order in bill.orders if order.fapiao]
    bill.state = "issued" if len(issued) == len(bill.orders) else "partial" if issued else "failed"
    bill.error = next((order.error for order in bill.orders if order.error), "")
    _leave(world, bill)
    return bill, made


def _issue_order(world, order):
    """The bureau issues one fapiao, or says why not."""
    try:
        check_session(world, order.draft.seller_no)
        bureau.check(world, order.draft)
    except Refused as error:
        order.error = error.text
        return False
    request = bureau.request_for(world, order.number, "kingdee", order.draft.seller_no, "")
    order.fapiao, order.error = bureau.blue(world, request, order.draft).number, ""
    return True


def check_session(world, tax_no):
    """The cloud stands in for the taxpayer at the bureau, who must be logged in."""
    user = world.user(tax_no)
    demand_session(user, SESSION)
    if user.face_due:
        raise Refused(FACE)


def _leave(world, bill):
    bill.ready_at = bill.queries_left = None
    world.issuing.pop(bill.key, None)


def demand_unissued(bill):
    if bill.state not in UNISSUED or any(order.fapiao for order in bill.orders):
        raise refused(bill)


def refused(bill):
    return Refused(f"单据{bill.number}状态为{STATES[bill.state]},不能进行该操作")


def end(world, bill, state, text=""):
    """Takes a bill out of the queue, or the bureau fails it."""
    demand_unissued(bill)
    bill.orders, bill.state, bill.error = [], state, text
    _leave(world, bill)
    return bill
