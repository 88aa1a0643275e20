"""One fapiao as 金蝶发票云 describes it, in queries and callbacks alike.

Tolerant of the spellings of the vendor's pages, which disagree: the number under three names, the lines
under two, the files under two sets of names.
Source: docs/protocols/kingdee-billing.md#fapiao.
"""

import dataclasses

from ...rules.codes import with_code
from ...rules.document import DISCOUNT, DISCOUNTED, EXEMPT, NORMAL, NOT_TAXABLE, Line
from .. import reading
from ..base import FileAddresses, Issued, LineDetail, Particulars
from . import codes
from . import elements as own

NUMBER_KEYS = ("invoiceNum", "invoiceNo", "etaxInvoiceNo")
_MARKS = (*NUMBER_KEYS, "invoiceStatus", "issueErrorMessage", "invoiceDate", "includeTaxAmount")


def looks_like_one(data):
    """Return whether a dict describes a fapiao, issued or not, rather than the bill around it."""
    return isinstance(data, dict) and any(name in data for name in _MARKS)


def number_in(data):
    """Return the number of a fapiao, "" where it has none (yet): 20 digits, or code and number of one with a code."""
    return reading.number_at(data, *NUMBER_KEYS) or with_code(*code_in(data))


def code_in(data):
    """Return ``(invoiceCode, number)`` of a fapiao with a code and eight digits, two empty texts for a digital one."""
    code = reading.word_at(data, "invoiceCode")
    shorts = (reading.word_at(data, name) for name in NUMBER_KEYS)
    short = next((number for number in shorts if with_code(code, number)), "")
    return (code, short) if short else ("", "")


def original_in(data):
    """Return by what the fapiao is known that a red one reverses, "" where none is named.

    assumption: one with a code is named by ``originalInvoiceCode`` beside its number.
    """
    number = reading.word_at(data, "originalInvoiceNumber", "originalInvoiceNo")
    return with_code(reading.word_at(data, "originalInvoiceCode"), number) or number


def issued(data):
    """Return the :class:`Issued` that a dict with a number describes."""
    total = reading.money_at(data, "includeTaxAmount")
    original = original_in(data)
    is_negative = reading.word_at(data, "invoiceProperty") == "1"
    is_red = bool(original) or is_negative or (total is not None and total < 0)
    kind = reading.word_at(data, "invoiceType")
    rows = reading.pick(data, "goods", "invoiceDetail")
    lines = _lines(rows)
    fapiao_type, form = codes.KINDS.get(kind, (kind, ""))
    code, short = code_in(data)
    return Issued(
        number=number_in(data),
        issued_at=reading.moment_at(data, "invoiceDate"),
        type=fapiao_type,
        color="red" if is_red else "blue",
        status=_status(data, is_red),
        seller_name=reading.text_at(data, "sellerName", "salerName"),
        seller_tax_no=reading.text_at(data, "sellerTaxpayerId", "salerTaxNo"),
        buyer_name=reading.text_at(data, "buyerName"),
        buyer_tax_no=reading.text_at(data, "buyerTaxpayerId", "buyerTaxNo"),
        amount=reading.money_at(data, "totalAmount"),
        tax=reading.money_at(data, "totalTaxAmount"),
        total=total,
        request_uid=reading.word_at(data, "billNo"),
        original_number=original,
        lines=lines,
        raw=reading.plain(data),
        check_code=reading.word_at(data, "checkCode"),
        files=files_in(data),
        particulars=_particulars(data),
        line_details=tuple(map(_line_detail, rows)) if lines else (),
        form=form,
        code=code,
        short_number=short,
    )


def _particulars(data):
    """Return the :class:`Particulars` of a fapiao; the query of one has addresses and banks in two keys each."""
    texts = {name: reading.word_at(data, *keys) for name, keys in codes.PARTICULARS.items()}
    for name, (joined, *apart) in codes.JOINED.items():
        parts = (reading.word_at(data, key) for key in apart)
        texts[name] = reading.word_at(data, joined) or " ".join(filter(None, parts))
    element = reading.word_at(data, "specialType")
    return Particulars(
        **texts,
        levy=codes.LEVIES.get(reading.word_at(data, "deductionType"), ""),
        deduction=reading.money_at(data, "deduction") or None,
        element="" if element in codes.NO_ELEMENT else own.NAMES.get(element, element),
        elements=_elements(data),
    )


def _elements(data):
    """Return keys and values of the special elements' objects and lists, by the vendor's names."""
    found = []
    for name in codes.ELEMENTS:
        objects = reading.pick(data, name)
        for one in objects if isinstance(objects, list) else [objects]:
            if isinstance(one, dict):
                found += [(key, reading.as_text(value)) for key, value in one.items()]
    return tuple((key, value) for key, value in found if value)


def _line_detail(row):
    number = reading.word_at(row, "detailRowNo", "seq")
    return LineDetail(
        number=int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else None,
        document=reading.word_at(row, "billNo"),
        item_code=reading.word_at(row, "goodsCode"),
        is_privileged=reading.word_at(row, "privilegeFlag") == "1" or bool(reading.word_at(row, "privilegeType")),
    )


def files_in(data):
    """Return the :class:`FileAddresses` of a fapiao, None if it names no file.

    ``invoiceFileUrl`` is the OFD, but the PDF where the OFD has a key of its own [docs, direct issue].
    """
    ofd, other = (reading.word_at(data, name) for name in ("ofdFileUrl", "invoiceFileUrl"))
    pdf = reading.word_at(data, "invoicePdfFileUrl", "pdfFileUrl")
    if not ofd and "ofdFileUrl" not in data:
        ofd, other = other, ""
    xml = reading.word_at(data, "invoiceXmlFileUrl", "xmlFileUrl")
    files = FileAddresses(pdf=pdf or other, ofd=ofd, xml=xml, image=reading.word_at(data, "invoiceImageUrl"))
    return None if files == FileAddresses() else files


def status_in(data):
    """Return the neutral status of a fapiao, ``waiting`` for one to be issued, "" if it isn't known."""
    code = reading.word_at(data, "invoiceStatus")
    return "waiting" if code == codes.STATUS_WAITING else codes.STATUSES.get(code, "")


def _status(data, is_red):
    """Return the neutral status. A red fapiao with the code for "reversed" may be itself meant by it."""
    status = codes.STATUSES.get(reading.word_at(data, "invoiceStatus"), "")
    return "" if is_red and status == codes.RED else status


def _lines(rows):
    """Return the lines, or none at all where one of them can't be read.

    Here 0 and 2 are goods (in what is pushed 2 is), so which is discounted shows in what follows it.
    """
    lines = [_line(row) for row in rows] if isinstance(rows, list) else []
    if None in lines:
        return ()
    followers = [*(line.kind for line in lines[1:]), NORMAL]
    return tuple(
        dataclasses.replace(line, kind=DISCOUNTED) if after == DISCOUNT and line.kind == NORMAL else line
        for line, after in zip(lines, followers, strict=False)
    )


def _line(row):
    amount, tax = reading.money_at(row, "amount"), reading.money_at(row, "taxAmount")
    rate = reading.rate_of(reading.pick(row, "taxRate"))
    if amount is None or tax is None or rate is None:
        return None
    content = reading.word_at(row, "privilegeContent") or codes.PRIVILEGES.get(
        reading.word_at(row, "privilegeType"), ""
    )
    zero = _zero_kind(row, content) if rate == 0 else ""
    is_discount = reading.word_at(row, "lineProperty") == codes.DISCOUNT_LINE
    return Line(
        kind=DISCOUNT if is_discount else NORMAL,
        name=reading.word_at(row, "goodsName"),
        code=reading.word_at(row, "revenueCode"),
        amount=amount,
        tax=tax,
        rate=rate,
        quantity=reading.decimal_at(row, "quantity") or None,
        price=reading.decimal_at(row, "price") or None,
        spec=reading.word_at(row, "specification"),
        unit=reading.word_at(row, "units"),
        zero_kind=zero,
        policy="" if zero else content,
    )


def _zero_kind(row, content):
    for word, kind in ((codes.EXEMPT_WORD, EXEMPT), (codes.NOT_TAXABLE_WORD, NOT_TAXABLE)):
        if word in (content, reading.word_at(row, "taxRate")):
            return kind
    return codes.ZERO_NAMES.get(reading.word_at(row, "zeroTaxRateFlag"), "")
