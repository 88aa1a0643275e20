"""The envelope around every call, strict about what comes in; and who may ask: app_token, access_token, interfaces."""

import base64
import binascii
import json
import re

from ..auth import demand_token, new_token
from ..protocol import LOGGED, Answer, Refused, digest, dump, read_json
from ..protocol import Exchange as BaseExchange

MAX_SYSTEM = 10
# 13 digits of milliseconds and three more.
REQUEST_ID = re.compile(r"\d{16}")
FAILURE = "9999"  # [?] of every refusal without a code of its own
# error_code and text of each refusal are ours [?]: the pictures of them are lost.
WRONG_APP_TOKEN = ("apptoken无效或已过期,请重新获取", "1004")
TOKEN_CODE = "401"  # [?] errorCode of a bad access_token
NO_TOKEN = ("access_token不能为空", TOKEN_CODE)
BAD_TOKEN = ("access_token无效,请重新获取", TOKEN_CODE)
EXPIRED = ("access_token已过期,请重新获取", TOKEN_CODE)
OUTSIDE = "1130"


class Exchange(BaseExchange):
    cloud = "kingdee"

    def __init__(self, world, call, request, prefix):
        super().__init__(world, call, request)
        self.prefix = prefix
        self.body, self.data, self.trouble = read(request)
        if call.plain:
            self.data = self.body
        self.form = {key: _flat(value) for key, value in self.body.items() if key != "data"}
        for key, value in self.items[0].items() if self.items else ():
            self.form.setdefault(key, _flat(value))
        if self.data is not None:
            self.form["data"] = json.dumps(self.data, ensure_ascii=False, default=str)[:LOGGED]

    @property
    def system(self):
        return self.body.get("businessSystemCode", "")

    @property
    def items(self):
        """The objects in `data`, however many."""
        data = self.data if isinstance(self.data, list) else [self.data]
        return [each for each in data if isinstance(each, dict)]

    @property
    def tax_no(self):
        return next((_flat(each.get(self.call.subject)) for each in self.items), "")

    @property
    def uid(self):
        return ",".join(filter(None, (_flat(each.get(self.call.uid)) for each in self.items)))

    @property
    def realm(self):
        """Whose serials the caller knows: empty for the first tenant of the tax number."""
        tenants = self.world.kingdee_tenants.values()
        first = next((each for each in tenants if self.tax_no in each.tax_nos), self.tenant)
        return "" if first is self.tenant else self.tenant.account_id

    def text(self, key, default=""):
        """A key of `data`, or of the whole body when logging in."""
        source = self.data if self.call.auth == "token" else self.body
        value = source.get(key) if isinstance(source, dict) else None
        return default if value is None else str(value)

    def digest(self):
        return digest(self.data)


def _flat(value):
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None or isinstance(value, dict) else str(value)


def read(request):
    """Body and data of the request, and the first thing wrong with it."""
    if request.mimetype != "application/json":
        return {}, None, f"Content-Type应为application/json,收到{request.mimetype or '空'}"
    try:
        body = read_json(request.get_data())
    except ValueError:
        return {}, None, "请求报文不是合法的UTF-8编码JSON"
    if not isinstance(body, dict):
        return {}, None, "请求报文应为JSON对象"
    given = body.get("data")
    if given in (None, ""):
        return body, None, ""
    if not isinstance(given, str):
        return body, None, "data应为base64字符串"
    try:
        return body, read_json(base64.b64decode(given.encode("ascii"), validate=True)), ""
    except (UnicodeEncodeError, binascii.Error):
        return body, None, "data不是合法的base64字符串"
    except ValueError:
        return body, None, "data解码后不是合法的UTF-8编码JSON"


def check(exchange):
    """The four keys."""
    body = exchange.body
    if exchange.trouble:
        raise Refused(exchange.trouble)
    if exchange.call.plain:
        return
    for key in ("requestId", "businessSystemCode", "interfaceCode", "data"):
        if not body.get(key):
            raise Refused(f"参数{key}不能为空")
        if key != "data" and not isinstance(body[key], str):
            raise Refused(f"参数{key}应为字符串")
    if not REQUEST_ID.fullmatch(body["requestId"]):
        raise Refused("requestId格式不正确,应为13位毫秒时间戳加3位随机数")
    if len(exchange.system) > MAX_SYSTEM:
        raise Refused(f"businessSystemCode长度不能超过{MAX_SYSTEM}")
    if exchange.system not in exchange.tenant.systems:
        raise Refused(f"业务系统编码{exchange.system}不存在,请在发票云-系统管理-业务系统列表中配置")


def use_id(exchange):
    """A requestId counts as used once the call is let in, whatever comes of it."""
    if exchange.call.plain:
        return
    text = exchange.body["requestId"]
    key = f"{exchange.tenant.account_id}/{text}"
    if exchange.world.settings.deduplicate and key in exchange.world.used_ids:
        raise Refused(f"requestId重复:{text}")
    exchange.world.used_ids[key] = True


def render(answer):
    """The body of the HTTP answer, as bytes."""
    if answer.bare:
        return dump(answer.data)
    good = answer.code is None
    body = {
        "message": answer.text or ("操作成功" if answer.code is None else ""),
        "errorCode": "0" if good else answer.code,
        "status": good,
        "success": good,
        **answer.extra,
    }
    if answer.data is None:
        return dump(body)
    # Set in by hand: nothing in base64 needs escaping, and a page of fapiao has 200 kB of it.
    return b'{"data": "' + base64.b64encode(dump(answer.data)) + b'", ' + dump(body)[1:]


def failure(error):
    """999 is Refused's own default: a refusal without a code of this cloud."""
    return FAILURE if error.code == 999 else str(error.code)


# --- logging in ---


def app_token(exchange):
    tenant = _tenant(exchange)
    # The key is spelt both ways in the sources.
    secrets = {exchange.text(key) for key in ("appSecret", "appSecuret")} - {""}
    if exchange.text("appId") != tenant.app_id or secrets != {tenant.secret}:
        raise Refused("第三方应用appId或appSecret不正确", "1002")
    return _logged_in("app_token", _new_token(exchange, tenant, "app"))


def login(exchange):
    tenant, wrong = _tenant(exchange), Refused(*WRONG_APP_TOKEN)
    if demand_token(exchange.world, exchange.text("apptoken"), "app", wrong, wrong).owner != tenant.account_id:
        raise wrong
    if exchange.text("usertype") not in ("Mobile", "UserName"):
        raise Refused("usertype只能为Mobile或UserName", "1006")
    user, by_number = exchange.text("user"), exchange.text("usertype") == "Mobile"
    if user not in tenant.users or user.isdigit() != by_number:
        raise Refused("用户不存在或未绑定第三方应用", "1005")
    return _logged_in("access_token", _new_token(exchange, tenant, "access", user))


def _tenant(exchange):
    tenant = exchange.world.kingdee_tenants.get(exchange.text("accountId"))
    if tenant is None or tenant.prefix != exchange.prefix:
        raise Refused("数据中心accountId不正确", "1001")
    if exchange.text("tenantid") not in ("", tenant.tenant_id):
        raise Refused("租户tenantid不正确", "1003")
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
    if exchange.call.name in exchange.tenant.denied:
        raise Refused(f"未进行接口授权:{exchange.call.name}", "403")  # [?] the code


def demand_tax_no(exchange, number):
    """The tax number must be the tenant's."""
    if number and number not in exchange.tenant.tax_nos:
        raise Refused(f"税号:{number},不在租户:{exchange.tenant.tenant_id} 范围内", OUTSIDE)
