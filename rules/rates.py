"""VAT rates: valid rates, their notation, and the flags of a zero rate.

Source: docs/protocols/tax-rules.md#rates, #zero-rate; the historic rates are those of the VAT reforms of
2017–2019, still used to reissue old fapiao.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from . import codes
from .amounts import ZERO, plain, round2, trim
from .document import EXEMPT, NOT_TAXABLE, PLAIN_ZERO
from .problems import Problem, _

CURRENT = frozenset(map(Decimal, ("0.13", "0.09", "0.06", "0.05", "0.03", "0.02", "0.015", "0.01", "0.005", "0")))
HISTORIC = frozenset(map(Decimal, ["0.17", "0.16", "0.11", "0.10", "0.04"]))
SMALL_TAX, LINES_ROUNDED = Decimal("0.20"), Decimal("0.10")  # yuan
SMALL_SCALE = Decimal("0.03")
SMALL_SCALE_RATES = frozenset(map(Decimal, ("0.05", "0.03", "0.02", "0.015", "0.01", "0.005", "0")))
SMALL_SCALE_REASONS = ("2", "3")

_ZERO_WORDS = ("免税", "不征税", "零税率")
ZERO_KINDS = (EXEMPT, NOT_TAXABLE, PLAIN_ZERO)


@dataclass(frozen=True)
class Flags:
    """Flags of a line beside its rate, in the bureau's coding.

    ``privilege``: used or not (yhzcbs); ``zero``: kind of zero rate (lslbs); ``content``: the privilege
    (zzstsgl).
    """

    privilege: str
    zero: str
    content: str


def text(rate):
    """Return ``rate`` in the notation of the clouds: ``0.13``, ``0.015``, ``0``."""
    return plain(trim(rate))


def percent(rate):
    """Return ``rate`` in percent: ``13%``."""
    return plain(trim(rate * 100)) + "%"


def read_list(text):
    """Return ``(rates, unknown)`` of the rates listed in ``text``, as in the classification table: ``13%、9%``, and
    13, 0.13 or 免税 from other editions. ``unknown`` are the words that are no rate.
    """
    found, unknown = set(), []
    for word in filter(None, re.split(r"[\s、,;/|]+", unicodedata.normalize("NFKC", text or ""))):
        number = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", word)
        candidates = [] if not number else [Decimal(number[1]) / 100, *([] if number[2] else [Decimal(number[1])])]
        if word in _ZERO_WORDS:
            candidates = [ZERO]
        rate = next((rate for rate in candidates if rate in CURRENT | HISTORIC), None)
        if rate is None:
            unknown.append(word)
        else:
            found.add(rate)
    return found, unknown


def flags(rate, zero_kind="", policy=""):
    """Return the :class:`Flags` of a line. ``policy`` is a privilege's name (简易征收, 先征后退 …).

    Exempt counts as a privilege, whatever ``policy`` is.
    """
    if zero_kind == EXEMPT:
        return Flags("1", "1", "免税")
    if zero_kind in (NOT_TAXABLE, PLAIN_ZERO):
        zero = "2" if zero_kind == NOT_TAXABLE else "3"
        return Flags("1" if policy else "0", zero, policy)
    return Flags("1" if policy else "0", "0", policy)


def stands_apart(line):
    """Return whether ``line`` is not taxable and may not stand beside taxed lines."""
    return line.zero_kind == NOT_TAXABLE and not codes.is_collected_along(line.code)


def is_mixed(lines):
    """Return whether ``lines`` hold both what :func:`stands_apart` and what is taxed, exempt or zero-rated."""
    return any(map(stands_apart, lines)) and any(line.zero_kind != NOT_TAXABLE for line in lines)


def rate_of(amount, tax):
    """Return the one rate that gives ``tax`` on ``amount``, or ``None`` where none fits or several do.

    A rate whose tax, rounded to the fen, is the tax comes first. Several lines are rounded one by one: if no rate is
    exact, a tax over 0.20 yuan may differ by 0.10.
    """
    if not tax:
        return ZERO
    candidates = CURRENT - {ZERO}
    fits = [rate for rate in candidates if round2(amount * rate) == tax]
    if not fits and abs(tax) > SMALL_TAX:
        fits = [rate for rate in candidates if abs(amount * rate - tax) <= LINES_ROUNDED]
    return fits[0] if len(fits) == 1 else None


def rate_problems(rate, zero_kind="", line=None, policy=""):
    """Yield the problems of a line's rate, kind of zero rate and privilege."""
    if rate in HISTORIC:
        yield Problem(
            "rate_historic",
            _("%(rate)s is a VAT rate of the past."),
            _("Use it only to correct or re-issue a fapiao of that time."),
            {"rate": percent(rate)},
            line,
            "warning",
        )
    elif rate not in CURRENT:
        yield Problem(
            "rate_unknown",
            _("%(rate)s is no Chinese VAT rate."),
            _("Give the line one VAT tax with a legal rate, such as 13, 9, 6, 3 or 1 percent."),
            {"rate": percent(rate)},
            line,
        )
    if rate == 0 and zero_kind not in ZERO_KINDS:
        yield Problem(
            "zero_kind_missing",
            _("The line carries no tax, but it isn't said why."),
            _("Say on the tax whether it is exempt, not taxable or an ordinary zero rate."),
            {},
            line,
        )
    if zero_kind == PLAIN_ZERO and policy:
        yield Problem(
            "policy_on_zero",
            _("The line has an ordinary zero rate and the tax privilege %(policy)s; only one can be."),
            _("Remove the privilege, or choose another kind of zero rate on the tax."),
            {"policy": policy},
            line,
        )
    if rate != 0 and zero_kind:
        yield Problem(
            "zero_kind_needless",
            _("The line is marked as exempt, not taxable or zero-rated, but taxed at %(rate)s."),
            _("Correct the tax of the line."),
            {"rate": percent(rate)},
            line,
        )
