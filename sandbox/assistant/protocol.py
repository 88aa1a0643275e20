"""The pieces every call of 金蝶发票助手 is made of: its answer, its exchange, its declaration."""
import json
from dataclasses import dataclass, field
from decimal import Decimal

from ..errors import Refused

MAX = {'userKey': 32, 'eid': 80, 'billTypeId': 80, 'bxd_key': 50, 'client_id': 20, 'tin': 20, 'timestamp': 13,
       'sign': 32}
LOGGED = 20000


@dataclass
class Answer:
    data: object = None
    text: str = '操作成功'
    code: str | None = None         # None: success
    bare: bool = False              # no key `data` at all, as some samples show
    extra: dict = field(default_factory=dict)       # further keys at the top level
    status: int = 200


@dataclass
class Call:
    name: str
    handle: object                  # function(exchange) → Answer
    auth: str = 'sign'              # sign | token | user_key | voucher | none
    method: str = 'POST'


class Exchange:
    """One call under way: what was asked, and by whom."""

    def __init__(self, world, call, request):
        self.world = world
        self.call = call
        self.request = request
        self.trouble = ''
        self.body = dict(request.args.items()) if call.method == 'GET' else self._body()
        self.form = self._form()
        self.client = self.user = self.token = None

    @property
    def quirks(self):
        return self.world.assistant

    @property
    def tax_no(self):
        return self.text('tin')

    @property
    def uid(self):
        return self.text('bxd_key') or self.text('billnumber') or self.text('billNumber') or self.text('key')

    def text(self, key):
        value = self.body.get(key)
        return '' if value is None or isinstance(value, (dict, list)) else str(value)

    def demand(self, *keys):
        for key in keys:
            if not self.text(key):
                raise Refused(f'参数{key}不能为空')

    def check_lengths(self):
        for key, limit in MAX.items():
            if len(self.text(key)) > limit:
                raise Refused(f'参数{key}长度不能超过{limit}')

    def _body(self):
        content = self.request.get_data()
        if not content:
            return {}
        if self.request.mimetype != 'application/json':
            self.trouble = f'Content-Type应为application/json,收到{self.request.mimetype or "空"}'
            return {}
        try:
            body = json.loads(content.decode('utf-8'), parse_float=Decimal)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self.trouble = '请求报文不是合法的UTF-8编码JSON对象'
            return {}
        return body

    def _form(self):
        """Flat, for faults that match and for the log; nothing that could be used again."""
        form = {key: self.text(key) for key in self.body}
        for key in ('sign', 'access_token', 'userKey'):
            if form.get(key):
                form[key] = '***'
        if form.get('coverBase64'):
            form['coverBase64'] = f'{len(form["coverBase64"])} characters'
        for key, value in self.body.items():
            if isinstance(value, (dict, list)):
                form[key] = json.dumps(value, ensure_ascii=False, default=str)[:LOGGED]
        return form


def render(answer, quirks):
    """The body of the HTTP answer, as bytes."""
    code = quirks.success_code if answer.code is None or quirks.zero_on_failure else answer.code
    body = {'errcode': int(code) if quirks.code_as == 'int' and code.isdigit() else code,
            'description': answer.text, **answer.extra}
    if not answer.bare:
        body['data'] = answer.data
    return dump(body)


def dump(data):
    return json.dumps(data, ensure_ascii=False, default=_number).encode()


def _number(value):
    """Decimals as JSON numbers; two places survive a float."""
    return int(value) if value == value.to_integral_value() else float(value)


def refusal(error, call, quirks):
    code = error.code if error.code and isinstance(error.code, str) else quirks.failure_code
    return Answer(error.data, error.text, code)
