"""A scripted 金蝶发票助手 and what its tests share; holds no tests itself."""

import json
from contextlib import contextmanager
from itertools import count

from ..clouds.base import RawAnswer, TokenSlot
from ..clouds.kingdee.assistant import Assistant
from ..clouds.picking import DocumentReport
from ..clouds.registry import open_cloud
from .test_clouds_server import config as shared_config
from .test_clouds_server import http, serving

TAX_NO = "91440300FAKE00000X"
CLIENT_ID = "demo-client"
SECRETS = {"client_secret": "demo-secret"}
KEY = "doc-key-1="
REPORT = DocumentReport(user="eid-1", key=KEY, number="BX-001", lines=(("L1", ("s1", "s2")), ("L2", ())))
_NAMES = {
    "/base/oauth/token": "token",
    "/m4/fpzs/getLinkKey": "link",
    "/m4/fpzs/getUserKey": "user",
    "/polling/fpzs/invoice/data/v2": "poll",
    "/polling/fpzs/portal/receipt": "receipt",
    "/m4/fpzs/expense/entry/cache": "relate",
    "/m4/fpzs/expense/entry/save": "save",
    "/m4/fpzs/expense/invoice/status/update": "status",
    "/m4/fpzs/expense/invoice/del/entry": "drop_line",
    "/m4/fpzs/expense/invoice/del": "drop",
    "/m4/fpzs/expense/invoice/detail/query": "detail",
    "/m4/fpzs/expense/invoices/query": "document",
    "/m4/bill/expense/additionalInformation/collect": "voucher",
    "/m4/bill/expense/voucher/del": "drop_voucher",
}


def config(url="https://cloud.example.com/test", **changes):
    """Return a ``Config`` of the assistant with short times; ``options`` are added to the usual ones."""
    changes["options"] = {"client_key": CLIENT_ID, **changes.get("options", {})}
    values = {"provider": "kingdee_assistant", "tax_no": TAX_NO, "username": "", "secrets": SECRETS}
    return shared_config(url, **{**values, **changes})


def client(**changes):
    return open_cloud(config(**changes), TokenSlot())


def ok(data=None, text="操作成功", **more):
    return {"errcode": "0000", "description": text, "data": data, **more}


def refused(text="错误描述", code="3000"):
    return {"errcode": code, "description": text}


def raw(body, status=200):
    return RawAnswer(status, body if isinstance(body, str) else json.dumps(body, ensure_ascii=False))


def pushed(message, number="m1"):
    """Return the answer of the long poll with ``message`` in it."""
    return ok({"data": message, "from": "page", "key": "link-1", "msgId": number}, "成功")


class Script:
    """What the cloud answers, by the call's name; lists are used up, tokens are T1, T2, … unless scripted."""

    def __init__(self, answers):
        self.answers, self.tokens = answers, count(1)

    def __call__(self, request):
        name = _NAMES[request.path.removeprefix("/test")]
        if name == "token" and name not in self.answers:
            return http(ok(access_token=f"T{next(self.tokens)}"))
        answer = self.answers[name]
        if isinstance(answer, list):
            answer = answer.pop(0)
        return http(answer) if isinstance(answer, dict) else answer


@contextmanager
def cloud(slot=None, now=None, config_changes=None, **answers):
    """Yield ``(client, server)`` of a scripted assistant."""
    with serving(Script(answers)) as server:
        extra = {"now": now} if now else {}
        settings = config(server.url + "/test", **(config_changes or {}))
        with Assistant(settings, slot or TokenSlot(), **extra) as opened:
            yield opened, server


def calls(server, name=None):
    """Return the requests that arrived, of one call or of all but the token's."""
    found = [(_NAMES[request.path.removeprefix("/test")], request) for request in server.requests]
    return [request for called, request in found if (called == name if name else called != "token")]
