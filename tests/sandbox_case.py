"""What the sandbox's tests share: a server, raw HTTP calls, and a valid order to spoil.

Deliberately no client: each test spells the wire out, as the paper does.
"""

import unittest
from decimal import Decimal

import requests

from ..sandbox import defaults
from ..sandbox.server import SandboxServer

EXTERIOR = "/qdjk/fullExteriorInvoke/"
PATHS = {
    "getCreditLine": "/qdjk/allElectricInvoice/getCreditLine",
    "queryFaceAuthState": "/qdjk/fullApplets/queryFaceAuthState",
    "obtainToken": "/obtainToken",
}
LOGIN = {
    "phone": defaults.PHONE,
    "phone_email": defaults.PHONE,
    "pass": defaults.PASSWORD,
    "tenant_id": str(defaults.TENANT_ID),
    "token_type": "TaxApi",
}


def line(**changes):
    """13 % on 100, untaxed; keyword None removes a key."""
    row = {
        "fphxz": "0",
        "spmc": "*软件*沙箱软件",
        "ggxh": "V1",
        "dw": "套",
        "spsl": "2",
        "dj": "50",
        "je": "100.00",
        "sl": "0.13",
        "se": "13.00",
        "hsbz": "0",
        "spbm": "1060301020100000000",
        "yhzcbs": "0",
        "lslbs": "",
        "zzstsgl": "",
    }
    return {key: value for key, value in {**row, **changes}.items() if value is not None}


def discount(**changes):
    return line(**{"fphxz": "1", "ggxh": "", "dw": "", "spsl": "", "dj": "", "je": "-10.00", "se": "-1.30", **changes})


class SandboxCase(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.http = requests.Session()
        self.addCleanup(self.http.close)
        self.token = None
        self.serial = 0
        self.serve(SandboxServer())

    def serve(self, server):
        self.server = server.start()
        self.addCleanup(server.close)
        self.world = server.world

    # --- raw calls ---

    def post(self, call, form, headers=None, **options):
        if headers is None:
            headers = {"Authorization": self.token or self.log_in()}
        return self.http.post(
            self.server.base_url + PATHS.get(call, EXTERIOR + call),
            data=form,
            headers=headers,
            timeout=options.pop("timeout", 10),
            **options,
        )

    def call(self, call, form):
        response = self.post(call, form)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def get(self, call, query):
        return self.http.get(
            self.server.base_url + EXTERIOR + call,
            params=query,
            timeout=10,
            headers={"Authorization": self.token or self.log_in()},
        ).json()

    def log_in(self):
        self.token = self.post("obtainToken", LOGIN, {}).json()["data"]
        return self.token

    # --- orders ---

    def uid(self):
        self.serial += 1
        return f"{defaults.TAX_NO}_{self.serial}"

    def order(self, lines=None, **changes):
        """A valid blueTicket body: totals follow the lines unless changed."""
        lines = [line()] if lines is None else lines
        net, tax = _totals(lines)
        form = {
            "username": defaults.USERNAME,
            "fpqqlsh": self.uid(),
            "fplxdm": "82",
            "tdyslxDm": "",
            "kplx": "0",
            "xhdwsbh": defaults.TAX_NO,
            "xhdwmc": defaults.NAME,
            "xhdwdzdh": defaults.ADDRESS,
            "xhdwyhzh": defaults.BANK,
            "ghdwsbh": defaults.BUYER_TAX_NO,
            "ghdwmc": defaults.BUYER_NAME,
            "hjje": net,
            "hjse": tax,
            "jshj": _plus(net, tax),
            "kpr": "张三",
            "bz": "测试",
        }
        for index, row in enumerate(lines):
            form.update({f"fyxm[{index}][{key}]": value for key, value in row.items()})
        form.update(changes)
        return {key: value for key, value in form.items() if value is not None}

    def issue(self, lines=None, **changes):
        """Issues and returns the record in the sandbox."""
        answer = self.call("blueTicket", self.order(lines, **changes))
        self.assertEqual(answer["code"], 200, answer)
        return self.world.fapiao[answer["data"]["Fphm"]]

    def refused(self, form, text, code=999, call="blueTicket"):
        answer = self.call(call, form)
        self.assertEqual(answer["code"], code, answer)
        self.assertIn(text, answer["msg"])
        self.assertIsNone(answer["data"])
        if call == "blueTicket":
            self.assertEqual(self.world.issued_count(form.get("fpqqlsh")), 0)

    def who(self, **more):
        return {"username": defaults.USERNAME, "nsrsbh": defaults.TAX_NO, **more}


def _totals(lines):
    try:
        tax = sum(Decimal(row["se"]) for row in lines)
        net = sum(Decimal(row["je"]) for row in lines)
        if lines and lines[0].get("hsbz") == "1":
            net -= tax
    except (ArithmeticError, KeyError):
        return "100.00", "13.00"
    return f"{net:.2f}", f"{tax:.2f}"


def _plus(net, tax):
    return f"{Decimal(net) + Decimal(tax):.2f}"
