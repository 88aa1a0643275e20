"""The rows of the sandbox's inbound pools: their keys, and what is made up."""

from decimal import Decimal

from stdnum.cn import uscc

from ..sandbox.bureau.received import Batch
from .sandbox_inbound_case import TAX_NO, InboundCase


class TestInboundRows(InboundCase):
    def test_a_header(self):
        row = self.world.receive_fapiao(seller_name='卖方<b>"公司', gross="113.00", rate=13, remark="备注\\n")
        (shown,) = self.rows(self.begun())
        self.assertEqual(
            {
                key: shown[key]
                for key in (
                    "salerName",
                    "amount",
                    "taxAmount",
                    "totalAmount",
                    "invoiceNo",
                    "remark",
                    "invoiceDate",
                    "buyerTaxNo",
                    "invoiceStatus",
                    "checkFlag",
                )
            },
            {
                "salerName": '卖方<b>"公司',
                "amount": "100.00",
                "taxAmount": "13.00",
                "totalAmount": "113.00",
                "invoiceNo": row.number,
                "remark": "备注\\n",
                "invoiceDate": self.day(1),
                "buyerTaxNo": TAX_NO,
                "invoiceStatus": "0",
                "checkFlag": "1",
            },
        )

    def test_rows_of_every_type_add_up(self):
        self.world.seed_inbound(count=2000, days=80)
        rows = self.all_rows(self.begun())
        kinds = set()
        for row in rows:
            net, tax, gross = (Decimal(row[key]) for key in ("amount", "taxAmount", "totalAmount"))
            self.assertEqual(net + tax, gross)
            kinds.add(row["invoiceType"])
            digital = row["invoiceType"] in ("26", "27", "28", "29", "72", "83", "84")
            by_day = row["invoiceType"] in ("9", "10", "24")
            length = 20 if digital else 13 if by_day else 8
            self.assertEqual((len(row["invoiceNo"]), row["invoiceCode"] == ""), (length, digital))
            if by_day:
                self.assertEqual(row["invoiceCode"], row["invoiceDate"].replace("-", ""), "the day of travel")
            self.assertEqual(row["invoiceStatus"] == "3", gross < 0)
            if digital:
                self.assertEqual(row["invoiceNo"][:2], row["invoiceDate"][2:4])
        self.assertEqual(
            kinds,
            {
                str(kind)
                for kind in (
                    1,
                    2,
                    3,
                    4,
                    5,
                    7,
                    8,
                    9,
                    10,
                    11,
                    12,
                    13,
                    14,
                    15,
                    16,
                    17,
                    19,
                    20,
                    21,
                    23,
                    24,
                    25,
                    26,
                    27,
                    28,
                    29,
                    72,
                    83,
                    84,
                )
            },
        )
        reds = [row for row in rows if row["invoiceStatus"] == "3"]
        numbers = {row["invoiceNo"]: row for row in rows}
        self.assertTrue(reds)
        for red in reds:
            blue = numbers[red["remark"].rpartition(":")[2]]
            self.assertEqual((blue["invoiceStatus"], Decimal(blue["totalAmount"])), ("8", -Decimal(red["totalAmount"])))
        days = [row["invoiceDate"] for row in rows]
        self.assertEqual(days, sorted(days, reverse=True))

    def test_the_same_seed_makes_the_same(self):
        self.world.seed_inbound(count=50, seed=7, first_day="2026-01-01", days=10)
        first = [self.world.batches[f"{TAX_NO}/7"].row(index) for index in range(50)]
        self.world.reset()
        self.world.seed_inbound(count=50, seed=7, first_day="2026-01-01", days=10)
        self.assertEqual([self.world.batches[f"{TAX_NO}/7"].row(index) for index in range(50)], first)
        self.world.seed_inbound(count=50, seed=8, first_day="2026-01-01", days=10)
        self.assertEqual(self.world.inbound_count(), 100)

    def test_sellers(self):
        batch = Batch(1, 500, "2026-01-05", 1)
        rows = [batch.row(index) for index in range(500)]
        self.assertGreater(len({row.seller_no for row in rows}), 300)
        self.assertTrue(all(uscc.is_valid(row.seller_no) and "沙箱" in row.seller_name for row in rows))
        self.assertEqual(batch.row(7), rows[7])
        self.assertNotEqual(Batch(2, 500, "2026-01-05", 1).row(7).number, rows[7].number)

    def test_amounts_of_a_single_one(self):
        receive = self.world.receive_fapiao
        for given, expected in (
            ({"gross": "113.00", "rate": 13}, ("100.00", "13.00", "113.00")),
            ({"net": "100", "rate": 6}, ("100.00", "6.00", "106.00")),
            ({"net": "100", "tax": "1"}, ("100.00", "1.00", "101.00")),
            ({"gross": "10", "tax": "1"}, ("9.00", "1.00", "10.00")),
            ({"gross": "-113", "rate": 13, "status": "3", "original": "1"}, ("-100.00", "-13.00", "-113.00")),
        ):
            row = receive(**given)
            self.assertEqual((str(row.net), str(row.tax), str(row.gross)), expected)
