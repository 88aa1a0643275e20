"""Received fapiao on the wire: the keys of docs/protocols/kingdee-inbound.md#rows; the list around them is assumed."""

from ..bureau.inbound import Mark, mark_for, status_of
from ..bureau.kinds import DIGITAL
from ..bureau.received import lines_of

NUMBER_KEYS = ('invoiceNo', 'etaxInvoiceNo', 'invoiceNum')
EMPTY = dict.fromkeys(
    (
        'buyerAccount',
        'buyerAddressPhone',
        'downloadUrl',
        'drawer',
        'originalGraphUrl',
        'payee',
        'pixel',
        'proxyMark',
        'region',
        'reviewer',
        'rotationAngle',
        'snapshotUrl',
    ),
    '',
)


class Shape:
    """How pages and rows look now, by the switches."""

    def __init__(self, world, with_lines=False):
        self.world = world
        self.quirks = world.kingdee
        self.with_lines = with_lines
        self.constant = {
            **EMPTY,
            'checkStatus': '1',
            'expenseStatus': '1',
            'isRevise': '1',
            f'{self.quirks.inbound_seller_keys}Account': '',
            f'{self.quirks.inbound_seller_keys}AddressPhone': '',
        }
        self.seller_name = f'{self.quirks.inbound_seller_keys}Name'
        self.seller_no = f'{self.quirks.inbound_seller_keys}TaxNo'
        self.money = str if self.quirks.inbound_numbers == 'str' else float
        self.tail = ' 00:00:00' if self.quirks.inbound_dates == 'time' else ''

    def page(self, rows, total):
        shown = [self.row(row) for row in rows]
        path = [key for key in self.quirks.inbound_list_key.split('.') if key]
        if not path:
            return shown
        totals = {}
        if self.quirks.inbound_total_key:
            totals = {
                self.quirks.inbound_total_key: str(total) if self.quirks.inbound_totals_as == 'str' else total
            }
        data = {**totals, path[-1]: shown}
        for key in reversed(path[:-1]):
            data = {key: data}
        return data

    def row(self, row):
        mark = self._mark(row)
        item = {
            **self.constant,
            'amount': self.money(row.net),
            'invoiceMoney': self.money(row.net),
            'taxAmount': self.money(row.tax),
            'totalAmount': self.money(row.gross),
            'authenticateFlag': '2' if mark and mark.selected else '1',
            'authenticateTime': mark.selected_at if mark else '',
            'checkFlag': '2' if mark and mark.selected else '1',
            'checkTime': mark.selected_at if mark else '',
            'buyerName': row.buyer_name,
            'buyerTaxNo': row.buyer_no,
            'checkCode': row.check_code,
            'invoiceCode': row.code,
            'invoiceDate': row.day + self.tail,
            'invoiceNo': row.number,
            'invoiceStatus': status_of(row, mark),
            'invoiceType': str(row.kind),
            'remark': row.remark or (f'被红冲蓝字发票号码:{row.original}' if row.original else ''),
            self.seller_name: row.seller_name,
            self.seller_no: row.seller_no,
            'serialNo': f'SB{row.code}{row.number}',
        }
        self._move_number(item, row)
        if self.with_lines:
            item['items'] = [self._line(line) for line in lines_of(row)]
        for key in self.quirks.inbound_drop_keys:
            item.pop(key, None)
        return item

    def _mark(self, row) -> Mark | None:
        known = self.world.marks.get(row.key)
        return mark_for(self.world, row) if known is None and row.number in self.world.fapiao else known

    def _move_number(self, item, row):
        key = self.quirks.inbound_number_key
        if key == 'etaxInvoiceNo':
            item['etaxInvoiceNo'] = row.number if row.kind in DIGITAL else ''
            item['invoiceNo'] = '' if row.kind in DIGITAL else row.number
        elif key != 'invoiceNo':
            item[key] = item.pop('invoiceNo')

    def _line(self, line):
        return {
            'detailAmount': self.money(line.net),
            'discountType': '1' if line.nature == 'discount' else '',
            'goodsCode': line.code,
            'goodsName': line.name,
            'specModel': line.spec,
            'unit': line.unit,
            'num': '' if line.quantity is None else str(line.quantity),
            'unitPrice': '' if line.price is None else str(line.price),
            'taxAmount': self.money(line.tax),
            'taxRate': str(line.rate),
        }
