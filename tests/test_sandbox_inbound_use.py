"""Booking and deduction at the sandbox, and its levers over HTTP and by hand."""

from .sandbox_inbound_case import TAX_NO, InboundCase, defaults
from .sandbox_kingdee_case import OPEN_API, bill


class UseCase(InboundCase):
    def month(self, ago=0):
        now = self.world.clock.now()
        months = now.year * 12 + now.month - 1 - ago
        return f"{months // 12}{months % 12 + 1:02d}"

    def named(self, *rows, **more):
        return [{"invoiceNo": row.number, "invoiceCode": row.code, **more} for row in rows]

    def book(self, *rows, status="02", period=None, tax_no=TAX_NO, **more):
        given = {"recordedTime": f"{self.day(0)} 10:00:00", "recordedPeriod": period or self.month(), **more}
        return self.ask(
            "invoiceRecorded",
            {"taxNo": tax_no, "nextEntryMarkStatus": status, "invoices": self.named(*rows, **given)},
        )

    def select(self, *rows, flag="1", **more):
        answer = self.ask(
            "invoiceSelect",
            {
                "taxNo": TAX_NO,
                "authenticateFlag": flag,
                "deductionPurpose": "1",
                "invoices": self.named(*rows),
                **more,
            },
        )
        self.assertEqual(answer["errorCode"], "0000", answer)
        return self.ask("invoiceSelectQuery", {"taxNo": TAX_NO, "taskNo": answer["data"]["taskNo"]})

    def outcome(self, answer, success, *texts):
        self.assertEqual(answer["errorCode"], "0000", answer)
        data = answer["data"]
        self.assertEqual([each["invoiceNo"] for each in data["success"]], [row.number for row in success])
        self.assertEqual(len(data["fail"]), len(texts), data)
        for failed, text in zip(data["fail"], texts, strict=True):
            self.assertIn(text, failed["message"])


class TestBooking(UseCase):
    def test_each_by_itself(self):
        good, void, red, abnormal, partly = (
            self.world.receive_fapiao(status=status) for status in ("0", "2", "3", "4", "7")
        )
        unknown = self.world.receive_fapiao(defaults.BUYER_TAX_NO)
        answer = self.book(good, void, red, abnormal, unknown, partly)
        self.outcome(answer, [good, partly], "已作废", "红字", "异常", "不存在")
        mark = self.world.inbound(good.number)
        self.assertEqual((mark.booked, mark.booked_period, mark.booked_at[:10]), ("02", self.month(), self.day(0)))
        self.assertEqual(self.world.inbound(void.number).booked, "00")

    def test_twice_otherwise_and_back(self):
        row = self.world.receive_fapiao()
        self.outcome(self.book(row, status="06"), [], "未入账")
        self.outcome(self.book(row), [row])
        self.outcome(self.book(row), [], "已入账")
        self.outcome(self.book(row, status="03"), [row])
        asked = {"taxNo": TAX_NO, "invoices": self.named(row)}
        (shown,) = self.ask("invoiceRecordedQuery", asked)["data"]["invoices"]
        self.assertEqual(
            (shown["invoiceNo"], shown["entryMarkStatus"], shown["recordedPeriod"]),
            (row.number, "03", self.month()),
        )
        self.outcome(self.book(row, status="06"), [row])
        (shown,) = self.ask("invoiceRecordedQuery", asked)["data"]["invoices"]
        self.assertEqual((shown["entryMarkStatus"], shown["recordedPeriod"]), ("00", ""))

    def test_mistakes(self):
        row = self.world.receive_fapiao()
        for period in (self.month(-1), self.month(3), "2026-1"):
            self.outcome(self.book(row, period=period), [], "属期")
        self.outcome(self.book(row, recordedTime="soon"), [], "recordedTime")
        self.refused(self.book(row, status="99"), "nextEntryMarkStatus")
        self.refused(self.book(), "invoices")

    def test_by_task(self):
        self.world.set("kingdee", recorded_as="task", inbound_queries=1)
        row = self.world.receive_fapiao()
        task = {"taxNo": TAX_NO, "taskNo": self.book(row)["data"]["taskNo"]}
        self.refused(self.ask("invoiceRecordedQuery", task), "正在执行", "6910")
        self.outcome(self.ask("invoiceRecordedQuery", task), [row])
        self.refused(self.ask("invoiceSelectQuery", task), "不存在")
        self.refused(self.page_of(task["taskNo"]), "不存在")

    def test_the_seller_feels_it(self):
        self.world.kingdee_tenants[defaults.KINGDEE_ACCOUNT_ID].tax_nos.append(defaults.BUYER_TAX_NO)
        pushed = self.envelope("BILL.PUSH", [bill("A")])
        self.send(OPEN_API, pushed, headers={"access_token": self.token or self.log_in()})
        (fapiao,) = self.world.issued()
        self.outcome(
            self.book(fapiao_row(self.world, fapiao), tax_no=defaults.BUYER_TAX_NO),
            [fapiao_row(self.world, fapiao)],
        )
        self.assertEqual((fapiao.booked, fapiao.used_or_booked), ("02", True))


def fapiao_row(world, fapiao):
    return world.inbound(fapiao.number, fapiao.buyer_no).row


class TestDeduction(UseCase):
    def test_each_by_itself(self):
        good, void, lost = (self.world.receive_fapiao(status=status, rate=13) for status in ("0", "2", "1"))
        ordinary = self.world.receive_fapiao(kind=26, rate=13)
        self.outcome(self.select(good, void, lost, ordinary), [good], "已作废", "失控", "不允许勾选")
        mark = self.world.inbound(good.number)
        self.assertEqual((mark.selected, mark.selected_period, mark.purpose), (True, self.month(), "1"))
        shown = {row["invoiceNo"]: row for row in self.rows(self.begun())}
        self.assertEqual((shown[good.number]["checkFlag"], shown[good.number]["authenticateFlag"]), ("2", "1"))
        self.assertEqual(shown[void.number]["checkFlag"], "1")

    def test_twice_and_back(self):
        row = self.world.receive_fapiao(rate=13, day=self.day(40))
        self.outcome(self.select(row, flag="0"), [], "未勾选")
        for period in (self.month(-1), self.month(4)):
            self.outcome(self.select(row, taxPeriod=period), [], "属期")
        self.outcome(self.select(row, taxPeriod=self.month(1)), [row])
        self.outcome(self.select(row), [], "已勾选")
        self.outcome(self.select(row, flag="0"), [row])
        self.assertFalse(self.world.inbound(row.number).selected)
        self.outcome(self.select(row), [row])
        self.world.advance(days=70)
        self.log_in()
        self.outcome(self.select(row, flag="0"), [], "已申报")


class TestInboundLevers(InboundCase):
    def do(self, control, status=200, /, **body):
        response = self.http.post(f"{self.server.url}/control/{control}", json=body, timeout=10)
        self.assertEqual(response.status_code, status, response.text)
        return response.json()

    def press(self, button, **form):
        response = self.http.post(f"{self.server.url}/admin/{button}", data=form, timeout=10)
        self.assertEqual(response.status_code, 200, response.text[:200])
        return response.text
