"""Where the sandbox's inbound answers vary or go wrong: shapes, faulty pages, pages that don't hold still."""

import tempfile

import requests

from ..sandbox.server import SandboxServer
from .sandbox_inbound_case import TAX_NO, InboundCase


class TestInboundShapes(InboundCase):
    def setUp(self):
        super().setUp()
        self.row = self.world.receive_fapiao(gross="113.00", rate=13)
        self.task = self.begun()

    def shown(self, **quirks):
        self.world.set("kingdee", **quirks)
        answer = self.page_of(self.task)
        self.assertEqual(answer["errorCode"], "0000")
        return answer["data"]

    def test_where_the_list_stands(self):
        for key in ("invoices", "list", "data", "rows", "records", "somewhere"):
            data = self.shown(inbound_list_key=key)
            self.assertEqual((set(data), data["total"]), ({key, "total"}, 1))

    def test_totals(self):
        for key in ("total", "totalElement", "totalCount"):
            self.assertEqual(self.shown(inbound_total_key=key)[key], 1)


class TestInboundPages(InboundCase):
    def setUp(self):
        super().setUp()
        self.world.seed_inbound(count=25, days=5)
        self.numbers = [row["invoiceNo"] for row in self.all_rows(self.begun())]

    def pages(self, task, count=3):
        return [[row["invoiceNo"] for row in self.rows(task, number, 10)] for number in range(1, count + 1)]

    def test_pages_make_the_whole(self):
        pages = self.pages(self.begun(), 4)
        self.assertEqual(list(map(len, pages)), [10, 10, 5, 0])
        self.assertEqual(sum(pages, []), self.numbers)

    def test_a_task_shows_what_was_there_when_it_began(self):
        task = self.begun()
        first = self.pages(task, 1)[0]
        self.world.receive_fapiao()
        self.assertEqual(first + sum(self.pages(task)[1:], []), self.numbers)

    def test_a_page_repeats_rows(self):
        self.world.set("kingdee", inbound_overlap=2)
        pages = self.pages(self.begun(), 4)
        self.assertEqual(pages, [self.numbers[:10], self.numbers[8:20], self.numbers[18:], []])

    def test_one_page_goes_wrong_so_often(self):
        task, page = self.begun(), {"taxNo": TAX_NO, "saveFlag": "1", "pageNo": 2, "pageSize": 10}
        page["taskNo"] = task
        add = self.world.faults.add
        for kind, wrong in (
            ("http_500", lambda answer: answer.status_code == 500),
            ("html", lambda answer: "html" in answer.headers["Content-Type"]),
            ("half_json", lambda answer: not answer.content.endswith(b"}")),
        ):
            with self.subTest(kind):
                add("invoiceDownQuery", kind, times=2, match={"pageNo": "2"})
                self.rows(task, 1, 10)
                for _ in range(2):
                    self.assertTrue(wrong(self.raw("invoiceDownQuery", page)))
                self.assertEqual(len(self.rows(task, 2, 10)), 10)
        add("invoiceDownQuery", "drop_after", times=1, match={"pageNo": "2"})
        with self.assertRaises(requests.ConnectionError):
            self.raw("invoiceDownQuery", page)
        self.assertEqual(len(self.rows(task, 2, 10)), 10)

    def test_a_task_begun_and_never_told(self):
        self.world.faults.add("invoiceDown", "drop_after")
        with self.assertRaises(requests.ConnectionError):
            self.down()
        self.assertEqual(len(self.world.inbound_tasks), 2)


class TestInboundRestart(InboundCase):
    def test_everything_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            self.server.close()
            self.serve(SandboxServer(state_dir=folder))
            self.world.seed_inbound(count=30, days=5)
            number = self.world.receive_fapiao(gross="113.00", rate=13).number
            self.world.set_inbound_status(number, "4")
            task = self.begun()
            rows = self.rows(task)
            self.server.close()
            self.serve(SandboxServer(state_dir=folder))
            self.assertEqual(self.rows(task), rows)
            self.assertEqual((len(rows), rows[0]["invoiceNo"], rows[0]["invoiceStatus"]), (31, number, "4"))
            self.server.close()
