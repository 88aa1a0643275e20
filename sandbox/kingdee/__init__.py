"""金蝶发票云 旗舰版, billing (protocols/kingdee-cloud.md, seed 001), mounted under /kingdee.

A tenant's base address is /kingdee/<its prefix>, or /kingdee where it has none. All calls but
logging in share one path and are told apart by their interfaceCode.
"""
from ..errors import Refused
from . import auth, envelope, faults, files, push, query, red, withdraw
from .protocol import Answer, Call, Exchange

NAME = 'kingdee'
OPEN_API = '/kapi/app/sim/openApi'

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
CALLS = {**{call.name: call for call in LOGINS.values()}, **INTERFACES}
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


def find_call(world, path, request):
    """Which call is meant; None where no tenant has this base address."""
    for tail, call in {**LOGINS, OPEN_API: UNKNOWN}.items():
        if path.endswith(tail) and _is_base(world, path[:-len(tail)]):
            return call if call is not UNKNOWN else _interface(world, request)
    return None


def _is_base(world, base):
    return base.strip('/') in {tenant.prefix for tenant in world.kingdee_tenants.values()}


def _interface(world, request):
    code = envelope.read(request, world.kingdee).body.get('interfaceCode')
    return INTERFACES.get(code, UNKNOWN) if isinstance(code, str) else UNKNOWN


def exchange(world, call, request):
    """Reads the request; what is wrong with it is said once the caller is known."""
    base = request.path.removeprefix('/' + NAME)
    tails = [*LOGINS, OPEN_API]
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
    return exchange.call.handle(exchange)


def _demand_object(exchange):
    if not isinstance(exchange.data, dict):
        raise Refused('data应为对象')


def refusal(error, call, quirks):
    code = push.failure(error, quirks)
    if call is not None and not call.needs_token:
        return auth.not_logged_in(code, error.text)
    bad_token = code == quirks.token_code
    return Answer(error.data, error.text, code, status=quirks.token_status if bad_token else 200)
