"""金蝶发票助手's messages and pages over HTTP: polling, choosing, adjusting, editing."""

import threading

from .sandbox_assistant_case import EID, EXPENSE, AssistantCase


class TestMessages(AssistantCase):
    def test_until_acknowledged(self):
        (uid,) = self.world.assistant_message("k", "saveBill", {"a": 1})
        self.assertEqual(self.message("k"), (uid, "saveBill", {"a": 1}))
        self.assertEqual(self.message("k")[0], uid)
        self.assertEqual(self.poll("another")["errcode"], "1001")
        for _ in range(2):
            self.assertEqual(self.receipt("k", uid)["errcode"], "0000")
        self.assertEqual(self.poll("k")["errcode"], "1001")
        self.assertEqual(self.receipt("another", uid)["errcode"], "3000")

    def test_waits_for_a_message(self):
        self.world.set("assistant", poll_seconds=30)
        self.access_token()
        got = []
        waiting = threading.Thread(target=lambda: got.append(self.message("k")))
        waiting.start()
        (uid,) = self.world.assistant_message("k", "saveBill", {})
        waiting.join(10)
        self.assertEqual(got, [(uid, "saveBill", {})])

    def message_once(self, key):
        uid = self.message(key)[0]
        self.receipt(key, uid)
        return uid

    def test_lost_on_the_way(self):
        (uid,) = self.world.assistant_message("k", "saveBill", {})
        self.access_token()
        self.world.faults.add("data/v2", "drop_after")
        with self.assertRaises(OSError):
            self.poll("k")
        self.assertEqual(self.message("k")[0], uid)


class TestShapes(AssistantCase):
    def sent(self, bill_type, *serials):
        self.world.choose_tickets(self.user_key(billType=bill_type), "k", serials)
        _uid, kind, data = self.message("k")
        self.assertEqual(kind, "saveBill")
        self.assertEqual((data["billnumber"], data["bxd_key"], data["userid"]), ("BX-1", "K1", EID))
        return data

    def test_plain(self):
        serial = self.ticket("1", total="106.00")
        data = self.sent("", serial)
        (row,) = data["data"]
        self.assertEqual((row["serialNo"], row["amount"], row["taxAmount"], row["totalAmount"]), (serial, 100, 6, 106))
        self.assertLessEqual({"sallerName", "sallerTaxNo"}, set(row))
        self.assertEqual((data["invoiceSerialNos"], data["invoicesAmount"]), (serial, 106))
        self.assertEqual((data["invoicesTaxAmount"], data["isElectronicInvoice"]), (6, True))

    def test_travel(self):
        train, air, meal = self.ticket("9", total="109.00"), self.ticket("10"), self.ticket("1")
        data = self.sent("Tra", train, air, meal)
        self.assertEqual({each["costType"]: each["size"] for each in data["data"]}, {"suburb": 2, "dining": 1})
        rows = {each["serialNo"]: each for group in data["data"] for each in group["invoiceData"]}
        self.assertEqual(rows[train]["taxAmount"], 9)
        self.assertEqual((rows[meal]["classify"], rows[meal]["classifyName"]), ("dining", "餐饮费"))
        self.assertEqual((data["allSize"], data["isElectronicInvoice"]), (3, False))
        self.assertEqual(data["invoiceSerialNos"], f"{train},{air},{meal}")

    def test_purchase(self):
        serials = [self.ticket("27", total="113.00") for _ in range(2)]
        data = self.sent("Pur", *serials)
        (bought,) = data["data"]["purchaseInfo"]
        self.assertEqual((bought["invoiceData"], bought["detailAmount"]), (serials, "200.00"))
        self.assertEqual((bought["num"], bought["unitPrice"], bought["size"]), ("2", "100.00000000", "2"))
        (payee,) = data["data"]["buyerInfo"]
        self.assertEqual(payee["buyerTaxNo"], bought["salerTaxNo"])
        self.assertTrue(payee["buyerAccount"])

    def test_payees(self):
        first, second = self.ticket("27", total="113.00"), self.ticket("27", total="226.00")
        other = self.ticket("27", salerTaxNo="Z")
        rows = self.sent("BizOut", first, second, other)["data"]
        self.assertEqual([each["serialNo"] for each in rows], [f"{first},{second}", other])
        self.assertEqual(rows[0]["totalAmount"], 339)
        self.assertTrue(rows[0]["goodsCode"] and rows[0]["salerAccount"])


class TestChoosing(AssistantCase):
    def setUp(self):
        super().setUp()
        self.link = self.link_key()

    def where(self, **changes):
        return {"userKey": self.user_key(**changes), "linkKey": self.link, "gridParam": "1111", "sourceType": "polling"}

    def choose(self, *serials, status=200, **changes):
        return self.press("index", {"serial": serials, "import": ""}, status, **self.where(**changes))

    def test_imports(self):
        serial = self.ticket()
        html = self.page("index", **self.where())
        for text in ("SANDBOX", f'value="{serial}"', 'name="import"', "导入"):
            self.assertIn(text, html)
        self.assertIn('id="done"', self.choose(serial))
        self.assertEqual(self.message(self.link)[2]["data"][0]["serialNo"], serial)

    def test_tickets_of_documents_that_ended_are_free(self):
        for status in ("27", "40", "80"):
            serial = self.ticket()
            self.world.claim_elsewhere(serial, status)
            with self.subTest(status=status):
                self.assertIn('id="done"', self.choose(serial))
                self.assertEqual(self.saved(serial)["errcode"], "0000")

    def test_five_rules(self):
        used = self.ticket()
        self.world.claim_elsewhere(used)
        for digit, serial in enumerate(
            (
                used,
                self.ticket(title="别人"),
                self.ticket(buyerTaxNo="X"),
                self.ticket(check_status="2"),
                self.ticket(personal=True),
            )
        ):
            allowed = "".join("1" if place == digit else "0" for place in range(5))
            with self.subTest(rule=digit):
                self.assertIn("不允许导入", self.choose(serial, status=400))
                self.assertIn(
                    "不允许导入",
                    self.choose(serial, status=400, ticketParam=allowed.translate(str.maketrans("01", "10"))),
                )
                self.assertIn('id="done"', self.choose(serial, ticketParam=allowed))

    def test_blocked_are_disabled(self):
        self.ticket(title="别人")
        self.assertIn(" disabled", self.page("index", **self.where()))
        html = self.page("index", **self.where(ticketParam="01000"))
        self.assertNotIn(" disabled", html)
        self.assertIn("发票抬头与企业名称不一致", html)

    def test_only_ones_own(self):
        other = self.world.give_ticket("somebody", "1").serial
        self.assertNotIn(other, self.page("index", **self.where()))
        self.assertIn("不存在", self.choose(other, status=400))
        self.assertIn("请选择", self.choose(status=400))

    def test_already_there(self):
        serial = self.ticket()
        self.assertIn("已在本单", self.page("index", **self.where(invoiceSerialNos=serial)))

    def test_how_we_listen(self):
        self.assertIn("sourceType", self.page("index", 400, **{**self.where(), "sourceType": "pigeon"}))
        self.world.set("assistant", pushes="apart")
        self.press("index", {"serial": self.ticket(), "import": ""}, **{**self.where(), "sourceType": ""})
        self.assertEqual(self.poll(self.link)["errcode"], "1001", "without the key it is sent to sockets")

    def test_bad_keys(self):
        self.assertIn("userKey", self.page("index", 400, userKey="x", linkKey="y"))
        self.assertIn("linkKey", self.page("index", 400, userKey=self.user_key()))
        self.assertIn("gridParam", self.page("index", 400, userKey=self.user_key(), linkKey="y", gridParam="2"))
        self.assertEqual(self.look("/m4-web/fpzs/nowhere").status_code, 404)


class TestOtherPages(AssistantCase):
    def test_adjust_and_view(self):
        first, second = self.ticket(), self.ticket("9")
        self.good(EXPENSE + "entry/cache", self.document(data=[{"entryid": "L1", "fid": [first]}]))
        key = self.user_key(branch_id="L1")
        self.assertIn(" checked", self.page("expense/branch/update", userKey=key, linkKey="k"))
        self.press("expense/branch/update", {"serial": [second], "save": ""}, userKey=key, linkKey="k")
        uid, kind, data = self.message("k")
        self.assertEqual(
            (kind, data["bxd_key"], data["branch_id"], data["list"]["fid"]), ("saveEntrys", "K1", "L1", second)
        )
        self.receipt("k", uid)
        self.assertIn(second, self.page("expense/branch/info", userKey=key))
        self.assertNotIn(first, self.page("expense/invoice/list", userKey=key))
        self.press("expense/branch/update", {"serial": [first, second], "save": ""}, userKey=key, linkKey="k")
        self.assertEqual([each["fid"] for each in self.message("k")[2]["list"]], [first, second])
        self.assertIn("branch_id", self.page("expense/branch/update", 400, userKey=self.user_key(), linkKey="k"))

    def test_show(self):
        html = self.page("expense/showInvoice", userKey=self.user_key(), serialNo=self.ticket("9"))
        self.assertIn("G7301", html)
        self.assertIn("SANDBOX", html)

    def test_edit(self):
        serial, key = self.ticket("3", total="106.00"), self.user_key()
        self.saved(serial)
        where = {"userKey": key, "serialNo": serial, "linkKey": "k"}
        self.press("invoice/update", {"buyerName": "改", "save": ""}, **where)
        uid, kind, data = self.message("k")
        self.assertEqual((kind, data["data"]["serialNo"], data["billnumber"]), ("updateInvoice", serial, "BX-1"))
        self.receipt("k", uid)
        self.press(
            "invoice/update",
            {"invoiceNo": "12345678", "totalAmount": "53.00", "taxAmount": "3.00", "save": ""},
            **where,
        )
        fresh = self.message("k")[2]["data"]
        self.assertNotEqual(fresh["serialNo"], serial)
        self.assertEqual((fresh["invoiceNo"], fresh["amount"]), ("12345678", 50))
        self.assertEqual(self.told(serial), [])
        (one,) = self.told(fresh["serialNo"])
        self.assertEqual((one["isRevise"], one["buyerName"]), ("2", "改"))
        self.assertEqual(self.world.assistant_document("K1").serials, [fresh["serialNo"]])
