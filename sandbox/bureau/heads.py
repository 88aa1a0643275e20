"""What the head of a blue fapiao must obey: parties, totals, remark, levy."""

import re
from decimal import Decimal

from ..errors import Refused

LENGTHS = (
    ("buyer_name", 300, "购方名称"),
    ("remark", 255, "备注"),
    ("buyer_address", 300, "购方地址电话"),
    ("buyer_bank", 300, "购方银行账号"),
)
GENERAL_ONLY = {Decimal("0.06"), Decimal("0.09"), Decimal("0.13")}


def check(draft, seller, buyers, ask_buyer=False, ask_person=False):
    """`ask_buyer`, `ask_person`: the caller wants the bureau's doubts as refusals."""
    if draft.seller_name != seller.name:
        raise Refused(f'销方名称"{draft.seller_name}"与税务登记名称不一致')
    for key, limit, label in LENGTHS:
        if len(getattr(draft, key)) > limit:
            raise Refused(f"{label}不能超过{limit}个字符")
    _check_buyer(draft)
    if ask_buyer:
        _ask_buyer(draft, buyers)
    if ask_person and not (draft.natural_person or draft.buyer_no) and len(draft.buyer_name) <= 4:
        raise Refused("购买方疑似为自然人,请确认购方自然人标识")
    _check_levy(draft, seller)


def check_totals(draft):
    net = sum(line.net for line in draft.lines)
    tax = sum(line.tax for line in draft.lines)
    if net != draft.net:
        raise Refused(f"合计金额{draft.net}与明细金额合计{net}不一致")
    if tax != draft.tax:
        raise Refused(f"合计税额{draft.tax}与明细税额合计{tax}不一致")
    if draft.net + draft.tax != draft.gross:
        raise Refused("价税合计金额不对,价税合计应等于合计金额加合计税额")


def _check_buyer(draft):
    number = draft.buyer_no
    if number and not re.fullmatch(r"[0-9A-Z]{15,20}", number):
        raise Refused("购方税号格式不正确,应为15至20位数字或大写字母")
    if number and number == draft.seller_no:
        raise Refused("购方税号不能与销方税号相同")
    if draft.special and not number:
        raise Refused("开具增值税专用发票购方税号不能为空")
    if not draft.natural_person:
        return
    if draft.special:
        raise Refused("购方为自然人时不能开具增值税专用发票")
    if len(draft.buyer_name) < 2:
        raise Refused("购方为自然人时名称不能少于2个字符")
    if "个体工商户" in draft.buyer_name:
        raise Refused("个体工商户不属于自然人,请修改购方自然人标识")


def _ask_buyer(draft, buyers):
    known = buyers.get(draft.buyer_no)
    if draft.buyer_no and known is None:
        raise Refused("当前未查询到购买方纳税人信息,请确认是否继续开具")
    if known is not None and known != draft.buyer_name:
        raise Refused("购方名称与税号不一致,请确认是否继续开具")


def _check_levy(draft, seller):
    rates = {line.rate for line in draft.lines}
    if seller.small_scale and rates & GENERAL_ONLY:
        raise Refused("小规模纳税人不能使用该税率")
    if draft.small_reason not in ("", "2", "3"):
        raise Refused("税率说明slsm只能为2或3")
    if seller.small_scale and Decimal("0.03") in rates and not draft.small_reason:
        raise Refused("小规模纳税人开具3%税率发票,税率说明slsm不能为空")
