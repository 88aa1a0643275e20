"""Who may ask? The cloud's token, the tenant, the bureau session."""

from ..auth import demand_session, demand_token, new_token
from ..errors import Refused
from ..protocol import Answer

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
