"""Every fault: what the caller sees, and whether the deed was done."""

import time

import requests

from ..sandbox.faults import KINDS
from .sandbox_case import SandboxCase, defaults, line

MB = 1024 * 1024


class FaultCase(SandboxCase):
    def strike(self, kind, call="blueTicket", form=None, **options):
        """One faulty call; returns the response and whether it issued."""
        self.log_in()
        form = form or self.order()
        self.world.faults.add(call, kind, **options)
        try:
            response = self.post(call, form)
        except requests.RequestException as error:
            response = error
        return response, self.world.issued_count(form.get("fpqqlsh"))


class TestOfTheConnection(FaultCase):
    def test_drop(self):
        for kind, issued in (("drop_after", 1), ("drop_before", 0)):
            for reset in (False, True):
                error, count = self.strike(kind, reset=reset)
                self.assertIsInstance(error, requests.ConnectionError)
                self.assertEqual(count, issued)

    def test_cut_in_the_middle(self):
        error, count = self.strike("cut")
        self.assertIsInstance(error, requests.exceptions.ChunkedEncodingError)
        self.assertEqual(count, 1)

    def test_statuses(self):
        for kind, options, status in (
            ("http_500", {}, 500),
            ("http_status", {"status": 504}, 504),
            ("http_status", {}, 502),
        ):
            for when, issued in (("after", 1), ("before", 0)):
                response, count = self.strike(kind, when=when, **options)
                self.assertEqual((response.status_code, count), (status, issued))
                self.assertIn("text/html", response.headers["Content-Type"])

    def test_rate_limited(self):
        response, count = self.strike("rate_limited", retry_after=7)
        self.assertEqual((response.status_code, count), (429, 0))
        self.assertEqual(response.headers["Retry-After"], "7")

    def test_bodies_that_are_no_answer(self):
        for kind, check in (
            ("html", lambda response: "<h1>" in response.text),
            ("half_json", lambda response: response.content.startswith(b'{"code"')),
            ("empty", lambda response: response.content == b""),
        ):
            for when, issued in (("after", 1), ("before", 0)):
                response, count = self.strike(kind, when=when)
                self.assertTrue(check(response), kind)
                self.assertEqual((response.status_code, count), (200, issued))
                with self.assertRaises(ValueError):
                    response.json()

    def test_wrong_content_type(self):
        response, count = self.strike("wrong_type", type="text/plain")
        self.assertEqual((response.headers["Content-Type"], count), ("text/plain", 1))
        self.assertEqual(response.json()["code"], 200)

    def test_huge_answer(self):
        response, count = self.strike("huge")
        self.assertGreater(len(response.content), 20 * MB)
        self.assertEqual(count, 1)

    def test_delay(self):
        for when in ("before", "after"):
            started = time.monotonic()
            response, count = self.strike("delay", when=when, seconds=0.2)
            self.assertGreaterEqual(time.monotonic() - started, 0.2)
            self.assertEqual((response.json()["code"], count), (200, 1))

    def test_caller_gives_up_but_it_is_issued_all_the_same(self):
        header = {"Authorization": self.log_in()}
        for when in ("before", "after"):
            order = self.order()
            self.world.faults.add("blueTicket", "delay", when, seconds=1)
            with self.assertRaises(requests.Timeout):
                self.post("blueTicket", order, header, timeout=0.2)
            if when == "before":
                self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 0, "not yet")
            self.wait_for(lambda uid=order["fpqqlsh"]: self.world.issued_count(uid) == 1)

    def wait_for(self, condition):
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_of_a_download(self):
        number = self.issue().number
        url = self.call("getInvoicePdfOfd", self.who(fphm=number, downflag="4"))["data"]["pdfUrl"]
        self.world.faults.add("file", "drop")
        with self.assertRaises(requests.ConnectionError):
            self.http.get(url, timeout=10)
        self.world.faults.add("file", "http_500")
        self.assertEqual(self.http.get(url, timeout=10).status_code, 500)
        self.assertEqual(self.http.get(url, timeout=10).content[:5], b"%PDF-")


class TestOfTheCloud(FaultCase):
    def told(self, kind, code, text, issued, /, **options):
        response, count = self.strike(kind, **options)
        answer = response.json()
        self.assertEqual((response.status_code, answer["code"], count), (200, code, issued), kind)
        self.assertIn(text, answer["msg"])

    def test_words_that_hide_the_outcome(self):
        for kind, code, text in (
            ("maybe_issued", 10400, "可能已开具"),
            ("gateway_504", 999, "504"),
            ("bureau_error", 999, "局端内部异常"),
        ):
            self.told(kind, code, text, 1)
            self.told(kind, code, text, 0, when="before")

    def test_refusals(self):
        self.told("refused", 999, "授信额度不足", 0)
        self.told("refused", 999, "税控盘", 0, text="税控盘未连接")
        self.told("refused", 555, "", 0, code=555)

    def test_success_without_a_number(self):
        response, count = self.strike("no_number")
        self.assertEqual((response.json()["code"], response.json()["data"]["Fphm"], count), (200, None, 1))

    def test_expired_token(self):
        self.told("expired_token", 401, "token", 0)
        self.assertEqual(self.call("getCreditLine", self.who())["code"], 401, "until a new one is fetched")
        self.log_in()
        self.issue()

    def test_face(self):
        self.told("face_due", 430, "人脸", 0)
        self.refused(self.order(), "人脸", 430)
        self.world.scan(self.get("getFaceImg", self.who())["data"]["rzid"])

    def test_issued_later(self):
        order = self.order()
        response, count = self.strike("issuing", form=order, seconds=120)
        self.assertIn("发票正在开具中", response.json()["msg"])
        self.assertEqual(count, 0)
        query = self.who(fpqqlsh=order["fpqqlsh"])
        self.assertIn("正在开具中", self.call("invoiceQueryMx", query)["msg"])
        self.assertIn("正在开具中", self.call("blueTicket", order)["msg"])
        self.world.advance(seconds=121)
        self.assertRegex(self.call("invoiceQueryMx", query)["data"]["fphm"], r"^\d{20}$")
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 1)

    def test_issued_already_and_not_said(self):
        order = self.order()
        response, count = self.strike("issuing", form=order, when="after")
        self.assertIn("发票正在开具中", response.json()["msg"])
        self.assertEqual((response.json()["code"], count), (999, 1))
        self.assertEqual(self.call("invoiceQueryMx", self.who(fpqqlsh=order["fpqqlsh"]))["code"], 200)

    def test_no_fault_breaks_the_sandbox_itself(self):
        """Whatever is planned for whatever moment: an answer, or a connection cut on purpose."""
        for kind in sorted(set(KINDS) - {"http_500"}):
            for when in ("before", "after"):
                self.world.set_session(defaults.TAX_NO, "active")
                self.world.set_face(defaults.TAX_NO, False)
                response, _count = self.strike(kind, when=when, megabytes=1, seconds=0)
                self.assertNotEqual(getattr(response, "status_code", 0), 500, (kind, when))

    def test_issued_after_some_queries(self):
        order = self.order()
        self.strike("issuing", form=order, queries=2)
        query = self.who(fpqqlsh=order["fpqqlsh"])
        codes = [self.call("invoiceQueryMx", query)["code"] for _ in range(3)]
        self.assertEqual(codes, [999, 999, 200])

    def test_accepted_but_the_credit_is_gone(self):
        order = self.order()
        self.strike("issuing", form=order, seconds=10)
        self.world.set_credit(defaults.TAX_NO, total="50")
        self.world.advance(seconds=11)
        answer = self.call("invoiceQueryMx", self.who(fpqqlsh=order["fpqqlsh"]))
        self.assertIn("授信额度不足", answer["msg"])

    def test_query_lags(self):
        fapiao = self.issue()
        self.world.faults.add("invoiceQueryMx", "not_found", times=2)
        codes = [self.call("invoiceQueryMx", self.who(fphm=fapiao.number))["code"] for _ in range(3)]
        self.assertEqual(codes, [999, 999, 200])


class TestWhich(FaultCase):
    def codes(self, calls, **form):
        return [self.call("blueTicket", self.order(**form))["code"] for _ in range(calls)]

    def test_times_and_always(self):
        self.world.faults.add("blueTicket", "refused", times=2)
        self.assertEqual(self.codes(4), [999, 999, 200, 200])
        self.world.faults.add("*", "refused", times=-1)
        self.assertEqual(self.codes(3), [999] * 3)
        self.world.faults.clear()
        self.assertEqual(self.codes(1), [200])

    def test_rate_is_repeatable(self):
        runs = []
        for _ in range(2):
            self.world.faults.clear()
            self.world.faults.add("blueTicket", "refused", rate=0.3, seed=7)
            runs.append(self.codes(40))
        self.assertEqual(*runs)
        self.assertTrue(4 <= runs[0].count(999) <= 20, runs[0])

    def test_only_matching_requests(self):
        self.world.faults.add("blueTicket", "refused", times=-1, match={"bz": "b"})
        self.assertEqual((self.codes(2, bz="a"), self.codes(2, bz="b")), ([200, 200], [999, 999]))

    def test_a_delay_joins_another(self):
        self.world.faults.add("blueTicket", "delay_before", seconds=0.1)
        error, count = self.strike("drop_after")
        self.assertIsInstance(error, requests.ConnectionError)
        self.assertEqual(count, 1)
        entry = self.world.calls.of("blueTicket")[-1]
        self.assertEqual((entry.faults, entry.status), (["delay_before", "drop_after"], 0))

    def test_strangers_use_no_fault_up(self):
        self.world.faults.add("blueTicket", "refused")
        self.post("blueTicket", self.order(), {"Authorization": "old"})
        self.assertEqual(self.codes(2), [999, 200])

    def test_misspelt(self):
        for wrong in ({"kind": "nonsense"}, {"kind": "drop", "when": "during"}):
            with self.assertRaises(ValueError):
                self.world.faults.add("blueTicket", **wrong)

    def test_a_fault_hides_a_refusal_too(self):
        """The caller can't tell; the bureau said no."""
        response, count = self.strike("maybe_issued", form=self.order([line(se="20.00")]))
        self.assertEqual((response.json()["code"], count), (10400, 0))
