"""The structured file of a fapiao, in the EInvoice shape (docs/protocols/tax-rules.md#xml)."""
from xml.etree import ElementTree as ET

from ..clock import dashed


def draw(fapiao):
    root = ET.Element('EInvoice')
    root.append(ET.Comment(' SANDBOX 沙箱数据 无法律效力 '))
    _tree(root, {
        'Header': {
            'EIid': fapiao.number, 'EInvoiceTag': 'SWEI3200', 'Version': '0.2',
            'InherentLabel': {
                'InIssuType': {'LabelCode': 'Y' if fapiao.red else 'N',
                               'LabelName': '红字发票' if fapiao.red else '蓝字发票'},
                'EInvoiceType': {'LabelCode': '01' if fapiao.special else '02', 'LabelName':
                                 '增值税专用发票' if fapiao.special else '普通发票'},
                'GeneralOrSpecialVAT': {'LabelCode': '01' if fapiao.special else '02', 'LabelName':
                                        '增值税专用发票' if fapiao.special else '普通发票'},
                'TaxpayerType': {'LabelCode': '1', 'LabelName': 'SANDBOX'}},
            'UndefinedLabel': {'Label': {'LabelType': 'SANDBOX', 'LabelCode': 'SANDBOX',
                                         'LabelName': '沙箱测试'}}},
        'EInvoiceData': {
            'SellerInformation': _party('Seller', fapiao.seller_no, fapiao.seller_name,
                                        fapiao.seller_address, fapiao.seller_bank),
            'BuyerInformation': _party('Buyer', fapiao.buyer_no, fapiao.buyer_name,
                                       fapiao.buyer_address, fapiao.buyer_bank),
            'BasicInformation': {
                'TotalAmWithoutTax': f'{fapiao.net:.2f}', 'TotalTaxAm': f'{fapiao.tax:.2f}',
                'TotalTax-includedAmount': f'{fapiao.gross:.2f}', 'Drawer': fapiao.drawer,
                'RequestTime': dashed(fapiao.issued_at)}},
    })
    data = root.find('EInvoiceData')
    for line in fapiao.lines:
        _tree(ET.SubElement(data, 'IssuItemInformation'), _item(line))
    _tree(ET.SubElement(data, 'AdditionalInformation'), {'Remark': fapiao.remark})
    if fapiao.red:
        _tree(ET.SubElement(data, 'RedInvoiceInformation'), {
            'OriginalInvoiceNumber': fapiao.original, 'RedInvoiceFormNumber': fapiao.red_form})
    _tree(root, {'TaxSupervisionInfo': {
        'InvoiceNumber': fapiao.number, 'IssueTime': dashed(fapiao.issued_at),
        'TaxBureauCode': 'SANDBOX', 'TaxBureauName': '沙箱税务局 SANDBOX'}})
    return ET.tostring(root, encoding='UTF-8', xml_declaration=True)


def _party(side, number, name, address, bank):
    street, _, phone = address.rpartition(' ')
    branch, _, account = bank.rpartition(' ')
    return {f'{side}IdNum': number, f'{side}Name': name, f'{side}Addr': street,
            f'{side}TelNum': phone, f'{side}BankName': branch, f'{side}BankAccNum': account}


def _item(line):
    return {
        'ItemName': line.name, 'SpecMod': line.spec, 'MeaUnits': line.unit,
        'Quantity': _plain(line.quantity), 'UnPrice': _plain(line.price),
        'Amount': f'{line.net:.2f}', 'TaxRate': str(line.rate), 'ComTaxAm': f'{line.tax:.2f}',
        'TotaltaxIncludedAmount': f'{line.gross:.2f}', 'TaxClassificationCode': line.code}


def _plain(value):
    return '' if value is None else format(value, 'f')


def _tree(parent, content):
    for tag, value in content.items():
        node = ET.SubElement(parent, tag)
        if isinstance(value, dict):
            _tree(node, value)
        else:
            node.text = value or ''
