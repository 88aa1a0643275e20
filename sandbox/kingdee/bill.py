"""Reads one 开票申请单 into a draft fapiao."""

import re
from decimal import ROUND_HALF_UP

from .. import values
from ..bureau.lines import CENT
from ..errors import Refused
from ..protocol import renamed, words
from ..records import ZERO, Fapiao, Line

# Texts that go into the draft as they are.
TEXTS = renamed("""
    seller_no=sellerTaxpayerId seller_name=sellerName seller_address=sellerAddressAndTel
    seller_bank=sellerBankAndAccount buyer_no=buyerTaxpayerId buyer_name=buyerName
    buyer_address=buyerAddressAndTel buyer_bank=buyerBankAndAccount buyer_mail=buyerRecipientMail
    buyer_phone=buyerRecipientPhone remark drawer payee reviewer""")
REQUIRED = words("""
    billNo billDate invoiceType includeTaxFlag totalAmount sellerName sellerTaxpayerId buyerName billDetail""")
# The last three are in [docs]' example and nowhere explained.
FIELDS = {*REQUIRED, *TEXTS.values()}.union(
    words("""
    billSource priority autoInvoice autoMerge buyerProperty specialType taxationStyle orgCode blueinvoiceCode
    blueinvoiceNo redReason invoiceProperty pushMatchRules fillValueRule""")
)
LINE_REQUIRED = words("lineProperty detailId goodsName revenueCode amount taxRate")
LINE_FIELDS = {*LINE_REQUIRED}.union(
    words("""
    goodsCode specification units quantity price taxAmount privilegeFlag privilegeContent discountAmount remark""")
)
TYPES = {"08xdp": True, "10xdp": False}  # special?
SOURCE = "5"
NATURES = {"2": "normal", "1": "discount"}  # not 票单云's coding
ZERO_KINDS = {"免税": "exempt", "不征税": "untaxed"}
MAX_NUMBER = 50  # [?]
FLAG = ("0", "1")


def read(item, quirks):
    """The draft of the whole bill, not checked yet by the bureau's rules."""
    if not isinstance(item, dict):
        raise Refused("data应为单据数组")
    values.known(item, FIELDS, "单据")
    values.demand(item, REQUIRED)
    if not re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", values.text(item, "billDate")):
        raise Refused("billDate格式不正确,应为yyyy-MM-dd")
    _check_kind(item)
    number = values.text(item, "billNo", MAX_NUMBER)
    inclusive = values.choice(item, "includeTaxFlag", FLAG) == "1"
    lines = _lines(item, inclusive, number)
    net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
    gross = values.money(item, "totalAmount")
    if quirks.total_is == "flag" and not inclusive:
        gross += tax
    return Fapiao(
        **{name: values.text(item, key) for name, key in TEXTS.items()},
        cloud="kingdee",
        natural_person=values.choice(item, "buyerProperty", FLAG, "0") == "1",
        special=TYPES[values.text(item, "invoiceType")],
        levy=values.choice(item, "taxationStyle", FLAG, "0"),
        lines=lines,
        net=net,
        tax=tax,
        gross=gross,
    )


def _check_kind(item):
    kind = values.text(item, "invoiceType")
    if kind not in TYPES:
        raise Refused(f"发票类型{kind}不支持,SANDBOX只支持{'、'.join(TYPES)}")
    values.choice(item, "billSource", (SOURCE,), SOURCE)
    if values.text(item, "specialType"):
        raise Refused(f"特定业务类型{values.text(item, 'specialType')}未开通")
    # [clients] push negative bills; the digital red letter goes by its form.
    if any(values.text(item, key) for key in ("blueinvoiceCode", "blueinvoiceNo", "redReason")):
        raise Refused("数电票不支持负数单据,请使用红字确认单")
    values.choice(item, "autoMerge", FLAG, "0")


def is_automatic(item):
    return values.choice(item, "autoInvoice", FLAG, "0") == "1"


def _lines(item, inclusive, bill):
    given = item["billDetail"]
    if not isinstance(given, list):
        raise Refused("billDetail应为数组")
    lines, seen = [], set()
    for position, row in enumerate(given, 1):
        try:
            if not isinstance(row, dict):
                raise Refused("明细应为对象")
            values.known(row, LINE_FIELDS, "明细")
            lines.extend(_line(row, inclusive, bill))
            if lines[-1].source in seen:
                raise Refused(f"detailId重复:{lines[-1].source}")
            seen.add(lines[-1].source)
        except Refused as error:
            raise Refused(f"第{position}行:{error.text}") from None
    # A bill says 2 on a line whether or not a discount follows; the fapiao tells them apart.
    for line, after in zip(lines, lines[1:], strict=False):
        if after.nature == "discount" and line.nature == "normal":
            line.nature = "discounted"
    return lines


def _line(row, inclusive, bill):
    """A line, and behind it the discount it may carry in discountAmount."""
    values.demand(row, LINE_REQUIRED)
    nature = NATURES[values.choice(row, "lineProperty", NATURES)]
    rate, amount = values.number(row, "taxRate", 3), values.money(row, "amount")
    tax, policy = values.money(row, "taxAmount"), values.text(row, "privilegeContent")
    common = {
        "name": values.text(row, "goodsName"),
        "code": values.text(row, "revenueCode"),
        "rate": rate,
        "inclusive": inclusive,
        "policy": policy,
        "preferential": values.choice(row, "privilegeFlag", FLAG, "0") == "1",
        "zero_kind": "" if rate else ZERO_KINDS.get(policy, "zero"),
        "bill": bill,
        "source": values.text(row, "detailId", 32),
    }
    line = Line(
        **common,
        nature=nature,
        amount=amount,
        tax=_tax(amount, rate, inclusive) if tax is None else tax,
        spec=values.text(row, "specification"),
        unit=values.text(row, "units"),
        quantity=values.number(row, "quantity", 13),
        price=values.number(row, "price", 13),
    )
    if nature == "discount" and abs(_exact_tax(amount, rate, inclusive) - line.tax) > CENT:
        raise Refused(f"折扣行金额×税率与税额{line.tax}的误差超过{CENT}")
    discount = -abs(values.money(row, "discountAmount") or ZERO)
    if not discount:
        return [line]
    if nature == "discount":
        raise Refused("折扣行不能有discountAmount")
    return [line, Line(**common, nature="discount", amount=discount, tax=_tax(discount, rate, inclusive))]


def _tax(amount, rate, inclusive):
    return _exact_tax(amount, rate, inclusive).quantize(CENT, ROUND_HALF_UP)


def _exact_tax(amount, rate, inclusive):
    return amount / (1 + rate) * rate if inclusive else amount * rate
