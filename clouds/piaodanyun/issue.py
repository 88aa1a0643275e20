"""Issuing a blue fapiao: ``blueTicket``.

Optional keys without a value are left out, as the paper marks them 必选 否; the one exception is
``tdyslxDm``, for which it says that the empty string means "no special kind".
Source: docs/protocols/piaodanyun.md#issuing; docs/protocols/tax-rules.md#arithmetic, #lines, #buyer.
"""

from dataclasses import replace
from decimal import Decimal

from ...rules import rates
from ...rules.codes import with_code
from ...rules.document import DIGITAL_PAPER, NOT_TAXABLE, SPECIAL
from .. import reading
from ..base import ISSUE, Issued
from ..writing import filled, joined, measure, money, plain, serial_of
from . import codes, elements
from .meaning import MEANING, lacking, opened


def freeze(draft, request_uid, tax_no, options):
    """Return the form of a ``Draft`` as a dict of strings in the paper's order, without credentials.

    ``request_uid`` becomes ``fpqqlsh``, "税号_自定义编号", at most 40 characters. Raises ValueError for
    what no form can carry: a uid that doesn't fit, a kind of fapiao or a special element without a code, an amount with
    a fraction of a fen.
    """
    form = {
        "fpqqlsh": serial_of(request_uid),
        "fplxdm": _type(draft),
        "tdyslxDm": draft.element,
        "kplx": "0",
        **_paper(draft, options),
        **_parties(draft, tax_no),
        "zsfs": codes.LEVIES.get(draft.levy or "0", draft.levy),
    }
    for index, line in enumerate(draft.lines):
        form.update({f"fyxm[{index}][{key}]": value for key, value in _line(line).items()})
    form.update(elements.freeze(draft))
    form.update(_totals(draft))
    for index, voucher in enumerate(draft.vouchers):
        form.update({f"cepz[{index}][{key}]": value for key, value in _voucher(voucher).items()})
    form.update(filled(kpr=draft.drawer, skr=draft.payee, fhr=draft.reviewer))
    form.update(filled(gfkhdh=draft.buyer.mobile, gfkhyx=draft.buyer.email))
    reason = draft.small_scale_reason
    form.update(filled(slsm=codes.SMALL_SCALE_REASONS.get(reason, reason), bz=draft.remark))
    form["gfzrrbs"] = "Y" if draft.buyer.is_person else "N"
    form.update(
        filled(
            gfxxConfirm="" if options.confirm_buyer else "1",
            spflxConfirm="1" if options.check_person else "",
            sfzsgmfyhzh="Y" if draft.show_buyer_bank else "",
            sfzsxsfyhzh="Y" if draft.show_seller_bank else "",
        )
    )
    return form


def read(raw):
    """Return the :class:`Issued` of an answer; raise what anything else means.

    Only a 20-digit number is an issued fapiao: a 200 may also carry a call for authentication by face.
    """
    envelope = opened(raw)
    if not envelope.ok:
        raise MEANING.order_error(envelope, ISSUE)
    number = reading.number_at(envelope.data, "Fphm", "fphm")
    if number:
        return Issued(
            number=number,
            issued_at=reading.moment_at(envelope.data, "Kprq", "kprq"),
            raw=reading.plain(envelope.data),
            **sheet_of(envelope.data),
        )
    raise lacking(envelope, "no_number")


def sheet_of(data):
    """Return ``code`` and ``short_number`` of the sheet of a digital fapiao on paper [family], as for ``Issued``."""
    code, number = reading.word_at(data, "zzfpdm", "fpdm"), reading.word_at(data, "zzfphm")
    return {"code": code, "short_number": number} if with_code(code, number) else {}


def _type(draft):
    try:
        return codes.TYPES[draft.type, draft.form]
    except KeyError:
        raise ValueError(f"There is no code for {draft.type!r} as {draft.form!r}") from None


def _paper(draft, options):
    """Return the keys of a digital fapiao on paper; ``zpFppzDm`` and the sheet's code and number are [family]."""
    if draft.form != DIGITAL_PAPER:
        return {}
    kind = options.paper_kind_special if draft.type == SPECIAL else options.paper_kind_ordinary
    return filled(
        qdbz="1" if len(draft.lines) > codes.PRINTED_LINES else "",
        zpFppzDm=kind,
        zzfpdm=draft.paper_code,
        zzfphm=draft.paper_number,
    )


def _parties(draft, tax_no):
    seller, buyer = draft.seller, draft.buyer
    return {
        "xhdwsbh": seller.tax_no or tax_no,
        "xhdwmc": seller.name,
        **filled(
            xhdwdzdh=joined(seller.address, seller.phone),
            xhdwyhzh=joined(seller.bank, seller.bank_account),
            ghdwsbh=buyer.tax_no,
        ),
        "ghdwmc": buyer.name,
        **filled(
            ghdwdzdh=joined(buyer.address, buyer.phone),
            ghdwyhzh=joined(buyer.bank, buyer.bank_account),
        ),
    }


def _line(line):
    flags = rates.flags(line.rate, line.zero_kind, line.policy)
    if line.zero_kind == NOT_TAXABLE and not line.policy:
        flags = replace(flags, privilege=codes.NOT_TAXABLE[0], content=codes.NOT_TAXABLE[1])
    return {
        "fphxz": codes.KINDS[line.kind],
        "spmc": line.name,
        **filled(ggxh=line.spec, dw=line.unit, spsl=measure(line.quantity), dj=measure(line.price)),
        "je": money(line.amount),
        "sl": plain(line.rate),
        "se": money(line.tax),
        "hsbz": "0",
        "spbm": line.code,
        "yhzcbs": flags.privilege,
        "lslbs": flags.zero,
        **filled(zzstsgl=flags.content, mtzlDm=line.coal_kind),
    }


def _voucher(voucher):
    """Return the keys of a voucher of the deduction [family]; which of them holds its number depends on its kind."""
    return {
        "pzlx": voucher.kind,
        **filled(fpdm=voucher.code, **{codes.VOUCHER_NUMBERS.get(voucher.kind, "pzhm"): voucher.number}),
        **filled(kjrq=voucher.date, bz=voucher.remark),
        "bckcje": money(voucher.deducted),
        "pzhjje": money(voucher.total),
    }


def _totals(draft):
    return {
        "hjje": money(draft.amount),
        "hjse": money(draft.tax),
        "jshj": money(draft.total),
        **filled(kce="" if draft.deduction is None else money(Decimal(draft.deduction))),
    }
