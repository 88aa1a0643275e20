"""The types of tickets (invoiceType), and which keys the details of each have.

26 to 29, the digital ones, are younger than the documents: they are told in the shape of their elders [?].
"""

from dataclasses import dataclass
from decimal import Decimal

from ..errors import Refused
from ..protocol import words

COMMON = """
    amount authenticateFlag authenticateTime buyerAccount buyerAddressPhone buyerName buyerTaxNo checkFlag checkStatus
    checkTime downloadUrl expenseStatus invoiceCode invoiceDate invoiceNo invoiceType isRevise originalGraphUrl pixel
    region rotationAngle salerAccount salerAddressPhone salerName salerTaxNo serialNo snapshotUrl taxAmount
    totalAmount"""
# What each shape has besides.
OWN = {
    "vat": "checkCode drawer invoiceMoney invoiceStatus items payee proxyMark remark reviewer",
    "machine": "remark trip",
    "taxi": "licenseNumber mileage place price timeGetOff timeGetOn trip",
    "train": """
        passengerName printingSequenceNo seatGrade stationGetOff stationGetOn taxRate trainNum trainTime trip""",
    "air": """
        airTime airportConstructionFee customerIdentityNum destination electronicTicketNum fillingUnit flightNum
        fuelSurcharge insurancePremium otherTotalTaxAmount passengerName placeOfDeparture salesUnitCode seatGrade
        seatGradeName taxRate trip""",
    "fixed": "consumptionType place remark trip",
    "coach": "currencyType passengerName stationGetOff stationGetOn taxRate time trip",
    "toll": "entrance exit place time trip",
    "tax_paid": "taxAuthorityName taxPaidProofNo trip",
    "other": "remark trip",
}
LACKING = {"tax_paid": ("invoiceCode", "invoiceNo")}
KEYS = {shape: sorted({*words(COMMON), *words(own)} - {*LACKING.get(shape, ())}) for shape, own in OWN.items()}
COSTS = {"other": "其他费用", "city": "市内交通费", "suburb": "长途交通费", "hotel": "住宿费", "dining": "餐饮费"}


@dataclass(frozen=True)
class Kind:
    code: str  # invoiceType
    alias: str
    name: str
    shape: str
    rate: Decimal  # of the tax in its total
    cost: str  # costType and costName of the travel form
    marks: tuple  # titled: it names its buyer; electronic; digital: 20 digits, no code; special

    @property
    def cost_name(self):
        return COSTS[self.cost]


KINDS = {}
for _line in """
    1 electronic 普通电子发票 vat 0.06 dining titled electronic
    2 electronic_special 电子发票专票 vat 0.06 hotel titled electronic special
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
    15 toll_electronic 通行费 vat 0.03 city titled electronic
    16 coach 客运票 coach 0.03 suburb
    17 toll 过路过桥发票 toll 0 city
    19 tax_paid 完税证明 tax_paid 0 other titled
    20 ship 轮船票 coach 0.03 suburb
    23 machine_electronic 通用机打电子发票 machine 0 other titled electronic
    26 digital 数电票(普通发票) vat 0.06 dining titled electronic digital
    27 digital_special 数电票(增值税专用发票) vat 0.13 other titled electronic digital special
    28 air_digital 数电票(航空运输电子客票行程单) air 0.09 suburb titled electronic digital
    29 train_digital 数电票(铁路电子客票) train 0.09 suburb titled electronic digital""".strip().splitlines():
    _code, _alias, _name, _shape, _rate, _cost, *_marks = _line.split()
    KINDS[_code] = Kind(_code, _alias, _name, _shape, Decimal(_rate), _cost, tuple(_marks))
ALIASES = {kind.alias: kind for kind in KINDS.values()}


def find(kind):
    """By invoiceType, as text or number, or by alias."""
    found = KINDS.get(str(kind)) or ALIASES.get(str(kind))
    if found is None:
        known = ", ".join(f"{each.code} {each.alias}" for each in KINDS.values())
        raise Refused(f"unknown kind of ticket {kind!r}; known: {known}")
    return found
