"""A scripted 金蝶发票云 and what its tests share; holds no tests itself."""

import base64
import dataclasses
import json
from contextlib import contextmanager
from decimal import Decimal
from itertools import count

from ..clouds.base import RawAnswer, TokenSlot
from ..clouds.kingdee import Kingdee
from ..clouds.registry import open_cloud
from ..rules import document
from ..rules.document import Draft, Line, Party
from .test_clouds_server import config as shared_config
from .test_clouds_server import http, serving

TAX_NO = "91440300MA5G9GK78Y"
UID = f"{TAX_NO}_abc"
NUMBER = "24952000000028787793"
OPTIONS = {
    "app_key": "CASHINV",
    "tenant_code": "devbiz",
    "datacenter": "1534920374578620490",
    "cloud_user": "13825207590",
    "user_type": "Mobile",
    "business_system": "yhtest",
}
SECRETS = {"app_secret": "12345678"}

LINE = Line(
    kind=document.NORMAL,
    name="*文化办公用设备*打印机",
    code="1090627010000000000",
    amount=Decimal("1000.00"),
    tax=Decimal("130.00"),
    rate=Decimal("0.13"),
    quantity=Decimal(3),
    price=Decimal("333.3333333333333"),
    spec="P1",
    unit="个",
)
DISCOUNT = Line(
    kind=document.DISCOUNT,
    name=LINE.name,
    code=LINE.code,
    amount=Decimal("-100.00"),
    tax=Decimal("-13.00"),
    rate=LINE.rate,
)
DRAFT = Draft(
    type=document.SPECIAL,
    seller=Party("金蝶软件", TAX_NO, "深圳市", "0755", "招商银行", "6225"),
    buyer=Party("上海某某公司", "91310000MA1FL4ABCX", email="b@example.com", mobile="139"),
    lines=(LINE,),
    amount=Decimal("1000.00"),
    tax=Decimal("130.00"),
    total=Decimal("1130.00"),
    remark="备注",
    drawer="开票人",
    payee="收款人",
    reviewer="复核人",
)


def config(url="https://cloud.example.com/tenant", **changes):
    """Return a ``Config`` of 金蝶发票云 with short times; ``options`` are added to the usual ones."""
    changes["options"] = {**OPTIONS, **changes.get("options", {})}
    values = {"provider": "kingdee", "tax_no": TAX_NO, "username": "", "secrets": SECRETS}
    return shared_config(url, **{**values, **changes})


def client(**options):
    return open_cloud(config(options=options), TokenSlot())


def encoded(value):
    """Return ``value`` as the cloud hands it out: JSON in base64."""
    return base64.b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def decoded(text):
    return json.loads(base64.b64decode(text), parse_float=Decimal)


def ok(data=None, **more):
    """Return a successful answer as the billing interfaces give it."""
    return {"data": encoded(data), "message": "成功", "errorCode": "0", "success": True, **more}


def refused(message, code="9999", **more):
    return {"message": message, "errorCode": code, "success": False, **more}


def read(operation, body, status=200, **options):
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return client(**options).read(operation, RawAnswer(status, text))


def with_lines(*lines, **changes):
    """Return the draft of ``lines`` with their totals."""
    amount = sum((line.amount for line in lines), Decimal(0))
    tax = sum((line.tax for line in lines), Decimal(0))
    return dataclasses.replace(
        DRAFT, **{"lines": lines, "amount": amount, "tax": tax, "total": amount + tax, **changes}
    )


def app_token(text="APP", ends=9999999999999):
    data = {"app_token": text, "success": True, "error_desc": "", "expire_time": ends, "error_code": "0"}
    return http({"data": data, "state": "success"})


def access_token(text="T1", ends=None):
    data = {"access_token": text, "success": True, "error_desc": "", "error_code": "0"}
    return http({"data": {**data, **({"expire_time": ends} if ends else {})}, "state": "success"})


class Script:
    """What the cloud answers: by the path's last word for tokens, by ``interfaceCode`` (dots as
    underscores) for the rest. Lists are used up one call at a time; tokens are T1, T2, … unless scripted.
    """

    def __init__(self, answers):
        self.answers, self.tokens = answers, count(1)

    def __call__(self, request):
        name = request.path.rpartition("/")[2].removesuffix(".do")
        if name == "openApi":
            name = request.json["interfaceCode"].replace(".", "_")
        elif name not in self.answers:
            return app_token() if name == "getAppToken" else access_token(f"T{next(self.tokens)}")
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        return answer(request) if hasattr(answer, "__code__") and answer.__code__.co_argcount == 1 else answer


@contextmanager
def cloud(slot=None, now=None, config_changes=None, path="", **answers):
    """Yield ``(client, server)``; ``path`` is the tenant's own in the base address."""
    with serving(Script(answers)) as server:
        extra = {"now": now} if now else {}
        settings = config(server.url + path, **(config_changes or {}))
        with Kingdee(settings, slot or TokenSlot(), **extra) as opened:
            yield opened, server


def calls(server, interface=None):
    """Return the billing calls that arrived, of one ``interface`` or all."""
    found = [request for request in server.requests if request.path.endswith("/openApi")]
    return [one for one in found if interface in (None, one.json["interfaceCode"])]
