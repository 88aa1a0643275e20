"""The pieces every call is made of, whichever cloud it is: its declaration, its exchange, its answer."""

import hashlib
import json
from dataclasses import dataclass, field
from decimal import Decimal

LOGGED = 20000


class Refused(Exception):
    """A business refusal with the Chinese text a real answer would carry."""

    def __init__(self, text, code=999, data=None):
        super().__init__(text)
        self.text = text
        self.code = code
        self.data = data


@dataclass
class Answer:
    data: object = None
    text: str = ""  # "": the cloud's own word for success
    code: object = None  # None: success
    bare: bool = False  # 金蝶发票云: the data is the whole body; 金蝶发票助手: there is no key "data"
    extra: dict = field(default_factory=dict)  # 金蝶发票助手: further keys at the top level
    both: bool = False  # 票单云: message beside msg, as in some of the documents' examples
    total: int | None = 0  # 票单云: None: the key is missing


@dataclass
class Call:
    name: str
    handle: object  # function(exchange) → Answer
    required: tuple = ()  # keys that must not be empty
    fields: tuple = ()  # 票单云: the form keys the documents list
    lines: bool = False  # 票单云: takes fyxm[n][…]
    subject: str = ""  # the key that holds the tax number
    uid: str = ""  # 金蝶发票云: the key that holds the caller's own number
    auth: str = "token"  # none | token; of 金蝶发票助手 also sign | user_key | voucher
    method: str = "POST"
    inbound: bool = False  # 金蝶发票云: answers at the inbound path, with its success code
    plain: bool = False  # 金蝶发票云: without the envelope, the body is the data


class Exchange:
    """One call under way: what was asked, and by whom."""

    cloud = ""

    def __init__(self, world, call, request):
        self.world, self.call, self.request = world, call, request
        self.quirks = world.switches[self.cloud]
        self.tenant = self.token = self.user = self.client = None
        self.defer = None  # a fault that makes the cloud accept now and issue later
        self.trouble = ""  # what is wrong with the request, said once the caller is known
        self.form = {}  # flat, for faults that match and for the log

    @property
    def tax_no(self):
        return self.text(self.call.subject)

    def demand(self, *keys):
        for key in keys:
            if not self.text(key):
                raise Refused(f"参数{key}不能为空")


def read_json(content):
    """Amounts stay exact, to show what a float does to them. Raises ValueError."""
    return json.loads(content.decode("utf-8"), parse_float=Decimal)


def dump(data):
    return json.dumps(data, ensure_ascii=False, default=_number).encode()


def _number(value):
    """Decimals as JSON numbers; two places survive a float."""
    return int(value) if value == value.to_integral_value() else float(value)


def digest(content):
    """Tells a repeated order from a changed one."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def words(text):
    """Names in a text, as a tuple."""
    return tuple(text.split())


def renamed(text, source=None):
    """{name: name elsewhere} of `name=elsewhere …`, a lone name standing for itself.

    With a `source`, {name: its attribute of that name}.
    """
    pairs = dict((*each.split("="), each)[:2] for each in text.split())
    return pairs if source is None else {key: getattr(source, name) for key, name in pairs.items()}
