"""`make chaos`: its short form, and that it sees what it looks for."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.tests import BaseCase, tagged

from .chaos import ledger, report, stories
from .chaos import run as chaos

WORKER = Path(__file__).with_name("chaos") / "worker.py"
# A machine that does other things as well needs several times what the run takes alone.
TIME_LIMIT = 900
SHORT = chaos.Options(seed=12, invoices=12, reversals=3, events=4, servers=2)


@pytest.mark.timeout(TIME_LIMIT + 60)
@tagged("post_install", "-at_install")
class TestChaosRun(BaseCase):
    def test_nothing_is_double_or_lost(self):
        wanted = {name.upper(): str(value) for name, value in asdict(SHORT).items()}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "dev", "chaos"],
            env={**os.environ, **wanted},
            capture_output=True,
            text=True,
            check=False,
            timeout=TIME_LIMIT,
        )
        self.assertEqual(done.returncode, 0, f"{done.stdout[-20_000:]}\n{done.stderr[-4000:]}")
        told = json.loads(done.stdout.splitlines()[-1])
        self.assertTrue(told["ok"])
        self.assertEqual(told["events"], SHORT.events)
        self.assertGreaterEqual(told["issued"], SHORT.invoices)
        self.assertGreater(told["faults"], 0)


def fapiao(number, gross="113.00", original="", **more):
    """Return a fapiao as the sandbox shows it."""
    gross = Decimal(gross)
    tax = (gross * 13 / 113).quantize(Decimal("0.01"))
    amounts = {"gross": str(gross), "tax": str(tax), "net": str(gross - tax)}
    remark = "" if original else "INV/1"
    at = "2026-01-05T10:00:00+08:00"
    plain = {"number": number, "original": original, "reversed_by": "", "remark": remark, "issued_at": at}
    return {**plain, **amounts, "request": "U1", **more}


def known(item, status="normal", moves=("INV/1",)):
    """Return the row of Odoo's ledger that says the same."""
    amounts = [float(item[key]) for key in ("net", "tax", "gross")]
    color = "red" if item["original"] else "blue"
    return (item["number"], color, status, *amounts, item["original"] or None, list(moves))


class FakePlace:
    """A database and a bureau that hold what a test says."""

    def __init__(self, there, here=None, credits_=("0", "0"), waiting=(), bills=()):
        self.sandbox = self
        self._there, self._bills = there, bills
        self._here = [known(item) for item in there] if here is None else here
        self._credits, self._waiting = map(Decimal, credits_), list(waiting)

    def look(self, name, **asked):
        if name == "bills":
            return list(self._bills)
        return [item for item in self._there if asked.get("fpqqlsh") in (None, item["request"])]

    def sql(self, statement, *args):
        if "FROM fapiao f" in statement:
            return self._here
        if "FROM account_move m" in statement:
            return [(7, "INV/1", Decimal("113.00"), *self._credits, "issued")]
        if "information_schema" in statement:
            return [("fapiao_request",)]
        if "state = 'manual'" in statement:
            return self._waiting
        if statement.startswith("SELECT amount_total"):
            return [(113.0, "Compare both")]
        if "FROM fapiao_request t" in statement:
            return [(1, "fapiao.request", "piaodanyun", "U1", "rejected", 1, 0, "No")]
        if "FROM fapiao_call" in statement:
            return [("10:00:00", "issue", "applied", "rejected", 200, "999 开票失败")]
        return [(0,)] if "follow_up" in statement else []


@tagged("post_install", "-at_install")
class TestChaosLedger(BaseCase):
    def kinds(self, *args, **kwargs):
        return [finding.kind for finding in ledger.compare(FakePlace(*args, **kwargs), [7]).findings]

    def test_nothing_to_find(self):
        outcome = ledger.compare(FakePlace([fapiao("1")]), [7])
        self.assertEqual((outcome.issued, outcome.red, outcome.findings), (1, 0, []))

    def test_reversed_and_issued_anew(self):
        blue, red = fapiao("1", reversed_by="2"), fapiao("2", "-113.00", original="1")
        rest = fapiao("3", "56.50")
        here = [known(blue, "red"), known(red), known(rest)]
        self.assertEqual(self.kinds([blue, red, rest], here, credits_=("56.50", "56.50")), [])

    def test_credit_note_still_to_be_reversed_for(self):
        self.assertEqual(self.kinds([fapiao("1")], credits_=("56.50", "0")), ["open"])
        self.assertEqual(self.kinds([fapiao("1")], credits_=("56.50", "56.50")), ["double"])

    def test_two_for_one_invoice(self):
        self.assertEqual(self.kinds([fapiao("1"), fapiao("2")]), ["double"])

    def test_second_that_odoo_never_heard_of(self):
        both = [fapiao("1"), fapiao("2")]
        self.assertEqual(self.kinds(both, [known(both[0])]), ["double", "lost"])

    def test_never_issued(self):
        self.assertEqual(self.kinds([]), ["open"])

    def test_what_differs_is_lost(self):
        one = fapiao("1")
        for here in (
            [known({**one, "tax": "13.01"})],
            [known(one, status="red")],
            [known(one, moves=["INV/2"])],
            [known(one), known(fapiao("9"))],
        ):
            with self.subTest(here=here):
                self.assertEqual(self.kinds([one], here), ["lost"])

    def test_waiting_for_a_person(self):
        task = [(3, "U1")]
        self.assertEqual(self.kinds([fapiao("1")], waiting=task), ["needless"])
        other = fapiao("1", "100.00")
        self.assertEqual(self.kinds([other], credits_=("13.00", "13.00"), waiting=task), [])
        elsewhere = fapiao("1", request="U2")
        self.assertEqual(self.kinds([elsewhere], waiting=task), ["needless"])
        self.assertEqual(self.kinds([elsewhere], waiting=task, bills=[{"state": "failed"}]), [])

    def test_story_names_calls_and_fapiao(self):
        place = FakePlace([fapiao("1"), fapiao("2")])
        outcome = ledger.compare(place, [7])
        told = report.stories(outcome, lambda finding: stories.tell(place, finding))
        for words in ("INV/1", "U1: rejected", "999 开票失败", "bureau: 2 over 113.00"):
            self.assertIn(words, told)


@tagged("post_install", "-at_install")
class TestChaosReport(BaseCase):
    class Events:
        count, done = 4, ["kill", "kill", "freeze", "postgres", "token"]

    def test_each_kind_fails_the_run(self):
        clean = ledger.Outcome(12, 3, 1, [])
        self.assertTrue(report.is_sound(clean))
        for kind in ("double", "lost", "needless", "open"):
            outcome = replace(clean, findings=[ledger.Finding(kind, "…")])
            with self.subTest(kind):
                self.assertFalse(report.is_sound(outcome))
                told = json.loads(report.as_json(SHORT, outcome, self.Events, 40, 61.7))
                self.assertEqual((told[kind], told["ok"], told["seconds"]), (1, False, 62))

    def test_json_is_one_line_and_says_all(self):
        line = report.as_json(SHORT, ledger.Outcome(12, 3, 1, []), self.Events, 40, 61.7)
        self.assertNotIn("\n", line)
        wanted = {"issued": 12, "red": 3, "double": 0, "lost": 0, "manual": 1, "events": 4, "faults": 40}
        self.assertLessEqual(wanted.items(), json.loads(line).items())

    def test_table_names_events(self):
        text = report.table(SHORT, ledger.Outcome(12, 3, 1, []), self.Events, 40, {"busy": 2}, 61.7)
        self.assertIn("1 freeze, 2 kill, 1 postgres, 1 token", text)
        self.assertIn("2 × busy", text)


@tagged("post_install", "-at_install")
class TestChaosStart(BaseCase):
    def test_options_as_asked_for(self):
        self.assertEqual(chaos.read({"SEED": "7"}.get), chaos.Options(seed=7))
        short = chaos.read({"SEED": "7", "SHORT": "1", "INVOICES": "9", "REVERSALS": "2"}.get)
        self.assertEqual((short.invoices, short.reversals, short.servers), (9, 2, 2))
        self.assertNotEqual(chaos.read({}.get).seed, chaos.read({}.get).seed)
        for wrong in ({"INVOICES": "many"}, {"SERVERS": "1"}, {"INVOICES": "9", "REVERSALS": "10"}):
            with self.subTest(wrong), self.assertRaises(chaos.Failure):
                chaos.read(wrong.get)

    def test_a_clock_that_is_ahead(self):
        code = (
            "import time, datetime as d; m, t, n = time.monotonic(), time.time(), d.datetime.now();"
            "import worker; worker.move_clock(3600);"
            "from datetime import datetime, date, timezone;"
            "now = datetime.now();"
            "assert 3600 <= time.time() - t < 3660 and 3600 <= (now - n).total_seconds() < 3660;"
            "assert time.monotonic() - m < 60 and abs(datetime.utcnow().timestamp() - time.time()) < 86400;"
            "assert datetime.now(timezone.utc).tzinfo and isinstance(n, datetime) and isinstance(now, date);"
            "assert type(datetime(2026, 1, 5)) is type(n) and datetime.strptime('2026', '%Y').year == 2026;"
            "assert date.today() == now.date() and time.gmtime()[:4] == time.gmtime(time.time())[:4]"
        )
        command = [sys.executable, "-P", "-c", code]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(WORKER.parent)})
