"""Who may ask: the cloud's token, the tenant, the bureau session; logging in to the bureau, and the face behind it."""

import base64
import json
import random
import uuid
from datetime import timedelta

from ..auth import demand_session, demand_token, new_token
from ..levers import TICKET_SECONDS
from ..protocol import Answer, Refused
from ..render import qr

EMPTY, WRONG_LOGIN, BAD_TOKEN = 20000, 40000, 401
SESSION_LOST, SMS_DUE, FACE_DUE = 302, 420, 430
SESSION_TEXTS = {
    "lost": ("登录已失效,请重新登录电子税务局", SESSION_LOST),
    "logged_out": ("请先登录电子税务局", SESSION_LOST),
    "sms": ("需要短信验证码登录电子税务局", SMS_DUE),
}
NO_TOKEN = ("token无效,请重新获取", BAD_TOKEN)
EXPIRED = ("token已过期,请重新获取", BAD_TOKEN)
NOT_FOUND = "未查询到发票信息"
SOURCES = {"1": "swj", "2": "gs"}  # of the QR code for the face


def obtain_token(exchange):
    # The table says phone, the example phone_email.
    phone = exchange.text("phone") or exchange.text("phone_email")
    password, tenant_id, kind = (exchange.text(key) for key in ("pass", "tenant_id", "token_type"))
    if not (phone and password and tenant_id and kind):
        raise Refused("参数不能为空", EMPTY)
    tenant = exchange.world.tenants.get(phone)
    if tenant is None or (tenant.password, str(tenant.tenant_id)) != (password, tenant_id):
        raise Refused("用户名或密码错误", WRONG_LOGIN)
    if kind != "TaxApi":
        raise Refused("令牌类型错误,数电票接口应为TaxApi")
    # No document shows the successful answer.
    return Answer(new_token(exchange.world, "piaodanyun", tenant.tenant_id, prefix="SANDBOX.").text, total=None)


def check_token(exchange):
    """The header carries the token raw; a Bearer prefix makes it another text, so unknown."""
    text = exchange.request.headers.get("Authorization", "")
    exchange.token = demand_token(exchange.world, text, "piaodanyun", Refused(*NO_TOKEN), Refused(*EXPIRED))


def check_tenant(exchange):
    tax_no = acting_tax_no(exchange)
    taxpayer = exchange.world.taxpayer(tax_no)
    if exchange.token.owner not in (taxpayer.tenant_id, *taxpayer.other_tenants):
        raise Refused(f"纳税人识别号{tax_no}未在当前租户下授权")


def check_session(exchange):
    """The bureau account must be logged in for this tax number."""
    demand_session(bureau_user(exchange), SESSION_TEXTS)


def bureau_user(exchange):
    return exchange.world.user(acting_tax_no(exchange), exchange.username)


def acting_tax_no(exchange):
    """Whose call it is. A buyer's application (sqyy 3) names the seller; the caller is the buyer."""
    if exchange.call.name == "hzxxbsq" and exchange.text("sqyy") == "3":
        blue = exchange.world.fapiao.get(exchange.text("yfphm"))
        if blue is None:
            raise Refused(NOT_FOUND)
        return blue.buyer_no
    return exchange.tax_no


def demand_face(exchange):
    if bureau_user(exchange).face_due:
        raise Refused("需要进行人脸识别认证", FACE_DUE)


# --- logging in to the tax bureau ---


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
    user.session = "active"
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
    due = "Y" if bureau_user(exchange).face_due else "N"
    state = {"Yjjb": "01", "Sxlb": "3", "Sfsl": due, "ItsScanFlag": "N"}
    packed = json.dumps(state, separators=(",", ":")).encode()
    return Answer(base64.b64encode(packed).decode())
