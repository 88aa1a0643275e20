"""One call: its envelope, and who is calling: the signature, the access token, the keys of links and users.

Which errcode stands for what is ours [?], but 0000 and 3000.
"""

import hashlib
import json
import re
import time
import uuid
from datetime import timedelta

from ..auth import SECONDS, demand_token, new_token
from ..protocol import LOGGED, Answer, Refused, dump, read_json, renamed
from ..protocol import Exchange as BaseExchange
from .records import UserKey

SUCCESS, FAILURE = "0000", "3000"
CLIENT = "3001"  # unknown client_id, wrong signature, timestamp far off
TOKEN = "3002"  # access_token or userKey unknown or expired
CLAIMED = "3003"  # a ticket that another document uses
EMPTY = "1001"  # a poll that brought nothing
MAX = renamed("userKey=32 eid=80 billTypeId=80 bxd_key=50 client_id=20 tin=20 timestamp=13 sign=32")
IDS = ("bxd_key", "billnumber", "billNumber", "key")
BAD_TOKEN = ("access_token无效或已过期", TOKEN)
BAD_USER_KEY = ("userKey无效或已过期", TOKEN)
USER_KEY = renamed("""
    eid tin title=ghf_mc bxd_key bill_number=billNumber bill_type=billType random branch_id
    buyer_account=buyerAccount buyer_address=buyerAddressPhone""")
BILL_TYPES = ("", "Tra", "Pur", "BizOut")


class Exchange(BaseExchange):
    cloud = "assistant"

    def __init__(self, world, call, request):
        super().__init__(world, call, request)
        self.body = request.args.to_dict() if call.method == "GET" else self._body()
        self.form = {key: self._shown(key, value) for key, value in self.body.items()}

    @property
    def tax_no(self):
        return self.text("tin")

    @property
    def uid(self):
        return next(filter(None, map(self.text, IDS)), "")

    def text(self, key):
        value = self.body.get(key)
        return "" if value is None or isinstance(value, (dict, list)) else str(value)

    def _body(self):
        content = self.request.get_data()
        if content and self.request.mimetype != "application/json":
            self.trouble = f"Content-Type应为application/json,收到{self.request.mimetype or '空'}"
            return {}
        try:
            body = read_json(content or b"{}")
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self.trouble = "请求报文不是合法的UTF-8编码JSON对象"
        return body if isinstance(body, dict) else {}

    def _shown(self, key, value):
        """For faults that match and for the log: nothing that could be used again."""
        if key in ("sign", "access_token", "userKey"):
            return "***"
        if key == "coverBase64":
            return f"{len(self.text(key))} characters"
        if isinstance(value, (dict, list)):
            return json.dumps(value, ensure_ascii=False, default=str)[:LOGGED]
        return self.text(key)


def render(answer):
    """The body of the HTTP answer, as bytes."""
    code = SUCCESS if answer.code is None else answer.code
    body = {"errcode": code, "description": answer.text or ("操作成功" if answer.code is None else ""), **answer.extra}
    return dump(body if answer.bare else {**body, "data": answer.data})


def refusal(error, _call=None):
    code = error.code if error.code and isinstance(error.code, str) else FAILURE
    return Answer(error.data, error.text, code)


# --- who is calling ---


def authorise(exchange):
    if exchange.trouble:
        raise Refused(exchange.trouble)
    for key, limit in MAX.items():
        if len(exchange.text(key)) > int(limit):
            raise Refused(f"参数{key}长度不能超过{limit}")
    kind = exchange.call.auth
    if kind == "voucher":
        # The documents show no credentials there at all: they are checked where there are any.
        given = "token" if exchange.request.args.get("access_token") else "none"
        kind = "sign" if exchange.text("sign") else given
    if kind == "sign":
        check_sign(exchange)
    elif kind == "token":
        text, bad = exchange.request.args.get("access_token", ""), Refused(*BAD_TOKEN)
        exchange.token = demand_token(exchange.world, text, "assistant", bad, bad)
    if kind == "user_key" or (kind == "sign" and exchange.text("userKey")):
        exchange.user = user_key(exchange.world, exchange.text("userKey"))


def signature(client, stamp):
    """MD5(client_id + client_secret + timestamp) in lower-case hex, the timestamp in milliseconds."""
    return hashlib.md5(f"{client.client_id}{client.secret}{stamp}".encode()).hexdigest()


def check_sign(exchange):
    exchange.demand("client_id", "timestamp", "sign")
    client, stamp = exchange.world.assistant_clients.get(exchange.text("client_id")), exchange.text("timestamp")
    if client is None:
        raise Refused("client_id不存在或未授权", CLIENT)
    if not re.fullmatch(r"\d{13}", stamp):
        raise Refused("timestamp应为13位毫秒时间戳", CLIENT)
    if exchange.text("sign") != signature(client, stamp):
        raise Refused("签名校验失败", CLIENT)
    # Real time: a test that lets the sandbox's clock run on must still be let in.
    if abs(time.time() - int(stamp) / 1000) > SECONDS:
        raise Refused("时间戳已过期,请检查服务器时间", CLIENT)
    if exchange.tax_no and exchange.tax_no not in client.tax_nos:
        raise Refused(f"企业税号{exchange.tax_no}未授权", CLIENT)
    exchange.client = client


def user_key(world, text):
    found = world.user_keys.get(text)
    if found is None or found.expires_at <= world.clock.now():
        raise Refused(*BAD_USER_KEY)
    return found


# --- the calls ---


def obtain_token(exchange):
    token = new_token(exchange.world, "assistant", exchange.client.client_id)
    return Answer(bare=True, extra={"access_token": token.text})


def link_key(exchange):
    return Answer(uuid.uuid4().hex)


def give_user_key(exchange):
    for key in ("billNumber", "billType"):  # may be empty, not missing
        if key not in exchange.body:
            raise Refused(f"缺少参数{key}")
    if not re.fullmatch(r"[01]{4,5}", exchange.text("ticketParam")):
        raise Refused("ticketParam格式不正确,应为5位0或1")
    if exchange.text("billType") not in BILL_TYPES:
        raise Refused(f'billType"{exchange.text("billType")}"不存在')
    made = UserKey(
        text=uuid.uuid4().hex,
        client_id=exchange.client.client_id,
        expires_at=exchange.world.clock.now() + timedelta(seconds=SECONDS),
        # "格式如:1101": without the fifth digit nothing personal is let in.
        ticket_param=exchange.text("ticketParam").ljust(5, "0"),
        serials=split(exchange.text("invoiceSerialNos")),
        attachments=split(exchange.text("attachmentSerialNos")),
        **{name: exchange.text(key) for name, key in USER_KEY.items()},
    )
    exchange.world.user_keys[made.text] = made
    return Answer({"userKey": made.text})


def split(text):
    return [each.strip() for each in text.split(",") if each.strip()]
