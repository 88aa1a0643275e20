"""金蝶发票云 旗舰版, billing and inbound, under /kingdee.

A tenant's base address is /kingdee/<its prefix>, or /kingdee where it has none. All calls but
logging in share two paths, billing and inbound, and are told apart by their interfaceCode.
"""

from .. import misleading
from ..protocol import Answer, Call, Refused, words
from . import auth, bills, inbound, queue, red, told
from .auth import Exchange, render

NAME = "kingdee"
LOGINS = {
    "/api/getAppToken.do": Call("getAppToken", auth.app_token, auth="none"),
    "/api/login.do": Call("login", auth.login, auth="none"),
}
# interfaceCode → what answers, the keys of the tax number and of the caller's own number, other keys it needs.
INTERFACES = {
    name: Call(name, handle, (subject, *words(required)) if required else (), subject=subject, uid=uid)
    for name, handle, subject, uid, required in (
        ("BILL.PUSH", bills.push, "sellerTaxpayerId", "billNo", ""),
        ("BILL.WITHDRAW", bills.withdraw, "sellerTaxpayerId", "serialNos", "sellerTaxpayerId"),
        ("BILL.INVOICE.QUERY", bills.query, "sellerTaxpayerId", "serialNo", "serialNo"),
        ("ALLE.INVOICE.QUERY", bills.query_fapiao, "sellerTaxpayerId", "serialNo", "sellerTaxpayerId"),
        ("REDCONFIRMBILL.APPLY", red.apply, "sellerTaxpayerId", "orderNo", ""),
        ("ALLE.REDCONFIRMBILL.QUERY", red.query_forms, "taxpayerId", "redInfoBillNo", "taxpayerId"),
        ("REDCONFIRMBILL.REVOKE", red.revoke, "taxNo", "number", "number enteridentity qrlx"),
        ("ALLE.INVOICE.RED", red.issue, "sellerTaxpayerId", "serialNo", "serialNo invoiceNum"),
    )
}
INBOUND = {
    name: Call(name, handle, ("taxNo", *words(required)), subject="taxNo", uid=uid, inbound=True)
    for name, handle, uid, required in (
        ("taxLogin", inbound.tax_login, "", ""),
        ("invoiceDown", inbound.down, "", ""),
        ("invoiceFullDown", inbound.down_full, "", ""),
        ("invoicePoolQuery", inbound.pool, "", ""),
        ("invoiceDownQuery", inbound.down_query, "taskNo", "taskNo"),
        ("invoiceRecorded", inbound.recorded, "", "nextEntryMarkStatus"),
        ("invoiceRecordedQuery", inbound.recorded_query, "taskNo", ""),
        ("invoiceSelect", inbound.select, "", "authenticateFlag"),
        ("invoiceSelectQuery", inbound.select_query, "taskNo", "taskNo"),
    )
}
PLAIN = {
    "/kapi/app/rim/queryCover": Call(
        "queryCover", inbound.query_cover, ("billType", "billId"), uid="billId", inbound=True, plain=True
    ),
}
BUSY = {"message": "接口调用频率超过限制,请稍后再试", "errorCode": "429", "status": False, "success": False}


def _no_interface(exchange):
    raise Refused(f"接口编码{exchange.body.get('interfaceCode', '')}不存在")


# Path → the calls there, and what answers to any other interfaceCode.
SHARED = {
    "/kapi/app/sim/openApi": (INTERFACES, Call("openApi", _no_interface)),
    "/kapi/app/rim/deduction": (INBOUND, Call("deduction", _no_interface, inbound=True)),
}


def _tail(path):
    return next((tail for tail in (*LOGINS, *PLAIN, *SHARED) if path.endswith(tail)), None)


def find_call(world, path, request):
    """Which call is meant; None where no tenant has this base address."""
    tail = _tail(path)
    prefixes = {tenant.prefix for tenant in world.kingdee_tenants.values()}
    if tail is None or path.removesuffix(tail).strip("/") not in prefixes:
        return None
    if tail in LOGINS:
        return LOGINS[tail]
    if tail in PLAIN:
        return PLAIN[tail]
    known, unknown = SHARED[tail]
    code = auth.read(request)[0].get("interfaceCode")
    return known.get(code, unknown) if isinstance(code, str) else unknown


def exchange(world, call, request):
    """Reads the request; what is wrong with it is said once the caller is known."""
    base = request.path.removeprefix("/" + NAME)
    return Exchange(world, call, request, base.removesuffix(_tail(base)).strip("/"))


def authorise(exchange):
    if exchange.call.auth == "token":
        auth.check_token(exchange)
        auth.check(exchange)
    elif exchange.trouble:
        raise Refused(exchange.trouble)


def answer(exchange):
    """Checks what every call has in common, then acts."""
    if exchange.call.auth == "token":
        auth.use_id(exchange)
        # BILL.PUSH answers each bill separately, an unknown interface nothing at all.
        if exchange.call.subject and exchange.call.name != "BILL.PUSH":
            if not isinstance(exchange.data, dict):
                raise Refused("data应为对象")
            auth.demand_tax_no(exchange, exchange.tax_no)
        exchange.demand(*exchange.call.required)
    given = exchange.call.handle(exchange)
    if exchange.call.inbound:
        given.extra = {"errorCode": "0000"}
    return given


def refusal(error, call):
    if call.auth == "none":
        return auth.not_logged_in(auth.failure(error), error.text)
    return Answer(error.data, error.text, auth.failure(error))


# --- what it says in its own words when a fault strikes (faults.strike) ---

FAULTS = {
    "maybe_issued": ("请求超时,请查询开票结果", 999),
    "gateway_504": ("请求税局超时:504 Gateway Time-out", 999),
    "bureau_error": ("系统异常,请联系管理员", 999),
    "refused": ("授信额度不足,无法开具", 999),
    "issuing": ("单据正在开票中", 999),  # after the deed: issued, and not said
    "face_due": (queue.FACE, 999),
    "session_lost": (queue.SESSION["lost"], 999),
    "expired_token": auth.EXPIRED,
}
ORDERS = {"ALLE.INVOICE.RED": red.answer}
NUMBERS = ("invoiceNum",)


def _fail_at_the_bureau(exchange, fault):
    """Before the deed the call goes on, to fail at the bureau."""
    if fault.when == "before" and fault.kind == "session_lost":
        exchange.world.set_session(exchange.tax_no, "lost")
    elif fault.when == "before":
        exchange.world.set_face(exchange.tax_no, True)
    return fault.when == "before"


EFFECTS = dict.fromkeys(("session_lost", "face_due"), _fail_at_the_bureau)


def _unknown(exchange, _fault):
    raise inbound.unknown_task(exchange) if exchange.call.inbound else bills.unknown(exchange.uid)


def _without_number(exchange, _fault):
    """A query's answer that lacks the number."""
    number, tax_no = exchange.text("serialNo"), exchange.text("sellerTaxpayerId")
    found = queue.standing(exchange.world, tax_no, number, exchange.tenant.account_id)
    if not found:
        raise bills.unknown(number)
    items = told.invoices(exchange.world, found[-1]) or [told.unissued(found[-1].draft, number, "", "")]
    return Answer([{"billNo": number, "invoiceList": [{**item, "invoiceNum": ""} for item in items]}])


def _accepted_again(exchange, _fault):
    """Bills that are known are taken once more, or so it says."""
    items = exchange.items
    if not items or not all(bills.known(exchange, item) for item in items):
        return None
    return bills.answer([(str(item.get("billNo", "")), None) for item in items], "推单成功")


def _misled(exchange, fault):
    """A lie about a push lists the bills as a true refusal does."""
    code, text = misleading.chosen("kingdee", fault)
    error = Refused(text, code)
    error.data = [bills.outcome(str(item.get("billNo", "")), error) for item in exchange.items]
    raise error


# By kind, or by call and kind.
OWN = {
    "not_found": _unknown,
    "no_number": _without_number,
    ("BILL.PUSH", "repeat"): _accepted_again,
    ("BILL.PUSH", "misleading"): _misled,
}
