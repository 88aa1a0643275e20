"""The three kinds of messages, saveBill in its four shapes (docs/protocols/kingdee-assistant.md#messages)."""
from decimal import Decimal
from itertools import groupby

from . import shapes

ZERO = Decimal('0.00')
# The paper's spelling of the plain form and of updateInvoice, and the right one.
RIGHT = {'goodsCood': 'goodsCode', 'sallerName': 'salerName', 'sallerTaxNo': 'salerTaxNo',
         'stationGeton': 'stationGetOn', 'stationGetoff': 'stationGetOff'}


def save_bill(world, user, slips):
    """What pressing 导入 sends: the shape follows the billType of the userKey."""
    quirks = world.assistant
    data = {quirks.number_key: user.bill_number, 'bxd_key': user.bxd_key,
            **SHAPES[user.bill_type](slips, quirks), 'userid': user.eid}
    return {'type': 'saveBill', 'data': data}


def _plain(slips, quirks):
    return {'data': [_short(slip, quirks) for slip in slips],
            'invoiceSerialNos': _joined(slips),
            'invoicesAmount': _sum(slips, 'total', quirks), 'invoicesTaxAmount': _sum(slips, 'tax', quirks),
            'isElectronicInvoice': _all_electronic(slips)}


def _short(slip, quirks):
    code, number = shapes.code_no(slip)
    return _spelt({
        'serialNo': shapes.serial(slip, quirks), 'invoiceType': slip.kind, 'invoiceCode': code,
        'invoiceNo': number, 'invoiceDate': slip.told['invoiceDate'], 'checkStatus': int(slip.check_status),
        'expenseStatus': int(slip.status), **_money(slip, quirks), 'taxRate': shapes.rate(slip),
        'goodsCood': shapes.first_item(slip)['goodsCode'], 'sallerName': slip.told['salerName'],
        'sallerTaxNo': slip.told['salerTaxNo'], 'buyerName': slip.told['buyerName'],
        'buyerTaxNo': slip.told['buyerTaxNo']}, quirks)


def _travel(slips, quirks):
    """Groups by kind of cost."""
    def cost(slip):
        return shapes.kind_of(slip).cost
    groups = [_group(list(each), quirks) for _, each in groupby(sorted(slips, key=cost), cost)]
    return {'data': groups, 'invoicesTotalAmount': _sum(slips, 'total', quirks),
            'invoicesTaxAmount': _sum(slips, 'tax', quirks), 'allSize': len(slips),
            'invoiceSerialNos': _joined(slips), 'isElectronicInvoice': _all_electronic(slips)}


def _group(slips, quirks):
    kind = shapes.kind_of(slips[0])
    return {'invoiceData': [_traveller(slip, quirks) for slip in slips],
            'totalAmount': _sum(slips, 'total', quirks), 'amount': _sum(slips, 'net', quirks),
            'costName': kind.cost_name, 'size': len(slips), 'costType': kind.cost,
            'taxAmount': _sum(slips, 'tax', quirks), 'invoiceDate': slips[0].told['invoiceDate']}


def _traveller(slip, quirks):
    told, kind, (code, number) = slip.told, shapes.kind_of(slip), shapes.code_no(slip)
    item = shapes.first_item(slip)
    return _spelt({
        'salerAccount': told['salerAccount'], 'classify': kind.cost, **_money(slip, quirks),
        'stationGeton': told.get('stationGetOn') or told.get('placeOfDeparture', ''),
        'stationGetoff': told.get('stationGetOff') or told.get('destination', ''),
        'salerName': told['salerName'], 'invoiceDate': told['invoiceDate'], 'invoiceCode': code,
        'serialNo': shapes.serial(slip, quirks), 'taxRate': shapes.rate(slip),
        'seatGrade': told.get('seatGrade', ''), 'salerAddressPhone': told['salerAddressPhone'],
        'salerTaxNo': told['salerTaxNo'], 'invoiceType': slip.kind, 'goodsCode': item['goodsCode'],
        'invoiceNo': number, 'airItemsArr': _flights(slip), 'goodsName': item['goodsName'],
        'classifyName': kind.cost_name}, quirks)


def _flights(slip):
    if shapes.kind_of(slip).shape != 'air':
        return []
    return [{key: slip.told.get(key, '') for key in
             ('placeOfDeparture', 'destination', 'flightNum', 'seatGrade', 'airTime')}]


def _purchase(slips, quirks):
    """By supplier and goods; the payers' data beside them."""
    buyers = {slip.told['buyerTaxNo']: {key: slip.told[key] for key in (
        'buyerName', 'buyerTaxNo', 'buyerAddressPhone', 'buyerAccount')} for slip in slips}
    parts = {}
    for slip in slips:
        for item in slip.told.get('items') or [_whole(slip)]:
            parts.setdefault((slip.told['salerTaxNo'], item['goodsName']), []).append((slip, item))
    return {'type': '', 'isElectronicInvoice': _all_electronic(slips), 'invoiceSerialNos': _joined(slips),
            'data': {'buyerInfo': list(buyers.values()),
                     'purchaseInfo': [_bought(part, quirks) for part in parts.values()]}}


def _whole(slip):
    """A ticket without lines as its one line."""
    return {**shapes.first_item(slip), 'goodsName': shapes.kind_of(slip).name, 'detailAmount': f'{slip.net}',
            'taxAmount': f'{slip.tax}'}


def _bought(part, quirks):
    slip, item = part[0]
    net, tax = (sum((Decimal(each[key]) for _, each in part), ZERO) for key in ('detailAmount', 'taxAmount'))
    count = sum((Decimal(each['num'] or 1) for _, each in part), Decimal(0))
    return {'salerName': slip.told['salerName'], 'salerTaxNo': slip.told['salerTaxNo'],
            'goodsName': item['goodsName'], 'goodsCode': item['goodsCode'],
            'invoiceDate': slip.told['invoiceDate'], 'unit': item['unit'], 'num': str(count),
            'unitPrice': f'{net / count:.2f}' if count else '',
            'detailAmount': shapes.amount(net, quirks, 'str'),
            'taxAmount': shapes.amount(tax, quirks, 'str'), 'size': str(len(part)),
            'invoiceData': list(dict.fromkeys(each.serial for each, _ in part))}


def _payees(slips, quirks):
    """By the payee's tax number and account."""
    def payee(slip):
        return slip.told['salerTaxNo'], slip.told['salerAccount']
    groups = [list(each) for _, each in groupby(sorted(slips, key=payee), payee)]
    if quirks.payee_rows == 'ticket':
        groups = [[slip] for slip in slips]
    return {'type': 'savebill', 'invoicesTotalAmount': _sum(slips, 'total', quirks),
            'invoicesTaxAmount': _sum(slips, 'tax', quirks),
            'data': [_payee(each, quirks) for each in groups]}


def _payee(slips, quirks):
    first, (code, number) = slips[0], shapes.code_no(slips[0])
    item = shapes.first_item(first)
    return {'salerTaxNo': first.told['salerTaxNo'], 'salerName': first.told['salerName'],
            'salerAddressPhone': first.told['salerAddressPhone'], 'salerAccount': first.told['salerAccount'],
            'amount': _sum(slips, 'net', quirks), 'taxAmount': _sum(slips, 'tax', quirks),
            'totalAmount': _sum(slips, 'total', quirks), 'invoiceType': first.kind, 'invoiceNo': number,
            'invoiceCode': code, 'goodsCode': item['goodsCode'], 'goodsName': item['goodsName'],
            'taxRate': shapes.rate(first),
            'serialNo': shapes.serial(first, quirks) if len(slips) == 1 else _joined(slips)}


SHAPES = {'': _plain, 'Tra': _travel, 'Pur': _purchase, 'BizOut': _payees}


# --- the other two ---

def save_entries(world, user, slips):
    quirks = world.assistant
    rows = [_row(slip, quirks) for slip in slips]
    style = quirks.entries_list
    single = style == 'object' or (style == 'seed' and len(rows) == 1)
    data = {'bxd_key': user.bxd_key, 'branch_id': user.branch_id,
            'list': (rows or [{}])[0] if single else rows}
    if quirks.tra_list:
        data['traList'] = [_entry_group(slips, quirks)] if slips else []
    return {'type': 'saveEntrys', 'data': data}


def _row(slip, quirks):
    code, number = shapes.code_no(slip)
    return {'fplx': slip.kind, 'spbm': shapes.first_item(slip)['goodsCode'], 'fpdm': code, 'fphm': number,
            'jshj': shapes.amount(slip.total, quirks), 'kprq': slip.told['invoiceDate'],
            'se': shapes.amount(slip.tax, quirks), 'fid': shapes.serial(slip, quirks)}


def _entry_group(slips, quirks):
    kind = shapes.kind_of(slips[0])
    rows = [{**_row(slip, quirks), 'jshj': f'{slip.total}', 'se': f'{slip.tax}'} for slip in slips]
    total = {key: f'{sum((getattr(slip, name) for slip in slips), ZERO):.2f}' for key, name in (
        ('amount', 'net'), ('taxAmount', 'tax'), ('totalAmount', 'total'))}
    return {'invoiceData': rows, 'costType': kind.cost, 'costName': kind.cost_name, 'size': str(len(slips)),
            'invoiceDate': slips[0].told['invoiceDate'], **total}


def update_invoice(world, user, slip):
    quirks = world.assistant
    code, number = shapes.code_no(slip)
    data = _spelt({
        'goodsCode': shapes.first_item(slip)['goodsCode'], 'checkStatus': int(slip.check_status),
        'expenseStatus': int(slip.status), 'serialNo': shapes.serial(slip, quirks), 'invoiceType': slip.kind,
        'invoiceCode': code, 'invoiceNo': number, **_money(slip, quirks),
        'sallerName': slip.told['salerName'], 'sallerTaxNo': slip.told['salerTaxNo']}, quirks)
    return {'type': 'updateInvoice', 'data': {
        'data': data, quirks.number_key: user.bill_number, 'bxd_key': user.bxd_key, 'userid': user.eid}}


# --- pieces ---

def _money(slip, quirks):
    return {'amount': shapes.amount(shapes.net(slip), quirks),
            'totalAmount': shapes.amount(slip.total, quirks), 'taxAmount': shapes.amount(slip.tax, quirks)}


def _sum(slips, name, quirks):
    return shapes.amount(sum((getattr(slip, name) for slip in slips), ZERO), quirks)


def _joined(slips):
    return ','.join(slip.serial for slip in slips)


def _all_electronic(slips):
    return bool(slips) and all(shapes.kind_of(slip).electronic for slip in slips)


def _spelt(data, quirks):
    if quirks.spelling == 'seed':
        return data
    return {RIGHT.get(key, key): value for key, value in data.items()}
