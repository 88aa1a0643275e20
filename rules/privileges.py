"""Tax privileges (优惠政策): how each is printed, and the rates it goes with.

Source: docs/protocols/tax-rules.md#privileges.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from . import rates
from .document import EXEMPT, NOT_TAXABLE, PLAIN_ZERO
from .problems import Problem, _

_THREE, _FIVE, _LEASE = Decimal("0.03"), Decimal("0.05"), Decimal("0.015")
LEVIES = frozenset({_THREE, _FIVE})
_TAXED = (rates.CURRENT | rates.HISTORIC) - {0}
_GENERAL = frozenset(map(Decimal, ("0.13", "0.09", "0.06", "0.17", "0.16", "0.11", "0.10")))  # not by a levy rate


@dataclass(frozen=True)
class Privilege:
    """``rates``: those it goes with. ``family``: the privilege of which it is a special case; where a code allows one,
    it allows the other. ``zero_kind``: the kind of zero rate that it is, if any."""

    rates: frozenset
    family: str = ""
    zero_kind: str = ""


SIMPLIFIED, REFUND = "简易征收", "先征后退"
EXEMPTION, UNTAXED = "免税", "不征税"
# By the name that is printed (增值税特殊管理); the clouds have their own codes for some of them.
PRIVILEGES = {
    SIMPLIFIED: Privilege(LEVIES),
    "按3%简易征收": Privilege(frozenset({_THREE}), SIMPLIFIED),
    "按5%简易征收": Privilege(frozenset({_FIVE}), SIMPLIFIED),
    "按5%简易征收减按1.5%计征": Privilege(frozenset({_LEASE}), SIMPLIFIED),
    EXEMPTION: Privilege(frozenset({Decimal(0)}), zero_kind=EXEMPT),
    UNTAXED: Privilege(frozenset({Decimal(0)}), zero_kind=NOT_TAXABLE),
    "稀土产品": Privilege(_GENERAL),
    REFUND: Privilege(_TAXED),
    "100%先征后退": Privilege(_TAXED, REFUND),
    "50%先征后退": Privilege(_TAXED, REFUND),
    "即征即退30%": Privilege(_TAXED),
    "即征即退50%": Privilege(_TAXED),
    "即征即退70%": Privilege(_TAXED),
    "即征即退100%": Privilege(_TAXED),
    "超税负3%即征即退": Privilege(_GENERAL),
    "超税负6%即征即退": Privilege(_GENERAL),
    "超税负8%即征即退": Privilege(_GENERAL),
    "超税负12%即征即退": Privilege(_GENERAL),
}
_SEPARATORS = re.compile(r"[、,;/|\n]+")


def named(text):
    """Return the privilege that ``text`` names, whatever its spaces and widths; "" if none."""
    name = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text or ""))
    return name if name in PRIVILEGES else ""


def read_list(text):
    """Return ``(names, unknown)`` of the privileges listed in ``text``, as in the classification table."""
    words = [word.strip() for word in _SEPARATORS.split(unicodedata.normalize("NFKC", text or "")) if word.strip()]
    names = list(dict.fromkeys(filter(None, map(named, words))))
    return names, [word for word in words if not named(word)]


def is_allowed(name, allowed):
    """Return whether a code that allows the privileges ``allowed`` allows ``name``: itself, or one of its family that
    goes with the same rates."""
    own = PRIVILEGES[name]
    return any(
        name == other
        or other == own.family
        or (name == PRIVILEGES[other].family and own.rates & PRIVILEGES[other].rates)
        for other in allowed
    )


def privilege_problems(line, law=None, *, is_levied=False):
    """Yield the problems of the privilege of ``line``, alone and under ``law`` (``rules.codes.Law``) of its code.

    ``is_levied``: the seller may charge 3 or 5 percent without one.
    """
    name = rates.flags(line.rate, line.zero_kind, line.policy).content
    values = {"name": line.name, "policy": name, "rate": rates.percent(line.rate), "code": line.code}
    privilege = PRIVILEGES.get(name)
    if not name:
        if line.rate in LEVIES and not is_levied:
            yield Problem(
                "privilege_missing",
                _("“%(name)s” is charged %(rate)s, which only a small-scale taxpayer may do without a tax privilege."),
                _("Choose the privilege on the tax, such as 简易征收, or a tax of the general rate."),
                values,
                line.key,
            )
    elif privilege is None:
        yield Problem(
            "privilege_unknown",
            _("“%(policy)s” is no tax privilege (优惠政策) that the tax bureau knows."),
            _("Choose one from the list on the tax or the product."),
            values,
            line.key,
        )
    elif line.zero_kind == PLAIN_ZERO:
        return  # rates.rate_problems() says that only one can be
    elif line.rate not in privilege.rates or (line.zero_kind and line.zero_kind != privilege.zero_kind):
        yield Problem(
            "privilege_rate",
            _("“%(name)s” has the tax privilege %(policy)s, which does not go with its tax (%(rate)s)."),
            _("Choose another tax on the line, or another privilege on the tax or the product."),
            values,
            line.key,
        )
    elif law and law.privileges and name != UNTAXED and not is_allowed(name, law.privileges):
        yield Problem(
            "privilege_not_of_code",
            _("Code %(code)s of “%(name)s” does not allow the tax privilege %(policy)s, only %(allowed)s."),
            _("Choose another code, or another privilege on the tax or the product."),
            {**values, "allowed": "、".join(law.privileges)},
            line.key,
        )
