"""Where 金蝶发票云 is called: the one table of paths and interface codes.

Source: shared/protocols/kingdee-cloud.md, "Auth", "Envelope", "Billing request", all [docs]. The base
address before them belongs to the tenant and may carry a path.
"""

from ..base import FIND, ISSUE, RED_APPLY, RED_ISSUE, RED_STATE, RED_WITHDRAW, WITHDRAW

APP_TOKEN_PATH = "/api/getAppToken.do"
LOGIN_PATH = "/api/login.do"
BILLING_PATH = "/kapi/app/sim/openApi"

CODES = {
    ISSUE: "BILL.PUSH",
    WITHDRAW: "BILL.WITHDRAW",
    FIND: "BILL.INVOICE.QUERY",
    RED_APPLY: "REDCONFIRMBILL.APPLY",
    RED_STATE: "ALLE.REDCONFIRMBILL.QUERY",
    RED_WITHDRAW: "REDCONFIRMBILL.REVOKE",
    RED_ISSUE: "ALLE.INVOICE.RED",
}
# One fapiao by its number or its own serial number. Not in the protocol file; [docs] api-146003726.
FIND_ONE = "ALLE.INVOICE.QUERY"


def interface(operation, payload):
    """Return the ``interfaceCode`` of an operation with its frozen ``payload``.

    A question with the key ``invoiceNum``, be it empty, is about one fapiao; without it about a bill.
    """
    if operation == FIND and "invoiceNum" in payload:
        return FIND_ONE
    return CODES[operation]
