"""Makes tickets: plausible contents for every type, each of which a test may set itself."""

import hashlib
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from .. import defaults
from ..clock import SHANGHAI
from ..protocol import renamed
from ..records import CENT
from . import kinds
from .records import Slip

GOODS = {
    "dining": ("*餐饮服务*餐费", "3070401000000000000"),
    "hotel": ("*住宿服务*住宿费", "3070402000000000000"),
    "city": ("*经营租赁*通行费", "3040502020200000000"),
    "other": ("*纸制品*复印纸", "1060105040000000000"),
}
SELLER = {
    "salerName": "沙箱服务有限公司",
    "salerTaxNo": "91310000MA1FAKE94P",
    "salerAddressPhone": "上海市沙箱路9号 021-00000000",
    "salerAccount": "沙箱银行 6200000000000000009",
}
BASE = "authenticateFlag=1 checkFlag=1 pixel=800*600 region=0,0,800,600 rotationAngle=0"
# Shape → its own contents; {n} is a number of ten digits, {rate} the tax rate.
CONTENTS = {
    "machine": "remark=SANDBOX",
    "other": "remark=SANDBOX",
    "taxi": "licenseNumber=沪A·00000 mileage=12.3 place=上海市 price=2.70 timeGetOff=09:45 timeGetOn=09:15",
    "train": """
        passengerName=沙箱旅客 printingSequenceNo=E{n} seatGrade=二等座 stationGetOff=杭州东 stationGetOn=上海虹桥
        taxRate={rate} trainNum=G7301 trainTime=08:30:00""",
    "air": """
        airTime=08:30 airportConstructionFee=50.00 customerIdentityNum=310000********0000 destination=北京首都
        electronicTicketNum=781{n} fillingUnit=沙箱航空服务有限公司 flightNum=SB0001 fuelSurcharge=20.00
        insurancePremium=0.00 otherTotalTaxAmount=0.00 passengerName=沙箱旅客 placeOfDeparture=上海虹桥
        salesUnitCode=SHA000 seatGrade=Y seatGradeName=经济舱 taxRate={rate} trip=上海虹桥-北京首都""",
    "fixed": "consumptionType=dining place=上海市 remark=SANDBOX",
    "coach": """
        currencyType=CNY passengerName=沙箱旅客 stationGetOff=苏州 stationGetOn=上海 taxRate={rate} time=08:30:00
        trip=上海-苏州""",
    "toll": "entrance=沪杭枫泾 exit=杭州北 place=上海市 time=08:30:00",
    "tax_paid": "taxAuthorityName=沙箱税务局 taxPaidProofNo=00000000{n}",
    "vat": "drawer=沙箱 invoiceStatus=0 remark=SANDBOX",
}


def make(world, kind, eid, tax_no, title=None, **fields):
    """A new Slip, its contents by the documents' keys.

    `fields`: total, tax (net follows), check_status, personal, serial, status, or any key of its details;
    `items` of a VAT ticket as the documents print them. Unknown keys are a ValueError.
    """
    kind, number = kinds.find(kind), world.next_serial()
    slip = _bare(kind, number, eid, tax_no, fields)
    if slip.serial in world.slips:
        raise ValueError(f"{slip.serial} is taken")
    unknown = set(fields) - set(kinds.KEYS[kind.shape])
    if unknown:
        raise ValueError(f"a {kind.name} ticket has no {', '.join(sorted(unknown))}")
    title = world.buyers.get(tax_no, f"沙箱公司{tax_no[-4:]}") if title is None else title
    slip.told = _contents(world, kind, number, slip, title)
    slip.told.update((key, value if isinstance(value, list) else str(value)) for key, value in fields.items())
    return slip


def _bare(kind, number, eid, tax_no, fields):
    """Takes its own keys out of `fields`."""
    total = Decimal(str(fields.pop("total", 100 + number % 400))).quantize(CENT)
    net = (total / (1 + kind.rate)).quantize(CENT, ROUND_HALF_UP)
    tax = Decimal(str(fields.pop("tax", total - net))).quantize(CENT)
    slip = Slip(
        str(fields.pop("serial", "") or new_serial(number)), kind.code, eid, tax_no, total - tax, tax, total, {}
    )
    slip.check_status = str(fields.pop("check_status", "1"))
    slip.status = str(fields.pop("status", slip.status))
    slip.personal = bool(fields.pop("personal", False))
    if slip.personal and "titled" in kind.marks:
        fields.setdefault("buyerName", "个人")
        fields.setdefault("buyerTaxNo", "")
    return slip


def new_serial(number):
    return hashlib.sha256(f"SANDBOX-{number}".encode()).hexdigest()[:32] + "0"


def _contents(world, kind, number, slip, title):
    day = (world.clock.now() - timedelta(days=number % 20 + 1)).astimezone(SHANGHAI)
    ticket = f"{number % 10**10:010d}"
    own = renamed(CONTENTS[kind.shape].format(n=ticket, rate=kind.rate))
    told = {**dict.fromkeys(kinds.KEYS[kind.shape], ""), **renamed(BASE), **own, "invoiceDate": f"{day:%Y-%m-%d}"}
    if "titled" in kind.marks:
        told.update(buyerName=title, buyerTaxNo=slip.tax_no)
        if kind.shape != "tax_paid":
            told.update(SELLER)
    if "special" in kind.marks and slip.tax_no == defaults.TAX_NO:
        told.update(buyerAccount=defaults.BANK, buyerAddressPhone=defaults.ADDRESS)
    if "digital" in kind.marks:
        told["invoiceNo"] = f"{day:%y}319997{number % 10**12:012d}"
    elif kind.shape in ("train", "air"):
        # Rail and air have no code and number: the documents put the day of travel and the ticket's there.
        no = f"E{ticket[1:]}" if kind.shape == "train" else f"781{ticket}"
        told.update(invoiceCode=f"{day:%Y%m%d}", invoiceNo=no)
    elif kind.shape != "tax_paid":
        told.update(invoiceCode=f"0310019{number // 10**8 % 10**5:05d}", invoiceNo=f"{number % 10**8:08d}")
    if kind.shape == "vat":
        told.update(items=[_item(kind, slip)])
        if not {"digital", "special"} & {*kind.marks}:
            told.update(checkCode=f"{number % 10**20:020d}")
    return told


def _item(kind, slip):
    name, code = GOODS.get(kind.cost, GOODS["other"])
    amounts = {"detailAmount": f"{slip.net}", "unitPrice": f"{slip.net}", "taxAmount": f"{slip.tax}"}
    goods = {"goodsCode": code, "goodsName": name, "specModel": "", "unit": "次", "num": "1"}
    return {**amounts, **goods, "discountType": "0", "taxRate": f"{kind.rate}"}
