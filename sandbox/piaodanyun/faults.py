"""What 票单云 says in its own words when a fault strikes: an answer instead of, or after, the deed."""

from .. import misleading
from ..auth import expire
from ..errors import Refused
from ..protocol import Answer
from . import auth, issue, red

TEXTS = {
    "maybe_issued": ("发票可能已开具,请查询开票结果", 10400),
    "gateway_504": ("请求局端超时:504 Gateway Time-out", 999),
    "bureau_error": ("局端内部异常,请稍后再试", 999),
    "not_found": (auth.NOT_FOUND, 999),
    "refused": ("授信额度不足,无法开具", 999),
    "issuing": (issue.ISSUING, 999),  # after the deed: issued, and not said
    "expired_token": auth.EXPIRED,
    "session_lost": auth.SESSION_TEXTS["lost"],
    "face_due": ("需要进行人脸识别认证", auth.FACE_DUE),
}
ORDERS = {"blueTicket": issue.blue_answer, "hzfpkj": red.red_answer}


def before(exchange, fault):
    """The answer this fault gives without acting; None lets the call go on."""
    if fault.kind == "issuing":
        exchange.defer = fault
        return None
    return after(exchange, fault)


def after(exchange, fault, answer=None):
    """The answer this fault gives in place of the true one; None keeps that."""
    kind, world = fault.kind, exchange.world
    tell = ORDERS.get(exchange.call.name)
    if kind == "no_number":
        return Answer(dict.fromkeys(("Fphm", "Kprq", "Gmfyx", "GmfSsjswjgdm")))
    if kind == "repeat":
        first = misleading.first(world, exchange.uid)
        return tell(first) if tell and first else None
    if kind == "wrong_number":
        return _misnumbered(exchange, answer, tell)
    if kind == "misleading":
        code, text = misleading.chosen("piaodanyun", fault)
        raise Refused(text, code)
    if kind == "expired_token":
        expire(world, exchange.token)
    if kind == "session_lost":
        auth.bureau_user(exchange).session = "lost"
    if kind == "face_due":
        auth.bureau_user(exchange).face_due = True
    text, code = TEXTS[kind]
    raise Refused(fault.params.get("text", text), fault.params.get("code", code))


def _misnumbered(exchange, answer, tell):
    """The true answer, or without a deed that to another order, under another order's number."""
    number = misleading.another(exchange.world, exchange.tax_no, exchange.uid)
    if not number or (answer is None and not tell):
        return None
    if answer is None:
        return tell(exchange.world.fapiao[number])
    answer.data = misleading.renumbered(answer.data, ("Fphm", "fphm"), number)
    return answer
