"""金蝶发票助手, the expense assistant, mounted under /assistant.

Calls and pages have one host here.
"""

from ..protocol import Answer, Call, Refused, words
from . import auth, documents, mailbox, tickets
from .auth import Exchange, authorise, refusal, render
from .pages import respond as page
from .socket import respond as push

NAME = "assistant"
EXPENSE = "/m4/fpzs/expense"
DOCUMENT = "tin eid billTypeId billnumber"
USER_KEY = "tin eid bxd_key random ticketParam ghf_mc"
# Path → name, what answers, how the caller shows who it is, keys that must not be empty; those of GET are polled.
CALLS = {
    path: Call(name, handle, words(required), auth=kind, method="GET" if "/polling/" in path else "POST")
    for path, name, handle, kind, required in (
        ("/base/oauth/token", "oauth/token", auth.obtain_token, "sign", ""),
        ("/m4/fpzs/getLinkKey", "getLinkKey", auth.link_key, "none", ""),
        ("/m4/fpzs/getUserKey", "getUserKey", auth.give_user_key, "sign", USER_KEY),
        ("/polling/fpzs/invoice/data/v2", "data/v2", mailbox.poll, "token", "key"),
        ("/polling/fpzs/portal/receipt", "receipt", mailbox.receipt, "token", "key msgId"),
        (f"{EXPENSE}/entry/cache", "entry/cache", documents.cache, "sign", DOCUMENT),
        (f"{EXPENSE}/entry/save", "entry/save", documents.save, "sign", DOCUMENT),
        (f"{EXPENSE}/invoice/status/update", "status/update", documents.update_status, "sign", DOCUMENT),
        (f"{EXPENSE}/invoice/del/entry", "del/entry", documents.delete_entry, "sign", f"{DOCUMENT} branch_id"),
        (f"{EXPENSE}/invoice/del", "invoice/del", documents.delete, "sign", DOCUMENT),
        (f"{EXPENSE}/invoice/detail/query", "detail/query", tickets.query, "sign", "fid"),
        (f"{EXPENSE}/invoices/query", "invoices/query", documents.query, "user_key", "billNumber"),
        ("/m4/bill/expense/additionalInformation/collect", "collect", documents.collect, "voucher", ""),
        ("/m4/bill/expense/voucher/del", "voucher/del", documents.delete_voucher, "voucher", "vouchNo vouchId"),
    )
}
PAGES, SOCKET = "/m4-web/", "/socket.io/"  # paths that aren't calls
BUSY = {"errcode": "3429", "description": "请求过于频繁,请稍后再试", "data": None}
exchange = Exchange

# --- what it says in its own words when a fault strikes (faults.strike); it has no orders ---

FAULTS = {
    "maybe_issued": ("请求超时,请稍后查询", ""),
    "gateway_504": ("504 Gateway Time-out", ""),
    "issuing": ("处理中", ""),
    "bureau_error": ("系统异常,请联系管理员", ""),
    "refused": ("操作失败", ""),
    "not_found": ("数据不存在", ""),
    "no_number": ("发票流水号不存在", ""),
    "session_lost": ("登录已失效", ""),
    "face_due": ("需要人脸识别", ""),
    "expired_token": auth.BAD_TOKEN,
    ("invoices/query", "expired_token"): auth.BAD_USER_KEY,
}
ORDERS, EFFECTS, NUMBERS = {}, {}, ()


def _misled(exchange, fault):
    raise Refused(fault.params.get("text", "系统处理中"), fault.params.get("code", ""))


OWN = {
    "misleading": _misled,
    "wrong_number": lambda exchange, fault: None,
    ("detail/query", "not_found"): lambda exchange, fault: Answer([]),
    ("invoices/query", "not_found"): lambda exchange, fault: Answer([]),
}


def find_call(world, path, request):
    return CALLS.get(path)


def answer(exchange):
    exchange.demand(*exchange.call.required)
    return exchange.call.handle(exchange)
