"""Errors of 票单云 in plain words, beside those of all clouds; rows for :class:`..words.Word`.

Each is ``(message, fix, pattern, codes)``; all are of the interface's family and were not tried on a tenant.
"""

from ...rules.problems import _
from . import codes

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
