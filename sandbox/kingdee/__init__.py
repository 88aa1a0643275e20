"""金蝶发票云 旗舰版, billing and inbound (docs/protocols/kingdee-billing.md), under /kingdee.

A tenant's base address is /kingdee/<its prefix>, or /kingdee where it has none. All calls but
logging in share two paths, billing and inbound, and are told apart by their interfaceCode.
"""
from ..errors import Refused
from . import auth, envelope, faults, files, inbound, inbound_use, push, query, red, withdraw
from .protocol import Answer, Call, Exchange

NAME = 'kingdee'
OPEN_API = '/kapi/app/sim/openApi'
DEDUCTION = '/kapi/app/rim/deduction'

LOGINS = {
    '/api/getAppToken.do': Call('getAppToken', auth.app_token, needs_token=False),
    '/api/login.do': Call('login', auth.login, needs_token=False),
}
INTERFACES = {call.name: call for call in (
    Call('BILL.PUSH', push.push, 'sellerTaxpayerId', 'billNo'),
    Call('BILL.WITHDRAW', withdraw.withdraw, 'sellerTaxpayerId', 'serialNos'),
    Call('BILL.INVOICE.QUERY', query.query, 'sellerTaxpayerId', 'serialNo'),
    Call('ALLE.INVOICE.QUERY', query.query_fapiao, 'sellerTaxpayerId', 'serialNo'),
    Call('REDCONFIRMBILL.APPLY', red.apply, 'sellerTaxpayerId', 'orderNo'),
    Call('ALLE.REDCONFIRMBILL.QUERY', red.query_forms, 'taxpayerId', 'redInfoBillNo'),
    Call('REDCONFIRMBILL.REVOKE', red.revoke, 'taxNo', 'number'),
    Call('ALLE.INVOICE.RED', red.issue, 'sellerTaxpayerId', 'serialNo'),
)}
FULL = Call('invoiceDownFull', inbound.down_full, 'taxNo', inbound=True)
INBOUND = {call.name: call for call in (
    Call('taxLogin', inbound.tax_login, 'taxNo', inbound=True),
    Call('invoiceDown', inbound.down_headers, 'taxNo', inbound=True),
    FULL,
    Call('invoiceDownQuery', inbound.down_query, 'taxNo', 'taskNo', inbound=True),
    Call('invoiceRecorded', inbound_use.recorded, 'taxNo', inbound=True),
    Call('invoiceRecordedQuery', inbound_use.recorded_query, 'taxNo', 'taskNo', inbound=True),
    Call('invoiceSelect', inbound_use.select, 'taxNo', inbound=True),
    Call('invoiceSelectQuery', inbound_use.select_query, 'taxNo', 'taskNo', inbound=True),
)}
CALLS = {**{call.name: call for call in LOGINS.values()}, **INTERFACES, **INBOUND}
FILES = files.PATH

download = files.download
fault_before = faults.before
fault_after = faults.after
render = envelope.render
UNSENT = faults.UNSENT
TOO_FAST = faults.TOO_FAST


def _no_interface(exchange):
    raise Refused(f'接口编码{exchange.body.get("interfaceCode", "")}不存在')


UNKNOWN = Call('openApi', _no_interface)
UNKNOWN_INBOUND = Call('deduction', _no_interface, inbound=True)
SHARED = {OPEN_API: UNKNOWN, DEDUCTION: UNKNOWN_INBOUND}


def find_call(world, path, request):
    """Which call is meant; None where no tenant has this base address."""
    for tail, call in {**LOGINS, **SHARED}.items():
        if path.endswith(tail) and _is_base(world, path[:-len(tail)]):
            return call if tail in LOGINS else _interface(world, request, call)
    return None


def _is_base(world, base):
    return base.strip('/') in {tenant.prefix for tenant in world.kingdee_tenants.values()}


def _interface(world, request, unknown):
    code = envelope.read(request, world.kingdee).body.get('interfaceCode')
    known = INTERFACES if unknown is UNKNOWN else _inbound(world.kingdee)
    return known.get(code, unknown) if isinstance(code, str) else unknown


def _inbound(quirks):
    """The full download by the name it has here."""
    return {quirks.full_interface if call is FULL else name: call for name, call in INBOUND.items()}


def exchange(world, call, request):
    """Reads the request; what is wrong with it is said once the caller is known."""
    base = request.path.removeprefix('/' + NAME)
    tails = [*LOGINS, *SHARED]
    prefix = next(base[:-len(tail)].strip('/') for tail in tails if base.endswith(tail))
    return Exchange(world, call, request, prefix, envelope.read(request, world.kingdee))


def authorise(exchange):
    if not exchange.call.needs_token:
        if exchange.trouble:
            raise Refused(exchange.trouble)
        return
    auth.check_token(exchange)
    auth.check_interface(exchange)
    envelope.check(exchange)


def answer(exchange):
    """Checks what every call has in common, then acts."""
    if exchange.call.needs_token:
        auth.check_pace(exchange)
        envelope.use_id(exchange)
        # Unless it answers each bill by itself, or nothing at all.
        if exchange.call.subject and exchange.call.name != 'BILL.PUSH':
            _demand_object(exchange)
            auth.check_tax_no(exchange)
    given = exchange.call.handle(exchange)
    if exchange.call.inbound:
        given.good = exchange.quirks.inbound_success_code
    return given


def _demand_object(exchange):
    if not isinstance(exchange.data, dict):
        raise Refused('data应为对象')


def refusal(error, call, quirks):
    code = push.failure(error, quirks)
    if call is not None and not call.needs_token:
        return auth.not_logged_in(code, error.text)
    bad_token = code == quirks.token_code
    return Answer(error.data, error.text, code, status=quirks.token_status if bad_token else 200)
