"""A fapiao in 金蝶发票云's words, the same in the query and in the callbacks."""
from datetime import timedelta

from ..bureau import red_lines
from ..clock import dashed
from . import files

KINDS = {True: '08xdp', False: '10xdp'}
NATURES = {'normal': '0', 'discount': '1', 'discounted': '2'}   # not the coding of BILL.PUSH
NORMAL, WAITING, REVERSED = '0', '2', '3'
# What only a fapiao that is there can say.
EMPTY = ('invoiceDate', 'checkCode', 'invoiceFileUrl', 'invoicePdfFileUrl', 'invoiceXmlFileUrl',
         'invoiceImageUrl', 'originalInvoiceNumber', 'redInfoBillNo')


def fapiao(world, record, bill_no, serial, lines_key):
    """An issued one."""
    quirks = world.kingdee
    rest = red_lines.left(world, record).values() if not record.red else ()
    return {
        **_head(record, bill_no, serial, record.request, quirks),
        'invoiceStatus': _status(record, quirks), 'issueErrorMessage': '',
        quirks.number_key: record.number, 'invoiceDate': dashed(record.issued_at),
        'checkCode': f'9999{int(record.number[8:]):016d}' if quirks.check_code else '',
        **_addresses(world, record),
        'originalInvoiceNumber': record.original, 'redInfoBillNo': record.red_form,
        'invoiceProperty': '1' if record.red else '0',
        'canRedAmount': _money(sum(line.net for line in rest), quirks),
        'canRedTaxAmount': _money(sum(line.tax for line in rest), quirks),
        lines_key: _lines(record, quirks)}


def unissued(world, draft, bill_no, serial, order_no, error, lines_key):
    """One that isn't there: waiting, or failed with its reason."""
    quirks = world.kingdee
    return {**_head(draft, bill_no, serial, order_no, quirks), 'invoiceStatus': WAITING,
            'issueErrorMessage': error, quirks.number_key: '', **dict.fromkeys(EMPTY, ''),
            'invoiceProperty': '0', lines_key: _lines(draft, quirks)}


def _head(record, bill_no, serial, order_no, quirks):
    return {
        'billNo': bill_no, 'serialNo': serial, 'orderNo': order_no, 'invoiceType': KINDS[record.special],
        'invoiceCode': '', 'buyerName': record.buyer_name, 'buyerTaxpayerId': record.buyer_no,
        'buyerProperty': '1' if record.natural_person else '0', 'buyerBankAndAccount': record.buyer_bank,
        'buyerAddressAndTel': record.buyer_address, 'buyerRecipientMail': record.buyer_mail,
        'buyerRecipientPhone': record.buyer_phone, 'sellerName': record.seller_name,
        'sellerTaxpayerId': record.seller_no, 'sellerBankAndAccount': record.seller_bank,
        'sellerAddressAndTel': record.seller_address, 'drawer': record.drawer, 'payee': record.payee,
        'reviewer': record.reviewer, 'remark': record.remark, 'totalAmount': _money(record.net, quirks),
        'totalTaxAmount': _money(record.tax, quirks), 'includeTaxAmount': _money(record.gross, quirks)}


def _status(record, quirks):
    if record.red:
        return quirks.red_status
    return REVERSED if record.reversed_by else NORMAL


def _addresses(world, record):
    ready = record.issued_at + timedelta(seconds=world.settings.file_lag) <= world.clock.now()
    return {
        'invoiceFileUrl': files.address(world, record, 'OFD') if ready else '',
        'invoicePdfFileUrl': files.address(world, record, 'PDF') if ready else '',
        'invoiceXmlFileUrl': files.address(world, record, 'XML') if ready else '',
        'invoiceImageUrl': ''}      # the sandbox draws no picture of a page


def _lines(record, quirks):
    return [_line(line, position, quirks) for position, line in enumerate(record.lines, 1)]


def _line(line, position, quirks):
    """Amounts exclude tax, whatever was sent; prices are text of ten places, as in [docs]."""
    quantity, price = line.quantity, line.price
    net_price = price and (price / (1 + line.rate) if line.inclusive else price)
    gross_price = price and (price if line.inclusive else price * (1 + line.rate))
    return {
        'detailRowNo': position, 'billNo': line.bill, 'billSourceId': line.source,
        'lineProperty': NATURES[line.nature], 'goodsName': line.name, 'revenueCode': line.code,
        'specification': line.spec, 'units': line.unit,
        'quantity': '' if quantity is None else f'{quantity:f}',
        'price': '' if price is None else f'{net_price:.10f}', 'amount': _money(line.net, quirks),
        'taxRate': str(line.rate), 'taxAmount': _money(line.tax, quirks),
        'includeTaxAmount': _money(line.gross, quirks),
        'includeTaxPrice': '' if price is None else f'{gross_price:.10f}',
        'privilegeFlag': '1' if line.preferential else '0', 'privilegeContent': line.policy}


def _money(value, quirks):
    return f'{value:.2f}' if quirks.numbers == 'str' else round(value, 2)
