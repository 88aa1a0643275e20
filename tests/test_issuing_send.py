"""Send & Print requests the fapiao and mails its files; it never calls the cloud itself."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models.issuing.account_move_send import FAPIAO
from .common import FapiaoCommon


@tagged("post_install", "-at_install")
class TestSend(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer.email = "buyer@example.com"
        cls.buyer.invoice_sending_method = "email"
        cls.product_b.write({"name": "No code", "fapiao_code_id": False})
        cls.product_b.categ_id.fapiao_code_id = False
        cls.bookkeeper = cls.env["res.users"].create(
            {
                "name": "Bookkeeper",
                "login": "bookkeeper",
                "email": "bookkeeper@example.com",
                "group_ids": [Command.set(cls.env.ref("account.group_account_invoice").ids)],
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )

    def open(self, invoice, user=None, **values):
        """Open Send & Print for ``invoice``."""
        wizard = self.env["account.move.send.wizard"].with_user(user or self.env.user)
        context = {"active_model": "account.move", "active_ids": invoice.ids}
        return wizard.with_context(**context).create(values)

    def send(self, wizard):
        with self.engine():
            wizard.action_send_and_print()
            self.env.flush_all()
            self.env.cr.postcommit.run()

    def mailed_files(self, invoice):
        message = invoice.message_ids.filtered(lambda message: message.message_type == "comment")[:1]
        return sorted(message.attachment_ids.mapped("name"))

    def with_files(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        with self.engine():
            invoice.fapiao_ids.action_fetch_files()
        return invoice

    def without_code(self):
        return self.create_invoice([{"product_id": self.product_b.id}])

    # ------------------------------------------------------------------ requesting

    def test_ticked_by_itself_and_only_enqueued(self):
        invoice = self.create_invoice()
        wizard = self.open(invoice)
        self.assertIn(FAPIAO, wizard.extra_edis)
        self.assertIn("fapiao_after_mail", wizard.alerts)
        self.world.calls.clear()
        self.send(wizard)
        self.assertEqual(self.world.calls.of(), [])
        request = invoice.fapiao_request_ids
        self.assertRecordValues(request, [{"state": "queued", "user_id": self.env.user.id}])
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_unticked_requests_nothing(self):
        invoice = self.create_invoice()
        wizard = self.open(invoice)
        wizard.extra_edi_checkboxes = {**wizard.extra_edi_checkboxes, FAPIAO: {"checked": False, "label": ""}}
        self.assertNotIn("fapiao_after_mail", wizard.alerts or {})
        self.send(wizard)
        self.assertFalse(invoice.fapiao_request_ids)

    def test_not_offered_where_it_makes_no_sense(self):
        issued = self.create_invoice()
        self.issue(issued)
        refund = self.create_invoice()._reverse_moves()
        refund.action_post()
        for invoice in issued, refund:
            self.assertNotIn(FAPIAO, self.open(invoice).extra_edis or [])
        self.assertNotIn(FAPIAO, self.open(self.create_invoice(), user=self.bookkeeper).extra_edis or [])
        self.company.fapiao_account_id = False
        self.assertNotIn(FAPIAO, self.open(self.create_invoice()).extra_edis or [])

    def test_problem_stops_the_dialog(self):
        invoice = self.without_code()
        wizard = self.open(invoice)
        alert = wizard.alerts["fapiao_problem_0"]
        self.assertEqual(alert["level"], "danger")
        self.assertIn("no tax classification code", alert["message"])
        self.assertEqual(alert["action"]["res_model"], "product.template")
        with self.assertRaisesRegex(UserError, "no tax classification code"):
            self.send(wizard)
        self.assertFalse(invoice.fapiao_request_ids)
        self.assertFalse(self.mailed_files(invoice))

    def test_warning_does_not_stop(self):
        self.buyer.vat = False
        invoice = self.create_invoice()
        wizard = self.open(invoice)
        self.assertNotIn("fapiao_problem_0", wizard.alerts)
        self.send(wizard)
        self.assertEqual(invoice.fapiao_request_ids.state, "queued")

    def test_problem_that_came_after_the_dialog(self):
        invoice = self.create_invoice()
        wizard = self.open(invoice)
        self.assertTrue(wizard.alerts)
        self.product_a.fapiao_code_id = False
        self.product_a.categ_id.fapiao_code_id = False
        with self.assertRaisesRegex(UserError, "could not be requested"):
            self.env["account.move.send"]._generate_and_send_invoices(invoice, **wizard._get_sending_settings())

    def test_issued_meanwhile(self):
        invoice = self.create_invoice()
        wizard = self.open(invoice)
        self.issue(invoice)
        self.send(wizard)
        self.assert_one_fapiao(invoice)
        self.assertEqual(len(invoice.fapiao_request_ids), 1)

    def test_batch_holds_back_only_what_is_wrong(self):
        good, bad = self.create_invoice(), self.without_code()
        wizard = self.env["account.move.send.batch.wizard"].create({"move_ids": [Command.set((good | bad).ids)]})
        self.assertEqual(wizard.summary_data[FAPIAO]["count"], 2)
        alert = wizard.alerts["fapiao_problems"]
        self.assertEqual(alert["level"], "warning")
        self.assertEqual(alert["action"]["res_id"], bad.id)
        wizard.action_send_and_print()
        with self.engine():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertRecordValues(good.fapiao_request_ids, [{"state": "queued", "user_id": self.env.user.id}])
        self.assertFalse(bad.fapiao_request_ids)
        self.assertTrue(self.mailed_files(good))
        self.assertIn("no tax classification code", "".join(map(str, bad.message_ids.mapped("body"))))

    def test_scheduler_issues_for_nobody_who_may_not(self):
        invoices = self.create_invoice() | self.create_invoice()
        wizard = self.env["account.move.send.batch.wizard"].with_user(self.bookkeeper)
        wizard = wizard.create({"move_ids": [Command.set(invoices.ids)]})
        self.assertNotIn(FAPIAO, wizard.summary_data)
        wizard.action_send_and_print()
        with self.engine():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertTrue(self.mailed_files(invoices[0]))
        self.assertFalse(invoices.fapiao_request_ids)

    # ------------------------------------------------------------------ files in the mail

    def test_mail_carries_the_files(self):
        for user in self.env.user, self.bookkeeper:
            with self.subTest(user.name):
                invoice = self.with_files()
                wizard = self.open(invoice, user=user)
                number = invoice.fapiao_numbers
                shown = [item["name"] for item in wizard.mail_attachments_widget]
                self.assertLessEqual({f"{number}.{kind}" for kind in ("pdf", "ofd", "xml")}, set(shown))
                self.assertNotIn("fapiao_files_missing", wizard.alerts or {})
                self.send(wizard)
                files = self.mailed_files(invoice)
                self.assertLessEqual({f"{number}.{kind}" for kind in ("pdf", "ofd", "xml")}, set(files))
                self.assertEqual(len(files), 4)
                # the mail has copies: the fapiao keeps its own
                self.assertEqual(invoice.fapiao_ids.pdf_id.res_model, "fapiao")

    def test_file_left_out_by_the_user(self):
        invoice = self.with_files()
        wizard = self.open(invoice)
        wizard.mail_attachments_widget = [
            {**item, "skip": item["name"].endswith(".xml")} for item in wizard.mail_attachments_widget
        ]
        self.send(wizard)
        self.assertNotIn(f"{invoice.fapiao_numbers}.xml", self.mailed_files(invoice))

    def test_files_are_not_here_yet(self):
        invoice = self.create_invoice()
        self.issue(invoice)
        alerts = self.open(invoice).alerts
        self.assertEqual(alerts["fapiao_files_missing"]["level"], "warning")
        self.assertIn(invoice.fapiao_numbers, alerts["fapiao_files_missing"]["message"])

    def test_fapiao_is_on_its_way(self):
        self.world.faults.add("blueTicket", "drop_after")
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertIn("fapiao_pending", self.open(invoice).alerts)

    def test_reversed_fapiao_is_not_mailed(self):
        invoice = self.with_files()
        invoice.fapiao_ids.sudo().status = "red"
        names = [item["name"] for item in self.open(invoice).mail_attachments_widget]
        self.assertFalse([name for name in names if name.startswith(invoice.fapiao_numbers)])

    def test_download_takes_the_invoice_alone(self):
        invoice = self.with_files()
        self.send(self.open(invoice))
        wizard = self.env["account.move.send.wizard"]
        attachments = self.env["account.move.send"]._get_invoice_extra_attachments(invoice)
        self.assertEqual(len(attachments), 4)
        url = wizard._action_download(attachments)["url"]
        self.assertEqual(url.rpartition("/")[2], str(invoice.invoice_pdf_report_id.id))
