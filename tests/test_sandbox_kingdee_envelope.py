"""The envelope: strict on the way in, with every known variation on the way out."""

import base64
import json

from .sandbox_kingdee_case import OPEN_API, KingdeeCase, bill, defaults, packed, unpacked


class TestIn(KingdeeCase):
    def refused(self, text, **changes):
        """Told in the answer, and nothing happens."""
        answer = self.ask("BILL.PUSH", [bill("A")], **changes)
        self.assertEqual((answer["success"], answer["errorCode"]), (False, "9999"), answer)
        self.assertIn(text, answer["message"])
        self.assertEqual(self.world.bills, {})

    def test_data_must_be_base64_of_utf8_json(self):
        content = json.dumps([bill("A")], ensure_ascii=False)
        for text, data in (
            ("base64", "!!!"),
            ("base64", packed([bill("A")])[:-3]),
            ("base64字符串", [bill("A")]),
            ("base64", packed([bill("A")]) + "\n"),
            ("base64", "金蝶"),
            ("UTF-8", base64.b64encode(content.encode("gbk")).decode()),
            ("JSON", base64.b64encode(b"{").decode()),
            ("data不能为空", ""),
        ):
            self.refused(text, data=data)

    def test_whole_keys(self):
        self.refused("requestId不能为空", requestId="")
        self.refused("requestId格式", requestId="1")
        self.refused("requestId应为字符串", requestId=1714981252080746)
        self.refused("businessSystemCode长度", businessSystemCode="ODOO-ODOO-1")
        self.refused("业务系统编码", businessSystemCode="OTHER")
        self.refused("接口编码NOTHING不存在", interfaceCode="NOTHING")

    def test_data_of_another_shape(self):
        for interface, content in (
            ("BILL.PUSH", bill("A")),
            ("BILL.PUSH", [[]]),
            ("BILL.PUSH", ["A"]),
            ("BILL.WITHDRAW", ["A"]),
            ("BILL.INVOICE.QUERY", "A"),
            ("ALLE.INVOICE.RED", [{}]),
            ("REDCONFIRMBILL.APPLY", 1),
        ):
            answer = self.ask(interface, content)
            self.assertEqual((answer["errorCode"], answer["success"]), ("9999", False), interface)

    def test_a_request_id_is_good_once(self):
        used = "1714981252080746"
        self.assertTrue(self.ask("BILL.PUSH", [bill("A")], requestId=used)["success"])
        answer = self.ask("BILL.PUSH", [bill("B")], requestId=used)
        self.assertIn("requestId重复", answer["message"])

    def test_a_refused_token_uses_up_no_request_id(self):
        self.log_in()
        self.world.expire_tokens()
        used = "1714981252080746"
        self.assertEqual(self.ask("BILL.PUSH", [bill("A")], requestId=used)["errorCode"], "401")
        self.log_in()
        self.assertTrue(self.ask("BILL.PUSH", [bill("A")], requestId=used)["success"])

    def test_content_type_and_encoding_of_the_whole(self):
        headers = {"access_token": self.log_in()}
        body = json.dumps(self.envelope("BILL.PUSH", [bill("A")])).encode()
        json_type = "application/json"
        for given, kind in ((body, "text/plain"), (body[:-1], json_type), (b"[]", json_type), (b"\xff", json_type)):
            response = self.http.post(
                self.server.kingdee_url + OPEN_API, data=given, timeout=10, headers={**headers, "Content-Type": kind}
            )
            self.assertFalse(response.json()["success"], given)
        self.assertEqual(self.world.bills, {})


class TestOut(KingdeeCase):
    def test_shape_of_the_seed(self):
        answer = self.raw("BILL.PUSH", [bill("A")]).json()
        self.assertEqual(list(answer), ["data", "message", "errorCode", "status", "success"])
        self.assertEqual((answer["errorCode"], answer["status"], answer["success"]), ("0", True, True))
        self.assertEqual(unpacked(answer["data"])[0]["billNo"], "A")

    def test_sandbox_numbers_are_told_from_real_ones(self):
        self.pushed(bill("A"))
        (item,) = self.invoices("A")
        self.assertRegex(item["invoiceNum"], r"^\d{2}319999\d{12}$")
        self.assertEqual(item["sellerTaxpayerId"], defaults.TAX_NO)
