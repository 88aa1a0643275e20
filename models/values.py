"""Helpers shared by all packages: exact decimals, Beijing time, type tables, external text as HTML."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from markupsafe import Markup

from odoo.tools import float_repr

from ..rules.document import DIGITAL as DIGITAL_FORM
from ..rules.document import DIGITAL_PAPER, ELECTRONIC, EXEMPT, NOT_TAXABLE, ORDINARY, PLAIN_ZERO, ROLL, SPECIAL
from ..rules.document import PAPER as PAPER_FORM

DOCUMENT_LANGUAGE = "zh_CN"


def in_document_language(records):
    """Return ``records`` in the language of a fapiao, whoever issues it: Chinese where it is installed, else the
    language of the source, as without a translation.
    """
    installed = records.env["res.lang"]._get_data(code=DOCUMENT_LANGUAGE)
    return records.with_context(lang=DOCUMENT_LANGUAGE if installed else "en_US")


TYPES = [
    ("1", "Electronic, ordinary (电普)"),
    ("2", "Electronic, special (电专)"),
    ("3", "Paper, ordinary (纸普)"),
    ("4", "Paper, special (纸专)"),
    ("5", "Roll (卷票)"),
    ("7", "Machine-printed (机打)"),
    ("8", "Taxi (的士)"),
    ("9", "Train (火车)"),
    ("10", "Air (飞机)"),
    ("11", "Other (其他)"),
    ("12", "Vehicle (机动车)"),
    ("13", "Used vehicle (二手车)"),
    ("14", "Fixed amount (定额)"),
    ("15", "Toll (通行费)"),
    ("16", "Coach (客运)"),
    ("17", "Road and bridge (过路过桥)"),
    ("19", "Tax payment (完税证明)"),
    ("20", "Ship (轮船)"),
    ("21", "Customs payment (海关缴款书)"),
    ("23", "Machine-printed, electronic (机打电子)"),
    ("24", "Train refund (火车退票)"),
    ("25", "Fiscal receipt, electronic (财政电子)"),
    ("26", "Digital, ordinary (数电普)"),
    ("27", "Digital, special (数电专)"),
    ("28", "Digital, air (数电航空)"),
    ("29", "Digital, rail (数电铁路)"),
    ("72", "Digital, toll (数电通行费)"),
    ("83", "Digital, vehicle (数电机动车)"),
    ("84", "Digital, used vehicle (数电二手车)"),
    # not among what is received: these two are issued only
    ("85", "Digital on paper, special (数电纸专)"),
    ("86", "Digital on paper, ordinary (数电纸普)"),
]

KINDS = [(SPECIAL, "Special (专票)"), (ORDINARY, "Ordinary (普票)")]

# What a fapiao that is issued is made of.
FORMS = [
    (DIGITAL_FORM, "Digital (数电票)"),
    (DIGITAL_PAPER, "Digital, on paper (数电纸票)"),
    (ELECTRONIC, "Electronic, by tax control device (税控电子票)"),
    (PAPER_FORM, "Paper, by tax control device (税控纸票)"),
    (ROLL, "Roll, by tax control device (卷票)"),
]

# What the fapiao of a down payment shows: docs/protocols/tax-rules.md#down-payments
ADVANCE_GOODS, ADVANCE_RECEIPT, ADVANCE_LATER = "goods", "receipt", "later"
ADVANCES = [
    (ADVANCE_GOODS, "Goods of the order, taxed"),
    (ADVANCE_RECEIPT, "An advance receipt, not taxed (code 6…)"),
    (ADVANCE_LATER, "Not yet: the final invoice's fapiao shows all"),
]

# slsm of 票单云: docs/protocols/piaodanyun.md#issuing
SMALL_SCALE_REASONS = [
    ("2", "An earlier fapiao is corrected or taken back (2)"),
    ("3", "The reduction to 1 percent is given up (3)"),
]

TYPE_CODES = {
    (ORDINARY, DIGITAL_FORM): "26",
    (SPECIAL, DIGITAL_FORM): "27",
    (SPECIAL, DIGITAL_PAPER): "85",
    (ORDINARY, DIGITAL_PAPER): "86",
    (ORDINARY, ELECTRONIC): "1",
    (SPECIAL, ELECTRONIC): "2",
    (ORDINARY, PAPER_FORM): "3",
    (SPECIAL, PAPER_FORM): "4",
    (ORDINARY, ROLL): "5",
}
KIND_AND_FORM = {code: pair for pair, code in TYPE_CODES.items()}
KIND_OF = {code: kind for code, (kind, _form) in KIND_AND_FORM.items()}

DIGITAL = {ORDINARY: "26", SPECIAL: "27"}

# 数电纸票: numbered like a digital one and printed on a sheet of the tax office
PAPER = ("85", "86")

FILES = ("pdf", "ofd", "xml")

STATUSES = [
    ("normal", "Normal"),
    ("partly_red", "Partly reversed"),
    ("red", "Reversed"),
    ("void", "Void"),
    ("lost", "Lost control (失控)"),
    ("abnormal", "Abnormal (异常)"),
]

# 征收方式
LEVIES = [
    ("0", "Ordinary (普通征税)"),
    ("1", "Reduced (减按计征)"),
    ("2", "Differential, issued in full (差额征税-全额开票)"),
    ("3", "Differential, issued for the difference (差额征税-差额开票)"),
]

# Why a line carries no tax (零税率标识)
ZERO_KINDS = [
    (EXEMPT, "Exempt (免税)"),
    (NOT_TAXABLE, "Not taxable (不征税)"),
    (PLAIN_ZERO, "Zero rate (零税率)"),
]

# Tax privileges by the name that is printed (增值税特殊管理), as in rules/privileges.py
PRIVILEGES = [
    ("简易征收", "Simplified levy (简易征收)"),
    ("按3%简易征收", "Simplified levy at 3 % (按3%简易征收)"),
    ("按5%简易征收", "Simplified levy at 5 % (按5%简易征收)"),
    ("按5%简易征收减按1.5%计征", "Simplified levy at 5 %, reduced to 1.5 % (按5%简易征收减按1.5%计征)"),
    ("免税", "Exempt (免税)"),
    ("不征税", "Not taxable (不征税)"),
    ("稀土产品", "Rare earth products (稀土产品)"),
    ("先征后退", "Refund after payment (先征后退)"),
    ("100%先征后退", "Refund of 100 % after payment (100%先征后退)"),
    ("50%先征后退", "Refund of 50 % after payment (50%先征后退)"),
    ("即征即退30%", "Immediate refund of 30 % (即征即退30%)"),
    ("即征即退50%", "Immediate refund of 50 % (即征即退50%)"),
    ("即征即退70%", "Immediate refund of 70 % (即征即退70%)"),
    ("即征即退100%", "Immediate refund of 100 % (即征即退100%)"),
    ("超税负3%即征即退", "Immediate refund above a burden of 3 % (超税负3%即征即退)"),
    ("超税负6%即征即退", "Immediate refund above a burden of 6 % (超税负6%即征即退)"),
    ("超税负8%即征即退", "Immediate refund above a burden of 8 % (超税负8%即征即退)"),
    ("超税负12%即征即退", "Immediate refund above a burden of 12 % (超税负12%即征即退)"),
]

# Statuses in which a fapiao still counts for its documents.
LIVING = ("normal", "partly_red")

SHANGHAI = ZoneInfo("Asia/Shanghai")  # of the clouds and the bureau

PROBLEM = "l10n_cn_invoice_cloud.activity_fapiao_problem"


def aware(moment):
    """Return a naive UTC datetime of the database as an aware one; ``None`` for none."""
    return moment.replace(tzinfo=UTC) if moment else None


def naive(moment):
    """Return an aware datetime as naive UTC; False for none."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else False


def beijing_today():
    """Return the date in Beijing, by which the bureau goes."""
    return datetime.now(SHANGHAI).date()


def exact(value, digits=2):
    """Return a float of the ORM as ``Decimal`` with ``digits`` places."""
    return Decimal(float_repr(value or 0.0, digits))


def shortest(value):
    """Return a float without fixed digits, such as a price, as the shortest ``Decimal`` that reads back as
    the same float, i.e. as it was entered.
    """
    return Decimal(repr(float(value or 0.0)))


def as_html(*texts):
    """Return the non-empty ``texts`` as escaped HTML, so that text of a cloud or partner adds no image or
    link. Line breaks are kept.
    """
    lines = "\n".join(filter(None, texts)).splitlines()
    return Markup("<p>%s</p>") % Markup("<br/>").join(lines)
