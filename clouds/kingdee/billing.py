"""Billing requests (开票申请单): pushing one, and taking some back. ``BILL.PUSH``, ``BILL.WITHDRAW``.

Optional keys without a value are left out.
Source: docs/protocols/kingdee-billing.md#billing-request, #withdrawal; docs/protocols/tax-rules.md#lines.
"""

from decimal import Decimal

from ...rules import rates
from ...rules.differential import DIFFERENTIAL_FULL
from ...rules.document import DISCOUNT, EXEMPT, NOT_TAXABLE
from .. import reading
from ..base import ISSUE, WITHDRAW, Pending, Withdrawn
from ..errors import OutcomeUnknown
from ..phrases import says
from ..writing import filled, joined, measure, money, serial_of
from . import codes, elements, query
from .envelope import flag_in, has_failed, opened, text_in
from .meaning import MEANING, part_refused

AT_ONCE = 50  # bill numbers in one withdrawal


def freeze(draft, request_uid, tax_no, options):
    """Return the array of one bill for a ``Draft``; its number is ``request_uid``.

    All amounts exclude tax (``includeTaxFlag`` 0), ``totalAmount`` too unless ``options.gross_total``.
    What the draft says of its handling goes before the account's options.
    Raises ValueError for a uid that doesn't fit, a kind of fapiao, an element or a kind of coal that a bill can't name,
    a fraction of a fen, totals that aren't the sums of their lines, a discount without a line to discount, and for
    another than ordinary taxation, unless ``options.differential_bills`` allows the differential one.
    """
    _check_totals(draft)
    _check_discounts(draft.lines)
    if any(line.coal_kind for line in draft.lines):
        raise ValueError("A bill has no key for the kind of coal")
    bill = {
        "billNo": serial_of(request_uid),
        "billSource": "5",
        "priority": draft.priority or options.priority or codes.PRIORITY,
        "invoiceType": _type(draft),
        "includeTaxFlag": "0",
        "totalAmount": money(draft.total if options.gross_total else draft.amount),
        "autoInvoice": _flag(draft.issue_at_once, options.auto_invoice),
        # a special element belongs to the whole fapiao
        "autoMerge": "0" if draft.element else _flag(draft.may_merge, options.auto_merge),
        **_parties(draft, tax_no),
        **filled(drawer=draft.drawer, payee=draft.payee, reviewer=draft.reviewer, remark=draft.remark),
        **elements.freeze(draft, options.element_codes),
        **_taxation(draft, options),
        **filled(orgCode=draft.organisation or options.org_code),
        "billDetail": [_line(line, place, options) for place, line in enumerate(draft.lines, 1)],
    }
    return [bill]


def read(raw):
    """Return ``Pending``, or the ``Bill`` where the answer already names fapiao; raise what else it means.

    A text that says the number exists already is ``OutcomeUnknown``: it may be our own earlier push.
    """
    envelope = opened(raw)
    bill = query.bill_in(envelope)
    has_fapiao = bool(bill and bill.fapiao)
    if not envelope.ok or part_refused(envelope):
        if has_fapiao:
            # it names what it says that it didn't issue
            raise OutcomeUnknown(envelope.text, envelope.code, envelope.status)
        raise MEANING.order_error(envelope, ISSUE)
    if has_fapiao:
        return bill
    return Pending(bill.text if bill and bill.text else envelope.text)


def freeze_withdrawal(asked, request_uid, tax_no, options):
    """Return the question to take back bills, 1 to 50, of one organisation.

    ``asked``: their numbers, or a dict of ``request_uids`` and the ``organisation`` that they name, "" for the
    account's; without one ``request_uid`` alone.
    """
    asked = asked if isinstance(asked, dict) else {"request_uids": asked}
    numbers = [serial_of(uid) for uid in asked.get("request_uids") or [request_uid]]
    if not 0 < len(numbers) <= AT_ONCE:
        raise ValueError(f"{len(numbers)} bills can't be withdrawn at once: 1 to {AT_ONCE}")
    organisation = asked.get("organisation") or options.org_code
    return {"sellerTaxpayerId": tax_no, **filled(orgCode=organisation), "serialNos": numbers}


def read_withdrawal(raw):
    """Return :class:`Withdrawn`; raise Rejected where the cloud refused (it has begun to issue).

    A bill that isn't there is OutcomeUnknown: it may have been taken back by an earlier call.
    assumption: where some of several are refused, ``data`` lists them with a message each.
    """
    envelope = opened(raw)
    # assumption: a mixed batch is answered one by one under a head that may say either
    if envelope.ok or _some_taken_back(envelope.data):
        return Withdrawn(refused=_refused(envelope.data), text=envelope.text)
    error = MEANING.order_error(envelope, WITHDRAW)
    if isinstance(error, OutcomeUnknown) and says(codes.NOT_THERE, error.text):
        # a known text: it is not counted among the unknown ones
        error.is_unclassified = False
    raise error


def _check_totals(draft):
    amount = sum((line.amount for line in draft.lines), Decimal(0))
    tax = sum((line.tax for line in draft.lines), Decimal(0))
    if (amount, tax, amount + tax) != (draft.amount, draft.tax, draft.total):
        raise ValueError(
            f"The totals {draft.amount} + {draft.tax} = {draft.total} are not those of the lines: "
            f"{amount} + {tax} = {amount + tax}"
        )


def _check_discounts(lines):
    for before, line in zip((None, *lines), lines, strict=False):
        if line.kind != DISCOUNT:
            continue
        if before is None or before.kind == DISCOUNT or (before.rate, before.code) != (line.rate, line.code):
            raise ValueError("A discount stands behind no line of its rate and code")


def _parties(draft, tax_no):
    seller, buyer = draft.seller, draft.buyer
    return {
        "sellerName": seller.name,
        "sellerTaxpayerId": seller.tax_no or tax_no,
        **filled(
            sellerBankAndAccount=joined(seller.bank, seller.bank_account),
            sellerAddressAndTel=joined(seller.address, seller.phone),
        ),
        "buyerName": buyer.name,
        **filled(buyerTaxpayerId=buyer.tax_no),
        "buyerProperty": "1" if buyer.is_person else "0",
        **filled(
            buyerBankAndAccount=joined(buyer.bank, buyer.bank_account),
            buyerAddressAndTel=joined(buyer.address, buyer.phone),
            buyerRecipientMail=buyer.email,
            buyerRecipientPhone=buyer.mobile,
        ),
    }


def _taxation(draft, options):
    """Return how the tax is levied.

    assumption: keys of a direct fapiao [clients] in a bill. Of a full issue the deduction is 0, and none is listed.
    """
    if draft.levy == codes.ORDINARY_LEVY and draft.deduction is None:
        return {"taxationStyle": codes.ORDINARY_LEVY}
    kind = {levy: code for code, levy in codes.LEVIES.items()}.get(draft.levy)
    if not kind or not options.differential_bills:
        raise ValueError("A bill carries ordinary taxation only")
    is_full = draft.levy == DIFFERENTIAL_FULL
    vouchers = [] if is_full else [_voucher(voucher) for voucher in draft.vouchers]
    return {
        "taxationStyle": codes.DIFFERENTIAL_LEVY,
        "deduction": money(Decimal(0) if is_full else draft.deduction),
        "deductionType": kind,
        **filled(deductionList=vouchers),
    }


def _voucher(voucher):
    return {
        "evidenceType": voucher.kind,
        **filled(invoiceCode=voucher.code, **{codes.VOUCHER_NUMBERS.get(voucher.kind, "evidenceNo"): voucher.number}),
        **filled(invoiceDate=voucher.date, remark=voucher.remark),
        "evidenceAmount": money(voucher.total),
        "deduction": money(voucher.deducted),
    }


def _type(draft):
    try:
        return codes.TYPES[draft.type, draft.form]
    except KeyError:
        raise ValueError(f"A bill has no code for {draft.type!r} as {draft.form!r}") from None


def _flag(wish, setting):
    """Return the flag of what the order wishes, else of the account's setting."""
    return "1" if (setting if wish is None else wish) else "0"


def _line(line, place, options):
    return {
        "lineProperty": codes.BILL_KINDS[line.kind],
        "detailId": str(place),
        **goods(line),
        # cut rather than refused: both are for people at the cloud, and neither is printed
        **filled(goodsCode=line.goods_code[: codes.GOODS_CODE_LENGTH] if options.goods_codes else ""),
        **filled(remark=line.note[: codes.NOTE_LENGTH] if options.line_notes else ""),
    }


def goods(line):
    """Return the keys that a blue and a red line have in common: what, how much, how it is taxed."""
    flag, content = privilege(line)
    return {
        "goodsName": line.name,
        "revenueCode": line.code,
        **filled(specification=line.spec, units=line.unit, quantity=measure(line.quantity), price=measure(line.price)),
        "amount": money(line.amount),
        "taxRate": rates.text(line.rate),
        "taxAmount": money(line.tax),
        "privilegeFlag": flag,
        **filled(privilegeContent=content),
    }


def privilege(line):
    """Return ``(privilegeFlag, privilegeContent)`` of a line.

    assumption: exempt and not taxable are told as privileges, by their Chinese names, and a rate of 0
    without one is the plain zero rate: the bill has no key for the kind of zero.
    """
    if line.zero_kind == EXEMPT:
        return "1", codes.EXEMPT_WORD
    if line.zero_kind == NOT_TAXABLE:
        return "1", codes.NOT_TAXABLE_WORD
    return ("1", line.policy) if line.policy else ("0", "")


def _some_taken_back(data):
    rows = data if isinstance(data, list) else []
    return any(flag_in(row, "success") is True for row in rows)


def _refused(data):
    rows = data if isinstance(data, list) else [data]
    return tuple((reading.word_at(row, "billNo", "serialNo"), text_in(row)) for row in rows if has_failed(row))
