"""What a person does on the assistant's pages, whether a browser or a lever presses the button."""

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from ..protocol import Refused
from ..records import CENT
from . import documents, mailbox, messages
from .records import serials_of
from .tickets import find, kind_of, new_serial

# What the edit form offers; these make the ticket another one, and its serial number with it.
KEY_FIELDS = ("invoiceCode", "invoiceNo", "invoiceDate", "totalAmount")
FIELDS = (*KEY_FIELDS, "taxAmount", "buyerName", "buyerTaxNo", "salerName", "salerTaxNo")
MONEY = {"totalAmount": "total", "taxAmount": "tax"}
# The five rules of ticketParam: which tickets may be imported.
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


def judge(world, user, slip):
    # A private ticket has another title by nature: only the fifth digit asks about it.
    titled = "titled" in kind_of(slip).marks and not slip.personal
    broken = (
        slip.is_used_beside(user.document),
        titled and slip.told.get("buyerName", "") != user.title,
        titled and slip.told.get("buyerTaxNo", "") != user.tin,
        slip.check_status == "2",
        slip.personal,
    )
    blocked, warnings = [], []
    for is_broken, allowed, text in zip(broken, user.ticket_param, RULES, strict=True):
        if is_broken:
            (warnings if allowed == "1" else blocked).append(text)
    if "special" in kind_of(slip).marks:
        for name, (key, text) in WARNINGS.items():
            if getattr(user, name) not in ("", slip.told.get(key)):
                warnings.append(text)
    document = world.documents.get(user.document)
    there = {*user.serials, *(serials_of(document.shown) if document else ())}
    return Verdict(slip, blocked, warnings, slip.serial in there)


def wallet(world, user):
    """The tickets this userKey may see, each with its verdict, newest first."""
    whose = (user.eid, user.tin)
    mine = [each for each in world.slips.values() if (each.eid, each.tax_no) == whose and not each.replaced_by]
    return [judge(world, user, each) for each in reversed(mine)]


def choose(world, user, link_key, serials, way="polling"):
    """导入: the message, after the five rules."""
    slips = [_permitted(world, user, serial) for serial in serials]
    if not slips:
        raise Refused("请选择发票")
    return _send(world, user, link_key, messages.save_bill(user, slips), way)


def _permitted(world, user, serial, kept=()):
    slip = find(world, serial)
    if (slip.eid, slip.tax_no) != (user.eid, user.tin):
        raise Refused(f"发票流水号{serial}不存在")
    verdict = judge(world, user, slip)
    if verdict.blocked and serial not in kept:
        raise Refused(f"发票{serial}不允许导入:{','.join(verdict.blocked)}")
    return slip


def line_serials(world, user):
    """The tickets of the line the userKey is for."""
    document = world.documents.get(user.document)
    return serials_of(document.shown, user.branch_id) if document else []


def adjust(world, user, link_key, serials):
    """A line's tickets are these from now on; cached, until the document is saved."""
    before = line_serials(world, user)
    slips = [_permitted(world, user, serial, before) for serial in serials]
    document = world.documents.get(user.document)
    if document is not None:
        others = [line for line in document.shown if line["entryid"] != user.branch_id]
        line = {"entryid": user.branch_id, "fid": list(serials), "costTypeId": "", "costTypeName": ""}
        document.cached = [*others, line]
    return _send(world, user, link_key, messages.save_entries(user, slips))


def edit(world, user, link_key, serial, changes):
    """The message about the ticket as it is now, perhaps under another serial number."""
    slip = find(world, serial)
    changes = {key: str(value).strip() for key, value in changes.items()}
    changes = {key: value for key, value in changes.items() if value != current(slip, key)}
    if changes:
        slip = _revised(world, slip, changes)
    return _send(world, user, link_key, messages.update_invoice(user, slip))


def current(slip, key):
    return f"{getattr(slip, MONEY[key])}" if key in MONEY else slip.told.get(key, "")


def _revised(world, slip, changes):
    total, tax = (_money(changes.get(key, current(slip, key))) for key in MONEY)
    told = {**slip.told, **{key: value for key, value in changes.items() if key in slip.told}}
    serial = slip.serial
    if set(changes) & set(KEY_FIELDS):
        serial = slip.replaced_by = new_serial(world.next_serial())
        documents.replace_serial(world, slip.serial, serial)
    amounts = {"net": total - tax, "tax": tax, "total": total}
    world.slips[serial] = replace(slip, serial=serial, **amounts, told=told, revised=True, replaced_by="")
    return world.slips[serial]


def _money(text):
    try:
        return Decimal(text).quantize(CENT)
    except InvalidOperation:
        raise Refused(f'金额"{text}"不正确') from None


def _send(world, user, link_key, content, way=""):
    """Without a linkKey the link is known by the userKey's `random`."""
    return mailbox.post(world, link_key or user.random, content, user.eid, way=way)
