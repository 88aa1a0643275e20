"""How a ticket is told: in full to a details query, in short inside messages."""

from decimal import Decimal

from .. import files
from ..errors import Refused
from ..protocol import Answer
from . import kinds
from .auth import split

SEVERAL = "99"  # instead of a rate where there are several
FEES = ("airportConstructionFee", "fuelSurcharge", "insurancePremium", "otherTotalTaxAmount")


def query(exchange):
    """detail/query: by serial number; those that aren't there are missing from the answer [?]."""
    exchange.demand("fid")
    world = exchange.world
    slips = [world.slips.get(serial) for serial in split(exchange.text("fid"))]
    shown = [each for each in slips if each and not each.replaced_by and each.tax_no in exchange.client.tax_nos]
    return Answer([details(world, slip) for slip in shown])


def find(world, serial):
    found = world.slips.get(serial)
    if found is None or found.replaced_by:
        raise Refused(f"发票流水号{serial}不存在")
    return found


def kind_of(slip):
    return kinds.KINDS[slip.kind]


def details(world, slip):
    """Every key of the documents' shape for its type, in their (alphabetical) order."""
    picture = files.address(world, "assistant", slip.serial, "png")
    told = {
        **slip.told,
        "serialNo": slip.serial,
        "invoiceType": slip.kind,
        "isRevise": "2" if slip.revised else "1",
        "amount": f"{net(slip):.2f}",
        "taxAmount": f"{slip.tax:.2f}",
        "totalAmount": f"{slip.total:.2f}",
        "invoiceMoney": f"{slip.net:.2f}",
        "expenseStatus": slip.status,
        "checkStatus": slip.check_status,
        "downloadUrl": files.address(world, "assistant", slip.serial, "pdf"),
        "originalGraphUrl": picture,
        "snapshotUrl": picture,
    }
    return {key: told.get(key, "") for key in kinds.KEYS[kind_of(slip).shape]}


def net(slip):
    """Excluding tax, but a flight's `amount` is its fare."""
    if kind_of(slip).shape != "air":
        return slip.net
    fare = slip.total - sum((Decimal(slip.told.get(key) or 0) for key in FEES), Decimal("0.00"))
    return fare if fare > 0 else slip.net


def rate(slip):
    items = slip.told.get("items")
    if items:
        rates = {item["taxRate"] for item in items}
        return rates.pop() if len(rates) == 1 else SEVERAL
    return slip.told.get("taxRate", "0")


def first_item(slip):
    items = slip.told.get("items")
    return items[0] if items else {"goodsCode": "", "goodsName": "", "unit": "", "num": "1"}


def code_no(slip):
    """Code and number as messages have them; a tax payment's number goes by another name."""
    return slip.told.get("invoiceCode", ""), slip.told.get("invoiceNo") or slip.told.get("taxPaidProofNo", "")
