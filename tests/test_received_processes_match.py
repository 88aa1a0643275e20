"""Two users confirm one fapiao for two bills at the same moment: one wins, the other is told the bill."""

from odoo.tests import BaseCase, tagged

from .live.database import LiveDatabase, finish


@tagged("post_install", "-at_install")
class TestProcessesMatch(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = LiveDatabase()
        cls.addClassCleanup(cls.database.close)

    def test_two_users_confirm_at_once(self):
        for _time in range(2):
            _code, ids = self.database.run("receive_for_two_bills")
            fapiao, *bills = ids.split()
            users = [self.database.start("confirm_match", fapiao, bill) for bill in bills]
            told = [finish(user)[1] for user in users]
            rows = self.database.sql(
                f"SELECT move_id, state, amount FROM fapiao_match WHERE fapiao_id = {fapiao} AND active"
            )
            self.assertEqual(len(rows), 1, f"{rows} {told}")
            winner = bills.index(rows[0].split("|")[0])
            self.assertEqual(told[winner], "")
            self.assertIn("is booked already", told[1 - winner])
            self.assertIn(f"R{winner}", told[1 - winner])
            states = [
                self.database.sql(f"SELECT fapiao_in_state FROM account_move WHERE id = {bill}")[0]
                for bill in (bills[winner], bills[1 - winner])
            ]
            self.assertEqual(states, ["matched", "none"])

    def test_nobody_waits_for_the_search(self):
        """While the scheduled search holds a fapiao's rows, each click on it is refused at once, with the reason."""
        _code, ids = self.database.run("receive_for_two_bills")
        fapiao, bill, _other = ids.split()
        _code, told = self.database.run("match_during_search", fapiao, bill)
        clicks = dict(line.split("|", 1) for line in told.splitlines())
        self.assertEqual(sorted(clicks), ["bill", "confirm", "confirm_proposal", "create_bill", "dialog"])
        for name in ("confirm", "confirm_proposal", "create_bill"):
            with self.subTest(name):
                self.assertIn("can't be matched right now", clicks[name])
        self.assertIn("search for matches is running", clicks["bill"])
        self.assertEqual(clicks["dialog"], "opened")
