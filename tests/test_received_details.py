"""Received fapiao: lines, files and everything else that the assistant knows by the cloud's ID."""

from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..clouds.inbound import InboundFapiao
from ..models.cloud.engine import Engine
from .common_pick import PickCommon


class DetailsCommon(PickCommon):
    def pool(self, *rows):
        """Bring rows into the pool as a pull of headers does."""
        with self.engine():
            Engine(self.env)._step(lambda env: env["fapiao"]._load(self.company.id, self.account.id, list(rows)))
        domain = [("company_id", "=", self.company.id), ("number", "in", [row.number for row in rows])]
        return self.env["fapiao"].search(domain, order="id")

    def header(self, kind=27, **given):
        """Let a fapiao come in at the bureau, and return its row as a pull brings it."""
        row = self.world.receive_fapiao(kind=kind, **given)
        return InboundFapiao(
            number=row.code + row.number,
            code=row.code,
            type_code=str(kind),
            serial_no=f"SB{row.code}{row.number}",
            status="normal",
            seller_name=row.seller_name,
            seller_tax_no=row.seller_no,
            buyer_name=row.buyer_name,
            buyer_tax_no=row.buyer_no,
            amount_untaxed=row.net,
            amount_tax=row.tax,
            amount_total=row.gross,
        )

    def booked(self, fapiao):
        """Match ``fapiao`` with a bill entered by hand."""
        bill = self.blank_bill(
            partner_id=self.buyer.id,
            invoice_line_ids=[(0, 0, {"name": "Goods", "price_unit": fapiao.amount_untaxed, "tax_ids": []})],
        )
        self.env["fapiao.match"]._confirm_pair(fapiao, bill, fapiao.amount_total)
        return bill

    def details_run(self):
        self.run_cron(("fapiao", "_cron_details"))

    def files_run(self):
        self.run_cron(("fapiao", "_cron_files"))


@tagged("post_install", "-at_install")
class TestDetails(DetailsCommon):
    def test_refresh_brings_lines_and_what_a_bookkeeper_reads(self):
        fapiao = self.pool(self.header(net="100.00", rate=13))
        self.assertFalse(fapiao.line_ids)
        self.assertTrue(fapiao.can_refresh)
        with self.engine():
            fapiao.action_refresh()
        (line,) = fapiao.line_ids
        self.assertEqual((line.amount_untaxed, line.amount_tax, line.rate), (100, 13, 0.13))
        self.assertEqual((fapiao.details_state, fapiao.check_status, fapiao.claim_state), ("done", "verified", "1"))
        self.assertTrue(fapiao.seller_bank and fapiao.seller_address)
        self.assertTrue(fapiao.sudo().pdf_address and fapiao.sudo().image_address)
        self.assertEqual(fapiao.amount_total, 113)
        self.assertTrue(fapiao.checked_at)

    def test_a_status_that_changed_comes_with_it(self):
        fapiao = self.pool(self.header())
        self.world.set_inbound_status(fapiao.number, "4")
        with self.engine():
            fapiao.action_refresh()
        self.assertEqual(fapiao.status, "abnormal")
        self.assertIn("abnormal", fapiao.warning_text)

    def test_what_was_selected_here_is_not_taken_back_by_it(self):
        """The assistant may not know yet what was selected at the bureau."""
        fapiao = self.pool(self.header()._replace(deduction="selected"))
        with self.engine():
            fapiao.action_refresh()
        self.assertEqual(fapiao.deduction, "selected")

    def test_many_are_left_to_the_background(self):
        fapiao = self.pool(*(self.header() for _place in range(51)))
        with self.engine():
            action = fapiao.action_refresh()
        self.assertIn("51", action["params"]["message"])
        self.assertEqual(set(fapiao.mapped("details_state")), {"wanted"})
        self.assertFalse(fapiao.line_ids)
        self.details_run()
        self.assertEqual(set(fapiao.mapped("details_state")), {"done"})
        self.assertTrue(all(one.line_ids for one in fapiao))

    def test_a_bill_is_made_from_the_lines(self):
        """The pull brought none: without asking, the bill would have one line for all."""
        fapiao = self.pool(self.header(net="100.00", rate=13))
        with self.engine():
            action = fapiao.action_create_bill()
        bill = self.env["account.move"].browse(action["res_id"])
        self.assertIn("*", bill.invoice_line_ids.name)
        self.assertNotIn(fapiao.number, bill.invoice_line_ids.name)
        self.assertEqual(bill.amount_total, 113)

    def test_a_bill_is_made_all_the_same_where_the_assistant_is_silent(self):
        fapiao = self.pool(self.header())
        self.world.faults.add("detail/query", "gateway_504")
        with self.engine():
            action = fapiao.action_create_bill()
        bill = self.env["account.move"].browse(action["res_id"])
        self.assertIn(fapiao.number, bill.invoice_line_ids.name)
        self.assertEqual((fapiao.details_state, bool(fapiao.details_text)), ("wanted", True))

    def test_those_on_a_document_get_their_lines_in_the_background(self):
        on_bill, other = self.pool(self.header(), self.header())
        self.booked(on_bill)
        self.details_run()
        self.assertTrue(on_bill.line_ids)
        self.assertFalse(other.line_ids)
        self.assertFalse(other.details_state)

    def test_all_of_them_by_setting(self):
        self.company.fapiao_in_details = "all"
        fapiao = self.pool(self.header(), self.header())
        self.details_run()
        self.assertTrue(all(one.line_ids for one in fapiao))

    def test_one_the_assistant_does_not_know(self):
        fapiao = self.pool(self.header()._replace(serial_no="SB404"))
        with self.engine(), self.assertRaisesRegex(UserError, "does not know"):
            fapiao.action_refresh()
        self.assertEqual(fapiao.details_state, "failed")

    def test_another_fapiao_under_the_same_id_is_not_taken_over(self):
        first, second = self.header(net="1.00", rate=13), self.header(net="2.00", rate=13)
        fapiao = self.pool(first._replace(serial_no=second.serial_no))
        with self.engine(), self.assertRaisesRegex(UserError, "another fapiao"):
            fapiao.action_refresh()
        self.assertEqual(fapiao.amount_untaxed, 1)
        self.assertFalse(fapiao.line_ids)

    def test_without_an_id_the_cure_is_said(self):
        fapiao = self.pool(self.header()._replace(serial_no=""))
        self.assertFalse(fapiao.can_refresh)
        with self.assertRaisesRegex(UserError, "assistant"):
            fapiao.action_refresh()

    def test_a_dead_assistant_holds_nothing_up(self):
        fapiao = self.pool(self.header())
        self.booked(fapiao)
        self.world.faults.add("detail/query", "gateway_504")
        self.details_run()
        self.assertEqual(fapiao.details_state, "wanted")
        self.assertTrue(fapiao.details_text)
        self.assertGreater(fapiao.details_try_at, fapiao.write_date)


@tagged("post_install", "-at_install")
class TestReceivedFiles(DetailsCommon):
    def test_a_click_fetches_files_and_pictures(self):
        fapiao = self.pool(self.header())
        self.assertTrue(fapiao.can_fetch_files)
        with self.engine():
            fapiao.action_fetch_files()
        self.assertTrue(fapiao.pdf_id and fapiao.image_id)
        self.assertEqual((fapiao.image_id.mimetype, fapiao.pdf_id.mimetype), ("image/png", "application/pdf"))
        self.assertFalse(fapiao.original_image_id, "the same address twice is one picture")
        self.assertEqual(fapiao.files_state, "done")
        self.assertFalse(fapiao.can_fetch_files)
        self.assertIn(str(fapiao.id), fapiao.action_download()["url"])

    def test_download_fetches_first(self):
        fapiao = self.pool(self.header())
        with self.engine():
            self.assertIn(str(fapiao.id), fapiao.action_download()["url"])
        self.assertTrue(fapiao.pdf_id)

    def test_many_are_fetched_in_the_background(self):
        fapiao = self.pool(*(self.header() for _place in range(6)))
        with self.engine():
            action = fapiao.action_fetch_files()
        self.assertIn("6", action["params"]["message"])
        self.assertFalse(fapiao.pdf_id)
        self.details_run()
        self.assertEqual(set(fapiao.mapped("files_state")), {"wanted"})
        self.files_run()
        self.assertEqual(len(fapiao.pdf_id), 6)
        self.assertEqual(set(fapiao.mapped("files_state")), {"done"})

    def test_addresses_of_a_pull_are_followed_where_it_is_booked(self):
        known = self.pool(self.header())
        with self.engine():
            known.action_refresh()
        address = known.sudo().pdf_address
        on_bill, other = self.pool(
            self.header()._replace(serial_no="", pdf_address=address),
            self.header()._replace(serial_no="", pdf_address=address),
        )
        self.booked(on_bill)
        self.files_run()
        self.assertTrue(on_bill.pdf_id)
        self.assertEqual((other.files_state, bool(other.pdf_id)), ("none", False))
        self.company.fapiao_in_details = "all"
        self.files_run()
        self.assertTrue(other.pdf_id)

    def test_both_pictures_where_they_differ(self):
        first, second = self.pool(self.header(), self.header())
        with self.engine():
            (first | second).action_refresh()
        fapiao = first.sudo()
        fapiao.original_image_address = second.sudo().image_address
        self.files_run()
        self.assertTrue(fapiao.image_id and fapiao.original_image_id)
        self.assertNotEqual(fapiao.image_id.name, fapiao.original_image_id.name)
        self.assertEqual(len(fapiao._files()), 3)

    def test_without_any_address_it_is_said(self):
        fapiao = self.pool(self.header()._replace(serial_no=""))
        with self.engine(), self.assertRaisesRegex(UserError, "named no file"):
            fapiao.action_fetch_files()
        self.assertEqual(fapiao.files_state, "none")


@tagged("post_install", "-at_install")
class TestTicketsWhole(DetailsCommon):
    def setUp(self):
        super().setUp()
        self.env["res.currency.rate"].search([("currency_id.name", "=", "HKD")]).unlink()

    def test_foreign_money_without_a_rate_is_refused(self):
        expense = self.expense()
        pick = self.picked(expense, [self.ticket("20", total=300, currencyType="HKD")])
        self.assertEqual(pick.ticket_ids.state, "refused")
        self.assertIn("HKD", pick.ticket_ids.reason)
        self.assertFalse(pick.ticket_ids.amount, "300 of other money are not 300 yuan")
        self.assertFalse(expense.fapiao_match_ids)

    def rate(self, per_unit, day="2000-01-01"):
        currency = self.env.ref("base.HKD")
        currency.active = True
        values = {"currency_id": currency.id, "name": day, "company_id": self.company.id}
        return self.env["res.currency.rate"].create({**values, "inverse_company_rate": per_unit})

    def test_foreign_money_is_converted_and_the_rate_is_shown(self):
        self.rate(0.9)
        expense = self.expense()
        pick = self.picked(expense, [self.ticket("20", total=300, currencyType="HKD")])
        self.assertEqual(pick.ticket_ids.state, "attached", pick.ticket_ids.reason)
        fapiao = expense.fapiao_match_ids.sudo().fapiao_id
        self.assertEqual((fapiao.amount_total, fapiao.foreign_currency, fapiao.foreign_total), (270, "HKD", 300))
        self.assertEqual((expense.total_amount, fapiao.currency_rate), (270, 0.9))
        self.assertAlmostEqual(fapiao.amount_untaxed + fapiao.amount_tax, fapiao.amount_total)
        for text in (fapiao.foreign_text, expense.fapiao_in_warnings):
            self.assertIn("HKD 300.00 at 0.9", text)

    def test_a_rate_that_was_used_stays(self):
        rate = self.rate(0.9)
        fapiao = self.pool(self.header(kind=20)._replace(currency="HKD", serial_no=""))
        before = fapiao.amount_total
        self.assertTrue(before)
        rate.inverse_company_rate = 0.5
        row = self.header(kind=20)._replace(number=fapiao.number, serial_no="", amount_untaxed=None, amount_tax=None)
        self.pool(row._replace(currency="", amount_total=Decimal(str(fapiao.foreign_total))))
        self.assertEqual(fapiao.amount_total, before, "what tells no currency is not yuan")

    def test_yuan_that_turn_out_to_be_other_money(self):
        row = self.header(kind=20)._replace(serial_no="")
        fapiao = self.pool(row)
        self.assertEqual(fapiao.amount_total, float(row.amount_total))
        self.pool(row._replace(currency="HKD"))
        self.assertEqual((fapiao.amount_total, fapiao.foreign_total), (0, float(row.amount_total)))
        self.assertIn("no rate", fapiao.warning_text)
        with self.assertRaisesRegex(UserError, "no rate"):
            fapiao.action_create_bill()
        self.pool(row._replace(currency="CNY"))
        self.assertEqual((fapiao.amount_total, fapiao.foreign_currency), (float(row.amount_total), False))

    def test_warnings_are_shown_on_ticket_and_expense(self):
        serial = self.ticket("26", total=106, tax=6, check_status="3")
        self.world.slips[serial].revised = True
        expense = self.expense()
        self.picked(expense, [serial])
        fapiao = expense.fapiao_match_ids.sudo().fapiao_id
        for text in ("not checked", "edited by hand"):
            self.assertIn(text, fapiao.warning_text)
            self.assertIn(text, expense.fapiao_in_warnings)
        self.assertEqual((fapiao.check_status, fapiao.is_revised), ("unchecked", True))

    def test_a_paper_ticket_scanned_twice_is_booked_once(self):
        same = {"invoiceCode": "20260102", "invoiceNo": "Z00X000000", "printingSequenceNo": "Z00X000000"}
        first, second = self.ticket("9", total=109, tax=9, **same), self.ticket("9", total=109, tax=9, **same)
        self.assertNotEqual(first, second)
        self.picked(self.expense(), [first])
        pick = self.picked(self.expense(), [second])
        self.assertEqual(pick.ticket_ids.state, "refused")
        self.assertIn("booked already", pick.ticket_ids.reason)
        self.assertEqual(pick.ticket_ids.number, "20260102Z00X000000")

    def test_pull_and_assistant_know_one_ticket(self):
        serial = self.ticket("10", total=1000)
        told = self.world.slips[serial].told
        number = told["invoiceNo"]
        pulled = self.pool(InboundFapiao(number=number, type_code="10", serial_no="OTHER", status="normal"))
        expense = self.expense()
        self.picked(expense, [serial])
        self.assertEqual(expense.fapiao_match_ids.sudo().fapiao_id, pulled)
        self.assertEqual((pulled.eticket_no, pulled.filling_unit), (told["electronicTicketNum"], told["fillingUnit"]))

    def test_a_tax_payment_by_its_proof(self):
        serial = self.ticket("19", total=50)
        expense = self.expense()
        self.picked(expense, [serial])
        fapiao = expense.fapiao_match_ids.sudo().fapiao_id
        told = self.world.slips[serial].told
        self.assertEqual((fapiao.number, fapiao.tax_authority), (told["taxPaidProofNo"], told["taxAuthorityName"]))

    def test_a_reference_with_a_train_tickets_number_is_seen(self):
        same = {"invoiceCode": "20260102", "invoiceNo": "Z00X000000"}
        self.picked(self.expense(), [self.ticket("9", total=109, tax=9, **same)])
        bill = self.blank_bill(
            partner_id=self.buyer.id,
            ref="20260102Z00X000000",
            invoice_date="2026-01-03",
            invoice_line_ids=[(0, 0, {"name": "Train", "price_unit": 109, "tax_ids": []})],
        )
        with self.assertRaisesRegex(UserError, "booked already"):
            bill.action_post()
