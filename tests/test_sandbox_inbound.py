"""The sandbox's inbound pools: windows, filters and tasks, by the paper's shapes."""

from decimal import Decimal

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
            ("taxPeriod", {"taxPeriod": "2026-01"}),
            ("authenticateFlags", {"authenticateFlags": "4"}),
            ("invoiceType", {"invoiceType": "6"}),
            ("invoiceStatus", {"invoiceStatus": "5"}),
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
            ({"invoiceStatus": "2"}, [void]),
            ({"invoiceStatus": "0"}, [digital, paper]),
            ({"invoiceNo": digital.number}, [digital]),
            ({"invoiceNo": digital.number, "startTime": "", "endTime": ""}, [digital]),
            ({"invoiceCode": paper.code}, [paper]),
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
            ("invoiceStatus", "invoiceStatus", "3"),
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

    def test_what_is_selected(self):
        chosen, left = (self.world.receive_fapiao(gross="113.00", rate=13).number for _ in range(2))
        period = f"{self.world.clock.now():%Y%m}"
        order = {"taxNo": TAX_NO, "authenticateFlag": "1", "taxPeriod": period, "invoices": [{"invoiceNo": chosen}]}
        self.assertEqual(self.ask("invoiceSelect", order)["errorCode"], "0000")
        self.assertEqual(self.found(authenticateFlags="2"), [chosen])
        self.assertEqual(self.found(authenticateFlags="1"), [left])
        self.assertEqual(self.found(taxPeriod=period), [chosen])
        self.assertEqual(self.found(taxPeriod="202001"), [])

    def test_a_status_set_later(self):
        number = self.world.receive_fapiao().number
        self.assertEqual(self.found(invoiceStatus="4"), [])
        for status in ("2", "3", "1", "7", "8", "4"):
            self.world.set_inbound_status(number, status)
            (row,) = self.rows(self.begun())
            self.assertEqual((row["invoiceNo"], row["invoiceStatus"]), (number, status))
        self.assertEqual(self.found(invoiceStatus="4"), [number])

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


class TestInboundPool(InboundCase):
    """What no paper names, as the sandbox has it: full downloads, answers at once, the pool."""

    def test_a_full_download_has_lines(self):
        row = self.world.receive_fapiao(gross="113.00", rate=13)
        (found,) = self.rows(self.begun("invoiceFullDown"))
        self.assertEqual(found["invoiceNo"], row.number)
        for key, total in (("detailAmount", row.net), ("taxAmount", row.tax)):
            self.assertEqual(sum(Decimal(line[key]) for line in found["items"]), total)
        self.assertNotIn("items", self.rows(self.begun())[0])

    def test_five_full_downloads_a_month(self):
        for _ in range(5):
            self.begun("invoiceFullDown")
        self.refused(self.down("invoiceFullDown"), "5次")
        self.assertTrue(self.begun())

    def test_an_answer_at_once(self):
        number = self.world.receive_fapiao().number
        answer = self.ask("invoiceDown", {"taxNo": TAX_NO, "asyncFlag": "0", "searchOpt": self.search()})
        self.assertEqual((answer["data"]["asyncFlag"], answer["data"]["total"]), ("0", 1))
        self.assertEqual([row["invoiceNo"] for row in answer["data"]["invoices"]], [number])
        self.assertNotIn("taskNo", answer["data"])

    def pool(self, number=1, size=200, **changes):
        asked = {"taxNo": TAX_NO, "pageNo": number, "pageSize": size, **changes}
        answer = self.ask("invoicePoolQuery", asked)
        self.assertEqual(answer["errorCode"], "0000", answer)
        return [row["invoiceNo"] for row in answer["data"]["dataList"]]

    def test_only_what_was_collected_is_in_the_pool(self):
        numbers = [self.world.receive_fapiao(day=self.day(ago)).number for ago in (2, 3, 4)]
        self.assertEqual(self.pool(), [])
        self.begun(startTime=self.day(3), endTime=self.day(3))
        self.assertEqual(self.pool(), [numbers[1]])
        self.world.collect_inbound(first=self.day(4), last=self.day(4))
        self.assertEqual(self.pool(), numbers[1:])
        self.world.collect_inbound()
        self.assertEqual(self.pool(), numbers)
        self.assertEqual((self.pool(1, 2), self.pool(2, 2)), (numbers[:2], numbers[2:]))
        self.assertEqual(self.pool(invoiceNo=numbers[2]), [numbers[2]])
        self.assertEqual(self.pool(startTime=self.day(2), endTime=self.day(0)), [numbers[0]])

    def test_a_documents_files(self):
        number = self.world.receive_fapiao().number
        cover = {"localUrl": f"{self.server.url}/c.pdf", "coverNo": "1", "snapshotUrl": "", "fileType": "1"}
        self.world.file_document("ap_finapbill", "42", [number], covers=[cover])
        asked = {"billType": "ap_finapbill", "billId": "42"}
        path = "/kapi/app/rim/queryCover"
        self.assertEqual(self.send(path, asked).json()["errorCode"], "401")
        headers = {"access_token": self.token or self.log_in()}
        answer = self.send(path, asked, headers=headers).json()
        self.assertEqual([row["invoiceNo"] for row in answer["invoice"]], [number])
        self.assertEqual(answer["data"], {"cover": [cover], "attachment": []})
        self.refused(self.send(path, {**asked, "billId": "43"}, headers=headers).json(), "不存在")
        self.refused(self.send(path, {"billType": "x"}, headers=headers).json(), "billId")
