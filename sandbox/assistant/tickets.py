"""The tickets of a wallet: their types, contents made up for each, and how they are told.

26 to 29, the digital ones, are younger than the documents: they are told in the shape of their elders [?].
"""

import hashlib
import itertools
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from .. import defaults, files
from ..bureau import inbound
from ..clock import SHANGHAI
from ..protocol import Answer, Refused, renamed, words
from ..records import CENT
from .auth import split
from .records import Slip

# Keys of the details of every type,
COMMON = words("""
    amount authenticateFlag authenticateTime buyerAccount buyerAddressPhone buyerName buyerTaxNo checkFlag checkStatus
    checkTime downloadUrl expenseStatus invoiceCode invoiceDate invoiceNo invoiceType isRevise originalGraphUrl pixel
    region rotationAngle salerAccount salerAddressPhone salerName salerTaxNo serialNo snapshotUrl taxAmount
    totalAmount""")
# and by shape what each has besides, made up: {n} is a number of ten digits, {rate} the tax rate.
CONTENTS = {
    "vat": "drawer=沙箱 invoiceStatus=0 remark=SANDBOX checkCode= invoiceMoney= items= payee= proxyMark= reviewer=",
    "machine": "remark=SANDBOX trip=",
    "taxi": "licenseNumber=沪A·00000 mileage=12.3 place=上海市 price=2.70 timeGetOff=09:45 timeGetOn=09:15 trip=",
    "train": """
        passengerName=沙箱旅客 printingSequenceNo=E{n} seatGrade=二等座 stationGetOff=杭州东 stationGetOn=上海虹桥
        taxRate={rate} trainNum=G7301 trainTime=08:30:00 trip=""",
    "air": """
        airTime=08:30 airportConstructionFee=50.00 customerIdentityNum=310000********0000 destination=北京首都
        electronicTicketNum=781{n} fillingUnit=沙箱航空服务有限公司 flightNum=SB0001 fuelSurcharge=20.00
        insurancePremium=0.00 otherTotalTaxAmount=0.00 passengerName=沙箱旅客 placeOfDeparture=上海虹桥
        salesUnitCode=SHA000 seatGrade=Y seatGradeName=经济舱 taxRate={rate} trip=上海虹桥-北京首都""",
    "fixed": "consumptionType=dining place=上海市 remark=SANDBOX trip=",
    "coach": """
        currencyType=CNY passengerName=沙箱旅客 stationGetOff=苏州 stationGetOn=上海 taxRate={rate} time=08:30:00
        trip=上海-苏州""",
    "toll": "entrance=沪杭枫泾 exit=杭州北 place=上海市 time=08:30:00 trip=",
    "tax_paid": "taxAuthorityName=沙箱税务局 taxPaidProofNo=00000000{n} trip=",
    "other": "remark=SANDBOX trip=",
}
LACKING = {"tax_paid": {"invoiceCode", "invoiceNo"}}
KEYS = {shape: sorted({*COMMON, *renamed(own)} - LACKING.get(shape, set())) for shape, own in CONTENTS.items()}
COSTS = {"other": "其他费用", "city": "市内交通费", "suburb": "长途交通费", "hotel": "住宿费", "dining": "餐饮费"}


@dataclass(frozen=True)
class Kind:
    code: str  # invoiceType
    alias: str
    name: str
    shape: str
    rate: Decimal  # of the tax in its total
    cost: str  # costType and costName of the travel form
    marks: tuple  # titled: it names its buyer; digital: 20 digits, no code; special

    @property
    def cost_name(self):
        return COSTS[self.cost]

    @property
    def is_electronic(self):
        return "digital" in self.marks or "electronic" in self.alias


KINDS = {}
for _line in """
    1 electronic 普通电子发票 vat 0.06 dining titled
    2 electronic_special 电子发票专票 vat 0.06 hotel titled special
    3 paper 普通纸质发票 vat 0.06 dining titled
    4 paper_special 专用纸质发票 vat 0.13 other titled special
    5 roll 普通纸质卷票 vat 0.06 dining titled
    7 machine 通用机打 machine 0 other titled
    8 taxi 的士票 taxi 0 city
    9 train 火车票 train 0.09 suburb
    10 air 飞机票 air 0.09 suburb
    11 other 其他 other 0 other
    12 vehicle 机动车 vat 0.13 other titled
    13 used_vehicle 二手车 vat 0 other titled
    14 fixed 定额发票 fixed 0 other
    15 toll_electronic 通行费 vat 0.03 city titled
    16 coach 客运票 coach 0.03 suburb
    17 toll 过路过桥发票 toll 0 city
    19 tax_paid 完税证明 tax_paid 0 other titled
    20 ship 轮船票 coach 0.03 suburb
    23 machine_electronic 通用机打电子发票 machine 0 other titled
    26 digital 数电票(普通发票) vat 0.06 dining titled digital
    27 digital_special 数电票(增值税专用发票) vat 0.13 other titled digital special
    28 air_digital 数电票(航空运输电子客票行程单) air 0.09 suburb titled digital
    29 train_digital 数电票(铁路电子客票) train 0.09 suburb titled digital""".strip().splitlines():
    _code, _alias, _name, _shape, _rate, _cost, *_marks = _line.split()
    KINDS[_code] = Kind(_code, _alias, _name, _shape, Decimal(_rate), _cost, tuple(_marks))


def find_kind(kind):
    """By invoiceType, as text or number, or by alias."""
    for each in KINDS.values():
        if str(kind) in (each.code, each.alias):
            return each
    raise Refused(f"unknown kind of ticket {kind!r}; known: {', '.join(KINDS)}")


# --- made up: plausible contents, each of which a test may set itself ---

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


def make(world, kind, eid, tax_no, title=None, **fields):
    """A new Slip, its contents by the documents' keys.

    `fields`: total, tax (net follows), check_status, personal, serial, status, or any key of its details;
    `items` of a VAT ticket as the documents print them. Unknown keys are a ValueError.
    """
    kind, number = find_kind(kind), world.next_serial()
    serial = str(fields.pop("serial", "") or new_serial(number))
    if serial in world.slips:
        raise ValueError(f"{serial} is taken")
    total = Decimal(str(fields.pop("total", 100 + number % 400))).quantize(CENT)
    net = (total / (1 + kind.rate)).quantize(CENT, ROUND_HALF_UP)
    tax = Decimal(str(fields.pop("tax", total - net))).quantize(CENT)
    about = {key: str(fields.pop(key)) for key in ("check_status", "status") if key in fields}
    personal = bool(fields.pop("personal", False))
    slip = Slip(serial, kind.code, eid, tax_no, total - tax, tax, total, {}, personal=personal, **about)
    if personal and "titled" in kind.marks:
        fields = {"buyerName": "个人", "buyerTaxNo": "", **fields}
    unknown = set(fields) - set(KEYS[kind.shape])
    if unknown:
        raise ValueError(f"a {kind.name} ticket has no {', '.join(sorted(unknown))}")
    title = world.buyers.get(tax_no, f"沙箱公司{tax_no[-4:]}") if title is None else title
    slip.told = _contents(world, kind, number, slip, title)
    slip.told.update((key, value if isinstance(value, list) else str(value)) for key, value in fields.items())
    return slip


def new_serial(number):
    return hashlib.sha256(f"SANDBOX-{number}".encode()).hexdigest()[:32] + "0"


def _contents(world, kind, number, slip, title):
    day = (world.clock.now() - timedelta(days=number % 20 + 1)).astimezone(SHANGHAI)
    ticket = f"{number % 10**10:010d}"
    own = renamed(CONTENTS[kind.shape].format(n=ticket, rate=kind.rate))
    told = {**dict.fromkeys(KEYS[kind.shape], ""), **renamed(BASE), **own, "invoiceDate": f"{day:%Y-%m-%d}"}
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
        name, code = GOODS.get(kind.cost, GOODS["other"])
        amounts = {"detailAmount": f"{slip.net}", "unitPrice": f"{slip.net}", "taxAmount": f"{slip.tax}"}
        goods = {"goodsCode": code, "goodsName": name, "specModel": "", "unit": "次", "num": "1"}
        told["items"] = [{**amounts, **goods, "discountType": "0", "taxRate": f"{kind.rate}"}]
        if not {"digital", "special"} & {*kind.marks}:
            told.update(checkCode=f"{number % 10**20:020d}")
    return told


# --- told: in full to a details query, in short inside messages ---

FEES = ("airportConstructionFee", "fuelSurcharge", "insurancePremium", "otherTotalTaxAmount")


def query(exchange):
    """detail/query: by serial number; those that aren't there are missing from the answer [?]."""
    world = exchange.world
    slips = [
        pooled(world, exchange.client, serial) or world.slips.get(serial) for serial in split(exchange.text("fid"))
    ]
    shown = [each for each in slips if each and not each.replaced_by and each.tax_no in exchange.client.tax_nos]
    return Answer([details(world, slip) for slip in shown])


def pooled(world, client, serial):
    """A fapiao of the company's pool, which the cloud knows by the serial its pages show [?], or None.

    It lies in nobody's wallet, but may be claimed; what the bureau says of it is asked anew.
    """
    if not serial.startswith("SB"):
        return None
    text = serial.removeprefix("SB")
    ways = [(text, ""), (text[12:], text[:12]), (text[8:], text[:8])]
    for tax_no, (number, code) in itertools.product(client.tax_nos, ways):
        row = inbound.find(world, tax_no, number, code) if number else None
        if row is not None and row.code == code and str(row.kind) in KINDS:
            slip = _slip_of(world, row, serial)
            world.slips[serial] = slip
            return slip
    return None


def _slip_of(world, row, serial):
    known = world.slips.get(serial)
    slip = known or Slip(serial, str(row.kind), "", row.buyer_no, row.net, row.tax, row.gross, {})
    told = _contents(world, KINDS[slip.kind], int(row.number[-7:]), slip, row.buyer_name)
    told.update(invoiceNo=row.number, invoiceCode=row.code, invoiceDate=row.day)
    told.update(salerName=row.seller_name, salerTaxNo=row.seller_no)
    if "invoiceStatus" in told:
        told["invoiceStatus"] = inbound.status_of(row, world.marks.get(row.key))
    mark = world.marks.get(row.key)
    told["checkFlag"], told["checkTime"] = ("2", mark.selected_at) if mark and mark.selected else ("1", "")
    for item in told.get("items") or ():
        item["taxRate"] = f"{Decimal(row.rate) / 100:.2f}"
    slip.told = told
    return slip


def find(world, serial):
    found = world.slips.get(serial)
    if found is None or found.replaced_by:
        raise Refused(f"发票流水号{serial}不存在")
    return found


def kind_of(slip):
    return KINDS[slip.kind]


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
    return {key: told.get(key, "") for key in KEYS[kind_of(slip).shape]}


def net(slip):
    """Excluding tax, but a flight's `amount` is its fare."""
    if kind_of(slip).shape != "air":
        return slip.net
    fare = slip.total - sum((Decimal(slip.told.get(key) or 0) for key in FEES), Decimal("0.00"))
    return fare if fare > 0 else slip.net


def goods(slip):
    """What was bought; of a ticket without lines its type."""
    items = slip.told.get("items")
    return items[0]["goodsName"] if items else kind_of(slip).name


def code_no(slip):
    """Code and number as messages have them; a tax payment's number goes by another name."""
    return slip.told.get("invoiceCode", ""), slip.told.get("invoiceNo") or slip.told.get("taxPaidProofNo", "")
