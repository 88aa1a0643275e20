"""How a ticket is told: in full to a details query, in short inside messages."""
from decimal import Decimal

from . import files, kinds

MONEY = ('amount', 'taxAmount', 'totalAmount', 'invoiceMoney')
MOMENTS = ('authenticateTime', 'checkTime')
SEVERAL = '99'              # instead of a rate where there are several
FEES = ('airportConstructionFee', 'fuelSurcharge', 'insurancePremium', 'otherTotalTaxAmount')


def kind_of(slip):
    return kinds.KINDS[slip.kind]


def details(world, slip):
    """Every key of the paper's shape for its type, in the paper's (alphabetical) order."""
    quirks = world.assistant
    told = {
        **slip.told, 'serialNo': slip.serial, 'invoiceType': slip.kind, 'amount': net(slip),
        'taxAmount': slip.tax, 'totalAmount': slip.total, 'invoiceMoney': slip.net,
        'expenseStatus': slip.status, 'checkStatus': slip.check_status,
        'isRevise': '2' if slip.revised else '1', 'downloadUrl': files.address(world, slip, 'pdf'),
        'originalGraphUrl': files.address(world, slip, 'png'),
        'snapshotUrl': files.address(world, slip, 'png')}
    found = {key: told.get(key, '') for key in kinds.KEYS[kind_of(slip).shape]}
    for key in MONEY:
        if key in found:
            found[key] = amount(found[key], quirks, 'str')
    for key in MOMENTS:
        if found[key] and quirks.moments == 'dashed':
            found[key] = found[key].replace(':', '-', 2)
    return _emptied(found, quirks.empty_as)


def _emptied(found, style):
    if style == 'text':
        return found
    if style == 'null':
        return {key: None if value == '' else value for key, value in found.items()}
    return {key: value for key, value in found.items() if value != ''}


def net(slip):
    """Excluding tax, but a flight's `amount` is its fare."""
    if kind_of(slip).shape != 'air':
        return slip.net
    fare = slip.total - sum((Decimal(slip.told.get(key) or 0) for key in FEES), Decimal('0.00'))
    return fare if fare > 0 else slip.net


def amount(value, quirks, usual='number'):
    style = usual if quirks.amounts == 'seed' else quirks.amounts
    return Decimal(value) if style == 'number' else f'{value:.2f}'


def serial(slip, quirks):
    """A JSON number, as one sample has it, where the ticket's allows that."""
    return int(slip.serial) if quirks.serials == 'number' and slip.serial.isdigit() else slip.serial


def rate(slip):
    items = slip.told.get('items')
    if items:
        rates = {item['taxRate'] for item in items}
        return rates.pop() if len(rates) == 1 else SEVERAL
    return slip.told.get('taxRate', '0')


def first_item(slip):
    items = slip.told.get('items')
    return items[0] if items else {'goodsCode': '', 'goodsName': '', 'unit': '', 'num': '1'}


def code_no(slip):
    """Code and number as messages have them; a tax payment's number goes by another name."""
    return slip.told.get('invoiceCode', ''), slip.told.get('invoiceNo') or slip.told.get('taxPaidProofNo', '')
