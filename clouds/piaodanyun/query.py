"""Asking for a fapiao by serial number or number (``invoiceQueryMx``), and for its files (``getInvoicePdfOfd``).

Source: docs/protocols/piaodanyun.md#query, #files. The answer for an unknown serial number is in no source.
"""

from ...rules.document import NORMAL, Line
from .. import reading
from ..base import FileAddresses, Issued, LineDetail, NotFound, Particulars, Pending
from ..errors import OutcomeUnknown
from ..phrases import NOT_THERE, SOMETHING_ELSE, says_doubt
from . import codes
from .issue import sheet_of
from .meaning import MEANING, opened

FLAGS = {"pdf": "1", "ofd": "2", "xml": "3", "addresses": "4"}


def freeze(asked, request_uid, tax_no, _options):
    """Return the form that asks by the ``number`` in ``asked`` or, without one, by ``request_uid``."""
    number = (asked or {}).get("number")
    if not request_uid and not number:
        raise ValueError("Ask by a serial number or by a fapiao number")
    return {"nsrsbh": tax_no, **({"fphm": number} if number else {"fpqqlsh": request_uid})}


def read(raw):
    """Return ``Issued``, ``Pending`` or ``NotFound``; raise for anything that isn't clearly one of them.

    Never ``NotFound`` from an unreadable answer or another error: it would allow a second fapiao.
    """
    envelope = opened(raw)
    if envelope.ok:
        return _found(envelope)
    if envelope.code == codes.BUSINESS and codes.ISSUING.search(envelope.text):
        return Pending(envelope.text)
    # assumption: an unknown serial number is a 999 whose text says so
    return MEANING.not_found(envelope)


def _found(envelope):
    head = envelope.data
    if head in (None, "", [], {}):
        if codes.ISSUING.search(envelope.text):
            return Pending(envelope.text)
        if says_doubt(envelope.text):
            raise OutcomeUnknown(envelope.text, "no_number", envelope.status)
        # assumption: success without data is how an unknown serial number may also look
        return NotFound(envelope.text, envelope.code)
    number = reading.number_at(head, "fphm")
    if number:
        return _issued(head, number)
    if reading.pick(head, "fpqqlsh") and reading.pick(head, "fphm") is None:
        # assumption: the order is known and has no number yet
        return Pending(envelope.text)
    raise OutcomeUnknown(envelope.text, "no_number", envelope.status)


def _issued(head, number):
    total = reading.money_at(head, "jshj")
    original = reading.text_at(head, "yfphm") or ""
    kind = reading.word_at(head, "fplxdm")
    fapiao_type, form = codes.KINDS_OF_FAPIAO.get(kind, (kind, ""))
    reversed_by = reading.number_at(head, "hcFphm")  # assumption: the paper has the key, without content
    rows = reading.pick(head, "zbmx", "mxzb")
    lines = _lines(rows)
    return Issued(
        number=number,
        issued_at=reading.moment_at(head, "kprq") or reading.moment_at(head, "dqsj"),
        type=fapiao_type,
        color="red" if original or (total is not None and total < 0) else "blue",
        status=_status(head, reversed_by),
        seller_name=reading.text_at(head, "xhdwmc"),
        seller_tax_no=reading.text_at(head, "xhdwdm", "xhdwsbh"),
        buyer_name=reading.text_at(head, "ghdwmc"),
        buyer_tax_no=reading.text_at(head, "ghdwdm", "ghdwsbh"),
        amount=reading.money_at(head, "hjje"),
        tax=reading.money_at(head, "hjse", "se"),
        total=total,
        request_uid=reading.word_at(head, "fpqqlsh"),
        original_number=original,
        reversed_by=reversed_by,
        lines=lines,
        raw=reading.plain(head),
        check_code=reading.word_at(head, "jym"),
        particulars=_particulars(head),
        line_details=tuple(map(_line_detail, rows)) if lines else (),
        form=form,
        **sheet_of(head),
    )


def _particulars(head):
    """Return the :class:`Particulars` of a fapiao's head."""
    texts = {name: reading.word_at(head, key) for name, key in codes.PARTICULARS.items()}
    return Particulars(
        **texts,
        deduction=reading.money_at(head, "kce") or None,
        has_list=reading.word_at(head, "qdbz") in codes.YES,
        discount=reading.money_at(head, "hjzkje") or None,
        discount_tax=reading.money_at(head, "hjzkse") or None,
        elements=_elements(head),
        voided_at=reading.moment_at(head, "zfrq"),
        is_paper=reading.word_at(head, "sfwzzfp") in codes.YES,
    )


def _elements(head):
    """Return name and value of the special elements: those beside the head's own keys or a line's, then the rows of
    ``tdys``, whose keys are in no document and stay as they are.
    """
    lines = reading.pick(head, "zbmx", "mxzb")
    parts = (head, *(lines if isinstance(lines, list) else ()))
    told = [(name, reading.word_at(part, key)) for part in parts for key, name in codes.ELEMENTS.items()]
    found = list(dict.fromkeys(told))
    rows, names = reading.pick(head, "tdys"), codes.ELEMENTS | codes.ROW_ELEMENTS
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            found += [(names.get(key, key), reading.as_text(row[key])) for key in row if key not in codes.PAPERS]
    return tuple((name, value) for name, value in found if value)


def _line_detail(row):
    number = reading.word_at(row, "fpmxxh")
    return LineDetail(
        number=int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else None,
        document=reading.word_at(row, "xsdjbh"),
        item_code=reading.word_at(row, "zxbm"),
        is_privileged=reading.word_at(row, "yhzcbs") == "1",
    )


def _status(head, reversed_by):
    """Return the neutral status, "" where it isn't known.

    Where a red fapiao is named, "normal" is not believed: the paper shows that code without one only.
    """
    status = codes.STATUSES.get(reading.word_at(head, "fpzt"), "")
    return "" if status == codes.NORMAL and reversed_by else status


def _lines(rows):
    """Return the lines, or none at all where one of them can't be read."""
    lines = [(line_values(row), row) for row in rows] if isinstance(rows, list) else []
    if any(values is None for values, _row in lines):
        return ()
    return tuple(Line(kind=_kind(row), **values) for values, row in lines)


def _kind(row):
    return codes.KIND_NAMES.get(reading.word_at(row, "fphxz"), NORMAL)


def line_values(row):
    """Return what a row says of a line as arguments of ``Line`` and ``RedLine``; None where it can't be read.

    ``13%`` and 免税 are understood beside ``0.13``.
    """
    told = reading.pick(row, "sl")
    tax, rate = reading.money_at(row, "se"), reading.rate_of(told)
    amount = _amount(row, tax)
    if amount is None or tax is None or rate is None:
        return None
    zero = codes.ZERO_WORDS.get(reading.as_text(told)) or reading.word_at(row, "lslbs")
    return {
        "name": reading.word_at(row, "spmc"),
        "code": reading.word_at(row, "spbm"),
        "amount": amount,
        "tax": tax,
        "rate": rate,
        "quantity": reading.decimal_at(row, "spsl"),
        "price": reading.decimal_at(row, "spdj", "dj"),
        "spec": reading.word_at(row, "ggxh"),
        "unit": reading.word_at(row, "dw"),
        "zero_kind": codes.ZERO_NAMES.get(zero, ""),
        "policy": reading.word_at(row, "zzstsgl"),
    }


def _amount(row, tax):
    """Return a row's amount without tax; where only the one with tax is told, from that."""
    if reading.pick(row, "je") is None:
        return reading.exact_difference(reading.money_at(row, "hsje"), tax)
    amount = reading.money_at(row, "je")
    return reading.exact_difference(amount, tax) if reading.word_at(row, "hsbz") == "1" else amount


# Files: in base64 or by address


def freeze_files(asked, _request_uid, tax_no, options):
    """Return the form that asks for one file; ``asked``: ``number``, ``kind`` (pdf, ofd, xml or addresses) and
    ``issued_at``, aware or None.
    """
    form = {"downflag": FLAGS[asked["kind"]], "nsrsbh": tax_no, "fphm": asked["number"]}
    if asked.get("issued_at"):
        form["kprq"] = reading.stamp(asked["issued_at"])
    if options.add_seal:
        form["addSeal"] = "1"
    return form


def read_files(raw):
    """Return the file's bytes, its :class:`FileAddresses`, or ``NotFound`` while there is none yet."""
    envelope = opened(raw)
    if not envelope.ok:
        if envelope.code == codes.FILE_NOT_READY or (envelope.code == codes.BUSINESS and _not_yet(envelope.text)):
            return NotFound(envelope.text, envelope.code)
        raise MEANING.question_error(envelope)
    data = envelope.data
    if isinstance(data, dict):
        addresses = FileAddresses(
            pdf=reading.word_at(data, "pdfUrl"),
            ofd=reading.word_at(data, "ofdUrl"),
            xml=reading.word_at(data, "xmlUrl"),
        )
        if addresses != FileAddresses():
            return addresses
    if data in (None, "", {}, []):
        return NotFound(envelope.text, envelope.code)
    content = reading.unbase64(data)
    if not content:
        raise OutcomeUnknown(envelope.text, "unreadable_file", envelope.status)
    return content


def _not_yet(text):
    if codes.FILE_LATER.search(text):
        return True
    return bool(NOT_THERE.search(text)) and not SOMETHING_ELSE.search(text)
