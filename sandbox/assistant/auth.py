"""Who is calling: signature, token, keys (docs/protocols/kingdee-assistant.md#keys)."""
import hashlib
import re
import time
import uuid
from datetime import timedelta

from ..errors import Refused
from .protocol import Answer
from .records import LinkKey, Token, UserKey

BAD_CLIENT = 'client_id不存在或未授权'
BAD_SIGN = '签名校验失败'
STALE = '时间戳已过期,请检查服务器时间'
BAD_TOKEN = 'access_token无效或已过期'
BAD_USER_KEY = 'userKey无效或已过期'
BILL_TYPES = ('', 'Tra', 'Pur', 'BizOut')


# --- checks ---

def authorise(exchange):
    if exchange.trouble:
        raise Refused(exchange.trouble)
    exchange.check_lengths()
    kind = exchange.call.auth
    if kind == 'voucher':
        kind = _voucher_auth(exchange)
    if kind == 'sign':
        check_sign(exchange)
        check_company(exchange)
    elif kind == 'token':
        check_token(exchange)
    if kind == 'user_key' or (kind == 'sign' and exchange.text('userKey')):
        exchange.user = user_key(exchange.world, exchange.text('userKey'))


def _voucher_auth(exchange):
    """The paper shows no credentials there at all."""
    wanted = exchange.quirks.voucher_auth
    if wanted != 'any':
        return wanted
    if exchange.text('sign'):
        return 'sign'
    return 'token' if exchange.request.args.get('access_token') else 'none'


def check_sign(exchange):
    """MD5(client_id + client_secret + timestamp) in lower-case hex, the timestamp in milliseconds."""
    quirks = exchange.quirks
    exchange.demand('client_id', 'timestamp', 'sign')
    client = exchange.world.assistant_clients.get(exchange.text('client_id'))
    if client is None:
        raise Refused(BAD_CLIENT, quirks.client_code)
    stamp = exchange.text('timestamp')
    if not re.fullmatch(r'\d{13}', stamp):
        raise Refused('timestamp应为13位毫秒时间戳', quirks.client_code)
    if exchange.text('sign') != signature(client, stamp):
        raise Refused(BAD_SIGN, quirks.client_code)
    # Real time: a test that lets the sandbox's clock run on must still be let in.
    if abs(time.time() + quirks.clock_skew - int(stamp) / 1000) > quirks.sign_seconds:
        raise Refused(STALE, quirks.client_code)
    exchange.client = client


def signature(client, stamp):
    return hashlib.md5(f'{client.client_id}{client.secret}{stamp}'.encode()).hexdigest()


def check_company(exchange):
    allowed = exchange.client.tax_nos
    if exchange.tax_no and exchange.quirks.own_companies and allowed and exchange.tax_no not in allowed:
        raise Refused(f'企业税号{exchange.tax_no}未授权', exchange.quirks.client_code)


def check_token(exchange):
    token = exchange.world.assistant_tokens.get(exchange.request.args.get('access_token', ''))
    if token is None or token.expires_at <= exchange.world.clock.now():
        raise bad_token(exchange)
    exchange.token = token


def bad_token(exchange):
    return Refused(BAD_TOKEN, exchange.quirks.token_code)


def user_key(world, text):
    found = world.user_keys.get(text)
    if found is None or found.expires_at <= world.clock.now():
        raise Refused(BAD_USER_KEY, world.assistant.token_code)
    return found


# --- the calls ---

def obtain_token(exchange):
    world = exchange.world
    life = timedelta(seconds=exchange.quirks.token_seconds)
    token = Token(uuid.uuid4().hex, exchange.client.client_id, world.clock.now() + life)
    world.assistant_tokens[token.text] = token
    world.keep(token)
    place = exchange.quirks.token_place
    if place == 'top':
        return Answer(bare=True, extra={'access_token': token.text})
    return Answer({'access_token': token.text} if place == 'data' else token.text)


def link_key(exchange):
    world = exchange.world
    made = LinkKey(uuid.uuid4().hex, world.clock.now())
    world.link_keys[made.text] = made
    world.keep(made)
    return Answer(made.text)


def give_user_key(exchange):
    exchange.demand('tin', 'eid', 'bxd_key', 'random', 'ticketParam')
    if exchange.quirks.demand_title:
        exchange.demand('ghf_mc')
        for key in ('billNumber', 'billType'):      # may be empty, not missing
            if key not in exchange.body:
                raise Refused(f'缺少参数{key}')
    if not re.fullmatch(r'[01]{4,5}', exchange.text('ticketParam')):
        raise Refused('ticketParam格式不正确,应为5位0或1')
    if exchange.text('billType') not in BILL_TYPES:
        raise Refused(f'billType"{exchange.text("billType")}"不存在')
    made = _user_key(exchange)
    exchange.world.user_keys[made.text] = made
    exchange.world.keep(made)
    return Answer({'userKey': made.text})


def _user_key(exchange):
    world, text = exchange.world, exchange.text
    return UserKey(
        uuid.uuid4().hex, exchange.client.client_id, text('eid'), text('tin'), text('ghf_mc'),
        text('bxd_key'),
        # "格式如:1101": without the fifth digit nothing personal is let in.
        text('billNumber'), text('billType'), text('ticketParam').ljust(5, '0'), text('random'),
        world.clock.now() + timedelta(seconds=exchange.quirks.user_key_seconds), text('branch_id'),
        split(text('invoiceSerialNos')), split(text('attachmentSerialNos')), text('buyerAccount'),
        text('buyerAddressPhone'))


def split(text):
    return [each.strip() for each in text.split(',') if each.strip()]
