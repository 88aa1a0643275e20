"""Where 金蝶发票云 is called: the one table of paths and interface codes.

Source: docs/protocols/kingdee-billing.md#addresses, all [docs].
The base address before them belongs to the tenant and may carry a path.
"""

from ..base import (
    BOOK,
    BOOK_STATE,
    BUREAU_LOGIN,
    FIND,
    INBOUND,
    ISSUE,
    PULL_PAGE,
    PULL_START,
    RED_APPLY,
    RED_ISSUE,
    RED_STATE,
    RED_WITHDRAW,
    SELECT,
    SELECT_STATE,
    WITHDRAW,
)

APP_TOKEN_PATH = "/api/getAppToken.do"
LOGIN_PATH = "/api/login.do"
BILLING_PATH = "/kapi/app/sim/openApi"
INBOUND_PATH = "/kapi/app/rim/deduction"

CODES = {
    ISSUE: "BILL.PUSH",
    WITHDRAW: "BILL.WITHDRAW",
    FIND: "BILL.INVOICE.QUERY",
    RED_APPLY: "REDCONFIRMBILL.APPLY",
    RED_STATE: "ALLE.REDCONFIRMBILL.QUERY",
    RED_WITHDRAW: "REDCONFIRMBILL.REVOKE",
    RED_ISSUE: "ALLE.INVOICE.RED",
    BUREAU_LOGIN: "taxLogin",
    PULL_START: "invoiceDown",
    PULL_PAGE: "invoiceDownQuery",
    BOOK: "invoiceRecorded",
    BOOK_STATE: "invoiceRecordedQuery",
    SELECT: "invoiceSelect",
    SELECT_STATE: "invoiceSelectQuery",
}
# One fapiao by its number or its own serial number: docs/protocols/kingdee-billing.md#query
FIND_ONE = "ALLE.INVOICE.QUERY"


def interface(operation, payload):
    """Return the ``interfaceCode`` of an operation with its frozen ``payload``.

    A question with the key ``invoiceNum``, be it empty, is about one fapiao; without it about a bill. A
    full pull was frozen with its interface.
    """
    if operation == FIND and "invoiceNum" in payload:
        return FIND_ONE
    if operation == PULL_START and "interfaceCode" in payload:
        return payload["interfaceCode"]
    return CODES[operation]


def data_of(operation, payload):
    """Return what of a frozen payload travels as ``data``."""
    return payload["data"] if operation == PULL_START and "interfaceCode" in payload else payload


def path(operation):
    """Return where an operation is called."""
    return INBOUND_PATH if operation in INBOUND else BILLING_PATH
