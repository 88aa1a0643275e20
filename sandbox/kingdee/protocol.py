"""The pieces every call of 金蝶发票云 is made of: its answer, its exchange, its declaration."""
import hashlib
import json
from dataclasses import dataclass

from ..errors import Refused


@dataclass
class Answer:
    data: object = None
    text: str = '操作成功'
    code: str | None = None     # None: success
    bare: bool = False          # the data is the whole body, as logging in answers
    status: int = 200
    good: str = ''          # the success code, where it isn't billing's


@dataclass
class Call:
    name: str                   # the interfaceCode, or the last part of the path
    handle: object              # function(exchange) → Answer
    subject: str = ''           # the key in `data` that holds the tax number
    uid: str = ''               # and the one that holds the caller's own number
    needs_token: bool = True
    method: str = 'POST'
    inbound: bool = False       # answers at the inbound path, with its success code


class Exchange:
    """One call under way: what was asked, and where."""

    def __init__(self, world, call, request, prefix, reading):
        self.world = world
        self.call = call
        self.request = request
        self.prefix = prefix
        self.body = reading.body
        self.data = reading.data
        self.trouble = reading.trouble
        self.form = self._form()
        self.tenant = self.token = None
        self.defer = None       # a fault that makes the cloud accept now and issue later

    @property
    def quirks(self):
        return self.world.kingdee

    @property
    def system(self):
        return self.body.get('businessSystemCode', '')

    @property
    def items(self):
        """The objects in `data`, however many."""
        data = self.data if isinstance(self.data, list) else [self.data]
        return [each for each in data if isinstance(each, dict)]

    @property
    def tax_no(self):
        return next((_flat(each.get(self.call.subject)) for each in self.items), '')

    @property
    def uid(self):
        return ','.join(filter(None, (_flat(each.get(self.call.uid)) for each in self.items)))

    @property
    def realm(self):
        """Whose serials the caller knows: empty for the first tenant of the tax number."""
        tenants = self.world.kingdee_tenants.values()
        first = next((each for each in tenants if self.tax_no in each.tax_nos), self.tenant)
        return '' if first is self.tenant else self.tenant.account_id

    def text(self, key, default=''):
        """A key of `data`, or of the whole body when logging in."""
        source = self.data if self.call.needs_token else self.body
        value = source.get(key) if isinstance(source, dict) else None
        return default if value is None else str(value)

    def demand(self, *keys):
        for key in keys:
            if not self.text(key):
                raise Refused(f'参数{key}不能为空')

    def digest(self):
        return digest(self.data)

    def _form(self):
        """Flat, for faults that match and for the log."""
        form = {key: _flat(value) for key, value in self.body.items() if key != 'data'}
        first = self.items[0] if self.items else {}
        form.update((key, _flat(value)) for key, value in first.items() if key not in form)
        if self.data is not None:
            form['data'] = json.dumps(self.data, ensure_ascii=False, default=str)[:20000]
        return form


def digest(content):
    """Tells a repeated order from a changed one."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _flat(value):
    if isinstance(value, list):
        return ','.join(map(str, value))
    return '' if value is None or isinstance(value, dict) else str(value)
