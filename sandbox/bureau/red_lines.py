"""Reversing a part: what of each line is left, and what each reason allows to be asked for."""

from dataclasses import replace

from ..errors import Refused
from ..records import RedLine
from .lines import CENT, LINE_TAX

WRONGLY_ISSUED, RETURNED, STOPPED, ALLOWANCE = "01", "02", "03", "04"


def folded(given):
    """On a red form a discount disappears into the line it discounts."""
    return list(by_row(given).values())


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
    rest = fresh(blue)
    for form in world.red_forms.values():
        if form.blue != blue.number or not form.red_number:
            continue
        if not form.lines:
            return {}
        for taken in form.lines:
            rest[taken.row] = rest[taken.row].less(taken)
    return {row: line for row, line in rest.items() if line.amount or line.tax}


def fresh(blue):
    """What there was to reverse in the beginning; a line discounted to nothing is no part of it."""
    return {row: line for row, line in by_row(blue.lines).items() if line.amount or line.tax}


def whole(rest):
    """Asks for everything that is left."""
    return [RedLine(row, line.amount, line.tax, line.quantity, line.price) for row, line in rest.items()]


def check(blue, rest, reason, asked):
    """Raises Refused unless these parts of the rest may be reversed for this reason."""
    if len({each.row for each in asked}) < len(asked):
        raise Refused("红字明细重复引用同一蓝字发票明细")
    for each in asked:
        if each.row not in rest:
            raise Refused(f"蓝字发票第{each.row + 1}行不存在或已全部红冲")
        try:
            _check_amounts(rest[each.row], each)
            _check_reason(fresh(blue)[each.row], rest[each.row], reason, each)
        except Refused as error:
            raise Refused(f"蓝字发票第{each.row + 1}行:{error.text}") from None
    if reason == WRONGLY_ISSUED and (
        rest != fresh(blue)
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


def _check_reason(original, line, reason, asked):
    if (asked.quantity is None) != (asked.price is None):
        raise Refused("单价和数量必须同时填写或同时为空")
    if reason == ALLOWANCE and asked.quantity is not None:
        raise Refused('红冲原因为"04,销售折让"时不能填写单价和数量')
    if reason == RETURNED and line.quantity is not None and asked.quantity is None:
        raise Refused('红冲原因为"02,销货退回"时数量不能为空')
    if asked.quantity is None:
        return
    if line.quantity is None or not 0 < asked.quantity <= line.quantity:
        raise Refused(f"红冲数量{asked.quantity}超过剩余可红冲数量{line.quantity}")
    if abs(asked.price * asked.quantity - asked.amount) > CENT:
        raise Refused(f"单价×数量与金额{asked.amount}的误差超过{CENT}")
    if reason == RETURNED and abs(asked.price - original.price) > CENT / 1000:
        raise Refused('红冲原因为"02,销货退回"时单价必须与蓝字发票一致')
