"""Reasons, sides, credit line and the states of a red form: each row of the tables."""

import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from ..rules import codes, red, red_forms
from ..rules.document import ORDINARY, SPECIAL
from ..rules.red import ALLOWANCE, RETURNED, STOPPED, WRONG
from ..rules.red_document import BUYER, SELLER

UTC = timezone.utc
SHANGHAI = ZoneInfo("Asia/Shanghai")
ALL = (WRONG, RETURNED, STOPPED, ALLOWANCE)
NO_STOP = (WRONG, RETURNED, ALLOWANCE)
NO_RETURN = (WRONG, STOPPED, ALLOWANCE)


class TestReasons(unittest.TestCase):
    def test_names(self):
        self.assertEqual(
            [("01", "开票有误"), ("02", "销货退回"), ("03", "服务中止"), ("04", "销售折让")],
            [(reason.code, reason.name_zh) for reason in red.REASONS.values()],
        )

    def test_what_each_asks_of_amount_quantity_and_price(self):
        rows = {
            WRONG: (False, red.SAME, red.SAME, red.SAME),
            RETURNED: (True, red.PRICED, red.LESS, red.SAME),
            STOPPED: (True, red.FREE, red.LESS, red.SAME),
            ALLOWANCE: (True, red.FREE, red.NONE, red.NONE),
        }
        for code, row in rows.items():
            with self.subTest(reason=code):
                reason = red.REASONS[code]
                self.assertEqual(row, (reason.is_partial, reason.amount, reason.quantity, reason.price))

    def test_kinds_of_goods(self):
        rows = [
            ("1", NO_STOP),
            ("2", NO_STOP),
            ("12", NO_STOP),
            ("3", NO_RETURN),
            ("4", ALL),
            ("5", ALL),
            ("6", ALL),
            ("13", ALL),
            ("23", ALL),
            ("34", ALL),
            ("14", ALL),
            ("1?", ALL),
            ("3?", ALL),
            ("", ALL),
        ]
        for firsts, legal in rows:
            with self.subTest(kinds=firsts):
                kinds = frozenset(codes.KINDS.get(first, "") for first in firsts)
                self.assertEqual(legal, red.legal_reasons(kinds))

    def test_scope(self):
        rows = [
            (True, False, ALL),
            (False, False, (RETURNED, STOPPED, ALLOWANCE)),
            (True, True, (RETURNED, STOPPED, ALLOWANCE)),
            (False, True, (RETURNED, STOPPED, ALLOWANCE)),
        ]
        for is_full, before, legal in rows:
            with self.subTest(full=is_full, before=before):
                self.assertEqual(legal, red.legal_reasons(frozenset(), is_full, before))
                off = red.legal_reasons(frozenset(), is_full, before, is_off=True)
                self.assertEqual((ALLOWANCE,), off, "neither quantity nor price can be given")

    def test_kinds_of_lines(self):
        class Row:
            def __init__(self, code):
                self.code = code

        self.assertEqual(
            {codes.GOODS, codes.SERVICE, ""},
            red.kinds_of([Row("1060301020100000000"), Row("3040201010000000000"), Row("x")]),
        )


class TestSides(unittest.TestCase):
    def test_who_confirms(self):
        rows = [
            (SELLER, False, ""),
            (SELLER, True, BUYER),
            (SELLER, None, None),
            (BUYER, True, SELLER),
            (BUYER, False, SELLER),
            (BUYER, None, SELLER),
        ]
        for initiator, used, expected in rows:
            with self.subTest(initiator=initiator, used=used):
                self.assertEqual(expected, red.confirmer(initiator, used))

    def test_who_starts(self):
        rows = [
            (SELLER, False, True),
            (SELLER, True, True),
            (SELLER, None, True),
            (BUYER, True, True),
            (BUYER, None, True),
            (BUYER, False, False),
            ("nobody", True, False),
        ]
        for initiator, used, expected in rows:
            with self.subTest(initiator=initiator, used=used):
                self.assertIs(expected, red.may_start(initiator, used))

    def test_types(self):
        rows = [
            (SPECIAL, SPECIAL, True),
            (ORDINARY, ORDINARY, True),
            (SPECIAL, ORDINARY, False),
            (ORDINARY, SPECIAL, False),
            ("", "", False),
        ]
        for red_type, blue_type, expected in rows:
            with self.subTest(red=red_type, blue=blue_type):
                self.assertIs(expected, red.may_reverse_type(red_type, blue_type))


class TestCredit(unittest.TestCase):
    def test_same_month_in_shanghai(self):
        issued = datetime(2024, 6, 30, 17, 0, tzinfo=UTC)  # 1 July there
        rows = [
            (datetime(2024, 7, 31, 15, 59, tzinfo=UTC), "4854.37"),
            (datetime(2024, 7, 31, 16, 0, tzinfo=UTC), "0.00"),
            (datetime(2025, 7, 15, tzinfo=UTC), "0.00"),
        ]
        for reversed_at, restored in rows:
            with self.subTest(at=reversed_at):
                self.assertEqual(Decimal(restored), red.credit_restored(Decimal("-4854.37"), issued, reversed_at))

    def test_naive_moments(self):
        with self.assertRaises(ValueError):
            red.credit_restored(Decimal(1), datetime(2024, 1, 1), datetime(2024, 1, 1))


class TestForms(unittest.TestCase):
    # code: (zh, open, may issue, waits for, what may follow)
    ROWS = {
        "01": ("无需确认", True, True, "", "08 09 10"),
        "02": ("销方录入待购方确认", True, False, BUYER, "04 05 07 08 10"),
        "03": ("购方录入待销方确认", True, False, SELLER, "04 06 07 08 10"),
        "04": ("购销双方已确认", True, True, "", "09 10"),
        "05": ("作废(销方录入购方否认)", False, False, "", ""),
        "06": ("作废(购方录入销方否认)", False, False, "", ""),
        "07": ("作废(超72小时未确认)", False, False, "", ""),
        "08": ("作废(发起方已撤销)", False, False, "", ""),
        "09": ("作废(确认后撤销)", False, False, "", ""),
        "10": ("作废(异常凭证)", False, False, "", ""),
    }

    def test_each_state(self):
        self.assertEqual(list(self.ROWS), list(red_forms.STATES))
        for code, (name, is_open, issues, waits, follow) in self.ROWS.items():
            with self.subTest(state=code):
                state = red_forms.STATES[code]
                self.assertEqual((name, waits), (state.name_zh, state.waits_for))
                self.assertEqual(is_open, state.is_open)
                self.assertEqual((is_open, issues), (red_forms.is_open(code), state.can_issue))
                self.assertEqual(frozenset(follow.split()), state.next)
                self.assertEqual(bool(state.advice), not state.is_open)
                self.assertEqual(code, red_forms.state_named(name))

    def test_each_transition(self):
        for before, row in self.ROWS.items():
            for after in self.ROWS:
                with self.subTest(before=before, after=after):
                    expected = before == after or after in row[4].split()
                    self.assertIs(expected, red_forms.may_follow(before, after))

    def test_an_unknown_state_is_asked_again(self):
        for code in ("", "11", None):
            self.assertTrue(red_forms.is_open(code))
            self.assertIsNone(red_forms.deadline(code, datetime.now(UTC)))

    def test_who_may_withdraw(self):
        rows = {
            ("01", SELLER): SELLER,
            ("02", SELLER): SELLER,
            ("03", BUYER): BUYER,
            ("04", SELLER): BUYER,  # the buyer confirmed it
            ("04", BUYER): SELLER,
        }
        self.assertEqual(rows, red_forms.WITHDRAWN_BY)
        for state in (*red_forms.STATES, "", "11"):
            for entered in (SELLER, BUYER):
                for side in (SELLER, BUYER):
                    with self.subTest(state=state, entered=entered, side=side):
                        expected = rows.get((state, entered)) == side
                        self.assertEqual(expected, red_forms.may_withdraw(side, state, entered))
        self.assertTrue(red_forms.may_withdraw(BUYER, "03", ""), "the state tells who entered it")
        self.assertFalse(red_forms.may_withdraw(SELLER, "04", ""), "not known who confirmed")

    def test_names_in_brackets_of_either_width(self):
        self.assertEqual("08", red_forms.state_named(" 作废（发起方已撤销） "))
        self.assertEqual("", red_forms.state_named(""))
        self.assertEqual("", red_forms.state_named(None))

    def test_the_deadline(self):
        applied = datetime(2024, 6, 19, 19, 55, 40, tzinfo=SHANGHAI)
        ends = datetime(2024, 6, 22, 11, 55, 40, tzinfo=UTC)
        for code in self.ROWS:
            with self.subTest(state=code):
                waits = code in ("02", "03")
                self.assertEqual(ends if waits else None, red_forms.deadline(code, applied))

    def test_the_deadline_across_a_change_of_clocks(self):
        applied = datetime(1991, 4, 13, 12, tzinfo=SHANGHAI)
        self.assertEqual(timedelta(hours=72), red_forms.deadline("02", applied) - applied.astimezone(UTC))

    def test_a_naive_moment(self):
        for code in self.ROWS:
            with self.assertRaises(ValueError):
                red_forms.deadline(code, datetime(2024, 6, 19))
