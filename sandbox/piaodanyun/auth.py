"""Who may ask? The cloud's token (docs/protocols/piaodanyun.md#token), the tenant, the bureau session."""
import uuid
from datetime import timedelta

from ..errors import RateLimited, Refused
from ..records import Token
from .protocol import Answer
from .query import NOT_FOUND

EMPTY, WRONG_LOGIN = 20000, 40000
SESSION_LOST, SMS_DUE, FACE_DUE = 302, 420, 430
SESSION_TEXTS = {
    'lost': (SESSION_LOST, '登录已失效,请重新登录电子税务局'),
    'logged_out': (SESSION_LOST, '请先登录电子税务局'),
    'sms': (SMS_DUE, '需要短信验证码登录电子税务局'),
}
PACED = ('blueTicket', 'hzfpkj')


def obtain_token(exchange):
    world, quirks = exchange.world, exchange.quirks
    phone = _phone(exchange)
    values = [phone, *(exchange.text(key) for key in ('pass', 'tenant_id', 'token_type'))]
    if not all(values):
        raise Refused('参数不能为空', EMPTY)
    tenant = world.tenants.get(phone)
    known = tenant is not None and tenant.password == exchange.text('pass')
    if not known or str(tenant.tenant_id) != exchange.text('tenant_id'):
        raise Refused('用户名或密码错误', WRONG_LOGIN)
    if exchange.text('token_type') != 'TaxApi':
        raise Refused('令牌类型错误,数电票接口应为TaxApi')
    return Answer(_styled(_new_token(world, tenant, quirks).text, quirks), total=None)


def _phone(exchange):
    """The table says phone, the example phone_email."""
    phone, mail = exchange.text('phone'), exchange.text('phone_email')
    return {'phone': phone, 'phone_email': mail}.get(exchange.quirks.phone_key, phone or mail)


def _new_token(world, tenant, quirks):
    now = world.clock.now()
    if quirks.single_token:
        for token in world.tokens.values():
            if token.tenant_id == tenant.tenant_id:
                token.expires_at = now
                world.keep(token)
    token = Token(f'SANDBOX.{uuid.uuid4().hex}', tenant.tenant_id,
                  now + timedelta(seconds=quirks.token_seconds))
    world.tokens[token.text] = token
    world.keep(token)
    return token


def _styled(text, quirks):
    key = quirks.token_style.partition('.')[2]
    return {key: text} if key else text


def check_token(exchange):
    """The header carries the token raw; a Bearer prefix makes it another text, so unknown."""
    token = exchange.world.tokens.get(exchange.request.headers.get('Authorization', ''))
    if token is None:
        raise Refused('token无效,请重新获取', exchange.quirks.token_code)
    if token.expires_at <= exchange.world.clock.now():
        raise Refused('token已过期,请重新获取', exchange.quirks.token_code)
    exchange.token = token


def check_tenant(exchange):
    tax_no = acting_tax_no(exchange)
    taxpayer = exchange.world.taxpayer(tax_no)
    if exchange.token.tenant_id not in (taxpayer.tenant_id, *taxpayer.other_tenants):
        raise Refused(f'纳税人识别号{tax_no}未在当前租户下授权')


def check_session(exchange):
    """The bureau account must be logged in for this tax number."""
    world = exchange.world
    user = bureau_user(exchange)
    lifetime = world.settings.session_seconds
    age = world.clock.now() - user.session_at
    if user.session == 'active' and lifetime is not None and age > timedelta(seconds=lifetime):
        user.session = 'lost'
        world.keep(world.taxpayer(acting_tax_no(exchange)))
    if user.session in SESSION_TEXTS:
        code, text = SESSION_TEXTS[user.session]
        raise Refused(text, code)


def bureau_user(exchange):
    return exchange.world.user(acting_tax_no(exchange), exchange.username)


def acting_tax_no(exchange):
    """Whose call it is. A buyer's application (sqyy 3) names the seller; the caller is the buyer."""
    if exchange.call.name == 'hzxxbsq' and exchange.text('sqyy') == '3':
        blue = exchange.world.fapiao.get(exchange.text('yfphm'))
        if blue is None:
            raise Refused(NOT_FOUND)
        return blue.buyer_no
    return exchange.tax_no


def face_due(world, taxpayer, user):
    lifetime = world.settings.face_seconds
    if lifetime is not None and not user.face_due:
        since = user.face_at
        if since is None or world.clock.now() - since > timedelta(seconds=lifetime):
            user.face_due = True
            world.keep(taxpayer)
    return user.face_due


def check_pace(exchange):
    """The bureau's pace per tax number, when one is set."""
    world = exchange.world
    limit = world.settings.pace_per_minute
    if limit is None or exchange.call.name not in PACED:
        return
    now = world.clock.now()
    recent = [at for at in world.paces.get(exchange.tax_no, ()) if now - at < timedelta(minutes=1)]
    world.paces[exchange.tax_no] = recent
    if len(recent) >= limit:
        raise RateLimited
    recent.append(now)
