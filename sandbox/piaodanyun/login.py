"""Logging in to the tax bureau, and the face behind the account."""

import base64
import json
import random
import uuid
from datetime import timedelta

from ..errors import Refused
from ..levers import TICKET_SECONDS
from ..protocol import Answer
from ..render import qr
from . import auth

SOURCES = {"1": "swj", "2": "gs"}


def login(exchange):
    """Certificate, QR code or SMS, whichever the keys say."""
    user = exchange.world.taxpayer(exchange.tax_no).users.get(exchange.username)
    if user is None:
        raise Refused("可信错误:该用户未注册,请在自然人业务入口进行用户注册")
    if exchange.text("password") != user.password:
        raise Refused("账号或密码错误")
    if exchange.text("cert"):
        return _by_certificate(exchange, user)
    if exchange.text("ewmlx"):
        return _by_qr(exchange, user)
    if exchange.text("sms"):
        return _by_sms(exchange, user)
    user.sms_code, user.sms_at = f"{random.randrange(10**6):06d}", exchange.world.clock.now()
    return Answer(None, "短信验证码已发送", both=True)


def _by_sms(exchange, user):
    if not user.sms_code or exchange.text("sms") != user.sms_code:
        raise Refused("短信验证码错误")
    if exchange.world.clock.now() - user.sms_at > timedelta(seconds=TICKET_SECONDS):
        raise Refused("短信验证码已过期,请重新获取")
    user.sms_code = ""
    return _logged_in(exchange, user)


def _by_certificate(exchange, user):
    kind = exchange.text("cert")
    if kind not in ("1", "2"):
        raise Refused(f'证书登录类型cert"{kind}"不合法')
    if not user.has_cert:
        raise Refused("未检测到可用的数字证书")
    if kind == "2" and user.cert_pin and exchange.text("pin") != user.cert_pin:
        raise Refused("软证书口令错误")
    return _logged_in(exchange, user)


def _by_qr(exchange, user):
    kind = exchange.text("ewmlx")
    if kind not in ("1", "10"):
        raise Refused(f'二维码类型ewmlx"{kind}"不合法')
    if not exchange.text("ewmid"):
        text = f"SANDBOX-LOGIN-{uuid.uuid4().hex}"
        ticket = exchange.world.open_ticket("login", kind, exchange.tax_no, exchange.username, text)
        return Answer({"ewmid": ticket.uid, "ewm": base64.b64encode(qr.png(text)).decode()}, both=True)
    ticket = exchange.world.tickets.get(exchange.text("ewmid"))
    if ticket is None or ticket.purpose != "login" or ticket.state == "used":
        raise Refused("二维码不存在或已使用")
    if (ticket.tax_no, ticket.username) != (exchange.tax_no, exchange.username):
        raise Refused("二维码与局端账号不匹配")
    if ticket.kind != kind:
        raise Refused("二维码类型必须与第一次调用一致")
    if ticket.state == "scanned":
        ticket.state = "used"
        return _logged_in(exchange, user)
    if ticket.expires_at < exchange.world.clock.now():
        raise Refused("二维码已过期,请重新获取")
    raise Refused("二维码未扫描,请扫码后重试")


def _logged_in(exchange, user):
    user.session, user.session_at = "active", exchange.world.clock.now()
    return Answer(uuid.uuid4().hex, both=True)


def face_image(exchange):
    """A string to be drawn as a QR code; scanning it ends the need."""
    kind = exchange.text("type") or "1"
    if kind not in SOURCES:
        raise Refused(f'二维码类型type"{kind}"不合法')
    text = f"qrcode_id=SANDBOX{uuid.uuid4().hex}&areaPrefix=3100&interfaceCode=0004"
    ticket = exchange.world.open_ticket("face", kind, exchange.tax_no, exchange.username, text)
    whose = {"rzid": ticket.uid, "nsrsbh": exchange.tax_no}
    return Answer({**whose, "ewm": text, "slzt": None, "emwly": SOURCES[kind]})


def face_state(exchange):
    due = "Y" if auth.bureau_user(exchange).face_due else "N"
    state = {"Yjjb": "01", "Sxlb": "3", "Sfsl": due, "ItsScanFlag": "N"}
    packed = json.dumps(state, separators=(",", ":")).encode()
    return Answer(base64.b64encode(packed).decode())
