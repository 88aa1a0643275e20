"""Fapiao issued elsewhere: taken in by number, linked with invoices under the guards of issuing, taken back."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..sandbox import defaults
from .common_kingdee import KingdeeCommon
from .common_red import RedCommon

QUIET = ("odoo.addons.base.models.ir_model", "odoo.sql_db")


class ElsewhereMixin:
    def elsewhere(self, net="1000.00", **about):
        """Return a fapiao that was issued in the bureau's portal for the buyer of the tests' invoices."""
        self.world.buyers[self.buyer.vat] = self.buyer.name
        return self.world.issue_elsewhere(net, self.buyer.vat, self.account.tax_no, **about)

    def take_in(self, number, moves=None, user=None):
        dialog = (
            self.env["fapiao.take.in"]
            .with_user(user or self.env.user)
            .create({"account_id": self.account.id, "number": number, "move_ids": moves.ids if moves else []})
        )
        with self.engine():
            action = dialog.action_take_in()
        return self.env["fapiao"].browse(action["res_id"])

    def refused(self, said, number, moves=None):
        with self.assertRaisesRegex(UserError, said):
            self.take_in(number, moves)
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestTakeIn(ElsewhereMixin, RedCommon):
    def test_all_that_the_bureau_says(self):
        there = self.elsewhere(
            remark="合同 7", payee="收款人", reviewer="复核人", buyer_bank="工行 62", special_kind="03", levy="0",
            elements=[{"fwfsd": "上海市"}],
        )  # fmt: skip
        fapiao = self.take_in(f" {there.number} ")
        self.assertRecordValues(
            fapiao,
            [
                {
                    "number": there.number,
                    "direction": "out",
                    "color": "blue",
                    "status": "normal",
                    "type_code": "26",
                    "account_id": self.account.id,
                    "buyer_tax_no": self.buyer.vat,
                    "buyer_bank": "工行 62",
                    "seller_address": False,
                    "amount_untaxed": 1000,
                    "amount_tax": 130,
                    "amount_total": 1130,
                    "remark": "合同 7",
                    "drawer": "门户开票员",
                    "payee": "收款人",
                    "reviewer": "复核人",
                    "levy": "0",
                    "main_item": "*软件*沙箱软件",
                    "special_element": "03",
                    "special_elements": "发生地: 上海市",
                    "taken_in_by_id": self.env.user.id,
                    "files_state": "wanted",
                }
            ],
        )
        self.assertRecordValues(
            fapiao.line_ids,
            [{"sequence": 1, "name": "*软件*沙箱软件", "unit": "套", "amount_untaxed": 1000, "amount_tax": 130}],
        )
        self.assertFalse(fapiao.request_ids | fapiao.move_ids.fapiao_request_ids)
        self.assertTrue(fapiao.can_link)

    def test_one_on_paper_stays_one_on_paper(self):
        there = self.elsewhere(form="digital_paper", code="044001900111", short="00000007")
        fapiao = self.take_in(there.number)
        self.assertEqual((fapiao.type_code, fapiao.code, fapiao.short_number), ("86", there.code, there.short))

    def test_twice_is_once(self):
        number = self.elsewhere().number
        self.assertEqual(self.take_in(number), self.take_in(number))

    def test_one_company_keeps_it(self):
        """Two companies of one taxpayer can't have it stand for documents of both."""
        number = self.elsewhere().number
        self.take_in(number)
        other = self.env["res.company"].create({"name": "第二公司"})
        account = self._create_fapiao_account(name="Other", company_id=other.id)
        dialog = self.env["fapiao.take.in"].sudo().create({"account_id": account.id, "number": number})
        with self.engine(), self.assertRaisesRegex(UserError, "is kept by"):
            dialog.action_take_in()

    def test_what_is_refused(self):
        self.refused("20 digits", "123")
        self.refused("does not show", "1" * 20)
        bought = self.world.issue_elsewhere(
            buyer_no=self.account.tax_no, tax_no=defaults.BUYER_TAX_NO, buyer_name=self.company.name
        )
        self.refused("was issued by", bought.number)
        self.assertFalse(self.env["fapiao"].search([("direction", "=", "out"), ("company_id", "=", self.company.id)]))

    def test_red_one_reverses_its_original_with_its_lines(self):
        invoice = self.issued_invoice([{}, {"price_unit": 500}])
        blue = invoice.fapiao_ids
        red = self.take_in(self.world.reverse_elsewhere(blue.number).number)
        self.assertEqual((red.original_id, blue.status, red.color), (blue, "red", "red"))
        self.assertEqual(red.line_ids.mapped("original_line"), [1, 2])
        self.assertEqual(red.line_ids.mapped("amount_untaxed"), [-1000, -500])
        self.assertIn(blue.number, red.remark)
        self.assertTrue(red.red_form_number)

    def test_original_comes_before_the_red_one(self):
        blue = self.elsewhere()
        red = self.world.reverse_elsewhere(blue.number)
        self.refused("Take in that one first", red.number)
        original = self.take_in(blue.number)
        self.assertEqual(self.take_in(red.number).original_id, original)
        self.assertEqual(original.status, "red")

    def test_fapiao_of_a_request_whose_answer_was_lost_is_left_to_it(self):
        """It has to be compared with what was ordered."""
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "unknown")
        (there,) = self.world.issued(request.request_uid)
        self.refused(request.request_uid, there.number)
        self.run_cron("_cron_reconcile")
        self.assert_one_fapiao(invoice)
        self.assertFalse(invoice.fapiao_ids.taken_in_by_id)


@tagged("post_install", "-at_install")
class TestTakeInKingdee(ElsewhereMixin, KingdeeCommon):
    def test_by_number(self):
        there = self.elsewhere(remark="合同 7")
        invoice = self.create_invoice()
        fapiao = self.take_in(there.number, invoice)
        self.assertEqual((fapiao.amount_total, fapiao.remark, len(fapiao.line_ids)), (1130, "合同 7", 1))
        self.assertEqual(invoice.fapiao_state, "issued")


@tagged("post_install", "-at_install")
class TestLink(ElsewhereMixin, RedCommon):
    def linked(self):
        invoice = self.create_invoice()
        fapiao = self.take_in(self.elsewhere().number, invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        return invoice, fapiao

    def test_invoice_counts_as_issued(self):
        invoice, fapiao = self.linked()
        self.assertEqual((invoice.fapiao_ids, invoice.fapiao_amount_open), (fapiao, 0))
        self.assertTrue(fapiao.is_linked_by_hand)
        self.assertIn(fapiao.number, " ".join(invoice.message_ids.mapped("body")))
        self.assertRecordValues(
            invoice.fapiao_request_ids, [{"state": "issued", "is_elsewhere": True, "was_sent": False, "payload": False}]
        )
        self.world.calls.clear()
        with self.assertRaisesRegex(UserError, fapiao.number):
            self.issue(invoice)
        self.run_cron("_cron_dispatch", "_cron_reconcile")
        self.assertFalse(self.world.calls.of("blueTicket"))
        with self.assertRaisesRegex(UserError, "Reverse it"):
            invoice.button_draft()

    def test_it_is_reversed_as_it_is_printed(self):
        invoice, fapiao = self.linked()
        form = self.flush(fapiao)
        self.assertEqual(form.red_fapiao_id.original_id, fapiao)
        self.assertEqual(invoice.fapiao_state, "red")

    def test_what_does_not_agree_is_refused(self):
        invoice = self.create_invoice([{"price_unit": 999}])
        self.refused("amount: 999.00 on the invoice, 1000.00", self.elsewhere().number, invoice)
        other = self.create_invoice(partner=self.buyer.copy({"vat": "91440300MA5BUYER34"}))
        self.refused("buyer tax number", self.elsewhere().number, other)
        draft = self.create_invoice(post=False)
        self.refused("no posted customer invoice", self.elsewhere().number, draft)
        self.assertEqual(invoice.fapiao_state, "to_issue")

    def test_fapiao_stands_for_one_invoice_only(self):
        _invoice, fapiao = self.linked()
        self.refused("stands for", fapiao.number, self.create_invoice())

    def test_issued_invoice_takes_no_other(self):
        self.refused("amount: 0.00 on the invoice", self.elsewhere().number, self.issued_invoice())

    def test_request_on_its_way_is_waited_for(self):
        """Its answer was lost: the fapiao may be its result, told without its ID."""
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoice)
        number = self.elsewhere().number
        self.refused("is on its way", number, invoice)
        self.refused("is not known yet", number, self.create_invoice())
        self.assertFalse(self.env["fapiao.request"].search([("is_elsewhere", "=", True)]))

    def test_request_that_was_given_up_takes_its_fapiao_back(self):
        """The cloud doesn't tell the ID by number; a person links what an ended request has issued."""
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        (there,) = self.world.issued(request.request_uid)
        request.sudo()._set_state("rejected")
        cloud, there.cloud = there.cloud, ""
        fapiao = self.take_in(there.number, invoice)
        link = invoice.fapiao_request_ids - request
        self.assertEqual((link.state, invoice.fapiao_state), ("issued", "issued"))
        there.cloud = cloud
        self.assertLessEqual(request.watch_at, request._now(), "it is asked about at once")
        self.run_cron("_cron_reconcile")
        self.assertEqual((request.state, link.state), ("issued", "withdrawn"))
        self.assertEqual((request.fapiao_ids, invoice.fapiao_ids, invoice.fapiao_state), (fapiao, fapiao, "issued"))
        self.assertFalse(request.is_double)

    def test_ended_request_of_another_invoice_gets_an_alarm_and_no_link(self):
        invoice, other = self.create_invoice(), self.create_invoice()
        self.world.faults.add("blueTicket", "drop_after")
        self.issue(other)
        request = other.fapiao_request_ids
        (there,) = self.world.issued(request.request_uid)
        request.sudo()._set_state("rejected")
        cloud, there.cloud = there.cloud, ""
        self.take_in(there.number, invoice)
        there.cloud = cloud
        request.sudo().watch_at = request._now()
        self.run_cron("_cron_reconcile")
        self.assertEqual((request.state, invoice.fapiao_state), ("rejected", "issued"))
        self.assertIn(there.number, " ".join(other.activity_ids.mapped("note")))
        self.issue(other)
        self.run_cron("_cron_dispatch")
        self.assertEqual(len(self.world.issued()), 1, "nothing goes out for the other invoice")

    def test_manager_takes_the_link_back(self):
        invoice, fapiao = self.linked()
        with self.engine():
            fapiao.action_unlink_invoices()
        self.assertEqual((invoice.fapiao_state, fapiao.move_ids.ids), ("to_issue", []))
        self.assertIn("took back", " ".join(invoice.message_ids.mapped("body")))
        # … and whoever issues the invoice now is warned
        self.issue(invoice)
        self.assertFalse(self.world.calls.of("blueTicket"))
        problems = self.env["fapiao.issue.problem"].search([("move_id", "=", invoice.id)])
        twins = self.env["fapiao.issue.twin"].search([("move_id", "=", invoice.id)])
        self.assertIn(fapiao.number, " ".join([*problems.mapped("message"), *twins.mapped("message")]))

    def test_own_fapiao_is_not_unlinked(self):
        with self.assertRaisesRegex(UserError, "request of its own"):
            self.issued_invoice().fapiao_ids.action_unlink_invoices()

    @mute_logger(*QUIET)
    def test_two_links_of_one_invoice_conflict_in_the_database(self):
        invoice, _fapiao = self.linked()
        row = invoice.fapiao_request_ids.line_ids
        with self.assertRaisesRegex(Exception, "already requested|one_live_order"), self.env.cr.savepoint():
            row.sudo().copy()
            self.env.flush_all()
