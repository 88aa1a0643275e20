"""The red confirmation form (红字确认单): applying for it, its ten states, and reversing a part of a fapiao."""

import uuid
from dataclasses import replace
from datetime import timedelta

from .. import values
from ..protocol import Refused, renamed
from ..records import CENT, RedForm, RedLine
from .checks import LINE_TAX

STATES = renamed("""
    01=无需确认 02=销方录入待购方确认 03=购方录入待销方确认 04=购销双方已确认 05=作废(销方录入购方否认)
    06=作废(购方录入销方否认) 07=作废(超72小时未确认) 08=作废(发起方已撤销) 09=作废(确认后撤销) 10=作废(异常凭证)""")
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
WRONGLY_ISSUED, RETURNED, STOPPED, ALLOWANCE = REASONS = ("01", "02", "03", "04")
# Reasons that take back a quantity, at the price of the blue line
BY_QUANTITY = {RETURNED: "02,销货退回", STOPPED: "03,服务中止"}
# Who withdraws a form: until it is confirmed its author, after that the side that confirmed it (2 seller, 3 buyer).
CONFIRMED_BY = {"2": "3", "3": "2"}


def reversible(fapiao):
    """Raises Refused where it may not be reversed."""
    if fapiao.red:
        raise Refused("红字发票不能再次红冲")
    if fapiao.reversed_by:
        raise Refused("该发票已全额红冲,不能再次红冲")


def _check_reason(fapiao, reason):
    """Goods and labour (codes of 1 and 2) are not stopped, services (3) are not returned."""
    kinds = {line.code[:1] for line in fapiao.lines}
    if reason not in REASONS:
        raise Refused("申请红字信息表原因代码不正确")
    if reason == RETURNED and kinds == {"3"}:
        raise Refused('商品服务编码仅为服务时红冲原因不允许选择"02,销货退回"')
    if reason == STOPPED and kinds <= {"1", "2"}:
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
    if side not in ("2", "3"):
        raise Refused("申请类型只能为2或3")
    reversible(fapiao)
    _check_reason(fapiao, reason)
    rest = left(world, fapiao)
    if lines and fapiao.levy in ("2", "3") and _is_part(rest, lines):
        raise Refused("差额征税发票只能全额红冲")
    if lines:
        _check_parts(fapiao, rest, reason, lines)
    elif rest != _fresh(fapiao):
        lines = _whole(rest)
    earlier = latest(world, fapiao.number)
    if earlier is not None and earlier.state in OPEN and not earlier.red_number:
        raise Refused(f"该发票存在未完成的红字确认单{earlier.number},不能重复申请")
    now = world.clock.now().replace(microsecond=0)
    world.form_serial += 1
    # Used or booked by the buyer: the other side has to agree.
    state = "03" if side == "3" else "02" if fapiao.used_or_booked else "01"
    area = world.taxpayer(fapiao.seller_no).tax_no[2:8]
    area = area if area.isdigit() else "310000"
    form = RedForm(
        f"{area}{now:%y%m}{world.form_serial:010d}",
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
    world.red_forms[form.number] = form
    return form


def move(world, form, state):
    if state not in STATES:
        raise Refused(f"红字确认单状态{state}不存在")
    form.state = state
    if state in WAITING and form.deadline is None:
        form.deadline = world.clock.now() + timedelta(hours=HOURS_TO_CONFIRM)


def act(world, form, action):
    """A person on the side that may confirms, refuses, withdraws…"""
    target = ACTIONS[action].get(form.state)
    if target is None or form.red_number:
        raise Refused(f"红字确认单状态为{STATES[form.state]},不能进行该操作")
    move(world, form, target)


def withdraw(world, form, side):
    """One side withdraws a form through its cloud."""
    if side != (CONFIRMED_BY[form.side] if form.state == "04" else form.side):
        raise Refused("红字确认单只有最后确认方可以撤销")
    act(world, form, "withdraw")


def lapse(world):
    now = world.clock.now()
    for form in world.red_forms.values():
        if form.state in WAITING and form.deadline and form.deadline < now:
            move(world, form, "07")


# --- parts: what of each line is left, and what each reason allows to be asked for ---


def folded(given):
    """On a red form a discount disappears into the line it discounts, and so does a line discounted to nothing."""
    return [line for line in by_row(given).values() if line.amount or line.tax]


def by_row(given):
    """Row of the blue fapiao → the line with its discount folded in."""
    result, parent_row = {}, None
    for row, line in enumerate(given):
        if line.nature != "discount":
            result[row], parent_row = replace(line, nature="normal"), row
            continue
        parent = result[parent_row]
        amount = parent.amount + line.amount
        # The price follows the reduced amount, or price × quantity would no longer be right.
        price = parent.price and round(amount / parent.quantity, 13)
        result[parent_row] = replace(parent, amount=amount, tax=parent.tax + line.tax, price=price)
    return result


def left(world, blue):
    """Row → what of it no red fapiao has reversed yet; rows without a rest are missing."""
    rest = _fresh(blue)
    for form in world.red_forms.values():
        if form.blue != blue.number or not form.red_number:
            continue
        if not form.lines:
            return {}
        for taken in form.lines:
            rest[taken.row] = rest[taken.row].less(taken)
    return {row: line for row, line in rest.items() if line.amount or line.tax}


def _fresh(blue):
    """What there was to reverse in the beginning; a line discounted to nothing is no part of it."""
    return {row: line for row, line in by_row(blue.lines).items() if line.amount or line.tax}


def _whole(rest):
    """Asks for everything that is left."""
    return [RedLine(row, line.amount, line.tax, line.quantity, line.price) for row, line in rest.items()]


def _is_part(rest, asked):
    return sum(each.amount for each in asked) != sum(line.amount for line in rest.values())


def _check_parts(blue, rest, reason, asked):
    """Raises Refused unless these parts of the rest may be reversed for this reason."""
    if len({each.row for each in asked}) < len(asked):
        raise Refused("红字明细重复引用同一蓝字发票明细")
    for each in asked:
        if each.row not in rest:
            raise Refused(f"蓝字发票第{each.row + 1}行不存在或已全部红冲")
        with values.row(each.row + 1, "蓝字发票"):
            _check_amounts(rest[each.row], each)
            _check_part(_fresh(blue)[each.row], rest[each.row], reason, each)
    if reason == WRONGLY_ISSUED and (
        rest != _fresh(blue)
        or {each.row for each in asked} != set(rest)
        or any(each.amount != rest[each.row].amount for each in asked)
    ):
        raise Refused('红冲原因为"01,开票有误"时必须全额红冲')


def _check_amounts(line, asked):
    if not 0 < asked.amount <= line.amount:
        raise Refused(f"红冲金额{asked.amount}超过剩余可红冲金额{line.amount}")
    if not 0 <= asked.tax <= line.tax:
        raise Refused(f"红冲税额{asked.tax}超过剩余可红冲税额{line.tax}")
    if asked.amount == line.amount and asked.tax != line.tax:
        raise Refused(f"金额全部红冲时税额应为剩余可红冲税额{line.tax}")
    base = asked.amount - asked.tax if line.inclusive else asked.amount
    if abs(base * line.rate - asked.tax) > LINE_TAX and asked.amount != line.amount:
        raise Refused(f"金额×税率与税额{asked.tax}的误差超过{LINE_TAX}")


def _check_part(original, line, reason, asked):
    if (asked.quantity is None) != (asked.price is None):
        raise Refused("单价和数量必须同时填写或同时为空")
    if reason == ALLOWANCE and asked.quantity is not None:
        raise Refused('红冲原因为"04,销售折让"时不能填写单价和数量')
    if reason in BY_QUANTITY and line.quantity is not None and asked.quantity is None:
        raise Refused(f'红冲原因为"{BY_QUANTITY[reason]}"时数量不能为空')
    if reason == RETURNED and line.quantity is None and asked.amount != line.amount:
        raise Refused('蓝字发票明细无数量,红冲原因为"02,销货退回"时只能整行红冲')
    if asked.quantity is None:
        return
    if line.quantity is None or not 0 < asked.quantity <= line.quantity:
        raise Refused(f"红冲数量{asked.quantity}超过剩余可红冲数量{line.quantity}")
    if abs(asked.price * asked.quantity - asked.amount) > CENT:
        raise Refused(f"单价×数量与金额{asked.amount}的误差超过{CENT}")
    if reason in BY_QUANTITY and abs(asked.price - original.price) > CENT / 1000:
        raise Refused(f'红冲原因为"{BY_QUANTITY[reason]}"时单价必须与蓝字发票一致')
