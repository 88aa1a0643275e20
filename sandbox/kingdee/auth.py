"""Who may ask? app_token, access_token, and which interfaces the portal has opened."""
import uuid
from datetime import timedelta

from ..errors import RateLimited, Refused
from .protocol import Answer
from .records import KingdeeToken

# error_code and text of each refusal are ours [?]: the paper's pictures of them are lost.
WRONG_ACCOUNT = ('1001', '数据中心accountId不正确')
WRONG_APP = ('1002', '第三方应用appId或appSecret不正确')
WRONG_TENANT = ('1003', '租户tenantid不正确')
WRONG_APP_TOKEN = ('1004', 'apptoken无效或已过期,请重新获取')
WRONG_USER = ('1005', '用户不存在或未绑定第三方应用')
NO_TOKEN = 'access_token不能为空'
BAD_TOKEN = 'access_token无效,请重新获取'
EXPIRED = 'access_token已过期,请重新获取'
UNAUTHORISED = '未进行接口授权'
UNAUTHORISED_CODE = '403'       # [?]
OUTSIDE = '1130'                # docs/protocols/kingdee-inbound.md#pages
USER_TYPES = ('Mobile', 'UserName')


def app_token(exchange):
    tenant = _tenant(exchange)
    if exchange.text('appId') != tenant.app_id or _secret(exchange) != tenant.secret:
        raise _refused(WRONG_APP)
    token = _new_token(exchange, tenant, 'app', '', exchange.quirks.app_token_seconds)
    return _logged_in('app_token', token)


def login(exchange):
    tenant = _tenant(exchange)
    given = exchange.world.kingdee_tokens.get(exchange.text('apptoken'))
    if not _is_live(exchange, given, 'app', tenant):
        raise _refused(WRONG_APP_TOKEN)
    if exchange.text('usertype') not in USER_TYPES:
        raise Refused('usertype只能为Mobile或UserName', '1006')
    user = exchange.text('user')
    by_number = exchange.text('usertype') == 'Mobile'
    if user not in tenant.users or user.isdigit() != by_number:
        raise _refused(WRONG_USER)
    if exchange.quirks.single_token:
        _end_tokens(exchange.world, tenant, user)
    token = _new_token(exchange, tenant, 'access', user, exchange.quirks.token_seconds)
    return _logged_in('access_token', token)


def _tenant(exchange):
    tenant = exchange.world.kingdee_tenants.get(exchange.text('accountId'))
    if tenant is None or tenant.prefix != exchange.prefix:
        raise _refused(WRONG_ACCOUNT)
    if exchange.text('tenantid') not in ('', tenant.tenant_id):
        raise _refused(WRONG_TENANT)
    return tenant


def _secret(exchange):
    """The paper spells the key appSecuret, [docs] appSecret."""
    keys = {'any': ('appSecret', 'appSecuret')}.get(exchange.quirks.secret_key, (exchange.quirks.secret_key,))
    given = {exchange.text(key) for key in keys} - {''}
    return given.pop() if len(given) == 1 else None


def _refused(error):
    code, text = error
    return Refused(text, code)


def _new_token(exchange, tenant, kind, user, seconds):
    world = exchange.world
    expires = world.clock.now() + timedelta(seconds=seconds)
    text = f'SANDBOX-{tenant.account_id}_{uuid.uuid4().hex}'
    token = world.kingdee_tokens[text] = KingdeeToken(text, kind, tenant.account_id, user, expires)
    world.keep(token)
    return token


def _end_tokens(world, tenant, user):
    for token in world.kingdee_tokens.values():
        if (token.kind, token.account_id, token.user) == ('access', tenant.account_id, user):
            token.expires_at = world.clock.now()
            world.keep(token)


def _logged_in(key, token):
    return Answer({'data': {key: token.text, 'success': True, 'error_desc': '', 'error_code': '0',
                            'expire_time': int(token.expires_at.timestamp() * 1000)},
                   'state': 'success', 'status': True}, bare=True)


def not_logged_in(code, text):
    """What a failed log-in looks like; message and errorCode as well, where clients look [clients]."""
    return Answer({'data': {'success': False, 'error_desc': text, 'error_code': code},
                   'state': 'error', 'status': False, 'errorCode': code, 'message': text},
                  text, code, bare=True)


def _is_live(exchange, token, kind, tenant):
    return (token is not None and token.kind == kind and token.account_id == tenant.account_id
            and token.expires_at > exchange.world.clock.now())


# --- every other call ---

def check_token(exchange):
    """Finds the tenant by its token."""
    world = exchange.world
    token = world.kingdee_tokens.get(_given_token(exchange))
    tenant = world.kingdee_tenants.get(token.account_id) if token else None
    if tenant is None or token.kind != 'access' or tenant.prefix != exchange.prefix:
        raise bad_token(exchange.quirks, BAD_TOKEN)
    if token.expires_at <= world.clock.now():
        raise bad_token(exchange.quirks, EXPIRED)
    exchange.token, exchange.tenant = token, tenant


def _given_token(exchange):
    request, place = exchange.request, exchange.quirks.token_in
    # Sent with an underscore; WSGI makes one name of both spellings.
    given = {'header': request.headers.get('access-token', ''), 'query': request.args.get('access_token', '')}
    given = {where: text for where, text in given.items() if text and place in ('any', where)}
    if not given:
        raise bad_token(exchange.quirks, NO_TOKEN)
    if len(set(given.values())) > 1:
        raise bad_token(exchange.quirks, BAD_TOKEN)
    return next(iter(given.values()))


def bad_token(quirks, text):
    if text == EXPIRED and quirks.expired_as_unauthorised:
        return Refused(UNAUTHORISED, UNAUTHORISED_CODE)
    return Refused(text, quirks.token_code)


def check_interface(exchange):
    if exchange.call.name in exchange.tenant.denied:
        raise unauthorised(exchange.call.name)


def unauthorised(name):
    return Refused(f'{UNAUTHORISED}:{name}', UNAUTHORISED_CODE)


def check_tax_no(exchange):
    """The tax number must be the tenant's (1130)."""
    demand_tax_no(exchange, exchange.tax_no)


def demand_tax_no(exchange, number):
    if number and number not in exchange.tenant.tax_nos:
        raise Refused(f'税号:{number},不在租户:{exchange.tenant.tenant_id} 范围内', OUTSIDE)


def check_pace(exchange):
    world, limit = exchange.world, exchange.quirks.calls_per_minute
    if limit is None:
        return
    now, key = world.clock.now(), f'kingdee/{exchange.tenant.account_id}'
    recent = [at for at in world.paces.get(key, ()) if now - at < timedelta(minutes=1)]
    world.paces[key] = recent
    if len(recent) >= limit:
        raise RateLimited
    recent.append(now)
