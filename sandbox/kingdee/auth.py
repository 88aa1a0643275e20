"""Who may ask? app_token, access_token, and which interfaces the portal has opened."""

from ..auth import demand_token, new_token
from ..errors import Refused
from ..protocol import Answer

# error_code and text of each refusal are ours [?]: the pictures of them are lost.
WRONG_ACCOUNT = ("数据中心accountId不正确", "1001")
WRONG_APP = ("第三方应用appId或appSecret不正确", "1002")
WRONG_TENANT = ("租户tenantid不正确", "1003")
WRONG_APP_TOKEN = ("apptoken无效或已过期,请重新获取", "1004")
WRONG_USER = ("用户不存在或未绑定第三方应用", "1005")
WRONG_TYPE = ("usertype只能为Mobile或UserName", "1006")
TOKEN_CODE = "401"  # [?] errorCode of a bad access_token
NO_TOKEN = ("access_token不能为空", TOKEN_CODE)
BAD_TOKEN = ("access_token无效,请重新获取", TOKEN_CODE)
EXPIRED = ("access_token已过期,请重新获取", TOKEN_CODE)
UNAUTHORISED_CODE = "403"  # [?]
OUTSIDE = "1130"


def app_token(exchange):
    tenant = _tenant(exchange)
    # The key is spelt both ways in the sources.
    secrets = {exchange.text(key) for key in ("appSecret", "appSecuret")} - {""}
    if exchange.text("appId") != tenant.app_id or secrets != {tenant.secret}:
        raise Refused(*WRONG_APP)
    return _logged_in("app_token", _new_token(exchange, tenant, "app"))


def login(exchange):
    tenant, wrong = _tenant(exchange), Refused(*WRONG_APP_TOKEN)
    if demand_token(exchange.world, exchange.text("apptoken"), "app", wrong, wrong).owner != tenant.account_id:
        raise wrong
    if exchange.text("usertype") not in ("Mobile", "UserName"):
        raise Refused(*WRONG_TYPE)
    user, by_number = exchange.text("user"), exchange.text("usertype") == "Mobile"
    if user not in tenant.users or user.isdigit() != by_number:
        raise Refused(*WRONG_USER)
    return _logged_in("access_token", _new_token(exchange, tenant, "access", user))


def _tenant(exchange):
    tenant = exchange.world.kingdee_tenants.get(exchange.text("accountId"))
    if tenant is None or tenant.prefix != exchange.prefix:
        raise Refused(*WRONG_ACCOUNT)
    if exchange.text("tenantid") not in ("", tenant.tenant_id):
        raise Refused(*WRONG_TENANT)
    return tenant


def _new_token(exchange, tenant, kind, user=""):
    return new_token(exchange.world, kind, tenant.account_id, user, f"SANDBOX-{tenant.account_id}_")


def _logged_in(key, token):
    expires = int(token.expires_at.timestamp() * 1000)
    data = {key: token.text, "success": True, "error_desc": "", "error_code": "0", "expire_time": expires}
    return Answer({"data": data, "state": "success", "status": True}, bare=True)


def not_logged_in(code, text):
    """What a failed log-in looks like; message and errorCode as well, where clients look [clients]."""
    data = {"success": False, "error_desc": text, "error_code": code}
    whole = {"data": data, "state": "error", "status": False, "errorCode": code, "message": text}
    return Answer(whole, text, code, bare=True)


# --- every other call ---


def check_token(exchange):
    """Finds the tenant by its token, which stands in the header, in the query or in both."""
    request = exchange.request
    # Sent with an underscore; WSGI makes one name of both spellings.
    given = {request.headers.get("access-token", ""), request.args.get("access_token", "")} - {""}
    if len(given) != 1:
        raise Refused(*(BAD_TOKEN if given else NO_TOKEN))
    token = demand_token(exchange.world, given.pop(), "access", Refused(*BAD_TOKEN), Refused(*EXPIRED))
    exchange.tenant = exchange.world.kingdee_tenants.get(token.owner)
    if exchange.tenant is None or exchange.tenant.prefix != exchange.prefix:
        raise Refused(*BAD_TOKEN)
    exchange.token = token


def check_interface(exchange):
    if exchange.call.name in exchange.tenant.denied:
        raise Refused(f"未进行接口授权:{exchange.call.name}", UNAUTHORISED_CODE)


def demand_tax_no(exchange, number):
    """The tax number must be the tenant's."""
    if number and number not in exchange.tenant.tax_nos:
        raise Refused(f"税号:{number},不在租户:{exchange.tenant.tenant_id} 范围内", OUTSIDE)
