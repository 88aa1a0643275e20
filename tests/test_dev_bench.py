"""What `make bench` makes of its figures: the judgement, the table and the line of JSON."""

import json

from odoo.tests import BaseCase, tagged

from ..dev.bench import figures
from ..dev.say import Failure


@tagged("post_install", "-at_install")
class TestBench(BaseCase):
    def report(self, pull=10.0, raw=6.0, large=100.0, group=0.4):
        report = figures.Report()
        pulled = report.add("Pull", [pull, pull * 3, pull / 2], 100_000)
        loaded = report.add("Raw", [raw], 100_000)
        grown = report.add("Pull, 10 times as many", [large], 1_000_000)
        grouped = report.add("Group by month", [group], 1_000_000, "十二")
        report.demands += [
            figures.pull_demand(pulled, loaded),
            figures.growth_demand(grown, pulled),
            figures.quick_demand(grouped, "month"),
        ]
        return report

    def test_the_middle_run_counts(self):
        figure = self.report().figures["Pull"]
        self.assertEqual((figure.seconds, figure.rate), (10.0, 10_000))

    def test_all_kept(self):
        self.assertEqual(self.report().missed(), [])
        self.assertEqual(self.report(pull=12.0, raw=6.01, large=131.9, group=1.0).missed(), [])

    def test_each_demand_can_be_missed(self):
        for values, word in (
            ({"raw": 4.9}, "at least 0.5×"),
            ({"large": 110.1}, "at most 11×"),
            ({"group": 1.001}, "at most 1 s"),
        ):
            with self.subTest(values=values):
                (sentence,) = self.report(**values).missed()
                self.assertIn(word, sentence)

    def test_table_is_aligned_and_names_what_is_missed(self):
        lines = figures.table(self.report(raw=1.0)).splitlines()
        self.assertEqual(len({line.index("00,000") for line in lines if line.startswith(("Pull ", "Raw"))}), 1)
        self.assertEqual(sum(line.startswith("MISSED") for line in lines), 1)
        self.assertEqual(sum(line.startswith("kept") for line in lines), 2)
        self.assertIn("5.000–30.000 in 3 runs", lines[1])

    def test_json_is_one_line_and_says_all(self):
        line = figures.as_json(self.report(raw=1.0), rows=100_000)
        self.assertNotIn("\n", line)
        told = json.loads(line)
        self.assertEqual((told["rows"], told["ok"]), (100_000, False))
        self.assertEqual(told["figures"]["Pull"]["runs"], [10.0, 30.0, 5.0])
        self.assertEqual(told["demands"]["pull_to_raw"], {"value": 0.1, "limit": 0.5, "bound": "min", "kept": False})
        self.assertTrue(json.loads(figures.as_json(self.report()))["ok"])

    def test_rows_as_asked_for(self):
        self.assertEqual([figures.count_of(text) for text in ("", "20000", "20,000")], [100_000, 20_000, 20_000])
        for text in ("many", "-5", "0", "999"):
            with self.subTest(text=text), self.assertRaisesRegex(Failure, "ROWS="):
                figures.count_of(text)
