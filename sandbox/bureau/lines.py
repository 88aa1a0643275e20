"""What each line of a blue fapiao must obey obey: texts, arithmetic, discounts."""

import re
from decimal import ROUND_HALF_UP, Decimal

from ..errors import Refused
from ..records import CENT
from . import codes

NAME_LIMIT = 100  # vendors say 100 to 120, officially 600
RATES = {Decimal(rate) for rate in ("0", "0.01", "0.015", "0.03", "0.05", "0.06", "0.09", "0.13")}
LINE_TAX = Decimal("0.06")
ALL_TAX = Decimal("1.27")
LENGTHS = {"spec": (150, "规格型号"), "unit": (300, "单位")}
MAX_LINES = 5000


def check(draft):
    lines = draft.lines
    if not lines:
        raise Refused("发票明细不能为空")
    if len(lines) > MAX_LINES:
        raise Refused(f"发票明细不能超过{MAX_LINES}行")
    if len({line.inclusive for line in lines}) > 1:
        raise Refused("同一张发票的含税标志必须一致")
    drift = Decimal(0)
    for number, line in enumerate(lines, 1):
        try:
            _check_texts(line)
            _check_zero_rate(line, draft)
            _check_amounts(line)
            drift += _check_tax(line, draft)
        except Refused as error:
            raise Refused(f"第{number}行:{error.text}") from None
    if drift > ALL_TAX:
        raise Refused(f"税额误差合计{drift}超过{ALL_TAX}")
    _check_pairs(lines)
    _check_mix(draft)


def _check_texts(line):
    if not re.fullmatch(r"\*[^*]+\*.+", line.name):
        raise Refused(f'商品名称"{line.name[:30]}"格式不正确,应为*简称*名称')
    if len(line.name) > NAME_LIMIT:
        raise Refused(f"商品名称不能超过{NAME_LIMIT}个字符")
    for key, (limit, label) in LENGTHS.items():
        if len(getattr(line, key)) > limit:
            raise Refused(f"{label}不能超过{limit}个字符")
    trouble = codes.problem(line.code)
    if trouble:
        raise Refused(trouble)
    if line.rate not in RATES:
        raise Refused(f"税率{line.rate}不合法")


def _check_zero_rate(line, draft):
    if line.rate:
        if line.zero_kind:
            raise Refused("税率不为0时零税率标识应为空或0")
        if line.preferential and not line.policy:
            raise Refused("使用优惠政策时增值税特殊管理不能为空")
    elif not line.zero_kind:
        raise Refused("税率为0时零税率标识不能为空")
    elif line.zero_kind == "exempt" and not (line.preferential and line.policy == "免税"):
        raise Refused("免税项目优惠政策标识应为1且增值税特殊管理应为免税")
    elif line.zero_kind == "exempt" and draft.special:
        raise Refused("免税项目不能开具增值税专用发票")
    elif line.zero_kind == "zero" and line.preferential:
        raise Refused("普通零税率不能使用优惠政策")
    if line.policy and not line.preferential:
        raise Refused("未使用优惠政策时增值税特殊管理应为空")


def _check_amounts(line):
    if line.nature == "discount":
        if line.amount >= 0 or line.tax > 0:
            raise Refused("折扣行金额必须为负数")
        if line.spec or line.unit or line.quantity is not None or line.price is not None:
            raise Refused("折扣行不能有规格型号、单位、数量和单价")
        return
    if line.amount <= 0 or line.tax < 0:
        raise Refused("金额必须大于0")
    if (line.quantity is None) != (line.price is None):
        raise Refused("单价和数量必须同时填写或同时为空")
    if line.quantity is None:
        return
    if line.quantity <= 0 or line.price <= 0:
        raise Refused("单价和数量必须大于0")
    if abs(line.price * line.quantity - line.amount) > CENT:
        raise Refused(f"单价×数量与金额{line.amount}的误差超过{CENT}")


def _check_tax(line, draft):
    """The line's distance from its exact tax."""
    drift = abs(expected_tax(line, draft) - line.tax)
    if drift > LINE_TAX:
        raise Refused(f"金额×税率与税额{line.tax}的误差超过{LINE_TAX}")
    return drift


def expected_tax(line, draft):
    if draft.levy == "3":  # 差额征税差额开具: only the difference bears tax
        return (line.gross - draft.deduction) / (1 + line.rate) * line.rate
    if line.inclusive:
        exact = line.amount / (1 + line.rate) * line.rate
        return exact.quantize(CENT, ROUND_HALF_UP)
    return line.amount * line.rate


def _check_pairs(lines):
    """A discount stands directly behind what it discounts, and looks like it."""
    for number, (line, after) in enumerate(zip(lines, [*lines[1:], None], strict=True), 1):
        expects = line.nature == "discounted"
        found = after is not None and after.nature == "discount"
        if expects and not found:
            raise Refused(f"第{number}行:被折扣行后必须紧跟折扣行")
        if found and not expects:
            raise Refused(f"第{number + 1}行:折扣行前必须为被折扣行")
        if not found:
            continue
        same = (line.name, line.rate, line.code, line.zero_kind, line.inclusive)
        if same != (after.name, after.rate, after.code, after.zero_kind, after.inclusive):
            raise Refused(f"第{number + 1}行:折扣行与被折扣行的商品名称、税率、商品编码必须一致")
        if -after.amount > line.amount:
            raise Refused(f"第{number + 1}行:折扣金额不能大于被折扣行金额")
    if lines[0].nature == "discount":
        raise Refused("第1行:折扣行前必须为被折扣行")


def _check_mix(draft):
    untaxed = [line.zero_kind == "untaxed" for line in draft.lines]
    if any(untaxed) and not all(untaxed):
        raise Refused("不征税项目不能与其他项目混合开具")
    if draft.levy in ("2", "3"):
        if draft.deduction is None:
            raise Refused("差额征税时扣除额不能为空")
        if len(draft.lines) != 1:
            raise Refused("差额征税发票只能有一行明细且不能有折扣")
        if not 0 <= draft.deduction <= draft.gross:
            raise Refused("扣除额必须大于等于0且不大于价税合计")
    elif draft.deduction:
        raise Refused("非差额征税发票不能填写扣除额")
