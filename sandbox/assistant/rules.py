"""The five rules of ticketParam: which tickets may be imported."""

from dataclasses import dataclass

from . import kinds
from .records import USED, serials_of

RULES = ("已报销", "发票抬头与企业名称不一致", "发票抬头与税号不一致", "查验不通过", "个人发票")
# Of a special ticket: what the userKey asks for, and the key of the ticket that should hold it.
WARNINGS = {
    "buyer_account": ("buyerAccount", "购方开户行账号不一致"),
    "buyer_address": ("buyerAddressPhone", "购方地址电话不一致"),
}


@dataclass
class Verdict:
    """What a page shows beside a ticket: why not, or what to be warned of."""

    slip: object
    blocked: list
    warnings: list
    there: bool = False  # in this document already

    @property
    def kind(self):
        return kinds.KINDS[self.slip.kind]


def elsewhere(slip, document):
    """Does another document use it?"""
    return slip.status in USED and slip.document != document


def judge(world, user, slip):
    blocked, warnings = [], []
    for broken, allowed, text in zip(_broken(user, slip), user.ticket_param, RULES, strict=True):
        if broken:
            (warnings if allowed == "1" else blocked).append(text)
    if "special" in kinds.KINDS[slip.kind].marks:
        for name, (key, text) in WARNINGS.items():
            if getattr(user, name) not in ("", slip.told.get(key)):
                warnings.append(text)
    document = world.documents.get(user.document)
    there = {*user.serials, *(serials_of(document.shown) if document else ())}
    return Verdict(slip, blocked, warnings, slip.serial in there)


def _broken(user, slip):
    """A private ticket has another title by nature: only the fifth digit asks about it."""
    name, number = slip.told.get("buyerName", ""), slip.told.get("buyerTaxNo", "")
    titled = "titled" in kinds.KINDS[slip.kind].marks and not slip.personal
    return (
        elsewhere(slip, user.document),
        titled and name != user.title,
        titled and number != user.tin,
        slip.check_status == "2",
        slip.personal,
    )
