"""Tokens, the bureau session, SMS, certificate, QR code and face."""

import base64
import io
import json

from PIL import Image

from .sandbox_case import LOGIN, SandboxCase, defaults


class TestToken(SandboxCase):
    def ask(self, **changes):
        return self.post("obtainToken", {**LOGIN, **changes}, {}).json()

    def test_styles(self):
        answer = self.ask()
        self.assertEqual((list(answer), answer["code"]), (["code", "msg", "data"], 200))
        self.assertIn("SANDBOX", answer["data"])
        self.world.piaodanyun.token_style = "data.token"

    def test_refusals_as_in_the_seed(self):
        wrong = {"code": 40000, "msg": "用户名或密码错误", "data": None}
        for changes in ({"pass": "x"}, {"phone": "1", "phone_email": "1"}, {"tenant_id": "2"}):
            self.assertEqual(self.ask(**changes), wrong)
        empty = {"code": 20000, "msg": "参数不能为空", "data": None}
        for changes in ({"pass": ""}, {"phone": "", "phone_email": ""}, {"tenant_id": ""}, {"token_type": ""}):
            self.assertEqual(self.ask(**changes), empty)
        self.assertEqual(self.ask(token_type="Other")["code"], 999)

    def code_with(self, header):
        headers = {} if header is None else {"Authorization": header}
        response = self.post("getCreditLine", self.who(), headers)
        self.assertEqual(response.status_code, 200)
        return response.json()["code"]

    def test_the_header_is_raw(self):
        token = self.log_in()
        self.assertEqual(self.code_with(token), 200)
        for wrong in (None, "nonsense", f"Bearer {token}"):
            self.assertEqual(self.code_with(wrong), 401)

    def test_expiry(self):
        token = self.log_in()
        self.world.advance(seconds=7190)
        self.assertEqual(self.code_with(token), 200)
        self.world.advance(seconds=11)
        self.assertEqual(self.code_with(token), 401)

    def test_a_new_token_leaves_the_old(self):
        old = self.log_in()
        self.log_in()
        self.assertEqual(self.code_with(old), 200)


class TestSession(SandboxCase):
    def login(self, **more):
        return self.call("loginDppt", self.who(password=defaults.TAX_PASSWORD, **more))

    def blocked(self, code):
        self.refused(self.order(), "登录", code)

    def test_states(self):
        for state, code in (("lost", 302), ("logged_out", 302), ("sms", 420)):
            self.world.set_session(defaults.TAX_NO, state)
            self.blocked(code)
            self.assertEqual(self.call("getCreditLine", self.who())["code"], code)
        self.assertIn("未查询到", self.call("invoiceQueryMx", self.who(fphm="1"))["msg"])

    def test_sms(self):
        self.world.set_session(defaults.TAX_NO, "sms")
        sent = self.login()
        self.assertEqual((sent["code"], sent["data"]), (200, None))
        code = self.world.sms_code()
        self.assertEqual(self.login(sms="x" + code)["code"], 999)
        self.blocked(420)
        self.assertRegex(self.login(sms=code)["data"], r"^[0-9a-f]{32}$")
        self.issue()
        self.assertEqual(self.login(sms=code)["code"], 999, "a code works once")

    def test_sms_code_expires(self):
        self.login()
        self.world.advance(seconds=301)
        self.assertIn("已过期", self.login(sms=self.world.sms_code())["msg"])

    def test_certificate(self):
        self.world.set_session(defaults.TAX_NO, "lost")
        self.assertIn("口令错误", self.login(cert="2", pin="0")["msg"])
        self.assertEqual(self.login(cert="2", pin=defaults.CERT_PIN)["code"], 200)
        self.issue()
        self.assertEqual(self.login(cert="1")["code"], 200)
        self.assertEqual(self.login(cert="3")["code"], 999)
        self.world.user(defaults.TAX_NO).has_cert = False
        self.assertEqual(self.login(cert="1")["code"], 999)

    def test_qr_code(self):
        for kind, other in (("1", "10"), ("10", "1")):
            self.world.set_session(defaults.TAX_NO, "lost")
            first = self.login(ewmlx=kind)["data"]
            picture = Image.open(io.BytesIO(base64.b64decode(first["ewm"])))
            self.assertEqual(picture.format, "PNG")
            again = {"ewmlx": kind, "ewmid": first["ewmid"]}
            self.assertIn("未扫描", self.login(**again)["msg"])
            self.assertIn("一致", self.login(**{**again, "ewmlx": other})["msg"])
            self.world.scan()
            self.assertRegex(self.login(**again)["data"], r"^[0-9a-f]{32}$")
            self.issue()
            self.assertIn("已使用", self.login(**again)["msg"])

    def test_qr_code_expires(self):
        first = self.login(ewmlx="1")["data"]
        self.world.advance(seconds=301)
        self.assertIn("已过期", self.login(ewmlx="1", ewmid=first["ewmid"])["msg"])
        with self.assertRaisesRegex(Exception, "已过期"):
            self.world.scan(first["ewmid"])

    def test_unknown_and_wrong(self):
        self.assertIn(
            "该用户未注册",
            self.call("loginDppt", {"nsrsbh": defaults.TAX_NO, "username": "nobody", "password": "x"})["msg"],
        )
        self.assertIn("密码错误", self.call("loginDppt", self.who(password="x"))["msg"])
        self.assertIn("password不能为空", self.call("loginDppt", self.who())["msg"])


class TestFaceCalls(SandboxCase):
    def state(self):
        answer = self.call("queryFaceAuthState", self.who())
        return json.loads(base64.b64decode(answer["data"]))

    def test_state(self):
        self.world.set_face(defaults.TAX_NO, True)
        self.assertEqual(self.state(), {"Yjjb": "01", "Sxlb": "3", "Sfsl": "Y", "ItsScanFlag": "N"})
        self.world.set_face(defaults.TAX_NO, False)
        self.world.piaodanyun.face_keys = "text"

    def test_image(self):
        self.world.set_face(defaults.TAX_NO, True)
        answer = self.get("getFaceImg", self.who())
        self.assertEqual(list(answer), ["code", "msg", "data", "total"])
        self.assertEqual(list(answer["data"]), ["rzid", "nsrsbh", "ewm", "slzt", "emwly"])
        self.assertTrue(answer["data"]["ewm"].startswith("qrcode_id="))
        self.assertEqual(answer["data"]["emwly"], "swj")
        self.world.scan(answer["data"]["rzid"])
        self.assertEqual(self.state()["Sfsl"], "N")
