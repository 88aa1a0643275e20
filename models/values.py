"""Helpers shared by all packages: exact decimals, Beijing time, type tables, external text as HTML."""

from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

from markupsafe import Markup

from odoo.tools import float_repr

from ..rules.document import ORDINARY, SPECIAL

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
    ("85", "Digital on paper, special (数电纸专)"),
    ("86", "Digital on paper, ordinary (数电纸普)"),
]

DIGITAL = {ORDINARY: "26", SPECIAL: "27"}

# 数电纸票: numbered like a digital one and printed on a sheet of the tax office
PAPER = ("85", "86")

FILES = ("pdf", "ofd", "xml")

KIND_OF = {**{code: kind for kind, code in DIGITAL.items()}, "85": SPECIAL, "86": ORDINARY}

STATUSES = [
    ("normal", "Normal"),
    ("partly_red", "Partly reversed"),
    ("red", "Reversed"),
    ("void", "Void"),
    ("lost", "Lost control (失控)"),
    ("abnormal", "Abnormal (异常)"),
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
