"""Reads one 开票申请单 into a draft fapiao (protocol: "Billing request")."""
import re
from decimal import ROUND_HALF_UP

from ..bureau.lines import CENT
from ..errors import Refused
from ..records import ZERO, Fapiao, Line
from . import values

FIELDS = {
    'billNo', 'billDate', 'billSource', 'priority', 'invoiceType', 'includeTaxFlag', 'totalAmount',
    'autoInvoice', 'autoMerge', 'sellerName', 'sellerTaxpayerId', 'sellerBankAndAccount',
    'sellerAddressAndTel', 'buyerName', 'buyerTaxpayerId', 'buyerProperty', 'buyerBankAndAccount',
    'buyerAddressAndTel', 'buyerRecipientMail', 'buyerRecipientPhone', 'drawer', 'payee', 'reviewer',
    'remark', 'specialType', 'taxationStyle', 'orgCode', 'billDetail', 'blueinvoiceCode',
    'blueinvoiceNo', 'redReason',
    # In [docs]' example and nowhere explained.
    'invoiceProperty', 'pushMatchRules', 'fillValueRule'}
REQUIRED = ('billNo', 'billDate', 'invoiceType', 'includeTaxFlag', 'totalAmount', 'sellerName',
            'sellerTaxpayerId', 'buyerName', 'billDetail')
LINE_FIELDS = {
    'lineProperty', 'detailId', 'goodsName', 'goodsCode', 'revenueCode', 'specification', 'units',
    'quantity', 'price', 'amount', 'taxRate', 'taxAmount', 'privilegeFlag', 'privilegeContent',
    'discountAmount', 'remark'}
LINE_REQUIRED = ('lineProperty', 'detailId', 'goodsName', 'revenueCode', 'amount', 'taxRate')

TYPES = {'08xdp': True, '10xdp': False}         # special?
SOURCE = '5'
NATURES = {'2': 'normal', '1': 'discount'}      # not 票单云's coding
LEVIES = {'0': '0', '1': '1'}
# Texts that go into the draft as they are.
TEXTS = {
    'seller_no': 'sellerTaxpayerId', 'seller_name': 'sellerName', 'seller_address': 'sellerAddressAndTel',
    'seller_bank': 'sellerBankAndAccount', 'buyer_no': 'buyerTaxpayerId', 'buyer_name': 'buyerName',
    'buyer_address': 'buyerAddressAndTel', 'buyer_bank': 'buyerBankAndAccount',
    'buyer_mail': 'buyerRecipientMail', 'buyer_phone': 'buyerRecipientPhone', 'remark': 'remark',
    'drawer': 'drawer', 'payee': 'payee', 'reviewer': 'reviewer'}
ZERO_KINDS = {'免税': 'exempt', '不征税': 'untaxed'}
MAX_NUMBER = 50                                 # [?]


def read(item, quirks):
    """The draft of the whole bill, not checked yet by the bureau's rules."""
    if not isinstance(item, dict):
        raise Refused('data应为单据数组')
    if quirks.strict_keys:
        values.known(item, FIELDS, '单据')
    values.demand(item, REQUIRED)
    if not re.fullmatch(r'\d{4}-\d{1,2}-\d{1,2}', values.text(item, 'billDate')):
        raise Refused('billDate格式不正确,应为yyyy-MM-dd')
    _check_kind(item)
    number = values.text(item, 'billNo', MAX_NUMBER)
    inclusive = values.choice(item, 'includeTaxFlag', ('0', '1')) == '1'
    lines = _lines(item, inclusive, number, quirks)
    net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
    return Fapiao(
        **{name: values.text(item, key) for name, key in TEXTS.items()}, cloud='kingdee',
        natural_person=values.choice(item, 'buyerProperty', ('0', '1'), '0') == '1',
        special=TYPES[values.text(item, 'invoiceType')],
        levy=LEVIES[values.choice(item, 'taxationStyle', LEVIES, '0')], lines=lines,
        net=net, tax=tax, gross=_gross(item, net, tax, inclusive, quirks))


def _check_kind(item):
    kind = values.text(item, 'invoiceType')
    if kind not in TYPES:
        raise Refused(f'发票类型{kind}不支持,SANDBOX只支持{"、".join(TYPES)}')
    values.choice(item, 'billSource', (SOURCE,), SOURCE)
    if values.text(item, 'specialType'):
        raise Refused(f'特定业务类型{values.text(item, "specialType")}未开通')
    # [clients] push negative bills; the digital red letter goes by its form.
    if any(values.text(item, key) for key in ('blueinvoiceCode', 'blueinvoiceNo', 'redReason')):
        raise Refused('数电票不支持负数单据,请使用红字确认单')


def flags(item):
    """autoInvoice and autoMerge."""
    return tuple(values.choice(item, key, ('0', '1'), '0') == '1' for key in ('autoInvoice', 'autoMerge'))


def _gross(item, net, tax, inclusive, quirks):
    """The total including tax, as the bill means it; the bureau's rule then says whether it is right."""
    total = values.money(item, 'totalAmount')
    if quirks.total_is == 'flag' and not inclusive or quirks.total_is == 'either' and total == net:
        return total + tax
    return total


def _lines(item, inclusive, bill, quirks):
    given = item['billDetail']
    if not isinstance(given, list):
        raise Refused('billDetail应为数组')
    lines, seen = [], set()
    for position, row in enumerate(given, 1):
        try:
            if not isinstance(row, dict):
                raise Refused('明细应为对象')
            if quirks.strict_keys:
                values.known(row, LINE_FIELDS, '明细')
            lines.extend(_line(row, inclusive, bill))
            if lines[-1].source in seen:
                raise Refused(f'detailId重复:{lines[-1].source}')
            seen.add(lines[-1].source)
        except Refused as error:
            raise Refused(f'第{position}行:{error.text}') from None
    _mark_discounted(lines)
    return lines


def _line(row, inclusive, bill):
    """A line, and behind it the discount it may carry in discountAmount."""
    values.demand(row, LINE_REQUIRED)
    nature = NATURES[values.choice(row, 'lineProperty', NATURES)]
    rate, amount = values.number(row, 'taxRate', 3), values.money(row, 'amount')
    tax = values.money(row, 'taxAmount')
    policy = values.text(row, 'privilegeContent')
    preferential = values.choice(row, 'privilegeFlag', ('0', '1'), '0') == '1'
    line = Line(
        name=values.text(row, 'goodsName'), code=values.text(row, 'revenueCode'), nature=nature,
        spec=values.text(row, 'specification'), unit=values.text(row, 'units'), amount=amount, rate=rate,
        tax=_tax(amount, rate, inclusive) if tax is None else tax,
        quantity=values.number(row, 'quantity', 13), price=values.number(row, 'price', 13),
        inclusive=inclusive, preferential=preferential, policy=policy, bill=bill,
        source=values.text(row, 'detailId', 32),
        zero_kind='' if rate else ZERO_KINDS.get(policy, 'zero'))
    if nature == 'discount' and abs(_exact_tax(amount, rate, inclusive) - line.tax) > CENT:
        raise Refused(f'折扣行金额×税率与税额{line.tax}的误差超过{CENT}')
    discount = values.money(row, 'discountAmount') or ZERO
    if not discount:
        return [line]
    if nature == 'discount':
        raise Refused('折扣行不能有discountAmount')
    return [line, _discount(line, -abs(discount))]


def _discount(line, amount):
    return Line(name=line.name, code=line.code, nature='discount', amount=amount, rate=line.rate,
                tax=_tax(amount, line.rate, line.inclusive), inclusive=line.inclusive, policy=line.policy,
                preferential=line.preferential, zero_kind=line.zero_kind, bill=line.bill, source=line.source)


def _tax(amount, rate, inclusive):
    return _exact_tax(amount, rate, inclusive).quantize(CENT, ROUND_HALF_UP)


def _exact_tax(amount, rate, inclusive):
    return amount / (1 + rate) * rate if inclusive else amount * rate


def _mark_discounted(lines):
    """A bill says 2 on a line whether or not a discount follows; the fapiao tells them apart."""
    for line, after in zip(lines, lines[1:], strict=False):
        if after.nature == 'discount' and line.nature == 'normal':
            line.nature = 'discounted'
