"""The sandbox's inbound pools: windows, filters and tasks, by the paper's shapes."""

from .sandbox_inbound_case import TAX_NO, InboundCase, defaults
from .sandbox_kingdee_case import OPEN_API, bill


class TestInboundTasks(InboundCase):
    def test_tax_login(self):
        answer = self.ask("taxLogin", {"taxNo": TAX_NO})
        self.assertEqual((answer["errorCode"], answer["message"]), ("0000", "请求成功"))
        self.assertEqual(
            (answer["data"]["loginType"], answer["data"]["needAuth"], answer["data"]["companyName"]),
            ("1", "0", defaults.NAME),
        )
        self.world.set_session(TAX_NO, "lost")
        answer = self.ask("taxLogin", {"taxNo": TAX_NO})
        self.assertEqual(answer["data"]["needAuth"], "1")
        self.assertTrue(answer["data"]["loginWebUrl"].startswith(self.server.url))
        self.refused(self.down(), "登录已失效")

    def test_the_seeds_words_for_a_strange_tax_number(self):
        words = f"税号:91440300591872133B,不在租户:{defaults.KINGDEE_TENANT_ID} 范围内"
        answer = self.page_of("2c491266c89b4dc6a1a4b0c0b99ffee1", tax_no="91440300591872133B")
        self.assertEqual(answer, {"message": words, "errorCode": "1130", "status": False, "success": False})
        self.refused(self.down(tax_no="91440300591872133B"), words, "1130")
        self.refused(self.ask("taxLogin", {"taxNo": "91440300591872133B"}), words, "1130")

    def test_envelope_token_and_authorisation_as_in_billing(self):
        body = self.envelope("taxLogin", {"taxNo": TAX_NO})
        path = "/kapi/app/rim/deduction"
        self.assertEqual(self.send(path, body).json()["errorCode"], "401")
        self.log_in()
        headers = {"access_token": self.token}
        self.assertEqual(self.send(path, body, headers=headers).json()["errorCode"], "0000")
        self.assertIn("requestId重复", self.send(path, body, headers=headers).json()["message"])
        self.world.set_interface("taxLogin", False)
        self.refused(self.ask("taxLogin", {"taxNo": TAX_NO}), "未进行接口授权", "403")
        self.world.set_interface("taxLogin", True)

    def test_each_path_has_its_own_interfaces(self):
        self.refused(self.ask("BILL.PUSH", [bill("A")]), "接口编码BILL.PUSH不存在")
        body = self.envelope("taxLogin", {"taxNo": TAX_NO})
        answer = self.send(OPEN_API, body, headers={"access_token": self.token}).json()
        self.assertIn("接口编码taxLogin不存在", answer["message"])

    def test_window(self):
        for text, changes in (
            ("endTime", {"startTime": self.day(1), "endTime": self.day(2)}),
            ("当天", {"endTime": self.day(0)}),
            ("当天", {"endTime": self.day(-3)}),
            ("5年", {"startTime": self.day(5 * 366 + 2)}),
            ("不能为空", {"startTime": ""}),
            ("格式", {"startTime": "20260101"}),
            ("格式", {"endTime": "2025-02-30"}),
            ("taxPeriod", {"taxPeriod": "202601"}),
            ("invoiceType", {"invoiceType": "6"}),
            ("invoiceStatus", {"invoiceStatus": "2"}),
        ):
            with self.subTest(changes):
                self.refused(self.down(**changes), text)
        self.assertFalse(self.world.inbound_tasks)
        self.assertTrue(self.begun(startTime=self.day(5 * 365)))

    def test_a_running_task(self):
        self.world.set("kingdee", inbound_queries=2)
        task = self.begun()
        for _ in range(2):
            self.refused(self.page_of(task), "正在执行", "6910")
        self.assertEqual(self.rows(task), [])

    def test_unknown_and_expired_tasks(self):
        self.refused(self.page_of("nothing"), "不存在或已过期")

    def test_page_numbers(self):
        task = self.begun()
        for number, size, text in (
            (0, 200, "pageNo"),
            ("x", 200, "pageNo"),
            (1, 0, "pageSize"),
            (1, 201, "200"),
        ):
            self.refused(self.page_of(task, number, size), text)
        self.assertEqual(self.rows(task, "1", "200"), [])

    def test_a_task_is_counted_in_the_calls_log(self):
        task = self.begun()
        self.rows(task)
        self.assertEqual(len(self.world.calls.of("invoiceDown")), 1)
        self.assertEqual(len(self.world.calls.of("invoiceDownQuery", task)), 1)


class TestInboundFilters(InboundCase):
    def test_each_filter(self):
        received = self.world.receive_fapiao
        paper = received(kind=4, seller_no="91110000000000001X", day=self.day(5))
        digital = received(kind=26, day=self.day(3))
        void = received(kind=27, status="2", day=self.day(2))
        for changes, expected in (
            ({}, [void, digital, paper]),
            ({"invoiceType": "26"}, [digital]),
            ({"invoiceType": "27,4"}, [void, paper]),
            ({"salerTaxNo": "91110000000000001X"}, [paper]),
            ({"startTime": self.day(4)}, [void, digital]),
            ({"endTime": self.day(3)}, [digital, paper]),
        ):
            with self.subTest(changes):
                self.assertEqual(self.found(**changes), [each.number for each in expected])

    def test_filters_on_a_seeded_pool(self):
        self.world.seed_inbound(count=600, days=60)
        rows = self.all_rows(self.begun())
        self.assertEqual(len({(row["invoiceCode"], row["invoiceNo"]) for row in rows}), 600)
        for key, filter_, value in (
            ("invoiceType", "invoiceType", "27"),
            ("salerTaxNo", "salerTaxNo", rows[0]["salerTaxNo"]),
        ):
            with self.subTest(key):
                expected = [row["invoiceNo"] for row in rows if row[key] == value]
                self.assertTrue(expected)
                self.assertEqual(self.found(**{filter_: value}), expected)
        day = rows[300]["invoiceDate"]
        self.assertEqual(
            self.found(startTime=day, endTime=day),
            [row["invoiceNo"] for row in rows if row["invoiceDate"] == day],
        )

    def test_a_status_set_later(self):
        number = self.world.receive_fapiao().number
        for status in ("2", "3", "1", "7", "8", "4"):
            self.world.set_inbound_status(number, status)
            (row,) = self.rows(self.begun())
            self.assertEqual((row["invoiceNo"], row["invoiceStatus"]), (number, status))

    def test_issued_in_the_sandbox_and_received(self):
        self.world.kingdee_tenants[defaults.KINGDEE_ACCOUNT_ID].tax_nos.append(defaults.BUYER_TAX_NO)
        pushed = self.envelope("BILL.PUSH", [bill("A")])
        self.send(OPEN_API, pushed, headers={"access_token": self.token or self.log_in()})
        (fapiao,) = self.world.issued()
        task = self.down(tax_no=defaults.BUYER_TAX_NO)["data"]["taskNo"]
        self.assertEqual(self.page_of(task, tax_no=defaults.BUYER_TAX_NO)["data"]["invoices"], [])
        self.world.advance(days=1)
        self.log_in()
        task = self.down(tax_no=defaults.BUYER_TAX_NO)["data"]["taskNo"]
        (row,) = self.page_of(task, tax_no=defaults.BUYER_TAX_NO)["data"]["invoices"]
        self.assertEqual(
            (row["invoiceNo"], row["salerTaxNo"], row["invoiceType"], row["totalAmount"]),
            (fapiao.number, TAX_NO, "26", "113.00"),
        )
        self.world.reverse_elsewhere(fapiao.number)
        self.world.advance(days=1)
        self.log_in()
        task = self.down(tax_no=defaults.BUYER_TAX_NO)["data"]["taskNo"]
        red, blue = self.page_of(task, tax_no=defaults.BUYER_TAX_NO)["data"]["invoices"]
        self.assertEqual((red["invoiceStatus"], red["totalAmount"], blue["invoiceStatus"]), ("3", "-113.00", "8"))
