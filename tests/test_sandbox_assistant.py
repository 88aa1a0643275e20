"""金蝶发票助手's calls over HTTP: who may call, documents and their tickets, details, vouchers."""

import base64
import time

from ..sandbox.assistant.tickets import KINDS
from .sandbox_assistant_case import EID, EXPENSE, AssistantCase, defaults, signed

# The keys only this shape has, typed from the paper.
OWN = {
    "8": {"licenseNumber", "mileage", "place", "price", "timeGetOff", "timeGetOn", "trip"},
    "9": {
        "passengerName",
        "printingSequenceNo",
        "seatGrade",
        "stationGetOff",
        "stationGetOn",
        "taxRate",
        "trainNum",
        "trainTime",
        "trip",
    },
    "14": {"consumptionType", "place", "remark", "trip"},
    "16": {"currencyType", "passengerName", "stationGetOff", "stationGetOn", "taxRate", "time", "trip"},
    "17": {"entrance", "exit", "place", "time", "trip"},
    "11": {"remark", "trip"},
}


class TestKeys(AssistantCase):
    def test_signature(self):
        self.assertNotIn("data", self.good("/base/oauth/token", signed()))
        path = "/base/oauth/token"
        self.refused(path, signed(secret="another"), "签名", "3001")
        self.refused(path, {**signed(), "sign": signed()["sign"].upper()}, "签名", "3001")
        self.refused(path, {**signed(), "client_id": "nobody"}, "client_id", "3001")
        self.refused(path, signed(moment=time.time() - 3 * 3600), "时间戳", "3001")
        self.refused(path, {**signed(), "timestamp": "1"}, "13位", "3001")
        self.refused(path, {}, "不能为空")

    def test_token(self):
        self.assertEqual(self.poll("k")["errcode"], "1001")
        self.world.expire_tokens()
        self.assertEqual(self.poll("k")["errcode"], "3002")

    def test_user_key(self):
        self.assertEqual(len(self.user_key()), 32)
        for key in ("tin", "eid", "bxd_key", "random", "ticketParam", "ghf_mc", "billNumber", "billType"):
            with self.subTest(key=key):
                self.refused("/m4/fpzs/getUserKey", self.user_key_body(**{key: None}), key)
        self.refused("/m4/fpzs/getUserKey", self.user_key_body(ticketParam="12000"), "ticketParam")
        self.refused("/m4/fpzs/getUserKey", self.user_key_body(billType="Foo"), "billType")
        self.refused("/m4/fpzs/getUserKey", self.user_key_body(tin="X"), "未授权", "3001")
        self.assertTrue(self.user_key(ticketParam="1101"))

    def test_expired_user_key(self):
        key = self.user_key()
        self.world.user_keys[key].expires_at = self.world.clock.now()
        self.refused(EXPENSE + "invoices/query", {"userKey": key, "billNumber": "BX-1"}, "userKey", "3002")

    def test_body(self):
        response = self.http.post(self.server.assistant_url + "/base/oauth/token", data=signed(), timeout=10)
        self.assertIn("Content-Type", response.json()["description"])
        self.assertEqual(self.look("/base/oauth/token").status_code, 405)
        self.assertEqual(self.look("/m4/nothing").status_code, 404)


class TestDocuments(AssistantCase):
    def test_life(self):
        first, second = self.ticket(), self.ticket("9")
        self.saved(first, second, coverBase64=base64.b64encode(b"%PDF").decode(), coverFileType="pdf", coverNumber="C1")
        self.assertEqual(self.states(first, second), ["1", "1"])
        back = [{"serialNo": second, "canBeDeduction": "1", "entryAmount": "8.26", "outputReason": ""}]
        for status in ("30", "60", "65"):
            self.assertEqual(
                self.status(status, invoiceData=back), {"errcode": "0000", "description": "成功", "data": None}
            )
            self.assertEqual(self.states(first, second), [status] * 2)
        document = self.world.assistant_document("K1")
        self.assertEqual((document.status, document.cover["number"]), ("65", "C1"))
        self.assertEqual(self.world.assistant_ticket(second).deduction["entryAmount"], "8.26")
        self.assertEqual(self.status("1")["errcode"], "0000")
        self.assertEqual(self.states(first, second), ["1", "1"])
        log = self.world.assistant_log("K1")
        self.assertEqual(
            [(each["call"], each["status"]) for each in log],
            [
                ("entry/save", ""),
                ("status/update", "30"),
                ("status/update", "60"),
                ("status/update", "65"),
                ("status/update", "1"),
            ],
        )

    def test_repeats_succeed_and_change_nothing(self):
        serial = self.ticket()
        for _ in range(2):
            self.saved(serial)
        for _ in range(2):
            self.assertEqual(self.status("30")["errcode"], "0000")
        self.assertEqual(self.states(serial), ["30"])
        for _ in range(2):
            self.good(EXPENSE + "invoice/del", self.document())
        self.assertEqual(self.states(serial), ["1"])

    def test_used_by_another_document(self):
        serial = self.ticket()
        self.saved(serial)
        self.status("30")
        other = {"bxd_key": "K2", "billnumber": "BX-2"}
        body = self.document(data=[{"entryid": "", "fid": [serial]}], **other)
        self.refused(EXPENSE + "entry/save", body, "不允许重复报销", "3003")
        body["userKey"] = self.user_key(ticketParam="10000", bxd_key="K2")
        self.good(EXPENSE + "entry/save", body)
        self.assertEqual(self.status("30", **other)["errcode"], "3003")
        self.status("1")
        self.assertEqual(self.status("30", **other)["errcode"], "0000")
        self.assertEqual(self.world.assistant_ticket(serial).document, f"{defaults.TAX_NO}/K2")
        self.status("1")
        self.assertEqual(self.states(serial), ["30"], "another document's tickets aren't freed")

    def test_save_without_a_ticket_frees_it(self):
        first, second = self.ticket(), self.ticket()
        self.saved(first, second)
        self.status("30")
        self.saved(first)
        self.assertEqual(self.states(first, second), ["30", "1"])

    def test_delete_a_line(self):
        first, second = self.ticket(), self.ticket()
        self.good(
            EXPENSE + "entry/save",
            self.document(data=[{"entryid": "L1", "fid": [first]}, {"entryid": "L2", "fid": [second]}]),
        )
        self.status("30")
        self.good(EXPENSE + "invoice/del/entry", self.document(branch_id="L1"))
        self.assertEqual(self.states(first, second), ["1", "30"])
        self.assertEqual(self.world.assistant_document("K1").serials, [second])
        self.refused(EXPENSE + "invoice/del/entry", self.document(), "branch_id")

    def test_cache_claims_nothing(self):
        serial = self.ticket()
        self.assertEqual(
            self.good(EXPENSE + "entry/cache", self.document(data=[{"entryid": "", "fid": [serial]}])),
            {"errcode": "0000", "description": "操作成功"},
        )
        document = self.world.assistant_document("K1")
        self.assertEqual((document.saved, document.serials, document.shown[0]["fid"]), (False, [], [serial]))
        self.assertIn("不存在", self.status("30")["description"])

    def test_refusals(self):
        path, lines = EXPENSE + "entry/save", [{"entryid": "", "fid": [self.ticket()]}]
        self.refused(path, self.document(), "data")
        self.refused(path, self.document(data=[{"entryid": "", "fid": "x"}]), "fid")
        self.refused(path, self.document(data=[{"entryid": "", "fid": ["x"]}]), "x不存在")
        self.refused(path, self.document(data=lines, billTypeId=None), "billTypeId")
        self.refused(path, self.document(data=lines, bxd_key="K" * 51), "bxd_key长度")
        self.refused(path, self.document(data=lines, coverBase64="!!", coverFileType="pdf", coverNumber="1"), "base64")
        self.refused(path, self.document(data=lines, coverBase64="QQ=="), "coverFileType")
        self.assertEqual(self.world.assistant_log(), [])
        self.saved(lines[0]["fid"][0])
        self.assertIn("不合法", self.status("40")["description"])
        self.assertIn("不在单据", self.status("30", invoiceData=[{"serialNo": "x"}])["description"])
        self.assertEqual(self.world.assistant_document("K1").status, "1")


class TestDetails(AssistantCase):
    def test_every_kind(self):
        serials = [self.world.give_ticket(EID, code).serial for code in KINDS]
        found = self.told(*serials)
        self.assertEqual([each["serialNo"] for each in found], serials)
        by_kind = {each["invoiceType"]: each for each in found}
        self.assertEqual(len(by_kind), 23)
        common = set.intersection(*({*each} for each in found if each["invoiceType"] != "19"))
        for kind, own in OWN.items():
            with self.subTest(kind=kind):
                self.assertEqual(set(by_kind[kind]) - common, own)
        self.assertEqual(set(by_kind["19"]) & {"invoiceCode", "invoiceNo"}, set())
        self.assertTrue(by_kind["19"]["taxPaidProofNo"])
        self.assertEqual(list(by_kind["10"]), sorted(by_kind["10"]))
        self.assertRegex(by_kind["9"]["invoiceCode"], r"^\d{8}$")
        for kind in ("26", "27", "28", "29"):
            self.assertRegex(by_kind[kind]["invoiceNo"], r"^\d{20}$")

    def test_amounts_add_up_and_are_text(self):
        (one,) = self.told(self.ticket("4", total="113.00"))
        self.assertEqual((one["amount"], one["taxAmount"], one["totalAmount"]), ("100.00", "13.00", "113.00"))
        self.assertEqual(one["items"][0]["detailAmount"], "100.00")

    def test_given_fields(self):
        serial = self.ticket("26", title="别人", buyerTaxNo="X", check_status=2, personal=True)
        (one,) = self.told(serial)
        self.assertEqual((one["buyerName"], one["buyerTaxNo"], one["checkStatus"]), ("个人", "X", "2"))
        with self.assertRaises(ValueError):
            self.ticket("8", trainNum="G1")

    def test_unknown(self):
        serial = self.ticket()
        self.assertEqual(len(self.told(serial, "nobody")), 1)

    def test_of_document(self):
        serial = self.ticket()
        self.saved(serial)
        query = {"userKey": self.user_key(), "billNumber": "BX-1"}
        self.assertEqual(self.good(EXPENSE + "invoices/query", query)["data"], self.told(serial))
        self.assertEqual(self.good(EXPENSE + "invoices/query", {**query, "billNumber": "Z"})["data"], [])

    def test_files(self):
        (one,) = self.told(self.ticket("9"))
        pdf, png = (self.http.get(one[key], timeout=10) for key in ("downloadUrl", "snapshotUrl"))
        self.assertEqual((pdf.content[:4], png.content[:4]), (b"%PDF", b"\x89PNG"))
        self.assertEqual(pdf.headers["Content-Type"], "application/pdf")
        self.assertEqual(self.http.get(one["downloadUrl"] + "0", timeout=10).status_code, 404)


class TestPooled(AssistantCase):
    def test_a_fapiao_of_the_pool_by_the_serial_its_pages_show(self):
        """assumption: one serial for both"""
        row = self.world.receive_fapiao(kind=4, net="100.00", rate=13)
        serial = f"SB{row.code}{row.number}"
        (one,) = self.told(serial)
        self.assertEqual(
            (one["invoiceCode"], one["invoiceNo"], one["salerTaxNo"]), (row.code, row.number, row.seller_no)
        )
        self.assertEqual((one["amount"], one["taxAmount"], one["totalAmount"]), ("100.00", "13.00", "113.00"))
        self.assertEqual([item["taxRate"] for item in one["items"]], ["0.13"])
        self.world.set_inbound_status(row.number, "2", code=row.code)
        self.assertEqual(self.told(serial)[0]["invoiceStatus"], "2")
        self.assertEqual(self.http.get(one["downloadUrl"], timeout=10).content[:4], b"%PDF")
        self.assertEqual(self.told("SB404"), [])


class TestVouchers(AssistantCase):
    def voucher(self, **changes):
        info = {
            "vouchId": "V1",
            "vouchNo": "记-1",
            "businessDate": "2026_03_01",
            "accountDate": "2026_03_31",
            "period": "202603",
            "entries": [{"amount": "1.00", "dueDate": "2026_03_31"}],
            **changes,
        }
        return {
            "voucherInfo": info,
            "expenseIdArray": ["K1"],
            "serialNoArray": [self.serial_no],
            "invoiceData": [{"serialNo": self.serial_no, "deductionFlag": 1}],
        }

    def setUp(self):
        super().setUp()
        self.serial_no = self.ticket()
        self.saved(self.serial_no)
        self.path = "/m4/bill/expense/additionalInformation/collect"

    def test_collect_and_delete(self):
        for _ in range(2):
            self.assertEqual(self.good(self.path, self.voucher()), {"errcode": "0000", "description": "操作成功"})
        self.assertEqual(self.world.assistant_ticket(self.serial_no).vouchers, ["V1"])
        self.assertEqual(self.world.assistant_document("K1").vouchers, ["V1"])
        gone = {"vouchNo": "记-1", "vouchId": "V1"}
        self.refused("/m4/bill/expense/voucher/del", {**gone, "vouchNo": "X"}, "不存在")
        for _ in range(2):
            self.good("/m4/bill/expense/voucher/del", gone)
        self.assertEqual(self.world.assistant_document("K1").vouchers, [])
        self.assertEqual(
            [each["call"] for each in self.world.assistant_log()[1:]], ["collect", "collect", "voucher/del"]
        )

    def test_refusals(self):
        self.refused(self.path, self.voucher(vouchId=""), "vouchId")
        self.refused(self.path, self.voucher(businessDate="2026-03-01"), "businessDate")
        self.refused(self.path, {**self.voucher(), "expenseIdArray": ["Z"]}, "Z不存在")
        self.refused(self.path, {**self.voucher(), "serialNoArray": ["Z"]}, "Z不存在")

    def test_formats_of_what_may_be_left_out(self):
        self.refused(self.path, self.voucher(attachmentsCount="two"), "attachmentsCount")
        self.refused(self.path, self.voucher(resource="Odoo"), "resource")
        for key, value in (("exchangeRate", "1E+1"), ("num", "4 pc"), ("price", "a"), ("dueDate", "2026-03-31")):
            self.refused(self.path, self.voucher(entries=[{key: value}]), key)
        whole = {"amount": "-1.00", "exchangeRate": "7.1", "num": "4", "price": "0.25", "dueDate": "2026_03_31"}
        self.good(self.path, self.voucher(attachmentsCount="2", accountItemAmount="1.00", entries=[whole]))

    def test_credentials(self):
        self.refused(self.path, {**signed(secret="x"), **self.voucher()}, "签名", "3001")


class TestFaults(AssistantCase):
    def test_dropped_after_acting(self):
        serial = self.ticket()
        self.saved(serial)
        self.world.faults.add("status/update", "drop_after")
        with self.assertRaises(OSError):
            self.status("30")
        self.assertEqual(self.states(serial), ["30"])
        self.assertEqual(self.status("30")["errcode"], "0000")

    def test_on_the_wire(self):
        for kind, check in (
            ("http_500", lambda answer: answer.status_code == 500),
            ("html", lambda answer: "<html" in answer.text),
            ("half_json", lambda answer: not answer.text.endswith("}")),
        ):
            with self.subTest(kind=kind):
                self.world.faults.add("oauth/token", kind)
                answer = self.http.post(self.server.assistant_url + "/base/oauth/token", json=signed(), timeout=10)
                self.assertTrue(check(answer), answer.text)

    def test_in_its_own_words(self):
        self.access_token()
        self.world.faults.add("data/v2", "expired_token")
        self.assertEqual(self.poll("k")["errcode"], "3002")
        self.assertEqual(self.poll("k")["errcode"], "3002", "and it stays expired")
        self.world.faults.add("entry/save", "refused", text="不行")
        self.refused(EXPENSE + "entry/save", self.document(data=[]), "不行")
        self.world.faults.add("detail/query", "not_found")
        self.assertEqual(self.told(self.ticket()), [])

    def test_page(self):
        self.world.faults.add("page", "http_500")
        self.assertEqual(self.look("/m4-web/fpzs/index", userKey=self.user_key()).status_code, 500)
