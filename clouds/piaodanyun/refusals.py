"""Faults of an order that only 票单云 and its family tell; see :mod:`..refusals`.

All are of the interface's family and were not tried on a tenant.
"""

from ...rules.problems import _
from ..base import RED_APPLY, RED_ISSUE
from ..refusals import SHARED, Refusal
from . import codes

OWN = (
    Refusal(
        "scrap_confirmation",
        _("The tax bureau wants a confirmation for the purchase of scrap (报废产品收购)."),
        _("Issue this fapiao at the tax bureau itself, where the confirmation can be given."),
        codes=frozenset({codes.CONFIRM}),
    ),
    Refusal(
        "farm_confirmation",
        _("The tax bureau wants a confirmation for the purchase of farm produce (农产品收购)."),
        _("Check the fapiao; if it is right, issue it at the tax bureau itself and confirm it there."),
        r"农产品收购发票开具不规范",
    ),
    Refusal(
        "red_not_ours",
        _("The company is neither seller nor buyer of the fapiao that is to be reversed."),
        _("Check the number of the original and the tax number of the account."),
        r"未能判断当前纳税人与发票中身份",
        operations=frozenset({RED_APPLY, RED_ISSUE}),
    ),
)
ROWS = (*OWN, *SHARED)
