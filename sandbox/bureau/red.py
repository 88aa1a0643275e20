"""The red confirmation form (红字确认单): applying for it, and its ten states."""

import uuid
from datetime import timedelta

from ..clock import dashed
from ..errors import Refused
from ..records import RedForm
from . import codes, red_lines

STATES = {
    "01": "无需确认",
    "02": "销方录入待购方确认",
    "03": "购方录入待销方确认",
    "04": "购销双方已确认",
    "05": "作废(销方录入购方否认)",
    "06": "作废(购方录入销方否认)",
    "07": "作废(超72小时未确认)",
    "08": "作废(发起方已撤销)",
    "09": "作废(确认后撤销)",
    "10": "作废(异常凭证)",
}
SIDES = ("2", "3")
OPEN = ("01", "02", "03", "04")
WAITING = ("02", "03")
ISSUABLE = ("01", "04")
# What a person may do to a form, from which state to which.
ACTIONS = {
    "confirm": {"02": "04", "03": "04"},
    "refuse": {"02": "05", "03": "06"},
    "withdraw": {"01": "08", "02": "08", "03": "08", "04": "09"},
    "spoil": dict.fromkeys(OPEN, "10"),
}
HOURS_TO_CONFIRM = 72


def reversible(fapiao):
    """Raises Refused where it may not be reversed."""
    if fapiao.red:
        raise Refused("红字发票不能再次红冲")
    if fapiao.reversed_by:
        raise Refused("该发票已全额红冲,不能再次红冲")


def check_reason(fapiao, reason):
    """Goods and labour are not stopped (03), services are not returned (02)."""
    kinds = codes.kinds(line.code for line in fapiao.lines)
    if reason not in ("01", "02", "03", "04"):
        raise Refused("申请红字信息表原因代码不正确")
    if reason == "02" and kinds == {"service"}:
        raise Refused('商品服务编码仅为服务时红冲原因不允许选择"02,销货退回"')
    if reason == "03" and kinds <= {"goods", "labour"}:
        raise Refused('商品服务编码仅为货物或劳务时红冲原因不允许选择"03,服务中止"')


def latest(world, blue_number, clouds=None):
    """The newest form of a fapiao, of those applied for through `clouds` where they are named."""
    forms = [
        form
        for form in world.red_forms.values()
        if form.blue == blue_number and (clouds is None or form.cloud in clouds)
    ]
    return forms[-1] if forms else None


def apply(world, fapiao, reason, side, cloud="", lines=()):
    """A new form. `side`: 2 seller, 3 buyer; `cloud`: through which it came, if through any.

    `lines` are the parts to be reversed; none means all that is left.
    """
    if side not in SIDES:
        raise Refused("申请类型只能为2或3")
    reversible(fapiao)
    check_reason(fapiao, reason)
    rest = red_lines.left(world, fapiao)
    if lines:
        red_lines.check(fapiao, rest, reason, lines)
    elif rest != red_lines.fresh(fapiao):
        lines = red_lines.whole(rest)
    earlier = latest(world, fapiao.number)
    if earlier is not None and earlier.state in OPEN and not earlier.red_number:
        raise Refused(f"该发票存在未完成的红字确认单{earlier.number},不能重复申请")
    now = world.clock.now().replace(microsecond=0)
    # Used or booked by the buyer: the other side has to agree.
    state = "03" if side == "3" else "02" if fapiao.used_or_booked else "01"
    area = world.taxpayer(fapiao.seller_no).tax_no[2:8]
    area = area if area.isdigit() else "310000"
    form = RedForm(
        f"{area}{now:%y%m}{world.next_form_serial():010d}",
        uuid.uuid4().hex,
        fapiao.number,
        reason,
        side,
        state,
        now,
        cloud=cloud,
        lines=list(lines),
    )
    if state in WAITING:
        form.deadline = now + timedelta(hours=HOURS_TO_CONFIRM)
    form.history.append([dashed(now), state])
    world.red_forms[form.number] = form
    return form


def move(world, form, state):
    if state not in STATES:
        raise Refused(f"红字确认单状态{state}不存在")
    form.state = state
    form.history.append([dashed(world.clock.now()), state])
    if state in WAITING and form.deadline is None:
        form.deadline = world.clock.now() + timedelta(hours=HOURS_TO_CONFIRM)


def act(world, form, action):
    """A person on either side confirms, refuses, withdraws…"""
    target = ACTIONS[action].get(form.state)
    if target is None or form.red_number:
        raise Refused(f"红字确认单状态为{STATES[form.state]},不能进行该操作")
    move(world, form, target)


def lapse(world):
    now = world.clock.now()
    for form in world.red_forms.values():
        if form.state in WAITING and form.deadline and form.deadline < now:
            move(world, form, "07")
