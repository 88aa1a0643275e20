"""Makes tickets: plausible contents for every type, each of which a test may set itself."""
import hashlib
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from .. import defaults
from ..clock import SHANGHAI
from . import kinds
from .records import Slip

CENT = Decimal('0.01')
GOODS = {'dining': ('*餐饮服务*餐费', '3070401000000000000'),
         'hotel': ('*住宿服务*住宿费', '3070402000000000000'),
         'city': ('*经营租赁*通行费', '3040502020200000000'),
         'other': ('*纸制品*复印纸', '1060105040000000000')}
SELLER = {'salerName': '沙箱服务有限公司', 'salerTaxNo': '91310000MA1FAKE94P',
          'salerAddressPhone': '上海市沙箱路9号 021-00000000', 'salerAccount': '沙箱银行 6200000000000000009'}
PASSENGER = '沙箱旅客'


def make(world, kind, eid, tax_no, title=None, **fields):
    """A new Slip, its contents by the paper's keys.

    `fields`: total, tax (net follows), check_status, personal, serial, status, or any key of its details;
    `items` of a VAT ticket as the paper prints them. Unknown keys are a ValueError.
    """
    kind = kinds.find(kind)
    number = world.next_serial()
    while new_serial(world, number) in world.slips:
        number = world.next_serial()
    slip = _bare(world, kind, number, eid, tax_no, fields)
    if slip.serial in world.slips:
        raise ValueError(f'{slip.serial} is taken')
    title = _title(world, tax_no) if title is None else title
    told = {**_base(world, kind, number, tax_no, title, slip), **OWN[kind.shape](kind, number, slip)}
    unknown = set(fields) - set(kinds.KEYS[kind.shape])
    if unknown:
        raise ValueError(f'a {kind.name} ticket has no {", ".join(sorted(unknown))}')
    slip.told = {**told, **{key: value if isinstance(value, list) else str(value)
                            for key, value in fields.items()}}
    return slip


def _bare(world, kind, number, eid, tax_no, fields):
    """Takes its own keys out of `fields`."""
    total = Decimal(str(fields.pop('total', 100 + number % 400))).quantize(CENT)
    net = (total / (1 + kind.rate)).quantize(CENT, ROUND_HALF_UP)
    tax = Decimal(str(fields.pop('tax', total - net))).quantize(CENT)
    serial = str(fields.pop('serial', '') or new_serial(world, number))
    slip = Slip(serial, kind.code, eid, tax_no, total - tax, tax, total, {})
    slip.check_status = str(fields.pop('check_status', '1'))
    slip.status = str(fields.pop('status', slip.status))
    slip.personal = bool(fields.pop('personal', False))
    if slip.personal and kind.titled:
        fields.setdefault('buyerName', '个人')
        fields.setdefault('buyerTaxNo', '')
    return slip


def new_serial(world, number):
    if world.assistant.serials == 'number':
        return str(number % 10**12)
    return hashlib.sha256(f'SANDBOX-{number}'.encode()).hexdigest()[:32] + '0'


def _title(world, tax_no):
    return world.buyers.get(tax_no, defaults.NAME if tax_no == defaults.TAX_NO else f'沙箱公司{tax_no[-4:]}')


def _day(world, number):
    return (world.clock.now() - timedelta(days=number % 20 + 1)).astimezone(SHANGHAI)


def _base(world, kind, number, tax_no, title, slip):
    day = _day(world, number)
    told = {
        'authenticateFlag': '1', 'authenticateTime': '', 'checkFlag': '1', 'checkTime': '',
        'buyerName': title if kind.titled else '', 'buyerTaxNo': tax_no if kind.titled else '',
        'buyerAccount': '', 'buyerAddressPhone': '', **dict.fromkeys(SELLER, ''),
        'invoiceDate': f'{day:%Y-%m-%d}', 'invoiceCode': '', 'pixel': '800*600', 'region': '0,0,800,600',
        'rotationAngle': '0'}
    if kind.titled and kind.shape != 'tax_paid':
        told.update(SELLER)
    if kind.special and tax_no == defaults.TAX_NO:
        told.update(buyerAccount=defaults.BANK, buyerAddressPhone=defaults.ADDRESS)
    if kind.digital:
        told['invoiceNo'] = f'{day:%y}319997{number % 10**12:012d}'
    elif kind.shape == 'train':
        # Rail and air have no code and number: the paper puts the day of travel and the ticket's there.
        told.update(invoiceCode=f'{day:%Y%m%d}', invoiceNo=f'E{number % 10**9:09d}')
    elif kind.shape == 'air':
        told.update(invoiceCode=f'{day:%Y%m%d}', invoiceNo=f'781{number % 10**10:010d}')
    elif kind.shape != 'tax_paid':
        told.update(invoiceCode=f'0310019{number // 10**8 % 10**5:05d}', invoiceNo=f'{number % 10**8:08d}')
    return told


def _vat(kind, number, slip):
    goods, code = GOODS.get(kind.cost, GOODS['other'])
    item = {'detailAmount': f'{slip.net}', 'discountType': '0', 'goodsCode': code, 'goodsName': goods,
            'num': '1', 'specModel': '', 'taxAmount': f'{slip.tax}', 'taxRate': f'{kind.rate}', 'unit': '次',
            'unitPrice': f'{slip.net}'}
    return {'checkCode': '' if kind.digital or kind.special else f'{number % 10**20:020d}', 'drawer': '沙箱',
            'invoiceStatus': '0', 'items': [item], 'payee': '', 'proxyMark': '', 'remark': 'SANDBOX',
            'reviewer': ''}


def _machine(kind, number, slip):
    return {'remark': 'SANDBOX', 'trip': ''}


def _taxi(kind, number, slip):
    return {'licenseNumber': '沪A·00000', 'mileage': '12.3', 'place': '上海市', 'price': '2.70',
            'timeGetOff': '09:45', 'timeGetOn': '09:15', 'trip': ''}


def _train(kind, number, slip):
    return {'passengerName': PASSENGER, 'printingSequenceNo': f'E{number % 10**9:09d}', 'seatGrade': '二等座',
            'stationGetOff': '杭州东', 'stationGetOn': '上海虹桥', 'taxRate': f'{kind.rate}',
            'trainNum': 'G7301', 'trainTime': '08:30:00', 'trip': ''}


def _air(kind, number, slip):
    return {'airTime': '08:30', 'airportConstructionFee': '50.00',
            'customerIdentityNum': '310000********0000', 'destination': '北京首都',
            'electronicTicketNum': f'781{number % 10**10:010d}',
            'fillingUnit': '沙箱航空服务有限公司', 'flightNum': 'SB0001', 'fuelSurcharge': '20.00',
            'insurancePremium': '0.00', 'otherTotalTaxAmount': '0.00', 'passengerName': PASSENGER,
            'placeOfDeparture': '上海虹桥', 'salesUnitCode': 'SHA000', 'seatGrade': 'Y',
            'seatGradeName': '经济舱', 'taxRate': f'{kind.rate}', 'trip': '上海虹桥-北京首都'}


def _fixed(kind, number, slip):
    return {'consumptionType': 'dining', 'place': '上海市', 'remark': 'SANDBOX', 'trip': ''}


def _coach(kind, number, slip):
    return {'currencyType': 'CNY', 'passengerName': PASSENGER, 'stationGetOff': '苏州',
            'stationGetOn': '上海', 'taxRate': f'{kind.rate}', 'time': '08:30:00', 'trip': '上海-苏州'}


def _toll(kind, number, slip):
    return {'entrance': '沪杭枫泾', 'exit': '杭州北', 'place': '上海市', 'time': '08:30:00', 'trip': ''}


def _tax_paid(kind, number, slip):
    return {'taxAuthorityName': '沙箱税务局', 'taxPaidProofNo': f'{number % 10**18:018d}', 'trip': ''}


OWN = {'vat': _vat, 'machine': _machine, 'taxi': _taxi, 'train': _train, 'air': _air, 'fixed': _fixed,
       'coach': _coach, 'toll': _toll, 'tax_paid': _tax_paid, 'other': _machine}
