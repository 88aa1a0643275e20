"""Received fapiao find their bills: each rule, what is certain and what is only proposed."""

from datetime import date

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..models.received import matching_rules as rules
from .common_match import MatchCommon


@tagged("post_install", "-at_install")
class TestByNumber(MatchCommon):
    def test_number_as_the_reference(self):
        fapiao = self.receive()
        bill = self.bill(ref=fapiao.number)
        self.search_matches()
        self.assert_matched(fapiao, bill, "number")
        self.assertEqual(bill.fapiao_in_numbers, fapiao.number)
        self.assertEqual(fapiao.match_amount, 113)

    def test_number_among_other_words(self):
        fapiao = self.receive()
        bill = self.bill(payment_reference=f"数电票 {fapiao.number}, 三月", post=True)
        self.search_matches(fapiao)
        self.assert_matched(fapiao, bill, "number")

    def test_bill_of_a_branch_takes_the_fapiao_of_its_parent(self):
        branch = self.env["res.company"].create(
            {"name": "分公司", "parent_id": self.company.id, "country_id": self.env.ref("base.cn").id}
        )
        other = self.env["res.company"].create(
            {
                "name": "子公司",
                "parent_id": self.company.id,
                "country_id": self.env.ref("base.cn").id,
                "vat": "91310000MA1OTHER08",
            }
        )
        self.env.cr.precommit.run()  # their chart of accounts is loaded before the commit
        self.env.user.company_ids |= branch | other
        fapiao, second, third = self.receive(), self.receive(total=226, tax=26), self.receive(total=339, tax=39)
        bill = self.bill(ref=fapiao.number, company_id=branch.id)
        self.search_matches()
        self.assert_matched(fapiao, bill, "number")
        self.assertEqual(fapiao.match_ids.company_id, self.company)
        bill = self.bill(price=200, company_id=branch.id)
        self.env["fapiao.match"]._match(branch.ids, move_ids=bill.ids)
        self.assert_matched(second, bill, "tax_no_total")
        # a company with a number of its own is another taxpayer
        bill = self.bill(price=300, ref=third.number, company_id=other.id)
        self.search_matches()
        self.assertEqual(third.match_state, "none")
        with self.assertRaisesRegex(ValidationError, "was received by"):
            self.confirm(third, bill)

    def test_another_total_is_proposed_with_the_difference(self):
        fapiao = self.receive()
        bill = self.bill(price=90, ref=fapiao.number)
        self.search_matches()
        match = self.assert_proposed([(fapiao, bill)], "number")
        self.assertAlmostEqual(match.amount_difference, 101.7 - 113)
        self.assertAlmostEqual(match.tax_difference, 11.7 - 13)
        self.assertIn("11.30", match.reason)
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("proposed", "proposed"))

    def test_another_seller_is_proposed(self):
        fapiao = self.receive()
        bill = self.bill(ref=fapiao.number, vendor=self._create_vendor("别家", "91310000MA1OTHER08"))
        self.search_matches()
        match = self.assert_proposed([(fapiao, bill)], "number")
        self.assertTrue(match.seller_differs)
        self.assertIn("sellers", match.reason)

    def test_several_numbers_on_one_bill(self):
        pair = self.receive(total=56.5, tax=6.5) | self.receive(total=56.5, tax=6.5)
        bill = self.bill(ref=" / ".join(pair.mapped("number")))
        self.search_matches()
        self.assertEqual(pair.mapped("match_state"), ["matched", "matched"])
        self.assertEqual((bill.fapiao_in_state, len(bill.fapiao_match_ids)), ("matched", 2))

    def test_one_number_on_several_bills(self):
        fapiao = self.receive(total=226, tax=26)
        bills = self.bill(ref=fapiao.number) | self.bill(ref=fapiao.number)
        self.search_matches()
        self.assertEqual(fapiao.match_ids.mapped("amount"), [113, 113])
        self.assertEqual(fapiao.match_state, "matched")
        self.assertEqual(bills.mapped("fapiao_in_state"), ["matched", "matched"])

    def test_two_bills_for_one_number_are_proposed(self):
        fapiao = self.receive()
        bills = self.bill(ref=fapiao.number) | self.bill(ref=fapiao.number)
        self.search_matches()
        self.assert_proposed([(fapiao, bill) for bill in bills], "number")

    def test_short_number_needs_the_seller(self):
        fapiao = self.receive(number="12345678", type_code="4")
        other = self._create_vendor("别家", "91310000MA1OTHER08")
        self.bill(ref="12345678", vendor=other, price=50)
        self.search_matches()
        self.assertEqual(fapiao.match_state, "none")
        bill = self.bill(fapiao="12345678")
        self.search_matches()
        self.assert_matched(fapiao, bill, "number")


@tagged("post_install", "-at_install")
class TestByTotal(MatchCommon):
    def test_tax_number_and_total(self):
        fapiao, bill = self.receive(), self.bill()
        self.search_matches(fapiao)
        self.assert_matched(fapiao, bill, "tax_no_total")

    def test_tax_number_is_compared_as_it_is_meant(self):
        fapiao = self.receive()
        self.vendor.vat = " cn91310000ma1seller8"
        bill = self.bill()
        self.search_matches(bills=bill)
        self.assert_matched(fapiao, bill, "tax_no_total")

    def test_ambiguous_ones_are_proposed(self):
        fapiao = self.receive()
        bills = self.bill() | self.bill()
        self.search_matches()
        matches = self.assert_proposed([(fapiao, bill) for bill in bills], "tax_no_total")
        self.assertEqual(set(matches.mapped("candidates")), {2})

    def test_a_competitor_outside_the_scope_counts(self):
        first, bill = self.receive(status="lost"), self.bill()
        self.search_matches()
        self.assertEqual(first.match_state, "none")
        self.env.cr.execute("UPDATE fapiao SET status = 'normal' WHERE id = %s", [first.id])
        self.env.invalidate_all()
        second = self.receive()
        self.search_matches(second)
        self.assert_proposed([(first, bill), (second, bill)], "tax_no_total")

    def test_more_than_half_a_year_apart(self):
        fapiao = self.receive(issue_date=date(2025, 3, 1))
        self.bill()
        self.search_matches()
        self.assertEqual(fapiao.match_state, "none")

    def test_seller_by_name_is_only_proposed(self):
        vendor = self._create_vendor("没有 税号（上海）公司")
        fapiao = self.receive(vendor=vendor, seller_name="没有税号(上海)公司", seller_tax_no="91310000MA1NAME008")
        bill = self.bill(vendor=vendor)
        self.search_matches()
        self.assert_proposed([(fapiao, bill)], "name_total_date")

    def test_name_and_total_weeks_apart(self):
        vendor = self._create_vendor("没有税号公司")
        fapiao = self.receive(vendor=vendor, issue_date=date(2026, 2, 10))
        self.bill(vendor=vendor)
        self.search_matches()
        self.assertEqual(fapiao.match_state, "none")

    def test_red_fapiao_and_refund(self):
        red = self.receive(total=-113, tax=-13)
        refund = self.bill(move_type="in_refund")
        self.search_matches()
        self.assert_matched(red, refund, "tax_no_total")

    def test_what_does_not_stand_for_a_purchase(self):
        facts = [self.receive(status=status) for status in ("void", "lost", "abnormal", "red")]
        self.bill()
        self.search_matches()
        self.assertEqual({fact.match_state for fact in facts}, {"none"})

    def test_cancelled_bills(self):
        fapiao, bill = self.receive(), self.bill()
        bill.button_cancel()
        self.search_matches()
        self.assertEqual(fapiao.match_state, "none")


@tagged("post_install", "-at_install")
class TestSums(MatchCommon):
    def test_two_fapiao_for_one_bill(self):
        first, _other, last = (self.receive(total=total, tax=0) for total in (40, 31, 73))
        bill = self.bill()
        self.search_matches()
        matches = self.assert_proposed([(first, bill), (last, bill)], "several_fapiao")
        self.assertEqual(matches.mapped("amount_difference"), [0, 0])
        bill.action_fapiao_in_confirm()
        self.assertEqual((first | last).mapped("match_state"), ["differs", "differs"])  # no tax on them
        self.assertEqual(_other.match_state, "none")

    def test_all_of_a_month_for_one_bill(self):
        facts = self.env["fapiao"].concat(
            *(self.receive(total=t, tax=x) for t, x in ((22.6, 2.6), (33.9, 3.9), (56.5, 6.5)))
        )
        bill = self.bill()
        self.search_matches()
        self.assert_proposed([(fact, bill) for fact in facts], "several_fapiao")
        bill.action_fapiao_in_confirm()
        self.assertEqual(set(facts.mapped("match_state")), {"matched"})
        self.assertEqual(bill.fapiao_in_state, "matched")

    def test_one_fapiao_for_several_bills(self):
        fapiao = self.receive(total=339, tax=39)
        bills = self.bill(50) | self.bill(110) | self.bill(140)
        self.search_matches()
        self.assert_proposed([(fapiao, bill) for bill in bills], "several_bills")
        fapiao.match_ids.action_confirm()
        self.assertEqual(set(bills.mapped("fapiao_in_state")), {"matched"})
        self.assertEqual(fapiao.match_state, "matched")

    def test_vendor_without_tax_number_is_known_by_name(self):
        facts = self.receive(total=40, tax=0) | self.receive(total=73, tax=0)
        bill = self.bill(vendor=self._create_vendor(self.vendor.name))
        self.search_matches()
        self.assert_proposed([(fapiao, bill) for fapiao in facts], "several_fapiao")

    def test_name_of_two_sellers_is_no_key(self):
        facts = self.receive(total=40, tax=0) | self.receive(total=73, tax=0)
        self.receive(total=9, tax=0, seller_tax_no="91310000MA1ANOTHER")
        self.bill(vendor=self._create_vendor(self.vendor.name))
        self.search_matches()
        self.assertEqual(facts.mapped("match_state"), ["none", "none"])

    def test_too_many_alike_need_their_numbers(self):
        facts = self.env["fapiao"].concat(*(self.receive() for _n in range(rules.MOST_ALIKE + 2)))
        bills = self.bill() | self.bill(ref=facts[9].number)
        self.search_matches()
        self.assert_matched(facts[9], bills[1], "number")
        self.assertEqual(set((facts - facts[9]).mapped("match_state")), {"none"})

    def test_no_sum_fits(self):
        facts = self.receive(total=40, tax=0) | self.receive(total=50, tax=0)
        self.bill()
        self.search_matches()
        self.assertEqual(facts.mapped("match_state"), ["none", "none"])


@tagged("post_install", "-at_install")
class TestSearchAgain(MatchCommon):
    def test_what_was_turned_down_stays_down(self):
        fapiao, bill = self.receive(), self.bill(price=90)
        bill.ref = fapiao.number
        self.search_matches()
        fapiao.match_ids.action_undo()
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("none", "none"))
        self.search_matches()
        self.assertEqual(fapiao.match_state, "none")

    def test_a_proposal_becomes_certain(self):
        fapiao = self.receive()
        bills = self.bill() | self.bill()
        self.search_matches()
        self.assertEqual(fapiao.match_state, "proposed")
        bills[1].button_cancel()
        self.search_matches(fapiao)
        self.assert_matched(fapiao, bills[0], "tax_no_total")
        self.assertEqual(bills[1].fapiao_in_state, "none")

    def test_nothing_new_writes_nothing(self):
        fapiao, _bill = self.receive(), self.bill()
        self.search_matches()
        match = fapiao.match_ids
        self.search_matches()
        self.assertEqual(fapiao.match_ids, match)

    def test_cron_takes_what_has_changed(self):
        fapiao, bill = self.receive(), self.bill()
        since = fields.Datetime.now()
        self.env["fapiao.match"].with_context(lastcall=since)._cron_match()
        self.assert_matched(fapiao, bill, "tax_no_total")

    def test_posting_wakes_the_search(self):
        self.receive()
        cron = self.env.ref("l10n_cn_invoice_cloud.cron_match")
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self.bill(price=33, post=True)
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before)
        self.bill(post=True)
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_one_statement_a_rule_however_many(self):
        """The pairs are multiplied by SQL: making bills takes the ORM a hundred times as long as matching them."""
        vendors = [self._create_vendor(f"V{n}", f"91310000MA{n:08}") for n in range(5)]
        facts = self.env["fapiao"].concat(*(self.receive(vendor=vendor) for vendor in vendors))
        bills = self.env["account.move"].concat(*(self.bill(vendor=vendor) for vendor in vendors))
        counts = []
        for times in (1, 100):
            if times > 1:
                amounts = ("amount_untaxed", "amount_tax", "amount_total")
                number = "'number', '2632' || lpad((old.id * 1000 + n)::text, 16, '0'), 'match_state', 'none'"
                self.multiply(facts, times, amounts, number)
                amounts = [f"{name}_signed" for name in amounts]
                self.multiply(bills, times, amounts, "'fapiao_in_state', 'none'")
            self.env.flush_all()
            before = self.cr.sql_log_count
            self.search_matches()
            counts.append(self.cr.sql_log_count - before)
            found = self.env["fapiao.match"].search([("fapiao_id.seller_tax_no", "in", facts.mapped("seller_tax_no"))])
            self.assertEqual(len(found), 5 * times)
            for matched in (found.fapiao_id.mapped("match_state"), found.move_id.mapped("fapiao_in_state")):
                self.assertEqual(matched, ["matched"] * 5 * times)
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[0], 16)

    def multiply(self, records, times, amounts, other):
        """Copy each of ``records`` with its ``amounts`` times 2 to ``times``; ``other``: more keys and values."""
        values = ", ".join(f"'{name}', old.{name} * n" for name in amounts)
        self.env.flush_all()
        self.cr.execute(
            f"INSERT INTO {records._table} SELECT (jsonb_populate_record(old, jsonb_build_object("
            f"'id', nextval('{records._table}_id_seq'), {values}, {other}))).*"
            f" FROM {records._table} old, generate_series(2, %s) n WHERE old.id = ANY(%s)",
            [times, records.ids],
        )
