"""The sandbox as a program: controls over HTTP, restarts, pacing."""

import signal
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from ..sandbox import defaults
from ..sandbox.server import SandboxServer
from .sandbox_case import LOGIN, SandboxCase

ADDON = Path(__file__).resolve().parent.parent


class TestControl(SandboxCase):
    def look(self, name, **query):
        response = self.http.get(f"{self.server.url}/control/{name}", params=query, timeout=10)
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def do(self, control, status=200, /, **body):
        response = self.http.post(f"{self.server.url}/control/{control}", json=body, timeout=10)
        self.assertEqual(response.status_code, status, response.text)
        return response.json()

    def test_fapiao_and_counters(self):
        fapiao = self.issue()
        (found,) = self.look("fapiao", fpqqlsh=fapiao.request)
        self.assertEqual((found["number"], found["gross"], found["red"]), (fapiao.number, "113.00", False))
        self.assertEqual(
            self.look("requests")[fapiao.request], {"count": 1, "numbers": [fapiao.number], "state": "issued"}
        )

    def test_faults(self):
        fault = self.do("faults", call="blueTicket", kind="refused", times=-1)
        self.refused(self.order(), "授信额度不足")
        self.assertEqual(self.look("faults")[0]["fired"], 1)
        self.do("faults/clear", id=fault["id"])
        self.issue()
        self.assertIn("unknown fault kind", self.do("faults", 400, call="*", kind="x")["error"])

    def test_red_forms(self):
        fapiao = self.issue()
        self.do("set_use", number=fapiao.number, vat="01")
        number = self.call(
            "hzxxbsq",
            {
                "username": defaults.USERNAME,
                "xhdwsbh": defaults.TAX_NO,
                "yfphm": fapiao.number,
                "chyydm": "01",
                "sqyy": "2",
            },
        )["data"]["xxbbh"]
        self.do("act_red_form", number=number, action="confirm")
        self.assertEqual(self.look("red_forms")[0]["state"], "04")
        self.do("set_red_form", number=number, state="10")
        self.assertEqual(self.look("red_forms")[0]["state"], "10")

    def test_done_in_the_portal(self):
        fapiao = self.issue()
        form = self.do("apply_elsewhere", number=fapiao.number, reason="02", side="3")["result"]
        self.assertEqual((form["state"], form["reason"]), ("03", "02"))
        red = self.do("reverse_elsewhere", number=fapiao.number)["result"]
        self.assertEqual((red["original"], red["red_form"]), (fapiao.number, form["number"]))
        self.assertIn("已全额红冲", self.do("reverse_elsewhere", 400, number=fapiao.number)["error"])

    def test_mistakes(self):
        self.do("nothing", 404)
        self.do("set_credit", 400, tax_no="x", total="1")
        self.do("set_credit", 400, wrong="x")
        self.do("_forget", 404)

    def test_other_sites_are_kept_out(self):
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            response = self.http.post(self.server.url + "/control/reset", headers=headers, timeout=10)
            self.assertEqual(response.status_code, 403)


class TestPacing(SandboxCase):
    def test_parallel_calls_are_counted(self):
        self.log_in()
        self.world.faults.add("blueTicket", "delay_before", times=-1, seconds=0.5)
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(lambda order: self.post("blueTicket", order), [self.order() for _ in range(5)]))
        self.assertEqual(self.world.max_parallel, 5)
        self.world.reset_parallel()
        self.issue()
        self.assertEqual(self.world.max_parallel, 1)

    def test_connections_are_kept_and_hung_up(self):
        self.issue()
        self.assertEqual(len(self.server.server.connections), 1)
        self.server.stop()
        with self.assertRaises(requests.ConnectionError):
            self.post("blueTicket", self.order())
        self.server.start()
        self.issue()


class TestState(SandboxCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.serve(SandboxServer(state_dir=self.folder))

    def restart(self):
        port = self.server.port
        self.server.close()
        self.serve(SandboxServer(port, self.folder))

    def test_facts_survive(self):
        fapiao = self.issue()
        self.world.set_use(fapiao.number, vat="01")
        form = self.call(
            "hzxxbsq",
            {
                "username": defaults.USERNAME,
                "xhdwsbh": defaults.TAX_NO,
                "yfphm": fapiao.number,
                "chyydm": "01",
                "sqyy": "2",
            },
        )["data"]["xxbbh"]
        self.world.set_credit(defaults.TAX_NO, total="1000.00")
        self.restart()
        self.assertEqual(self.world.fapiao[fapiao.number], fapiao)
        self.assertEqual(self.world.red_forms[form].state, "02")
        self.assertEqual(str(self.world.credit_left(defaults.TAX_NO)), "900.00")
        self.assertEqual(self.call("getCreditLine", self.who())["code"], 200, "the token is still good")
        again = self.order(fpqqlsh=fapiao.request)
        self.assertIn("已成功开具发票", self.call("blueTicket", again)["msg"])

    def test_what_was_accepted_is_issued_after_all(self):
        self.world.faults.add("blueTicket", "issuing", seconds=3600)
        order = self.order()
        self.call("blueTicket", order)
        self.restart()
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 0)
        self.world.advance(hours=1, seconds=1)
        self.assertEqual(self.world.issued_count(order["fpqqlsh"]), 1)

    def test_reset_is_kept_too(self):
        self.issue()
        self.world.reset()
        self.restart()
        self.assertEqual((self.world.fapiao, len(self.world.taxpayers)), ({}, 2))


class TestProgram(unittest.TestCase):
    def run_program(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", *arguments],
            cwd=ADDON,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        self.assertRegex(line, r"^SANDBOX http://127\.0\.0\.1:\d+\n$")
        return process, line.split()[1]

    def test_serves_until_told_to_stop(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process, url = self.run_program("--port", "0")
            answer = requests.post(url + "/piaodanyun/obtainToken", data=LOGIN, timeout=10).json()
            self.assertEqual(answer["code"], 200)
            process.send_signal(number)
            self.assertEqual(process.wait(10), 0)
            self.assertEqual((process.stdout.read(), process.stderr.read()), ("", ""))
