"""Logging in to the tax bureau, and the face behind the account
(docs/protocols/piaodanyun.md#log-in, #credit-line-and-face)."""
import base64
import json
import random
import uuid
from datetime import timedelta

from ..errors import Refused
from ..render import qr
from . import auth
from .protocol import Answer

SOURCES = {'1': 'swj', '2': 'gs'}


def login(exchange):
    """Certificate, QR code or SMS, whichever the keys say."""
    user = _known_user(exchange)
    if exchange.text('password') != user.password:
        raise Refused('账号或密码错误')
    if exchange.text('cert'):
        return _by_certificate(exchange, user)
    if exchange.text('ewmlx'):
        return _by_qr(exchange, user)
    if exchange.text('sms'):
        return _by_sms(exchange, user)
    return _send_sms(exchange, user)


def _known_user(exchange):
    user = exchange.world.taxpayer(exchange.tax_no).users.get(exchange.username)
    if user is None:
        raise Refused('可信错误:该用户未注册,请在自然人业务入口进行用户注册')
    return user


def _send_sms(exchange, user):
    user.sms_code = f'{random.randrange(10**6):06d}'
    user.sms_at = exchange.world.clock.now()
    _keep(exchange)
    return Answer(None, '短信验证码已发送', both=True)


def _by_sms(exchange, user):
    world = exchange.world
    if not user.sms_code or exchange.text('sms') != user.sms_code:
        raise Refused('短信验证码错误')
    if world.clock.now() - user.sms_at > timedelta(seconds=world.settings.ticket_seconds):
        raise Refused('短信验证码已过期,请重新获取')
    user.sms_code = ''
    return _logged_in(exchange, user)


def _by_certificate(exchange, user):
    kind = exchange.text('cert')
    if kind not in ('1', '2'):
        raise Refused(f'证书登录类型cert"{kind}"不合法')
    if not user.has_cert:
        raise Refused('未检测到可用的数字证书')
    if kind == '2' and user.cert_pin and exchange.text('pin') != user.cert_pin:
        raise Refused('软证书口令错误')
    return _logged_in(exchange, user)


def _by_qr(exchange, user):
    kind = exchange.text('ewmlx')
    if kind not in ('1', '10'):
        raise Refused(f'二维码类型ewmlx"{kind}"不合法')
    if not exchange.text('ewmid'):
        return _show_login_qr(exchange, kind)
    ticket = exchange.world.tickets.get(exchange.text('ewmid'))
    if ticket is None or ticket.purpose != 'login' or ticket.state == 'used':
        raise Refused('二维码不存在或已使用')
    if (ticket.tax_no, ticket.username) != (exchange.tax_no, exchange.username):
        raise Refused('二维码与局端账号不匹配')
    if ticket.kind != kind:
        raise Refused('二维码类型必须与第一次调用一致')
    if ticket.state == 'scanned':
        ticket.state = 'used'
        exchange.world.keep(ticket)
        return _logged_in(exchange, user)
    if ticket.expires_at < exchange.world.clock.now():
        raise Refused('二维码已过期,请重新获取')
    raise Refused('二维码未扫描,请扫码后重试')


def _show_login_qr(exchange, kind):
    text = f'SANDBOX-LOGIN-{uuid.uuid4().hex}'
    ticket = exchange.world.open_ticket('login', kind, exchange.tax_no, exchange.username, text)
    picture = base64.b64encode(qr.png(text)).decode()
    if exchange.quirks.login_qr_prefix:
        picture = 'data:image/png;base64,' + picture
    return Answer({'ewmid': ticket.uid, exchange.quirks.login_qr_key: picture}, both=True)


def _logged_in(exchange, user):
    user.session, user.session_at = 'active', exchange.world.clock.now()
    _keep(exchange)
    return Answer(uuid.uuid4().hex, both=True)


def _keep(exchange):
    exchange.world.keep(exchange.world.taxpayer(exchange.tax_no))


def face_image(exchange):
    kind = exchange.text('type') or '1'
    if kind not in SOURCES:
        raise Refused(f'二维码类型type"{kind}"不合法')
    return Answer(face_payload(exchange, kind))


def face_payload(exchange, kind='1'):
    """A string to be drawn as a QR code; scanning it ends the need."""
    text = f'qrcode_id=SANDBOX{uuid.uuid4().hex}&areaPrefix=3100&interfaceCode=0004'
    tax_no = auth.acting_tax_no(exchange)
    ticket = exchange.world.open_ticket('face', kind, tax_no, exchange.username, text)
    return {'rzid': ticket.uid, 'nsrsbh': tax_no, 'ewm': text, 'slzt': None,
            'emwly': SOURCES[kind]}


def face_state(exchange):
    taxpayer = exchange.world.taxpayer(exchange.tax_no)
    due = auth.face_due(exchange.world, taxpayer, auth.bureau_user(exchange))
    state = {'Yjjb': '01', 'Sxlb': '3', 'Sfsl': 'Y' if due else 'N', 'ItsScanFlag': 'N'}
    if exchange.quirks.face_keys == 'text':
        state = {'yjjb': '01', 'Slxb': '3', 'Sfsl': state['Sfsl'], 'ItsScanFlag': 'N'}
    packed = json.dumps(state, separators=(',', ':')).encode()
    return Answer(base64.b64encode(packed).decode())
