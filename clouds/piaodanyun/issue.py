"""Issuing a blue fapiao: ``blueTicket``.

Optional keys without a value are left out, as the paper marks them 必选 否; the one exception is
``tdyslxDm``, for which it says that the empty string means "no special kind".
Source: docs/protocols/piaodanyun.md#issuing; docs/protocols/tax-rules.md#arithmetic, #lines, #buyer.
"""

import re
from decimal import Decimal

from ...rules import rates
from ...rules.codes import is_number
from .. import reading
from ..base import ISSUE, Issued
from . import codes
from .meaning import lacking, opened, order_error

_UID = re.compile(r"[0-9A-Za-z_-]{1,40}")  # fpqqlsh


def freeze(draft, request_uid, tax_no, options):
    """Return the form of a ``Draft`` as a dict of strings in the paper's order, without credentials.

    ``request_uid`` becomes ``fpqqlsh``, "税号_自定义编号", at most 40 characters. Raises ValueError for
    what no form can carry: a uid that doesn't fit, an amount with a fraction of a fen.
    """
    form = {
        "fpqqlsh": serial_of(request_uid),
        "fplxdm": codes.TYPES[draft.type],
        "tdyslxDm": "",
        "kplx": "0",
        **_parties(draft, tax_no),
        "zsfs": draft.levy or "0",
    }
    for index, line in enumerate(draft.lines):
        form.update({f"fyxm[{index}][{key}]": value for key, value in _line(line).items()})
    form.update(_totals(draft))
    form.update(_filled(kpr=draft.drawer, skr=draft.payee, fhr=draft.reviewer))
    form.update(_filled(gfkhdh=draft.buyer.mobile, gfkhyx=draft.buyer.email))
    form.update(_filled(slsm=draft.small_scale_reason, bz=draft.remark))
    form["gfzrrbs"] = "Y" if draft.buyer.is_person else "N"
    form.update(
        _filled(
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
        raise order_error(envelope, ISSUE)
    number = number_at(envelope.data, "Fphm", "fphm")
    if number:
        return Issued(
            number=number,
            issued_at=reading.moment_at(envelope.data, "Kprq", "kprq"),
            raw=reading.plain(envelope.data),
        )
    raise lacking(envelope, "no_number")


def serial_of(request_uid):
    """Return ``request_uid`` where it can be an ``fpqqlsh``, of a blue or a red order; else ValueError."""
    if not _UID.fullmatch(request_uid or ""):
        raise ValueError(f"{request_uid!r} can't be a serial number: 1 to 40 of 0-9 A-Z a-z _ -")
    return request_uid


def number_at(data, *names):
    """Return the 20-digit number under one of ``names``, or an empty string."""
    value = reading.pick(data, *names)
    text = reading.as_text(value) if isinstance(value, (str, int)) else ""
    return text if is_number(text) else ""


def plain(number):
    """Return a Decimal without exponent and superfluous zeros, exactly; ValueError if not finite."""
    if not number.is_finite():
        raise ValueError(f"{number} is no number")
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def money(number):
    """Return an amount in yuan with exactly two places; ValueError where that would lose a fraction."""
    whole, _dot, fraction = plain(number).partition(".")
    if len(fraction) > 2:
        raise ValueError(f"{number} has a fraction of a fen")
    return f"{whole}.{fraction:0<2}"


def measure(number):
    """Return a price or quantity with up to 13 places; ValueError beyond."""
    text = plain(number)
    if len(text.partition(".")[2]) > 13:
        raise ValueError(f"{number} has more than 13 decimals")
    return text


def _parties(draft, tax_no):
    seller, buyer = draft.seller, draft.buyer
    return {
        "xhdwsbh": seller.tax_no or tax_no,
        "xhdwmc": seller.name,
        **_filled(
            xhdwdzdh=_joined(seller.address, seller.phone),
            xhdwyhzh=_joined(seller.bank, seller.bank_account),
            ghdwsbh=buyer.tax_no,
        ),
        "ghdwmc": buyer.name,
        **_filled(
            ghdwdzdh=_joined(buyer.address, buyer.phone),
            ghdwyhzh=_joined(buyer.bank, buyer.bank_account),
        ),
    }


def _line(line):
    flags = rates.flags(line.rate, line.zero_kind, line.policy)
    return {
        "fphxz": codes.KINDS[line.kind],
        "spmc": line.name,
        **_filled(
            ggxh=line.spec,
            dw=line.unit,
            spsl="" if line.quantity is None else measure(line.quantity),
            dj="" if line.price is None else measure(line.price),
        ),
        "je": money(line.amount),
        "sl": plain(line.rate),
        "se": money(line.tax),
        "hsbz": "0",
        "spbm": line.code,
        "yhzcbs": flags.privilege,
        "lslbs": flags.zero,
        **_filled(zzstsgl=flags.content),
    }


def _totals(draft):
    return {
        "hjje": money(draft.amount),
        "hjse": money(draft.tax),
        "jshj": money(draft.total),
        **_filled(kce="" if draft.deduction is None else money(Decimal(draft.deduction))),
    }


def _joined(*parts):
    return " ".join(part.strip() for part in parts if part and part.strip())


def _filled(**values):
    return {key: value for key, value in values.items() if value}
