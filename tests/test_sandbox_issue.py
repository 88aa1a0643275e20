"""blueTicket: what it answers, that an id issues once, and what it leaves behind."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from .sandbox_case import SandboxCase, defaults, line


class TestIssue(SandboxCase):
    def test_answer_as_in_the_seed(self):
        order = self.order()
        answer = self.call("blueTicket", order)
        self.assertEqual(list(answer), ["code", "msg", "data", "total"])
        self.assertEqual((answer["code"], answer["msg"], answer["total"]), (200, "成功", 0))
        self.assertEqual(list(answer["data"]), ["Fphm", "Kprq", "Gmfyx", "GmfSsjswjgdm"])
        number, moment = answer["data"]["Fphm"], answer["data"]["Kprq"]
        self.assertRegex(number, r"^\d{20}$")
        self.assertEqual(number[:4], f"{self.world.clock.now():%y}31")
        self.assertEqual(number[4:8], "9999", "sandbox numbers are told from real ones")
        self.assertRegex(moment, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 1)

    def test_a_digital_one_on_paper(self):
        """assumption: zpFppzDm, zzfpdm and zzfphm [family]"""
        sheet = {"fplxdm": "86", "zpFppzDm": "04", "zzfpdm": "3100223130", "zzfphm": "00123456"}
        answer = self.call("blueTicket", self.order(**sheet))
        self.assertEqual((answer["data"]["zzfpdm"], answer["data"]["zzfphm"]), ("3100223130", "00123456"))
        head = self.call("invoiceQueryMx", self.who(fphm=answer["data"]["Fphm"]))["data"]
        self.assertEqual(
            [head[key] for key in ("fplxdm", "fpdm", "zzfphm", "sfwzzfp")],
            [*sheet.values()][:1] + ["3100223130", "00123456", "1"],
        )
        self.refused(self.order(**sheet), "已使用")
        following = {**sheet, "zzfphm": "00123457"}
        for text, changes in (
            ("zzfpdm不能为空", {"zzfpdm": ""}),
            ("纸票票种代码", {"zpFppzDm": "1130"}),
            ("8位数字", {"zzfphm": "123"}),
            ("清单标志", {"qdbz": "1"}),
            ("只有数电纸票", {"fplxdm": "82"}),
        ):
            self.refused(self.order(**{**following, **changes}), text)
        self.refused(self.order([line() for _ in range(9)], **following), "清单标志")
        self.issue([line() for _ in range(9)], **following, qdbz="1")

    def test_numbers_run_and_survive_reset(self):
        first, second = self.issue().number, self.issue().number
        self.assertEqual(int(second), int(first) + 1)
        self.world.reset()
        self.token = None
        self.assertGreater(self.issue().number, second)

    def test_everything_sent_is_kept(self):
        fapiao = self.issue(
            [line(hsbz="1", je="113.00", dj="56.5")],
            fplxdm="81",
            bz="注",
            kpr="甲",
            skr="乙",
            fhr="丙",
            gfkhdh="13600000000",
            gfkhyx="a@example.com",
            ghdwdzdh="地址 电话",
            ghdwyhzh="银行 账号",
            sfzsgmfyhzh="y",
            sfzsxsfyhzh="Y",
        )
        self.assertTrue(fapiao.special and fapiao.show_buyer_bank and fapiao.show_seller_bank)
        self.assertEqual((fapiao.drawer, fapiao.payee, fapiao.reviewer), ("甲", "乙", "丙"))
        self.assertEqual(
            (fapiao.net, fapiao.tax, fapiao.gross), (Decimal("100.00"), Decimal("13.00"), Decimal("113.00"))
        )
        self.assertEqual((fapiao.buyer_mail, fapiao.remark), ("a@example.com", "注"))


class TestRepeated(SandboxCase):
    def setUp(self):
        super().setUp()
        self.body = self.order()
        self.first = self.call("blueTicket", self.body)["data"]["Fphm"]

    def again(self):
        return self.call("blueTicket", self.body)

    def test_refused_with_the_text(self):
        answer = self.again()
        self.assertEqual(answer["code"], 999)
        self.assertIn("已成功开具发票", answer["msg"])
        self.assertEqual(self.world.issued_count(self.body["fpqqlsh"]), 1)

    def test_other_content_under_the_same_id(self):
        self.world.settings.duplicate = "number"
        self.body["bz"] = "改过的备注"
        answer = self.again()
        self.assertEqual(answer["code"], 999)
        self.assertIn("内容不一致", answer["msg"])

    def test_a_refused_id_may_be_used_again(self):
        order = self.order(bz="备" * 256)
        self.refused(order, "备注")
        self.assertEqual(self.call("blueTicket", {**order, "bz": ""})["code"], 200)

    def test_racing_calls_issue_once(self):
        body = self.order()
        with ThreadPoolExecutor(8) as pool:
            codes = [answer.json()["code"] for answer in pool.map(lambda _: self.post("blueTicket", body), range(8))]
        self.assertEqual(sorted(codes), [200] + [999] * 7)
        self.assertEqual(self.world.issued_count(body["fpqqlsh"]), 1)


class TestFace(SandboxCase):
    def test_due_by_code(self):
        self.world.set_face(defaults.TAX_NO, True)
        self.refused(self.order(), "人脸", 430)
        self.world.scan(self.get("getFaceImg", self.who())["data"]["rzid"])
        self.issue()


class TestQuirks(SandboxCase):
    def data(self, call="blueTicket", form=None):
        return self.call(call, form or self.order())["data"]

    def test_no_such_switch(self):
        with self.assertRaises(ValueError):
            self.world.set("piaodanyun", nonsense=1)


class TestAmountsOnTheWire(SandboxCase):
    def test_no_float_noise(self):
        """Whatever is summed up, no answer shows 0.30000000000000004."""
        tenth = {"spsl": "3", "dj": "0.1", "je": "0.30", "se": "0.04"}
        number = self.issue([line(**tenth) for _ in range(3)]).number
        for call, form in (
            ("invoiceQueryMx", self.who(fphm=number)),
            ("getCreditLine", self.who()),
            ("retInviceMsg", self.who(fphm=number)),
        ):
            text = json.dumps(self.call(call, form))
            self.assertIsNone(re.search(r"\d\.\d{13,17}[^0\d]", text), text)
