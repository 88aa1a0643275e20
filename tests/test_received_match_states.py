"""The states that a search writes in SQL are those that the ORM computes."""

import random

from odoo.tests import tagged
from odoo.tools import SQL

from ..models.received import matching_open
from ..models.received import matching_states as states
from ..rules import taxno
from ..rules.names import name_key
from .common_match import MatchCommon


@tagged("post_install", "-at_install")
class TestStates(MatchCommon):
    def snapshot(self, facts, bills):
        return (
            [(one.match_state, one.match_amount) for one in facts],
            [(one.fapiao_in_state, one.fapiao_in_numbers) for one in bills],
        )

    def test_names_and_numbers_are_normalised_alike(self):
        for text in (
            "９1310000 ma1-other08",
            "9131\u200b0000MA1\ufeffOTHER08\u2060",
            "\u202d91310000MA1OTHER08\u202c",
            "9131\xad0000\u2010MA1\u2015OTHER08",
            "广州\u3000某某（集团）有限公司\t",
            "\u2f42化公司①",
            "\u2ed3\u2ecb\uf92c公司",
            "张三（个人）",
            "张三（自然人）",
            "张 三(个人) ",
            "（个人）",
            "9131\u2212\u061c\u180e\x1f\x850000\ufe0f",
            "",
            None,
        ):
            with self.subTest(ascii(text)):
                value = SQL("%s::text", text)
                self.env.cr.execute(SQL("SELECT %s, %s", matching_open.plain(value), matching_open.plain_name(value)))
                self.assertEqual(self.env.cr.fetchone(), (taxno.normalise(text), name_key(text)))

    def test_sql_and_orm_say_the_same(self):
        dice = random.Random(7)
        other = self._create_vendor("别家", "91310000MA1OTHER08")
        facts, bills = self.env["fapiao"], self.env["account.move"]
        for _number in range(60):
            bill = self.bill(price=dice.choice([50, 100]), vendor=dice.choice([self.vendor, self.vendor, other]))
            bills |= bill
            for _again in range(dice.choice([0, 1, 1, 2])):
                fapiao = self.receive(
                    total=dice.choice([56.5, 113, 113]),
                    tax=dice.choice([0, 6.5, 13]),
                    type_code=dice.choice(["26", "27"]),
                    status=dice.choice([*["normal"] * 6, "abnormal", "red"]),
                )
                facts |= fapiao
                match = self.env["fapiao.match"].sudo()
                match = match.create(
                    {
                        "fapiao_id": fapiao.id,
                        "move_id": bill.id,
                        "amount": dice.choice([56.5, fapiao.amount_total]),
                    }
                )
                if dice.random() < 0.7:
                    match.action_confirm()
        by_orm = self.snapshot(facts, bills)
        self.assertEqual({state for state, _n in by_orm[1]}, {"none", "proposed", "partial", "matched", "differs"})
        self.env.flush_all()
        self.cr.execute("UPDATE account_move SET fapiao_in_state = 'none', fapiao_in_numbers = NULL")
        self.cr.execute("UPDATE fapiao SET match_state = 'none', match_amount = NULL")
        self.cr.execute(states.write_bills(bills.ids))
        self.cr.execute(states.write_fapiao(facts.ids))
        self.env.invalidate_all()
        self.assertEqual(self.snapshot(facts, bills), by_orm)

    def test_what_the_search_inserts_the_orm_computes(self):
        facts = self.receive() | self.receive(total=226, tax=26)
        self.bill()
        self.bill(price=200)
        self.search_matches()
        matches = facts.match_ids
        by_sql = matches.mapped(lambda match: (match.amount_tax, match.seller_differs, match.company_id))
        for name in ("amount_tax", "seller_differs"):
            self.env.add_to_compute(matches._fields[name], matches)
        matches.flush_recordset()
        self.assertEqual(
            matches.mapped(lambda match: (match.amount_tax, match.seller_differs, match.company_id)), by_sql
        )
