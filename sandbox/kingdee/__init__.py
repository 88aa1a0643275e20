"""金蝶发票云 旗舰版, billing and inbound, under /kingdee.

A tenant's base address is /kingdee/<its prefix>, or /kingdee where it has none. All calls but
logging in share two paths, billing and inbound, and are told apart by their interfaceCode.
"""

from ..errors import Refused
from . import auth, envelope, faults, inbound, inbound_use, push, query, red
from .envelope import Exchange, render
from .envelope import failure as _failure
from ..protocol import Answer, Call

NAME = "kingdee"
LOGINS = {
    "/api/getAppToken.do": Call("getAppToken", auth.app_token, auth="none"),
    "/api/login.do": Call("login", auth.login, auth="none"),
}
# interfaceCode → what answers, and the keys of the tax number and of the caller's own number.
INTERFACES = {
    name: Call(name, handle, subject=subject, uid=uid)
    for name, handle, subject, uid in (
        ("BILL.PUSH", push.push, "sellerTaxpayerId", "billNo"),
        ("BILL.WITHDRAW", push.withdraw, "sellerTaxpayerId", "serialNos"),
        ("BILL.INVOICE.QUERY", query.query, "sellerTaxpayerId", "serialNo"),
        ("ALLE.INVOICE.QUERY", query.query_fapiao, "sellerTaxpayerId", "serialNo"),
        ("REDCONFIRMBILL.APPLY", red.apply, "sellerTaxpayerId", "orderNo"),
        ("ALLE.REDCONFIRMBILL.QUERY", red.query_forms, "taxpayerId", "redInfoBillNo"),
        ("REDCONFIRMBILL.REVOKE", red.revoke, "taxNo", "number"),
        ("ALLE.INVOICE.RED", red.issue, "sellerTaxpayerId", "serialNo"),
    )
}
INBOUND = {
    name: Call(name, handle, subject="taxNo", uid="taskNo" if name.endswith("Query") else "", inbound=True)
    for name, handle in {
        "taxLogin": inbound.tax_login,
        "invoiceDown": inbound.down_headers,
        "invoiceDownFull": inbound.down_full,
        "invoiceDownQuery": inbound.down_query,
        "invoiceRecorded": inbound_use.recorded,
        "invoiceRecordedQuery": inbound_use.recorded_query,
        "invoiceSelect": inbound_use.select,
        "invoiceSelectQuery": inbound_use.select_query,
    }.items()
}

fault_before, fault_after = faults.before, faults.after
BUSY = {"message": "接口调用频率超过限制,请稍后再试", "errorCode": "429", "status": False, "success": False}


def _no_interface(exchange):
    raise Refused(f"接口编码{exchange.body.get('interfaceCode', '')}不存在")


# Path → the calls there, and what answers to any other interfaceCode.
SHARED = {
    "/kapi/app/sim/openApi": (INTERFACES, Call("openApi", _no_interface)),
    "/kapi/app/rim/deduction": (INBOUND, Call("deduction", _no_interface, inbound=True)),
}


def _tail(path):
    return next((tail for tail in (*LOGINS, *SHARED) if path.endswith(tail)), None)


def find_call(world, path, request):
    """Which call is meant; None where no tenant has this base address."""
    tail = _tail(path)
    prefixes = {tenant.prefix for tenant in world.kingdee_tenants.values()}
    if tail is None or path.removesuffix(tail).strip("/") not in prefixes:
        return None
    if tail in LOGINS:
        return LOGINS[tail]
    known, unknown = SHARED[tail]
    code = envelope.read(request)[0].get("interfaceCode")
    return known.get(code, unknown) if isinstance(code, str) else unknown


def exchange(world, call, request):
    """Reads the request; what is wrong with it is said once the caller is known."""
    base = request.path.removeprefix("/" + NAME)
    return Exchange(world, call, request, base.removesuffix(_tail(base)).strip("/"))


def authorise(exchange):
    if exchange.call.auth == "token":
        auth.check_token(exchange)
        auth.check_interface(exchange)
        envelope.check(exchange)
    elif exchange.trouble:
        raise Refused(exchange.trouble)


def answer(exchange):
    """Checks what every call has in common, then acts."""
    if exchange.call.auth == "token":
        envelope.use_id(exchange)
        # BILL.PUSH answers each bill separately, an unknown interface nothing at all.
        if exchange.call.subject and exchange.call.name != "BILL.PUSH":
            if not isinstance(exchange.data, dict):
                raise Refused("data应为对象")
            auth.demand_tax_no(exchange, exchange.tax_no)
    given = exchange.call.handle(exchange)
    if exchange.call.inbound:
        given.extra = {"errorCode": "0000"}
    return given


def refusal(error, call):
    if call.auth == "none":
        return auth.not_logged_in(_failure(error), error.text)
    return Answer(error.data, error.text, _failure(error))
