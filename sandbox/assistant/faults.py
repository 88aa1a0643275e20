"""What 金蝶发票助手 says in its own words when a fault strikes."""

from ..auth import expire
from ..errors import Refused
from ..protocol import Answer
from . import auth

TEXTS = {
    "maybe_issued": "请求超时,请稍后查询",
    "gateway_504": "504 Gateway Time-out",
    "issuing": "处理中",
    "bureau_error": "系统异常,请联系管理员",
    "refused": "操作失败",
    "not_found": "数据不存在",
    "no_number": "发票流水号不存在",
    "session_lost": "登录已失效",
    "face_due": "需要人脸识别",
    "misleading": "系统处理中",
}


def answer(exchange, fault, _answer=None):
    """The answer this fault gives in place of the true one; None keeps that."""
    kind, name = fault.kind, exchange.call.name
    if kind in ("repeat", "wrong_number"):
        return None  # of orders, which it has none of
    if kind == "expired_token":
        # Token or userKey, whichever let the call in.
        for each in (exchange.token, exchange.user):
            expire(exchange.world, each)
        raise Refused(*(auth.BAD_USER_KEY if exchange.call.auth == "user_key" else auth.BAD_TOKEN))
    if kind == "not_found" and name in ("detail/query", "invoices/query"):
        return Answer([])
    raise Refused(fault.params.get("text", TEXTS[kind]), fault.params.get("code", ""))
