"""Shares of an order's line: no fen is lost, whatever the order of parts."""

import unittest
from decimal import Decimal

from ..rules.shares import next_part, part


class TestOrderShares(unittest.TestCase):
    def test_parts_add_up(self):
        for total in map(Decimal, ("100.00", "0.01", "-33.34", "99999999.99")):
            parts = [part(total, Decimal(7), Decimal(place), Decimal(1)) for place in range(7)]
            self.assertEqual(sum(parts), total)

    def test_last_part_takes_what_is_left(self):
        """The middle part was reversed and is taken last: 33.33 + 33.34 are out already."""
        taken = Decimal("66.68")
        last = next_part(Decimal("100.00"), Decimal(3), Decimal(2), Decimal(1), taken, 2)
        self.assertEqual(last, Decimal("33.32"))

    def test_change_of_price_is_no_rounding(self):
        last = next_part(Decimal(1200), Decimal(10), Decimal(4), Decimal(6), Decimal(400), 1)
        self.assertEqual(last, Decimal(720))
