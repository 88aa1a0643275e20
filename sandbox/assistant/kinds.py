"""The types of tickets, and which keys the details of each have (docs/protocols/kingdee-assistant.md#tickets).

26 to 29, the digital ones, are younger than the paper: they are told in the shape of their elders [?].
"""
from dataclasses import dataclass
from decimal import Decimal

from ..errors import Refused

COMMON = (
    'amount', 'authenticateFlag', 'authenticateTime', 'buyerAccount', 'buyerAddressPhone', 'buyerName',
    'buyerTaxNo', 'checkFlag', 'checkStatus', 'checkTime', 'downloadUrl', 'expenseStatus', 'invoiceCode',
    'invoiceDate', 'invoiceNo', 'invoiceType', 'isRevise', 'originalGraphUrl', 'pixel', 'region',
    'rotationAngle', 'salerAccount', 'salerAddressPhone', 'salerName', 'salerTaxNo', 'serialNo',
    'snapshotUrl', 'taxAmount', 'totalAmount')
# What each shape has besides.
OWN = {
    'vat': ('checkCode', 'drawer', 'invoiceMoney', 'invoiceStatus', 'items', 'payee', 'proxyMark', 'remark',
            'reviewer'),
    'machine': ('remark', 'trip'),
    'taxi': ('licenseNumber', 'mileage', 'place', 'price', 'timeGetOff', 'timeGetOn', 'trip'),
    'train': ('passengerName', 'printingSequenceNo', 'seatGrade', 'stationGetOff', 'stationGetOn', 'taxRate',
              'trainNum', 'trainTime', 'trip'),
    'air': ('airTime', 'airportConstructionFee', 'customerIdentityNum', 'destination', 'electronicTicketNum',
            'fillingUnit', 'flightNum', 'fuelSurcharge', 'insurancePremium', 'otherTotalTaxAmount',
            'passengerName', 'placeOfDeparture', 'salesUnitCode', 'seatGrade', 'seatGradeName', 'taxRate',
            'trip'),
    'fixed': ('consumptionType', 'place', 'remark', 'trip'),
    'coach': ('currencyType', 'passengerName', 'stationGetOff', 'stationGetOn', 'taxRate', 'time', 'trip'),
    'toll': ('entrance', 'exit', 'place', 'time', 'trip'),
    'tax_paid': ('taxAuthorityName', 'taxPaidProofNo', 'trip'),
    'other': ('remark', 'trip'),
}
LACKING = {'tax_paid': ('invoiceCode', 'invoiceNo')}
KEYS = {shape: tuple(sorted({*COMMON, *own} - {*LACKING.get(shape, ())})) for shape, own in OWN.items()}


@dataclass(frozen=True)
class Kind:
    code: str                       # invoiceType
    alias: str
    name: str
    shape: str
    rate: Decimal                   # of the tax in its total
    cost: str                       # costType and costName of the travel form
    titled: bool = False            # it names its buyer
    electronic: bool = False
    digital: bool = False           # 20 digits, no code
    special: bool = False

    @property
    def cost_name(self):
        return COSTS[self.cost]


COSTS = {'other': '其他费用', 'city': '市内交通费', 'suburb': '长途交通费', 'hotel': '住宿费',
         'dining': '餐饮费'}


def _kind(code, alias, name, shape, rate='0', cost='other', **more):
    return Kind(code, alias, name, shape, Decimal(rate), cost, **more)


TITLED = {'titled': True}
KINDS = {kind.code: kind for kind in (
    _kind('1', 'electronic', '普通电子发票', 'vat', '0.06', 'dining', titled=True, electronic=True),
    _kind('2', 'electronic_special', '电子发票专票', 'vat', '0.06', 'hotel', titled=True, electronic=True,
          special=True),
    _kind('3', 'paper', '普通纸质发票', 'vat', '0.06', 'dining', titled=True),
    _kind('4', 'paper_special', '专用纸质发票', 'vat', '0.13', titled=True, special=True),
    _kind('5', 'roll', '普通纸质卷票', 'vat', '0.06', 'dining', titled=True),
    _kind('7', 'machine', '通用机打', 'machine', **TITLED),
    _kind('8', 'taxi', '的士票', 'taxi', cost='city'),
    _kind('9', 'train', '火车票', 'train', '0.09', 'suburb'),
    _kind('10', 'air', '飞机票', 'air', '0.09', 'suburb'),
    _kind('11', 'other', '其他', 'other'),
    _kind('12', 'vehicle', '机动车', 'vat', '0.13', titled=True),
    _kind('13', 'used_vehicle', '二手车', 'vat', titled=True),
    _kind('14', 'fixed', '定额发票', 'fixed'),
    _kind('15', 'toll_electronic', '通行费', 'vat', '0.03', 'city', titled=True, electronic=True),
    _kind('16', 'coach', '客运票', 'coach', '0.03', 'suburb'),
    _kind('17', 'toll', '过路过桥发票', 'toll', cost='city'),
    _kind('19', 'tax_paid', '完税证明', 'tax_paid', **TITLED),
    _kind('20', 'ship', '轮船票', 'coach', '0.03', 'suburb'),
    _kind('23', 'machine_electronic', '通用机打电子发票', 'machine', titled=True, electronic=True),
    _kind('26', 'digital', '数电票(普通发票)', 'vat', '0.06', 'dining', titled=True, electronic=True,
          digital=True),
    _kind('27', 'digital_special', '数电票(增值税专用发票)', 'vat', '0.13', titled=True, electronic=True,
          digital=True, special=True),
    _kind('28', 'air_digital', '数电票(航空运输电子客票行程单)', 'air', '0.09', 'suburb', titled=True,
          electronic=True, digital=True),
    _kind('29', 'train_digital', '数电票(铁路电子客票)', 'train', '0.09', 'suburb', titled=True,
          electronic=True, digital=True),
)}
ALIASES = {kind.alias: kind for kind in KINDS.values()}


def find(kind):
    """By invoiceType, as text or number, or by alias."""
    found = KINDS.get(str(kind)) or ALIASES.get(str(kind))
    if found is None:
        raise Refused(f'unknown kind of ticket {kind!r}; known: '
                      + ', '.join(f'{each.code} {each.alias}' for each in KINDS.values()))
    return found
