"""Does the sandbox refuse what the tax bureau would refuse? (docs/protocols/tax-rules.md)"""

from .sandbox_case import SandboxCase, defaults, discount, line

PERSON = {"ghdwsbh": "", "ghdwmc": "王小明", "gfzrrbs": "Y"}


class TestLineChecks(SandboxCase):
    def refuse_line(self, text, **changes):
        with self.subTest(text, **changes):
            self.refused(self.order([line(**changes)]), text)

    def refuse_lines(self, text, *lines, **changes):
        with self.subTest(text):
            self.refused(self.order(list(lines), **changes), text)

    def test_required_and_formats(self):
        for key, value, text in (
            ("spmc", "", "参数spmc不能为空"),
            ("je", "", "参数je不能为空"),
            ("sl", "", "参数sl不能为空"),
            ("se", "", "参数se不能为空"),
            ("hsbz", "", "参数hsbz不能为空"),
            ("spbm", "", "参数spbm不能为空"),
            ("fphxz", "", "参数fphxz不能为空"),
            ("fphxz", "3", "发票行性质"),
            ("hsbz", "2", "含税标志"),
            ("lslbs", "4", "零税率标识"),
            ("yhzcbs", "string", "优惠政策标识"),
            ("je", "1e2", "不是合法的数字"),
            ("je", "100.000", "小数位数不能超过2位"),
            ("je", "1,00", "不是合法的数字"),
            ("se", "13.", "不是合法的数字"),
            ("sl", "13%", "不是合法的数字"),
            ("dj", "50.00000000000001", "小数位数不能超过13位"),
            ("spsl", "two", "不是合法的数字"),
            ("sl", "0.17", "税率0.17不合法"),
        ):
            with self.subTest(f"{key}={value}"):
                order = self.order()
                order[f"fyxm[0][{key}]"] = value
                self.refused(order, text)

    def test_leaf_codes_with_many_zeros_pass(self):
        for code in ("3070401000000000000", "3079900000000000000"):
            self.issue([line(spbm=code, sl="0.06", se="6.00")])

    def test_rate_against_code(self):
        for code, rate, tax in (
            ("3070401000000000000", "0.13", "13.00"),
            ("3060110000000000000", "0.09", "9.00"),
            ("5010000000000000001", "0.06", "6.00"),
        ):
            self.refuse_line("不匹配", spbm=code, sl=rate, se=tax)
        self.issue([line(spbm="3070401000000000000", sl="0.06", se="6.00")])

    def test_privileges(self):
        three = {"sl": "0.03", "se": "3.00"}
        simple = {**three, "yhzcbs": "1", "zzstsgl": "简易征收"}
        self.refuse_line("优惠政策不能为空", **three)
        self.refuse_line("不正确", **{**simple, "zzstsgl": "简易计税"})
        self.refuse_line("不匹配", **{**simple, "zzstsgl": "按5%简易征收"})
        self.refuse_line("不匹配", yhzcbs="1", zzstsgl="简易征收")
        self.refuse_line("不匹配", **{**simple, "zzstsgl": "超税负3%即征即退"})
        self.issue([line(**simple)])
        self.issue([line(**three)], slsm="2")
        self.issue([line(yhzcbs="1", zzstsgl="超税负3%即征即退")])

    def test_quantity_and_price(self):
        self.refuse_line("同时填写", spsl="")
        self.refuse_line("同时填写", dj=None)
        self.refuse_line("误差超过0.01", dj="50.01")
        self.refuse_line("必须大于0", spsl="0", dj="1")
        self.refuse_line("必须大于0", spsl="-2", dj="-50")
        self.refuse_line("金额必须大于0", je="0.00", se="0.00", spsl="", dj="")
        self.issue([line(spsl="", dj="")])
        self.issue([line(spsl="3", dj="33.34", je="100.01", se="13.00")])

    def test_tax_tolerance_of_a_line(self):
        self.issue([line(se="13.06")])
        self.refuse_line("误差超过0.06", se="13.07")
        self.refuse_line("误差超过0.06", se="12.93")

    def test_tax_tolerance_of_all_lines(self):
        self.issue([line(se="13.06") for _ in range(21)])
        self.refuse_lines("超过1.27", *[line(se="13.06") for _ in range(22)])

    def test_gross_lines(self):
        """The paper's example: 1 gross at 1 % is 0.99 and 0.01."""
        gross = {"hsbz": "1", "spsl": "1", "dj": "1", "je": "1", "sl": "0.01", "se": "0.01"}
        fapiao = self.issue([line(**gross)])
        self.assertEqual([str(each) for each in (fapiao.net, fapiao.tax, fapiao.gross)], ["0.99", "0.01", "1.00"])
        self.refuse_lines("误差超过0.06", line(hsbz="1", se="13.00"), hjje="87.00", hjse="13.00", jshj="100.00")
        self.refuse_lines("含税标志必须一致", line(), line(hsbz="1", se="11.50"), hjje="188.50")

    def test_totals_are_exact(self):
        for changes, text in (
            ({"hjje": "100.01", "jshj": "113.01"}, "合计金额"),
            ({"hjse": "13.01", "jshj": "113.01"}, "合计税额"),
            ({"jshj": "113.01"}, "价税合计金额不对"),
        ):
            with self.subTest(text):
                self.refused(self.order(**changes), text)
        self.world.settings.total_tolerance = "0.01"

    def test_discounts(self):
        self.issue([line(fphxz="2"), discount(), line()])
        self.refuse_lines("必须紧跟折扣行", line(fphxz="2"), line())
        self.refuse_lines("前必须为被折扣行", line(), discount())
        self.refuse_lines("前必须为被折扣行", discount(), line())
        self.refuse_lines("必须一致", line(fphxz="2"), discount(spmc="*软件*别的"))
        self.refuse_lines("必须一致", line(fphxz="2"), discount(sl="0.09", se="-0.90"))
        self.refuse_lines("必须一致", line(fphxz="2"), discount(spbm="1060301020200000000"))
        self.refuse_lines("不能大于", line(fphxz="2"), discount(je="-100.01", se="-13.00"))
        self.refuse_lines("必须为负数", line(fphxz="2"), discount(je="10.00", se="1.30"))
        for key, value in (("ggxh", "V1"), ("dw", "套"), ("spsl", "-1"), ("dj", "10")):
            self.refuse_lines("折扣行不能有", line(fphxz="2"), discount(**{key: value}))

    def test_zero_rate(self):
        zero = {"sl": "0", "se": "0.00"}
        exempt = {**zero, "lslbs": "1", "yhzcbs": "1", "zzstsgl": "免税"}
        self.issue([line(**exempt)])
        self.issue([line(**zero, lslbs="2")])
        self.issue([line(**zero, lslbs="3")])
        self.refuse_line("零税率标识不能为空", **zero)
        self.refuse_line("应为免税", **{**exempt, "zzstsgl": ""})
        self.refuse_line("应为免税", **{**exempt, "yhzcbs": "0", "zzstsgl": ""})
        self.refuse_line("普通零税率", **{**zero, "lslbs": "3", "yhzcbs": "1", "zzstsgl": "x"})
        self.refuse_line("应为空或0", lslbs="3")
        self.refuse_line("特殊管理不能为空", yhzcbs="1")
        self.refuse_line("特殊管理应为空", zzstsgl="免税")
        self.refuse_lines("不能与其他项目混合", line(), line(**zero, lslbs="2"))
        fund = line(**zero, lslbs="2", spbm="6130000000000000000")
        self.issue([line(), fund])
        self.refuse_lines("不能与其他项目混合", line(), fund, line(**zero, lslbs="2"))
        self.issue([line(**zero, lslbs="2", spbm="6010000000000000000")])
        self.refuse_line("为不征税编码", spbm="6010000000000000000")
        self.refuse_line("为不征税编码", **zero, lslbs="3", spbm="6130000000000000000")
        self.refuse_lines("免税项目不能开具增值税专用发票", line(**exempt), fplxdm="81")

    def test_number_of_lines(self):
        self.refused(self.order([], hjje="0", hjse="0", jshj="0"), "明细不能为空")
        self.issue([line() for _ in range(5000)])
        self.refused(self.order([line() for _ in range(5001)]), "不能超过5000行")

    def test_line_keys_run_from_zero(self):
        order = {key.replace("fyxm[0]", "fyxm[1]"): value for key, value in self.order().items()}
        self.refused(order, "从0开始连续")

    def test_differential_taxation(self):
        full = {"zsfs": "2", "kce": "40.00"}
        self.issue(**full)
        self.issue([line(se="8.40", je="104.60", spsl="", dj="")], zsfs="3", kce="40.00")
        self.refused(self.order(zsfs="2"), "扣除额不能为空")
        self.refused(self.order(zsfs="2", kce="113.01"), "扣除额必须")
        self.refused(self.order(zsfs="2", kce="-1"), "扣除额必须")
        self.refused(self.order([line(), line()], **full), "只能有一行")
        self.refused(self.order(kce="1.00"), "非差额")
        self.refused(self.order(zsfs="3", kce="40.00"), "误差超过0.06")
        self.refused(self.order(zsfs="4"), "征收方式")
        self.issue(kce="0")


class TestHeadChecks(SandboxCase):
    def test_required(self):
        for key in (
            "username",
            "fpqqlsh",
            "fplxdm",
            "kplx",
            "xhdwsbh",
            "xhdwmc",
            "xhdwdzdh",
            "xhdwyhzh",
            "ghdwmc",
            "hjje",
            "hjse",
            "jshj",
        ):
            with self.subTest(key):
                self.refused(self.order(**{key: ""}), f"参数{key}不能为空")
                self.refused(self.order(**{key: None}), f"参数{key}不能为空")

    def test_kind(self):
        self.refused(self.order(fplxdm="51"), "不支持")
        self.refused(self.order(fplxdm="08xdp"), "不支持")
        self.refused(self.order(kplx="1"), "红字")
        self.refused(self.order(tdyslxDm="03"), "未开通")

    def test_buyer(self):
        self.refused(self.order(ghdwsbh="", fplxdm="81"), "购方税号不能为空")
        self.refused(self.order(ghdwsbh="91440300ma5buyer26"), "格式不正确")
        self.refused(self.order(ghdwsbh="1234567890"), "格式不正确")
        self.refused(self.order(ghdwsbh=defaults.TAX_NO), "不能与销方税号相同")
        self.refused(self.order(ghdwmc="公" * 301), "购方名称不能超过300")
        self.issue(ghdwsbh="")
        self.world.settings.need_buyer_tax_no = True

    def test_natural_person(self):
        self.assertTrue(self.issue(**PERSON).natural_person)
        self.refused(self.order(**{**PERSON, "ghdwmc": "王"}), "不能少于2个字符")
        self.refused(self.order(**{**PERSON, "ghdwmc": "王小明个体工商户"}), "不属于自然人")
        self.refused(self.order(**{**PERSON, "gfzrrbs": "1"}), "自然人标识")
        self.refused(self.order(gfzrrbs="Y", fplxdm="81"), "自然人")

    def test_doubts_only_when_asked_for(self):
        stranger = {"ghdwsbh": "91110000MA0FAKE175", "ghdwmc": "陌生公司"}
        self.issue(**stranger)
        self.refused(self.order(**stranger, gfxxConfirm="1"), "未查询到购买方纳税人信息")
        self.world.buyers["91110000MA0FAKE175"] = "陌生有限公司"
        self.refused(self.order(**stranger, gfxxConfirm="1"), "不一致")
        self.issue(ghdwsbh="", ghdwmc="王小明")
        self.refused(self.order(ghdwsbh="", ghdwmc="王小明", spflxConfirm="1"), "自然人")

    def test_seller(self):
        self.refused(self.order(xhdwmc="别的公司"), "税务登记名称不一致")
        other = "91110000MA0FAKE175"
        self.refused(self.order(xhdwsbh=other, fpqqlsh=other + "_1"), "未在平台授权")
        self.world.add_taxpayer(other, "他人公司", "u", "p", tenant_id=2)
        self.refused(self.order(xhdwsbh=other, fpqqlsh=other + "_1"), "未在当前租户下授权")
        self.refused(self.order(username="nobody"), "局端账号不存在")

    def test_small_scale(self):
        self.world.taxpayers[defaults.TAX_NO].small_scale = True
        three = [line(sl="0.03", se="3.00")]
        self.refused(self.order(), "小规模纳税人不能使用")
        self.refused(self.order(three), "slsm不能为空")
        self.refused(self.order(three, slsm="1"), "只能为2或3")
        self.issue(three, slsm="3")
        self.issue([line(sl="0.01", se="1.00")])

    def test_remark(self):
        self.issue(bz="备" * 255)
        self.refused(self.order(bz="备" * 256), "备注不能超过255")

    def test_request_id(self):
        self.issue(fpqqlsh=defaults.TAX_NO + "_" + "a" * 21)
        self.refused(self.order(fpqqlsh=defaults.TAX_NO + "_" + "a" * 22), "不能超过40个字符")
        for wrong in ("1", "A_1", defaults.TAX_NO, defaults.TAX_NO + "_", defaults.TAX_NO + "_a b"):
            with self.subTest(wrong):
                self.refused(self.order(fpqqlsh=wrong), "格式不正确")

    def test_credit_line(self):
        self.world.set_credit(defaults.TAX_NO, total="150.00")
        self.issue()
        self.refused(self.order(), "授信额度不足")
        self.issue([line(je="50.00", se="6.50", spsl="1")])
        self.assertEqual(self.world.credit_left(defaults.TAX_NO), 0)
        self.world.advance(days=32)
        self.token = None
        self.issue()


class TestBodies(SandboxCase):
    """Only what the documents show is understood."""

    def test_json_is_refused(self):
        answer = self.http.post(
            self.server.base_url + "/qdjk/fullExteriorInvoke/blueTicket",
            json=self.order(),
            timeout=10,
            headers={"Authorization": self.log_in()},
        ).json()
        self.assertIn("Content-Type", answer["msg"])

    def test_multipart_is_refused(self):
        answer = self.http.post(
            self.server.base_url + "/qdjk/fullExteriorInvoke/blueTicket",
            files={"username": (None, "x")},
            timeout=10,
            headers={"Authorization": self.log_in()},
        ).json()
        self.assertIn("Content-Type", answer["msg"])

    def test_unknown_keys(self):
        self.refused(self.order(nsrsbh=defaults.TAX_NO), "未知参数nsrsbh")
        order = self.order()
        order["fyxm[0][name]"] = "x"
        self.refused(order, "未知参数")
        self.world.piaodanyun.strict_keys = False

    def test_a_key_twice(self):
        body = [*self.order().items(), ("bz", "again")]
        self.assertIn("重复", self.call("blueTicket", body)["msg"])

    def test_wrong_encoding(self):
        answer = self.http.post(
            self.server.base_url + "/qdjk/fullExteriorInvoke/blueTicket",
            timeout=10,
            data="ghdwmc=" + "%B9%AB%CB%BE",
            headers={"Authorization": self.log_in(), "Content-Type": "application/x-www-form-urlencoded"},
        )
        self.assertIn("UTF-8", answer.json()["msg"])

    def test_paths_and_methods(self):
        get = self.http.get
        self.assertEqual(get(self.server.base_url + "/nothing", timeout=10).status_code, 404)
        self.assertEqual(get(self.server.base_url + "/obtainToken", timeout=10).status_code, 405)
