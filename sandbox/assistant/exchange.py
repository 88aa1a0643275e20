"""One call to 金蝶发票助手, and its envelope. Which errcode stands for what is ours [?], but 0000 and 3000."""

import json

from ..errors import Refused
from ..protocol import LOGGED, Answer, dump, read_json, renamed
from ..protocol import Exchange as BaseExchange

SUCCESS, FAILURE = "0000", "3000"
CLIENT = "3001"  # unknown client_id, wrong signature, timestamp far off
TOKEN = "3002"  # access_token or userKey unknown or expired
CLAIMED = "3003"  # a ticket that another document uses
EMPTY = "1001"  # a poll that brought nothing
MAX = renamed("userKey=32 eid=80 billTypeId=80 bxd_key=50 client_id=20 tin=20 timestamp=13 sign=32")
IDS = ("bxd_key", "billnumber", "billNumber", "key")


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

    def check_lengths(self):
        for key, limit in MAX.items():
            if len(self.text(key)) > int(limit):
                raise Refused(f"参数{key}长度不能超过{limit}")

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


def render(answer, _quirks=None):
    """The body of the HTTP answer, as bytes."""
    code = SUCCESS if answer.code is None else answer.code
    body = {"errcode": code, "description": answer.text or ("操作成功" if answer.code is None else ""), **answer.extra}
    return dump(body if answer.bare else {**body, "data": answer.data})


def refusal(error, _call=None):
    code = error.code if error.code and isinstance(error.code, str) else FAILURE
    return Answer(error.data, error.text, code)
