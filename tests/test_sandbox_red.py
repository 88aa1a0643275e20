"""Reversing: what may be, the form's ten states, the red fapiao."""

from decimal import Decimal

from .sandbox_case import SandboxCase, defaults, discount, line

SERVICE = "3040201010000000000"
LABOUR = "2010100000000000000"


class RedCase(SandboxCase):
    def apply(self, fapiao, **changes):
        return self.call(
            "hzxxbsq",
            {
                "username": defaults.USERNAME,
                "xhdwsbh": defaults.TAX_NO,
                "yfphm": fapiao.number,
                "chyydm": "01",
                "sqyy": "2",
                **changes,
            },
        )

    def red_order(self, fapiao, form_number, **changes):
        return {
            "username": defaults.USERNAME,
            "fpqqlsh": self.uid(),
            "xhdwsbh": defaults.TAX_NO,
            "tzdbh": form_number,
            "yfphm": fapiao.number,
            **changes,
        }

    def reverse(self, fapiao):
        form_number = self.apply(fapiao)["data"]["xxbbh"]
        answer = self.call("hzfpkj", self.red_order(fapiao, form_number))
        self.assertEqual(answer["code"], 200, answer)
        return self.world.fapiao[answer["data"]["fphm"]]


class TestMayBeReversed(RedCase):
    def ask(self, fapiao, **more):
        return self.call("retInviceMsg", self.who(fphm=fapiao.number, **more))

    def test_shape_of_the_seed(self):
        gross = {"hsbz": "1", "spsl": "1", "dj": "1", "je": "1", "sl": "0.01", "se": "0.01"}
        fapiao = self.issue([line(**gross)], ghdwsbh="", ghdwmc="个人")
        answer = self.ask(fapiao)
        self.assertEqual(list(answer), ["code", "msg", "message", "data", "total"])
        data = answer["data"]
        self.assertCountEqual(
            data,
            [
                "fphm",
                "message",
                "xhdwsbh",
                "xhdwmc",
                "ghdwsbh",
                "ghdwmc",
                "kprq",
                "hjje",
                "hjse",
                "fplxdm",
                "tdyslxdm",
                "zsfs",
                "jbr",
                "XfsytDm",
                "ZzsytDm",
                "FprzztDm",
                "mxzb",
            ],
        )
        self.assertEqual((data["hjje"], data["hjse"], data["ghdwsbh"]), (-0.99, -0.01, None))
        self.assertEqual((data["XfsytDm"], data["ZzsytDm"], data["FprzztDm"]), ("00", "03", "00"))
        self.assertEqual(
            data["mxzb"],
            [
                {
                    "xh": 1,
                    "sl": 0.01,
                    "dw": "套",
                    "spmc": "*软件*沙箱软件",
                    "se": -0.01,
                    "je": -0.99,
                    "spdj": "0.990099009901",
                    "ggxh": "V1",
                    "spsl": "-1",
                    "spbm": "1060301020100000000",
                    "zxbm": "",
                    "hsbz": "",
                    "yhzcbs": "0",
                    "bb": "",
                    "zzstsgl": None,
                    "sqdh": "",
                    "lslbs": "",
                }
            ],
        )

    def test_discounts_are_folded(self):
        data = self.ask(self.issue([line(fphxz="2"), discount(), line()]))["data"]
        self.assertEqual(
            [(row["xh"], row["je"], row["se"], row["spdj"]) for row in data["mxzb"]],
            [(1, -90, -11.7, "45"), (3, -100, -13, "50")],
        )

    def test_every_way_to_send_an_array(self):
        fapiao = self.issue()
        for key in ("sqyy", "sqyy[]", "sqyy[0]"):
            self.assertEqual(self.ask(fapiao, **{key: "2"})["code"], 200)
        self.assertIn("只能为2或3", self.ask(fapiao, sqyy="1")["msg"])

    def test_asked_by_the_buyer(self):
        fapiao = self.issue()
        buyer = {"username": defaults.BUYER_USERNAME, "nsrsbh": defaults.BUYER_TAX_NO, "sqyy[0]": "3"}
        self.assertIn("xhdwsbh不能为空", self.ask(fapiao, **buyer)["msg"])
        buyer["xhdwsbh"] = defaults.TAX_NO
        self.assertIn("yyyy-MM-dd", self.ask(fapiao, **buyer, kprq="20240619193407")["msg"])
        moment = f"{fapiao.issued_at:%Y-%m-%d %H:%M:%S}"
        self.assertEqual(self.ask(fapiao, **buyer, kprq=moment)["code"], 200)

    def test_not_found_for_a_while(self):
        self.world.settings.red_lag = 7200
        fapiao = self.issue()
        self.assertIn("未查询到", self.ask(fapiao)["msg"])
        self.world.advance(hours=2)
        self.token = None
        self.assertEqual(self.ask(fapiao)["code"], 200)

    def test_no_form_for_a_while_either(self):
        self.world.settings.red_lag = 7200
        fapiao = self.issue()
        answer = self.apply(fapiao)
        self.assertEqual((answer["code"], answer["msg"]), (999, "未查询到发票信息"))
        self.assertEqual(self.world.red_forms, {})
        self.world.advance(hours=2)
        self.token = None
        self.assertEqual(self.apply(fapiao)["code"], 200)

    def test_use_flags(self):
        fapiao = self.issue()
        self.world.set_use(fapiao.number, consumption="01", vat="01", booked="02")
        data = self.ask(fapiao)["data"]
        self.assertEqual((data["XfsytDm"], data["ZzsytDm"], data["FprzztDm"]), ("01", "01", "02"))

    def test_only_once_and_only_blue(self):
        fapiao = self.issue()
        red = self.reverse(fapiao)
        self.assertIn("已全额红冲", self.ask(fapiao)["msg"])
        self.assertIn("红字发票不能", self.ask(red)["msg"])


class TestForm(RedCase):
    def test_shape_of_the_seed(self):
        answer = self.apply(self.issue())
        self.assertEqual(list(answer), ["code", "msg", "message", "data", "total"])
        data = answer["data"]
        self.assertCountEqual(data, ["sqsj", "xxbztDm", "xxbbh", "uuid", "xxbzt"])
        self.assertEqual((data["xxbztDm"], data["xxbzt"]), ("01", "无需确认"))
        self.assertRegex(data["xxbbh"], r"^\d{20}$")
        self.assertRegex(data["uuid"], r"^[0-9a-f]{32}$")

    def test_reasons_and_codes(self):
        goods, service = self.issue(), self.issue([line(spbm=SERVICE)])
        labour, mixed = self.issue([line(spbm=LABOUR)]), self.issue([line(), line(spbm=SERVICE)])
        for fapiao, reason, text in (
            (goods, "03", "服务中止"),
            (labour, "03", "服务中止"),
            (service, "02", "销货退回"),
            (goods, "05", "原因代码"),
            (goods, "1", "原因代码"),
        ):
            answer = self.apply(fapiao, chyydm=reason)
            self.assertEqual(answer["code"], 999)
            self.assertIn(text, answer["msg"])
        for fapiao, reason in ((goods, "02"), (service, "03"), (labour, "04"), (mixed, "02")):
            self.assertEqual(self.apply(fapiao, chyydm=reason)["code"], 200)

    def test_asking_again_returns_the_form(self):
        fapiao = self.issue()
        first = self.apply(fapiao)["data"]
        self.assertEqual(self.apply(fapiao)["data"], first)
        self.assertIn("不能重复申请", self.apply(fapiao, hzxxbcheck="1")["msg"])
        self.world.act_red_form(first["xxbbh"], "withdraw")
        self.assertEqual(self.apply(fapiao)["data"]["xxbztDm"], "08")
        anew = self.apply(fapiao, hzxxbcheck="1")["data"]
        self.assertEqual(anew["xxbztDm"], "01")
        self.assertNotEqual(anew["xxbbh"], first["xxbbh"])

    def test_used_fapiao_waits_for_the_buyer(self):
        fapiao = self.issue()
        self.world.set_use(fapiao.number, vat="01")
        form = self.apply(fapiao)["data"]
        self.assertEqual((form["xxbztDm"], form["xxbzt"]), ("02", "销方录入待购方确认"))
        order = self.red_order(fapiao, form["xxbbh"])
        self.refused(order, "不能开具红字发票", call="hzfpkj")
        self.world.act_red_form(form["xxbbh"], "confirm")
        self.assertEqual(self.apply(fapiao)["data"]["xxbztDm"], "04")
        self.assertEqual(self.call("hzfpkj", order)["code"], 200)

    def test_buyer_applies(self):
        fapiao = self.issue()
        form = self.apply(fapiao, username=defaults.BUYER_USERNAME, sqyy="3", chyydm="02")["data"]
        self.assertEqual(form["xxbztDm"], "03")
        self.world.act_red_form(form["xxbbh"], "refuse")
        self.assertEqual(self.apply(fapiao)["data"]["xxbztDm"], "06")

    def test_only_the_buyer_applies_as_the_buyer(self):
        fapiao = self.issue()
        self.assertIn("局端账号不存在", self.apply(fapiao, sqyy="3")["msg"])
        self.world.set_session(defaults.BUYER_TAX_NO, "lost")
        buyer = {"username": defaults.BUYER_USERNAME, "sqyy": "3"}
        self.assertEqual(self.apply(fapiao, **buyer)["code"], 302)
        self.world.set_session(defaults.BUYER_TAX_NO, "active")
        self.assertIn("未查询到", self.apply(fapiao, **buyer, xhdwsbh=defaults.BUYER_TAX_NO)["msg"])
        self.assertIn("未查询到", self.apply(fapiao, **buyer, yfphm="1" * 20)["msg"])
        self.assertEqual(self.world.red_forms, {})

    def test_a_seller_of_another_tenant(self):
        self.world.taxpayer(defaults.TAX_NO).tenant_id = 9
        self.assertIn("未在当前租户下授权", self.apply(self.foreign())["msg"])
        buyers = self.apply(self.foreign(), username=defaults.BUYER_USERNAME, sqyy="3")
        self.assertEqual(buyers["data"]["xxbztDm"], "03")

    def foreign(self):
        """A fapiao of a seller whom this tenant may not act for."""
        seller = self.world.taxpayer(defaults.TAX_NO)
        tenant, seller.tenant_id = seller.tenant_id, defaults.TENANT_ID
        fapiao = self.issue()
        seller.tenant_id = tenant
        return fapiao

    def test_lapses_after_72_hours(self):
        fapiao = self.issue()
        self.world.set_use(fapiao.number, booked="02")
        number = self.apply(fapiao)["data"]["xxbbh"]
        self.world.advance(hours=71)
        self.assertEqual(self.world.red_forms[number].state, "02")
        self.world.advance(hours=2)
        self.token = None
        self.assertEqual(self.apply(fapiao)["data"]["xxbztDm"], "07")
        self.refused(self.red_order(fapiao, number), "超72小时", call="hzfpkj")

    def test_every_state_settable(self):
        fapiao = self.issue()
        number = self.apply(fapiao)["data"]["xxbbh"]
        for state in ("02", "03", "05", "06", "07", "08", "09", "10"):
            self.world.set_red_form(number, state)
            self.assertEqual(self.apply(fapiao)["data"]["xxbztDm"], state)
            self.refused(self.red_order(fapiao, number), "不能开具红字发票", call="hzfpkj")
        self.world.set_red_form(number, "04")
        self.assertEqual(self.call("hzfpkj", self.red_order(fapiao, number))["code"], 200)

    def test_actions_follow_the_state(self):
        fapiao = self.issue()
        number = self.apply(fapiao)["data"]["xxbbh"]
        with self.assertRaisesRegex(Exception, "不能进行该操作"):
            self.world.act_red_form(number, "confirm")
        self.world.set_red_form(number, "04")
        self.world.act_red_form(number, "withdraw")
        self.assertEqual(self.world.red_forms[number].state, "09")

    def test_refusals(self):
        fapiao = self.issue()
        self.assertIn("只能为2或3", self.apply(fapiao, sqyy="1")["msg"])
        self.assertIn("未查询到", self.apply(fapiao, yfphm="1" * 20)["msg"])
        self.assertIn("yfphm不能为空", self.apply(fapiao, yfphm="")["msg"])
        self.world.set_session(defaults.TAX_NO, "lost")
        self.assertEqual(self.apply(fapiao)["code"], 302)


class TestRedFapiao(RedCase):
    def test_shape_of_the_seed(self):
        fapiao = self.issue()
        number = self.apply(fapiao)["data"]["xxbbh"]
        answer = self.call("hzfpkj", self.red_order(fapiao, number))
        self.assertEqual((answer["msg"], answer["message"]), ("负数发票开具成功",) * 2)
        data = answer["data"]
        self.assertCountEqual(data, ["fphm", "kprq", "xhdwsbh", "ghdwsbh", "xhdwmc", "ghdwmc", "jshj", "xxbbh"])
        self.assertEqual((data["jshj"], data["xxbbh"]), (-113, number))
        self.assertRegex(data["kprq"], r"^\d{4}-\d\d-\d\d ")

    def test_mirrors_the_blue_one(self):
        fapiao = self.issue([line(fphxz="2"), discount()], fplxdm="81")
        red = self.reverse(fapiao)
        self.assertEqual((red.net, red.tax, red.gross), (Decimal("-90.00"), Decimal("-11.70"), Decimal("-101.70")))
        self.assertEqual((red.original, red.special, len(red.lines)), (fapiao.number, True, 1))
        detail = self.call("invoiceQueryMx", self.who(fphm=red.number))["data"]
        self.assertEqual(
            (detail["hjje"], detail["yfphm"], detail["tzdbh"], detail["zbmx"][0]["spsl"]),
            ("-90", fapiao.number, red.red_form, -2),
        )
        blue = self.call("invoiceQueryMx", self.who(fphm=fapiao.number))["data"]
        self.assertEqual((blue["hcFphm"], blue["fpzt"]), (red.number, "02"))

    def test_counts_per_request_id(self):
        fapiao = self.issue()
        order = self.red_order(fapiao, self.apply(fapiao)["data"]["xxbbh"])
        self.call("hzfpkj", order)
        self.assertIn("已成功开具发票", self.call("hzfpkj", order)["msg"])
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 1)

    def test_refusals(self):
        fapiao, stranger = self.issue(), self.issue()
        number = self.apply(fapiao)["data"]["xxbbh"]
        self.refused(self.red_order(stranger, number), "不匹配", call="hzfpkj")
        self.refused(self.red_order(fapiao, "1"), "不存在", call="hzfpkj")
        self.refused(self.red_order(fapiao, number, fpqqlsh="1"), "格式不正确", call="hzfpkj")
        self.world.set_face(defaults.TAX_NO, True)
        self.refused(self.red_order(fapiao, number), "人脸", 430, call="hzfpkj")

    def test_same_month_restores_the_credit(self):
        fapiao = self.issue()
        self.assertEqual(self.world.credit_left(defaults.TAX_NO), Decimal("2999900.00"))
        self.reverse(fapiao)
        self.assertEqual(self.world.credit_left(defaults.TAX_NO), Decimal("3000000.00"))

    def test_later_month_does_not(self):
        fapiao = self.issue()
        self.world.advance(days=32)
        self.token = None
        self.issue()
        self.reverse(fapiao)
        self.assertEqual(self.world.credit_left(defaults.TAX_NO), Decimal("2999900.00"))
