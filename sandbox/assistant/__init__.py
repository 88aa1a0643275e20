"""金蝶发票助手, the expense assistant, mounted under /assistant.

Calls, pages and socket have one host here; the vendor's socket has its own.
"""

from ..protocol import Call
from . import auth, documents, faults, mailbox, pages, shapes, socket, voucher
from .exchange import Exchange, refusal, render

NAME = "assistant"
EXPENSE = "/m4/fpzs/expense"
CALLS = {
    "/base/oauth/token": Call("oauth/token", auth.obtain_token, auth="sign"),
    "/m4/fpzs/getLinkKey": Call("getLinkKey", auth.link_key, auth="none"),
    "/m4/fpzs/getUserKey": Call("getUserKey", auth.give_user_key, auth="sign"),
    "/polling/fpzs/invoice/data/v2": Call("data/v2", mailbox.poll, method="GET"),
    "/polling/fpzs/portal/receipt": Call("receipt", mailbox.receipt, method="GET"),
    f"{EXPENSE}/entry/cache": Call("entry/cache", documents.cache, auth="sign"),
    f"{EXPENSE}/entry/save": Call("entry/save", documents.save, auth="sign"),
    f"{EXPENSE}/invoice/status/update": Call("status/update", documents.update_status, auth="sign"),
    f"{EXPENSE}/invoice/del/entry": Call("del/entry", documents.delete_entry, auth="sign"),
    f"{EXPENSE}/invoice/del": Call("invoice/del", documents.delete, auth="sign"),
    f"{EXPENSE}/invoice/detail/query": Call("detail/query", shapes.query, auth="sign"),
    f"{EXPENSE}/invoices/query": Call("invoices/query", documents.query, auth="user_key"),
    "/m4/bill/expense/additionalInformation/collect": Call("collect", voucher.collect, auth="voucher"),
    "/m4/bill/expense/voucher/del": Call("voucher/del", voucher.delete, auth="voucher"),
}
PAGES = ("/m4-web/", socket.PATH)  # paths that aren't calls
BUSY = {"errcode": "3429", "description": "请求过于频繁,请稍后再试", "data": None}
fault_before = fault_after = faults.answer
authorise = auth.authorise
exchange = Exchange


def page(app, path, request):
    return socket.respond(app, request) if path.startswith(socket.PATH) else pages.respond(app.world, path, request)


def find_call(world, path, request):
    return CALLS.get(path)


def answer(exchange):
    return exchange.call.handle(exchange)
