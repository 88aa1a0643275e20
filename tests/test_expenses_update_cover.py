"""The cover of a saved document: a person's scan where there is one, else a page that Odoo draws."""

import base64
import io

from PIL import Image

from odoo.tests import tagged

from .common_update import ReportCommon

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestReportCover(ReportCommon):
    def attach(self, document, raw=PNG, name="scan.png"):
        return self.env["ir.attachment"].create(
            {"name": name, "raw": raw, "res_model": document._name, "res_id": document.id}
        )

    def saved(self, document):
        self.tell()
        return self.world.assistant_document(self.env["fapiao.account"]._assistant_key(document)).cover

    def test_a_scan_is_the_cover(self):
        expense, _fapiao = self.picked_expense()
        self.attach(expense)
        expense.action_submit()
        cover = self.saved(expense)
        self.assertEqual((cover["type"], base64.b64decode(cover["content"])), ("png", PNG))

    def test_the_main_attachment_counts_before_newer_ones(self):
        bill, _fapiao = self.picked_bill()
        main = self.attach(bill)
        bill.message_main_attachment_id = main
        self.attach(bill, b"%PDF-1.4 other", "other.pdf")
        bill.action_post()
        self.assertEqual(self.saved(bill)["type"], "png")

    def test_the_file_of_a_ticket_is_no_cover(self):
        expense, fapiao = self.picked_expense()
        fapiao.sudo()._keep_ticket_files([("image", PNG)])
        self.attach(expense)
        expense.action_submit()
        self.assertEqual(self.saved(expense)["type"], "pdf")

    def test_neither_is_a_large_picture_of_one(self):
        """As a phone takes it: Odoo would make the copy on the expense smaller."""
        expense, fapiao = self.picked_expense()
        drawn = io.BytesIO()
        Image.new("RGB", (2500, 20), "white").save(drawn, "PNG")
        files = fapiao.sudo()._keep_ticket_files([("image", drawn.getvalue())])
        for _time in range(2):
            expense.sudo()._fapiao_pick_files(files)
        self.assertEqual(expense.attachment_ids.checksum, files.checksum)
        self.assertFalse(expense._fapiao_update_scan())
        expense.action_submit()
        self.assertEqual(self.saved(expense)["type"], "pdf")

    def test_neither_are_other_files_nor_large_ones(self):
        expense, _fapiao = self.picked_expense()
        self.attach(expense, b"text", "notes.txt")
        self.attach(expense, PNG + bytes(4 * 1024 * 1024), "large.png")
        expense.action_submit()
        self.assertEqual(self.saved(expense)["type"], "pdf")

    def test_its_image_number_is_entered(self):
        expense, _fapiao = self.picked_expense()
        expense.fapiao_cover_number = "YX-0001"
        expense.action_submit()
        self.assertEqual(self.saved(expense)["number"], "YX-0001")
