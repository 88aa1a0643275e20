"""Every fault strikes 金蝶发票云 too: what the caller sees, and whether the deed was done."""

import time

import requests

from ..sandbox.faults import KINDS
from .sandbox_kingdee_case import KingdeeCase, bill, defaults

MB = 1024 * 1024


class FaultCase(KingdeeCase):
    def strike(self, kind, interface="BILL.PUSH", **options):
        """One faulty push of a new bill; the response, and how many fapiao there are of it."""
        self.log_in()
        self.serial += 1
        number = f"F{self.serial}"
        self.world.faults.add(interface, kind, **options)
        try:
            response = self.raw("BILL.PUSH", [bill(number)])
        except requests.RequestException as error:
            response = error
        return response, len(self.issued(number))


class TestOfTheConnection(FaultCase):
    def test_dropped_and_cut(self):
        for kind, issued in (("drop_after", 1), ("drop_before", 0)):
            error, count = self.strike(kind)
            self.assertIsInstance(error, requests.ConnectionError)
            self.assertEqual(count, issued)
        error, count = self.strike("cut")
        self.assertIsInstance(error, requests.exceptions.ChunkedEncodingError)
        self.assertEqual(count, 1)

    def test_statuses_and_bodies_that_are_no_answer(self):
        for kind, status, check in (
            ("http_500", 500, lambda response: "<h1>" in response.text),
            ("html", 200, lambda response: "<h1>" in response.text),
            ("half_json", 200, lambda response: response.content.startswith(b'{"')),
            ("empty", 200, lambda response: response.content == b""),
        ):
            for when, issued in (("after", 1), ("before", 0)):
                response, count = self.strike(kind, when=when)
                self.assertTrue(check(response), kind)
                self.assertEqual((response.status_code, count), (status, issued), kind)

    def test_huge_and_slow(self):
        response, count = self.strike("huge")
        self.assertGreater(len(response.content), 20 * MB)
        self.assertEqual(count, 1)
        started = time.monotonic()
        self.strike("delay", seconds=0.2)
        self.assertGreaterEqual(time.monotonic() - started, 0.2)

    def test_too_often_in_its_own_words(self):
        response, count = self.strike("rate_limited", retry_after=7)
        self.assertEqual((response.status_code, response.headers["Retry-After"], count), (429, "7", 0))
        self.assertEqual((response.json()["errorCode"], response.json()["success"]), ("429", False))
        response, _count = self.strike("rate_limited", status=200)
        self.assertEqual(response.status_code, 200)

    def test_of_a_download_and_of_logging_in(self):
        self.pushed(bill("A"))
        url = self.invoices("A")[0]["invoicePdfFileUrl"]
        self.world.faults.add("file", "drop")
        with self.assertRaises(requests.ConnectionError):
            self.http.get(url, timeout=10)
        self.world.faults.add("login", "http_500")
        with self.assertRaises(requests.exceptions.JSONDecodeError):
            self.log_in()
        self.log_in()


class TestOfTheCloud(FaultCase):
    def told(self, kind, code, text, issued, /, **options):
        response, count = self.strike(kind, **options)
        answer = response.json()
        self.assertEqual((answer["errorCode"], answer["success"], count), (code, False, issued), kind)
        self.assertIn(text, answer["message"])

    def test_an_expired_token_stays_so(self):
        self.strike("expired_token")
        self.assertEqual(self.push(bill("A"))["errorCode"], "401")

    def test_issued_later(self):
        _response, count = self.strike("issuing", seconds=60)
        number = f"F{self.serial - 1}"
        self.assertEqual((count, self.invoices(number)), (0, []))
        self.world.advance(seconds=60)
        self.assertEqual(len(self.issued(number)), 1)

    def test_of_the_query(self):
        self.pushed(bill("A"))
        self.world.faults.add("BILL.INVOICE.QUERY", "not_found")
        self.assertIn("未查询到", self.query("A")["message"])
        self.world.faults.add("BILL.INVOICE.QUERY", "no_number")
        self.assertEqual(self.invoices("A")[0]["invoiceNum"], "")

    def test_matched_by_what_is_sent(self):
        self.world.faults.add("BILL.PUSH", "refused", match={"billNo": "B"})
        self.pushed(bill("A"))
        self.assertFalse(self.push(bill("B"))["success"])
        (entry,) = self.world.calls.of("BILL.PUSH", "B")
        self.assertEqual((entry.tax_no, entry.faults), (defaults.TAX_NO, ["refused_before"]))

    def test_every_kind_is_understood(self):
        self.log_in()
        for kind in KINDS:
            for when in ("before", "after"):
                self.token = None
                options = {"seconds": 0, "megabytes": 1}
                response, _count = self.strike(kind, when=when, **options)
                hung_up = isinstance(response, Exception)
                self.assertEqual(hung_up, kind in ("drop", "cut", "late"), (kind, when))
                self.world.faults.clear()
                self.world.set_session(defaults.TAX_NO, "active")
                self.world.set_face(defaults.TAX_NO, False)
