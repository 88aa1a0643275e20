"""What 金蝶发票云 says in its own words when a fault strikes: an answer instead of, or after, the deed."""

from .. import misleading
from ..auth import expire
from ..errors import Refused
from ..protocol import Answer
from . import auth, inbound, push, query, queue, red, told

TEXTS = {
    "maybe_issued": "请求超时,请查询开票结果",
    "gateway_504": "请求税局超时:504 Gateway Time-out",
    "bureau_error": "系统异常,请联系管理员",
    "refused": "授信额度不足,无法开具",
    "issuing": "单据正在开票中",  # after the deed: issued, and not said
    "face_due": queue.FACE,
    "session_lost": queue.SESSION["lost"],
}


def before(exchange, fault):
    """The answer this fault gives without acting; None lets the call go on: it fails at the bureau."""
    if fault.kind == "issuing":
        exchange.defer = fault
    elif fault.kind == "session_lost":
        exchange.world.set_session(exchange.tax_no, "lost")
    elif fault.kind == "face_due":
        exchange.world.set_face(exchange.tax_no, True)
    else:
        return after(exchange, fault)
    return None


def after(exchange, fault, answer=None):
    """The answer this fault gives in place of the true one; None keeps that."""
    kind, name = fault.kind, exchange.call.name
    if kind == "not_found":
        raise inbound.unknown_task(exchange) if exchange.call.inbound else query.unknown(exchange.uid)
    if kind == "no_number":
        return _without_number(exchange)
    if kind == "expired_token":
        expire(exchange.world, exchange.token)
        raise Refused(*auth.EXPIRED)
    if kind == "repeat":
        if name == "BILL.PUSH" and exchange.items and all(push.known(exchange, item) for item in exchange.items):
            return push.accepted(exchange)
        first = misleading.first(exchange.world, exchange.uid)
        return red.answer(exchange, first) if first and name == "ALLE.INVOICE.RED" else None
    if kind == "wrong_number":
        return _misnumbered(exchange, answer)
    if kind == "misleading":
        raise _misled(exchange, fault)
    raise Refused(fault.params.get("text", TEXTS[kind]), fault.params.get("code", 999))


def _misled(exchange, fault):
    """A lie about a push lists the bills as a true refusal does."""
    code, text = misleading.chosen("kingdee", fault)
    error = Refused(text, code)
    if exchange.call.name == "BILL.PUSH":
        error.data = [push.outcome(str(item.get("billNo", "")), error) for item in exchange.items]
    return error


def _misnumbered(exchange, answer):
    """The true answer, or without a deed that to another order, under another order's number."""
    number = misleading.another(exchange.world, exchange.tax_no, exchange.uid)
    if number and answer is not None:
        answer.data = misleading.renumbered(answer.data, ("invoiceNum",), number)
        return answer
    is_order = number and exchange.call.name == "ALLE.INVOICE.RED"
    return red.answer(exchange, exchange.world.fapiao[number]) if is_order else None


def _without_number(exchange):
    """A query's answer that lacks the number."""
    number, tax_no = exchange.text("serialNo"), exchange.text("sellerTaxpayerId")
    bills = queue.standing(exchange.world, tax_no, number, exchange.tenant.account_id)
    if not bills:
        raise query.unknown(number)
    items = told.invoices(exchange.world, bills[-1]) or [told.unissued(bills[-1].draft, number, "", "")]
    return Answer([{"billNo": number, "invoiceList": [{**item, "invoiceNum": ""} for item in items]}])
