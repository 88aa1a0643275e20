"""What a blue fapiao must obey: parties, totals, levy; texts, codes, arithmetic and discounts of each line."""

import re
from decimal import ROUND_HALF_UP, Decimal

from ..protocol import Refused, words
from ..records import CENT
from ..values import row

HEAD_TEXTS = {
    "seller_name": ("party", "销方名称"),
    "buyer_name": ("party", "购方名称"),
    "seller_address": ("address", "销方地址电话"),
    "buyer_address": ("address", "购方地址电话"),
    "seller_bank": ("bank", "销方银行账号"),
    "buyer_bank": ("bank", "购方银行账号"),
    "remark": ("remark", "备注"),
}
LINE_TEXTS = {"spec": "规格型号", "unit": "单位"}
# The longest texts by cloud and channel; bytes are those of GBK
SHORT = {"item": 100, "spec": 40, "unit": 22, "party": 100, "address": 100, "bank": 100, "remark": 230}
LONG = {"item": 100, "spec": 150, "unit": 300, "party": 300, "address": 300, "bank": 300, "remark": 450}
CHANNELS = {
    ("piaodanyun", "login"): ("字符", SHORT),
    ("piaodanyun", "direct"): ("字符", {**LONG, "remark": 255}),
    ("kingdee", "login"): ("字节", {**SHORT, "item": None, "name": 92}),
    ("kingdee", "direct"): ("字符", LONG),
}
PRICE_LENGTH = 16  # characters, by log-in
GENERAL_ONLY = {Decimal("0.06"), Decimal("0.09"), Decimal("0.13")}
RATES = {Decimal(rate) for rate in ("0", "0.01", "0.015", "0.03", "0.05", "0.06", "0.09", "0.13")}
LINE_TAX = Decimal("0.06")
ALL_TAX = Decimal("1.27")
MAX_LINES = 5000
# A tax classification code (税收分类编码) is 篇(1) 类(2) 章(2) 节(2) 条(2) 款(2) 项(2) 目(2) 子目(2) 细目(2). Which of
# them are summary items stands only in the bureau's own table; zeros don't tell (3070401 is a leaf with 12 of them).
# So: a code that stops at 篇 or 类 is one (chapter 6, 不征税, has leaves at 类), and below that these well-known ones.
SUMMARY = {
    code.ljust(19, "0")
    for code in words("""
    10101 1010101 10201 10301 10302 10501 10601 10602 10603 1060301 106030102 10701 10901 30101 30102 30103 30401
    30402 3040201 30403 30404 30405 3040502 30406 30407 30408 30601 30602 30701 30702 30703 30704""")
}

# Rates of some codes, by the longest of these beginnings (增值税税率 of the bureau's table)
CODE_RATES = {
    start: {Decimal(rate) for rate in words(rates)}
    for start, rates in {
        "3050": "0.09",  # 建筑服务
        "30601": "0.06",  # 贷款服务
        "30701": "0.06",
        "3070302": "0.06",  # 娱乐服务
        "30704": "0.06",  # 餐饮住宿服务
        "30705": "0.06",  # 居民日常服务
        "5": "0.09",  # 不动产
    }.items()
}
PAST_RATES = {Decimal(rate) for rate in ("0.17", "0.16", "0.11", "0.10")}
# Privileges (增值税特殊管理) and the rates they go with; no rates: any above zero
LEVIED = {Decimal("0.03"), Decimal("0.05")}
PRIVILEGES = {
    "简易征收": LEVIED,
    "按3%简易征收": {Decimal("0.03")},
    "按5%简易征收": {Decimal("0.05")},
    "按5%简易征收减按1.5%计征": {Decimal("0.015")},
    "免税": {Decimal(0)},
    "不征税": {Decimal(0)},
    "稀土产品": GENERAL_ONLY | PAST_RATES,
    **dict.fromkeys(words("先征后退 100%先征后退 50%先征后退"), set()),
    **{f"即征即退{share}%": set() for share in (30, 50, 70, 100)},
    **{f"超税负{share}%即征即退": GENERAL_ONLY | PAST_RATES for share in (3, 6, 8, 12)},
}


def check_head(draft, seller, buyers, ask_buyer=False, ask_person=False):
    """`ask_buyer`, `ask_person`: the caller wants the bureau's doubts as refusals."""
    if draft.seller_name != seller.name:
        raise Refused(f'销方名称"{draft.seller_name}"与税务登记名称不一致')
    for key, (kind, label) in HEAD_TEXTS.items():
        _demand_length(draft, seller, kind, label, _printed_remark(draft) if key == "remark" else getattr(draft, key))
    _check_buyer(draft)
    known = buyers.get(draft.buyer_no)
    if ask_buyer and draft.buyer_no and known is None:
        raise Refused("当前未查询到购买方纳税人信息,请确认是否继续开具")
    if ask_buyer and known not in (None, draft.buyer_name):
        raise Refused("购方名称与税号不一致,请确认是否继续开具")
    if ask_person and not (draft.natural_person or draft.buyer_no) and len(draft.buyer_name) <= 4:
        raise Refused("购买方疑似为自然人,请确认购方自然人标识")
    _check_levy(draft, seller)


def _demand_length(draft, seller, kind, label, text):
    measure, limits = CHANNELS[draft.cloud or "piaodanyun", seller.channel]
    size = len(text.encode("gbk", "replace") if measure == "字节" else text)
    if limits.get(kind) and size > limits[kind]:
        raise Refused(f"{label}不能超过{limits[kind]}个{measure}")


def _printed_remark(draft):
    banks = [f"购方开户银行:{draft.buyer_bank};"] if draft.show_buyer_bank and draft.buyer_bank else []
    banks += [f"销方开户银行:{draft.seller_bank};"] if draft.show_seller_bank and draft.seller_bank else []
    return "".join([draft.remark, *banks])


def check_totals(draft):
    net = sum(line.net for line in draft.lines)
    tax = sum(line.tax for line in draft.lines)
    if net != draft.net:
        raise Refused(f"合计金额{draft.net}与明细金额合计{net}不一致")
    if tax != draft.tax:
        raise Refused(f"合计税额{draft.tax}与明细税额合计{tax}不一致")
    if net <= 0:
        raise Refused("合计金额必须大于0")
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


def _check_levy(draft, seller):
    rates = {line.rate for line in draft.lines}
    if seller.small_scale and rates & GENERAL_ONLY:
        raise Refused("小规模纳税人不能使用该税率")
    if draft.small_reason not in ("", "2", "3"):
        raise Refused("税率说明slsm只能为2或3")
    if seller.small_scale and Decimal("0.03") in rates and not draft.small_reason:
        raise Refused("小规模纳税人开具3%税率发票,税率说明slsm不能为空")


# --- lines ---


def check_lines(draft, seller):
    lines = draft.lines
    if not lines:
        raise Refused("发票明细不能为空")
    if len(lines) > MAX_LINES:
        raise Refused(f"发票明细不能超过{MAX_LINES}行")
    if len({line.inclusive for line in lines}) > 1:
        raise Refused("同一张发票的含税标志必须一致")
    drift = Decimal(0)
    for number, line in enumerate(lines, 1):
        with row(number):
            _check_texts(line, draft, seller)
            _check_zero_rate(line, draft)
            _check_privilege(line)
            _check_rate(line, draft, seller)
            _check_amounts(line)
            drift += _check_tax(line, draft)
    if drift > ALL_TAX:
        raise Refused(f"税额误差合计{drift}超过{ALL_TAX}")
    _check_pairs(lines)
    _check_mix(draft)


def _check_texts(line, draft, seller):
    if not re.fullmatch(r"\*[^*]+\*.+", line.name):
        raise Refused(f'商品名称"{line.name[:30]}"格式不正确,应为*简称*名称')
    _demand_length(draft, seller, "name", "商品名称", line.name)
    _demand_length(draft, seller, "item", "商品名称", line.name.split("*", 2)[2])
    for key, label in LINE_TEXTS.items():
        _demand_length(draft, seller, key, label, getattr(line, key))
    if line.price is not None and seller.channel == "login" and len(f"{line.price:f}") > PRICE_LENGTH:
        raise Refused(f"单价不能超过{PRICE_LENGTH}个字符")
    if not re.fullmatch(r"\d{19}", line.code or ""):
        raise Refused("商品编码必须为19位数字")
    stops_early = not line.code.startswith("6") and line.code.endswith("0" * 16)
    if stops_early or line.code in SUMMARY or line.code.endswith("0" * 18):
        raise Refused(f"商品编码{line.code}为汇总项,不能用于开票")
    if line.rate not in RATES:
        raise Refused(f"税率{line.rate}不合法")


def _check_zero_rate(line, draft):
    if line.code.startswith("6") and (line.rate or line.zero_kind != "untaxed"):
        raise Refused(f"商品编码{line.code}为不征税编码,税率应为0且零税率标识应为不征税")
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


def _check_privilege(line):
    if not line.policy:
        return
    if line.policy not in PRIVILEGES:
        raise Refused(f"增值税特殊管理{line.policy}不正确")
    rates = PRIVILEGES[line.policy]
    if line.rate not in rates if rates else not line.rate:
        raise Refused(f"优惠政策{line.policy}与税率{line.rate}不匹配")
    if line.policy == "不征税" and line.zero_kind == "exempt":
        raise Refused("免税项目优惠政策应为免税")
    if line.policy == "免税" and line.zero_kind == "untaxed":
        raise Refused("不征税项目优惠政策应为不征税")


def _check_rate(line, draft, seller):
    """A levy rate needs a small-scale seller, a privilege, another way of levying, or an earlier sale."""
    is_levied = seller.small_scale or line.policy or draft.levy not in ("", "0") or draft.small_reason
    if line.rate in LEVIED and not is_levied:
        raise Refused(f"一般纳税人使用征收率{line.rate}时优惠政策不能为空")
    start = max((start for start in CODE_RATES if line.code.startswith(start)), key=len, default=None)
    if start is None or not line.rate or line.rate in CODE_RATES[start] | PAST_RATES | LEVIED:
        return
    if line.rate in GENERAL_ONLY or not is_levied:
        raise Refused(f"税率{line.rate}与商品编码{line.code}不匹配")


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
    if draft.levy == "3":  # 差额征税差额开具: only the difference bears tax
        exact = (line.gross - (draft.deduction or 0)) / (1 + line.rate) * line.rate
    elif line.inclusive:
        exact = (line.amount / (1 + line.rate) * line.rate).quantize(CENT, ROUND_HALF_UP)
    else:
        exact = line.amount * line.rate
    drift = abs(exact - line.tax)
    # one line, so no rounding of several: the tax of a difference is exact to the fen
    if drift > (CENT / 2 if draft.levy == "3" else LINE_TAX):
        raise Refused(f"金额×税率与税额{line.tax}的误差超过{LINE_TAX}")
    return drift


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
    untaxed = [line for line in draft.lines if line.zero_kind == "untaxed"]
    # 水资源税 and 民航发展基金 are collected together with what they are levied on
    alone = [line for line in untaxed if line.code[:3] not in ("611", "613")]
    if alone and len(untaxed) < len(draft.lines):
        raise Refused("不征税项目不能与其他项目混合开具")
    if draft.levy in ("2", "3"):
        if draft.deduction is None:
            raise Refused("差额征税时扣除额不能为空")
        if len(draft.lines) != 1:
            raise Refused("差额征税发票只能有一行明细且不能有折扣")
        if not 0 <= draft.deduction <= draft.gross:
            raise Refused("扣除额必须大于等于0且不大于价税合计")
        _check_vouchers(draft)
    elif draft.deduction or draft.vouchers:
        raise Refused("非差额征税发票不能填写扣除额")


def _check_vouchers(draft):
    if draft.levy == "3":
        if not draft.deduction or draft.deduction > draft.net:
            raise Refused("差额征税差额开具时扣除额不能为0且不能大于不含税金额")
        if not draft.vouchers:
            raise Refused("差额征税差额开具时差额凭证不能为空")
    if draft.vouchers and sum(each.deducted for each in draft.vouchers) != draft.deduction:
        raise Refused("差额凭证本次扣除金额合计与扣除额不一致")
    for number, each in enumerate(draft.vouchers, 1):
        with row(number):
            _check_voucher(each)


def _check_voucher(voucher):
    kind = voucher.kind
    if kind not in ("01", "02", "03", "04", "05", "06", "07", "08", "09"):
        raise Refused(f"差额凭证类型{kind}不正确")
    if voucher.deducted <= 0 or voucher.deducted > voucher.total:
        raise Refused("差额凭证本次扣除金额必须大于0且不大于凭证合计金额")
    if kind == "01" and not re.fullmatch(r"\d{20}", voucher.number):
        raise Refused("差额凭证为数电发票时发票号码应为20位数字")
    if kind in ("02", "03", "04") and not re.fullmatch(r"(\d{10}|\d{12})/\d{8}", f"{voucher.code}/{voucher.number}"):
        raise Refused("差额凭证的发票代码应为10或12位数字,发票号码应为8位数字")
    if kind in ("01", "02", "03", "04") and not re.fullmatch(r"\d{4}-\d\d-\d\d", voucher.day):
        raise Refused("差额凭证的开具日期不能为空,格式为yyyy-MM-dd")
    if kind in ("04", "08", "09") and not voucher.remark:
        raise Refused("差额凭证的备注不能为空")
    if len(voucher.remark) > 100:
        raise Refused("差额凭证的备注不能超过100个字符")
