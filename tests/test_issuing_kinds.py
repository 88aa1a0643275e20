"""An invoice issued as another kind: digital on paper, by tax control device; how one request is handled."""

import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..clouds.writing import uid_of
from .common_kingdee import KingdeeCommon
from .common_order import OrderCommon
from .common_red import RedCommon

SHEET = {"paper_code": "3100223130", "paper_number": "00123456"}


class Dialog:
    """Mixed in before a common case: the dialog *Issue With Options*."""

    def dialog(self, moves):
        action = moves.action_fapiao_issue_options()
        self.assertEqual(action["res_model"], "fapiao.issue")
        return self.env["fapiao.issue"].browse(action["res_id"])

    def confirm(self, dialog, **values):
        """Fill in the dialog, check and issue."""
        dialog.write(values)
        dialog.action_check()
        with self.engine():
            action = dialog.action_issue()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return action

    def payload(self, request):
        return json.loads(request.payload)


@tagged("post_install", "-at_install")
class TestOnPaper(Dialog, RedCommon):
    def on_paper(self, count=1):
        return self.env["account.move"].union(*(self.create_invoice(fapiao_form="digital_paper") for _ in range(count)))

    def test_a_sheet_is_asked_for_before_anything_is_sent(self):
        invoice = self.on_paper()
        action = self.issue(invoice)
        dialog = self.env["fapiao.issue"].browse(action["res_id"])
        self.assertEqual(dialog.problem_ids.mapped("code"), ["paper_number"])
        self.assertTrue(dialog.needs_sheet)
        self.assertFalse(dialog.has_queue)
        self.assertFalse(self.world.issued())

    def test_issued_read_back_and_found(self):
        invoice = self.on_paper()
        self.confirm(self.dialog(invoice), **SHEET)
        self.assert_one_fapiao(invoice)
        fapiao = invoice.fapiao_ids
        self.assertEqual((fapiao.type_code, fapiao.code, fapiao.short_number), ("86", *SHEET.values()))
        self.assertEqual(self.world.fapiao[fapiao.number].form, "digital_paper")
        self.assertEqual(invoice.fapiao_request_ids.form, "digital_paper")
        found = self.env["fapiao"].name_search("00123456")
        self.assertEqual([id_ for id_, _name in found], fapiao.ids)
        fapiao.sudo().write({"code": False, "short_number": False})
        with self.engine():
            fapiao.action_refresh()
        self.assertEqual((fapiao.code, fapiao.short_number), tuple(SHEET.values()), "the bureau tells them as well")

    def test_several_take_the_sheets_that_follow(self):
        invoices = self.on_paper(3)
        self.confirm(self.dialog(invoices), **SHEET)
        self.assertEqual(sorted(invoices.fapiao_ids.mapped("short_number")), ["00123456", "00123457", "00123458"])

    def test_reversed_by_an_electronic_one(self):
        invoice = self.on_paper()
        self.confirm(self.dialog(invoice), **SHEET)
        blue = invoice.fapiao_ids
        self.assertTrue(blue.can_reverse)
        form = self.flush(blue)
        self.assertEqual(self.payload(form)["sdfpbz"], "1")
        red = self.assert_reversed_once(blue)
        self.assertEqual((red.type_code, red.code), ("26", False))

    def test_not_issued_on_posting_without_a_sheet(self):
        self.company.fapiao_auto_issue = True
        invoice = self.create_invoice(fapiao_form="digital_paper", post=False)
        with self.engine():
            invoice.action_post()
        self.assertFalse(invoice.fapiao_request_ids)
        self.assertIn("sheet", invoice.activity_ids.note)

    def test_what_the_cloud_has_not_is_refused_before_sending(self):
        invoice = self.create_invoice(fapiao_form="electronic")
        self.assertEqual(invoice.fapiao_forms, "digital,digital_paper")
        action = self.issue(invoice)
        problem = self.env["fapiao.issue"].browse(action["res_id"]).problem_ids
        self.assertEqual(problem.code, "form_unsupported")
        self.assertEqual(problem.action_open()["res_id"], invoice.id)
        self.assertFalse(self.world.issued())

    def test_two_forms_share_no_fapiao(self):
        invoices = self.create_invoice() + self.on_paper()
        action = invoices.action_fapiao_merge()
        dialog = self.env["fapiao.issue"].browse(action["res_id"])
        self.assertEqual(dialog.problem_ids.mapped("code"), ["merge_forms"])


@tagged("post_install", "-at_install")
class TestReason(RedCommon):
    def setUp(self):
        super().setUp()
        self.account.write({"small_scale": True, "small_scale_reason": "3"})
        self.world.taxpayer(self.account.tax_no).small_scale = True
        self.three = self._create_tax("Test 3%", 3)

    def reason(self, **values):
        invoice = self.create_invoice([{"tax_ids": self.three.ids}], **values)
        self.issue(invoice)
        self.assert_one_fapiao(invoice)
        return json.loads(invoice.fapiao_request_ids.payload)["slsm"]

    def test_the_documents_goes_before_the_accounts(self):
        self.assertEqual(self.reason(), "3")
        self.assertEqual(self.reason(fapiao_small_scale_reason="2"), "2")


@tagged("post_install", "-at_install")
class TestByDevice(Dialog, KingdeeCommon):
    def issued(self, form="electronic"):
        invoice = self.create_invoice(fapiao_form=form)
        self.issue(invoice)
        self.ask(invoice.fapiao_request_ids)
        return invoice

    def test_known_by_code_and_number(self):
        for form, kind in (("electronic", "1"), ("paper", "3"), ("roll", "5")):
            with self.subTest(form=form):
                invoice = self.issued(form)
                self.assert_issued(invoice.fapiao_request_ids)
                fapiao = invoice.fapiao_ids
                self.assertEqual((fapiao.type_code, len(fapiao.short_number)), (kind, 8))
                self.assertEqual(fapiao.number, fapiao.code + fapiao.short_number)
                self.assertEqual(fapiao.display_name, fapiao.number)
                self.assertFalse(fapiao.qr_text, "the code of a digital one")

    def test_its_picture_is_fetched(self):
        fapiao = self.issued().fapiao_ids
        self.run_cron(("fapiao", "_cron_files"))
        self.assertTrue(fapiao.image_id and fapiao.image_url, fapiao.files_text)
        self.assertEqual(fapiao.files_state, "done")

    def test_asked_about_by_its_bill(self):
        fapiao = self.issued().fapiao_ids
        with self.engine():
            fapiao.action_refresh()
        self.assertTrue(fapiao.checked_at)

    def test_reversed_in_the_portal_only(self):
        fapiao = self.issued().fapiao_ids
        self.assertFalse(fapiao.can_reverse)
        with self.assertRaisesRegex(UserError, "cloud's portal"):
            fapiao.action_red()

    def test_one_request_waits_although_the_account_issues_at_once(self):
        invoice = self.create_invoice()
        dialog = self.dialog(invoice)
        self.assertTrue(dialog.has_queue)
        self.assertEqual((dialog.issue_at_once, dialog.may_merge), ("yes", "no"))
        self.confirm(dialog, issue_at_once="no", may_merge="yes", organisation="B", priority="3")
        (bill,) = self.payload(invoice.fapiao_request_ids)
        self.assertEqual(
            [bill[key] for key in ("autoInvoice", "autoMerge", "orgCode", "priority")], ["0", "1", "B", "3"]
        )
        self.assertEqual(self.bill_of(invoice.fapiao_request_ids).state, "waiting")

    def test_the_account_decides_by_default(self):
        self.account.write({"auto_merge": True, "org_code": "A", "priority": "1", "auto_invoice": False})
        invoice = self.create_invoice()
        self.issue(invoice)
        (bill,) = self.payload(invoice.fapiao_request_ids)
        self.assertEqual(
            [bill[key] for key in ("autoInvoice", "autoMerge", "orgCode", "priority")], ["0", "1", "A", "1"]
        )

    def test_goods_and_line_texts(self):
        self.account.write({"goods_codes": True, "line_notes": True})
        self.product_a.write({"default_code": "SKU-1", "fapiao_spec": "Pro"})
        invoice = self.create_invoice([{"name": "Accounting suite\nfor ten users"}])
        self.issue(invoice)
        (line,) = self.payload(invoice.fapiao_request_ids)[0]["billDetail"]
        self.assertEqual(
            [line[key] for key in ("goodsCode", "specification", "remark")], ["SKU-1", "Pro", "for ten users"]
        )

    def test_a_bill_of_another_organisation_is_withdrawn_there(self):
        self.account.auto_invoice = False
        invoice = self.create_invoice()
        self.confirm(self.dialog(invoice), organisation="B")
        request = invoice.fapiao_request_ids
        self.ask(request)
        with self.engine():
            request.action_withdraw()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.assertEqual(json.loads(request.withdrawal_id.payload)["orgCode"], "B")
        self.assertEqual(request.state, "withdrawn")


@tagged("post_install", "-at_install")
class TestOrders(OrderCommon):
    def test_an_order_on_paper(self):
        order = self.create_order()
        request = self.request(order, fapiao_form="digital_paper", **SHEET)
        self.assertEqual(request.fapiao_ids.short_number, "00123456")
        self.assertEqual((request.form, request.fapiao_ids.type_code), ("digital_paper", "86"))


@tagged("post_install", "-at_install")
class TestNumbers(RedCommon):
    def test_the_invoices_number_is_in_the_requests(self):
        invoice = self.issued_invoice()
        readable = "".join(sign for sign in invoice.name if sign.isalnum())[-12:]
        self.assertIn(f"_{readable}-", invoice.fapiao_request_ids.request_uid)
        found = self.env["fapiao.request"].search([("request_uid", "ilike", readable)])
        self.assertIn(invoice.fapiao_request_ids, found)

    def test_the_same_invoice_asks_for_the_same_number(self):
        """In a restored database the invoice finds its order: the number is a function of what it stands for."""
        request = self.issued_invoice().fapiao_request_ids
        database = request._database_uuid()
        self.assertEqual(request._make_uid(database), request.request_uid)
        self.assertEqual(
            request.request_uid,
            uid_of(self.account.tax_no, request._seed_of_uid(database), request.move_ids.name),
        )
        self.assertNotEqual(request._make_uid("another database"), request.request_uid)


@tagged("post_install", "-at_install")
class TestSendAgain(RedCommon):
    def with_files(self):
        invoice = self.issued_invoice()
        self.run_cron(("fapiao", "_cron_files"))
        return invoice

    def dialog(self, document):
        name = "action_send_again" if document._name == "fapiao" else "action_fapiao_send_again"
        with self.engine():
            action = getattr(document, name)()
        self.assertEqual(action["res_model"], "fapiao.send")
        return self.env["fapiao.send"].browse(action["res_id"])

    def test_to_the_buyer_with_the_files(self):
        invoice = self.with_files()
        dialog = self.dialog(invoice)
        self.assertEqual(dialog.email_to, "buyer@example.com")
        self.assertIn(invoice.fapiao_ids.number, dialog.subject)
        start = fields.Datetime.now() - timedelta(minutes=1)
        dialog.action_send()
        mail = self.env["mail.mail"].sudo().search([("subject", "=", dialog.subject), ("create_date", ">", start)])
        self.assertEqual((mail.email_to, mail.state), ("buyer@example.com", "outgoing"))
        self.assertEqual(mail.attachment_ids, invoice.fapiao_ids._files())
        self.assertIn("again", invoice.message_ids[:1].body)

    def test_from_the_fapiao_to_another_address(self):
        invoice = self.with_files()
        dialog = self.dialog(invoice.fapiao_ids)
        dialog.email_to = "nobody"
        with self.assertRaisesRegex(UserError, "no mail address"):
            dialog.action_send()
        dialog.email_to = "one@example.com, two@example.com"
        dialog.action_send()
        mail = self.env["mail.mail"].sudo().search([("subject", "=", dialog.subject)])
        self.assertEqual(mail.email_to, "one@example.com,two@example.com")

    def test_nothing_to_send(self):
        with self.assertRaisesRegex(UserError, "no fapiao yet"):
            self.create_invoice().action_fapiao_send_again()
