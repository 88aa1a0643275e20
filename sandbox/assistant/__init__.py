"""金蝶发票助手, the expense assistant (docs/protocols/kingdee-assistant.md#calls), mounted under /assistant.

Calls, pages and socket have one host here; the vendor's socket has its own.
"""
from ..errors import Refused
from . import auth, documents, faults, files, mailbox, pages, protocol, query, socket, voucher
from .protocol import Call, Exchange

NAME = 'assistant'

CALLS = {
    '/base/oauth/token': Call('oauth/token', auth.obtain_token),
    '/m4/fpzs/getLinkKey': Call('getLinkKey', auth.link_key, 'none'),
    '/m4/fpzs/getUserKey': Call('getUserKey', auth.give_user_key),
    '/polling/fpzs/invoice/data/v2': Call('data/v2', mailbox.poll, 'token', 'GET'),
    '/polling/fpzs/portal/receipt': Call('receipt', mailbox.receipt, 'token', 'GET'),
    '/m4/fpzs/expense/entry/cache': Call('entry/cache', documents.cache),
    '/m4/fpzs/expense/entry/save': Call('entry/save', documents.save),
    '/m4/fpzs/expense/invoice/status/update': Call('status/update', documents.update_status),
    '/m4/fpzs/expense/invoice/del/entry': Call('del/entry', documents.delete_entry),
    '/m4/fpzs/expense/invoice/del': Call('invoice/del', documents.delete),
    '/m4/fpzs/expense/invoice/detail/query': Call('detail/query', query.details),
    '/m4/fpzs/expense/invoices/query': Call('invoices/query', query.of_document, 'user_key'),
    '/m4/bill/expense/additionalInformation/collect': Call('collect', voucher.collect, 'voucher'),
    '/m4/bill/expense/voucher/del': Call('voucher/del', voucher.delete, 'voucher'),
}
FILES = files.PATH
PAGES = ('/m4-web/', socket.PATH)     # paths that aren't calls

UNSENT = faults.UNSENT
TOO_FAST = faults.TOO_FAST
fault_before = faults.before
fault_after = faults.after
render = protocol.render
refusal = protocol.refusal
download = files.download
authorise = auth.authorise


def page(app, path, request, entry):
    if path.startswith(socket.PATH):
        return socket.respond(app, request, entry)
    return pages.respond(app, path, request, entry)


def find_call(world, path, request):
    return CALLS.get(path)


def exchange(world, call, request):
    """Reads the request; what is wrong with it is said by authorise()."""
    return Exchange(world, call, request)


def answer(exchange):
    if exchange.quirks.link_keys_known and exchange.call.auth == 'token':
        _demand_link(exchange)
    return exchange.call.handle(exchange)


def _demand_link(exchange):
    if exchange.text('key') not in exchange.world.link_keys:
        raise Refused(f'key"{exchange.text("key")}"不存在')
