"""Errors of 票单云 in plain words, beside those of all clouds; rows for :mod:`..words`.

Log-in rows are ``(message, fix, pattern, codes)``; all are of the interface's family and were not tried on a tenant.
"""

from ...rules.problems import _
from ..base import RED_APPLY, RED_ISSUE
from ..refusals import Refusal
from . import codes

# Faults of an order that only this cloud tells; see :mod:`..refusals`. All texts are assumptions.
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
LOGIN_TEXTS = (
    (
        _("The company or the bureau account is not set up at the cloud."),
        _("Compare tax number and bureau account with the cloud's portal; then ask the cloud's support."),
        codes.SET_UP_TEXT.pattern,
    ),
    (
        _("This interface is not subscribed at the cloud, or the subscription is over."),
        _("Ask the cloud's support to open or renew it; waiting requests then resume automatically."),
        "",
        codes.SUBSCRIPTION,
    ),
    (
        _("The cloud does not accept the time or the signature of the call."),
        _("Check the server's clock and the secrets on the account; then ask the cloud's support."),
        codes.SIGNATURE.pattern,
        codes.SIGNED,
    ),
    (
        _("The cloud does not take calls from this account as it is set up."),
        _("Check address, token header and tax number on the account; then ask the cloud's support."),
        "",
        codes.REFUSED_CALL,
    ),
)
