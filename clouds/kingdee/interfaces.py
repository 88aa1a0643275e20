"""Where 金蝶发票云 is called: the one table of paths and interface codes.

Source: docs/protocols/kingdee-billing.md#addresses, all [docs].
The base address before them belongs to the tenant and may carry a path.
"""

from .. import base

APP_TOKEN_PATH = "/api/getAppToken.do"
LOGIN_PATH = "/api/login.do"
BILLING_PATH = "/kapi/app/sim/openApi"
INBOUND_PATH = "/kapi/app/rim/deduction"

CODES = {
    base.ISSUE: "BILL.PUSH",
    base.WITHDRAW: "BILL.WITHDRAW",
    base.FIND: "BILL.INVOICE.QUERY",
    base.RED_APPLY: "REDCONFIRMBILL.APPLY",
    base.RED_STATE: "ALLE.REDCONFIRMBILL.QUERY",
    base.RED_WITHDRAW: "REDCONFIRMBILL.REVOKE",
    base.RED_ISSUE: "ALLE.INVOICE.RED",
    base.BUREAU_LOGIN: "taxLogin",
    base.PULL_START: "invoiceDown",
    base.PULL_PAGE: "invoiceDownQuery",
    base.BOOK: "invoiceRecorded",
    base.BOOK_STATE: "invoiceRecordedQuery",
    base.SELECT: "invoiceSelect",
    base.SELECT_STATE: "invoiceSelectQuery",
}
# One fapiao by its number or its own serial number: docs/protocols/kingdee-billing.md#query
FIND_ONE = "ALLE.INVOICE.QUERY"


def interface(operation, payload):
    """Return the ``interfaceCode`` of an operation with its frozen ``payload``.

    A question with the key ``invoiceNum``, be it empty, is about one fapiao; without it about a bill. A
    full pull was frozen with its interface.
    """
    if operation == base.FIND and "invoiceNum" in payload:
        return FIND_ONE
    if operation == base.PULL_START and "interfaceCode" in payload:
        return payload["interfaceCode"]
    return CODES[operation]


def data_of(operation, payload):
    """Return what of a frozen payload travels as ``data``."""
    return payload["data"] if operation == base.PULL_START and "interfaceCode" in payload else payload


def path(operation):
    """Return where an operation is called."""
    return INBOUND_PATH if operation in base.INBOUND else BILLING_PATH
