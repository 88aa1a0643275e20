"""How much may still be issued this month? (授信额度: counts tax-exclusive amounts)"""

from ..errors import Refused
from ..records import ZERO


def month_of(moment):
    return moment.strftime("%Y-%m")


def book(taxpayer, moment):
    """The running figures of one month."""
    return taxpayer.months.setdefault(month_of(moment), {"used": ZERO, "net": ZERO, "tax": ZERO, "count": 0})


def left(taxpayer, moment):
    return taxpayer.credit_total - book(taxpayer, moment)["used"]


def demand(taxpayer, net, moment):
    rest = left(taxpayer, moment)
    if net > rest:
        raise Refused(f"授信额度不足,剩余授信额度为{rest:.2f}元,本次开票金额为{net:.2f}元")


def consume(taxpayer, fapiao):
    figures = book(taxpayer, fapiao.issued_at)
    figures["used"] += fapiao.net
    figures["net"] += fapiao.net
    figures["tax"] += fapiao.tax
    figures["count"] += 1


def restore(taxpayer, blue, red):
    """Only a reversal in the month of issue gives the amount back."""
    if month_of(blue.issued_at) == month_of(red.issued_at):
        figures = book(taxpayer, red.issued_at)
        figures["used"] += red.net
