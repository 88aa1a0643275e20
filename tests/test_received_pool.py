"""The pool: pages go in set-based, unchanged rows aren't touched, nothing known is blanked."""

from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.tests import tagged

from ..models.received.pool import Pool
from .common_pull import PullCommon, header, headers, line


@tagged("post_install", "-at_install")
class TestPool(PullCommon):
    def versions(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id, ctid::text, xmin::text, xmax::text FROM fapiao WHERE direction = 'in' ORDER BY id"
        )
        return self.env.cr.fetchall()

    def test_facts_as_told(self):
        loaded = self.load([header(1, code="044", booking="unbooked", deductible=Decimal("13.00"))])
        self.assertEqual(loaded[:3], (1, 0, 0))
        fapiao = self.received()
        self.assertRecordValues(
            fapiao,
            [
                {
                    "direction": "in",
                    "number": header(1).number,
                    "type_code": "27",
                    "color": "blue",
                    "status": "normal",
                    "issue_date": date(2026, 3, 2),
                    "seller_name": "Seller 1",
                    "amount_untaxed": 100,
                    "amount_tax": 13,
                    "amount_total": 113,
                    "code": "044",
                    "serial_no": "S1",
                    "booking": "unbooked",
                    "deductible": 13,
                    "account_id": self.account.id,
                    "company_id": self.company.id,
                    "files_state": "none",
                    "status_at": False,
                }
            ],
        )
        self.env.cr.execute("SELECT amount_total::text FROM fapiao WHERE id = %s", (fapiao.id,))
        self.assertEqual(self.env.cr.fetchone(), ("113.00",))

    def test_repeated_rows_are_not_even_locked(self):
        self.load(headers(50))
        before = self.versions()
        self.assertEqual(self.load(headers(50))[:3], (0, 0, 50))
        self.assertEqual(self.versions(), before)

    def test_new_changed_and_same_on_one_page(self):
        self.load(headers(10))
        page = [*headers(8), header(8, amount_total=Decimal("114.00")), header(9, remark="x"), header(10)]
        self.assertEqual(self.load(page)[:3], (1, 2, 8))
        self.assertEqual(self.received(header(8).number).amount_total, 114)
        self.assertEqual(len(self.received()), 11)

    def test_twice_on_a_page_the_last_counts(self):
        self.assertEqual(self.load([header(1), header(1, remark="later")])[:3], (1, 0, 0))
        self.assertEqual(self.received().remark, "later")

    def test_what_is_not_said_blanks_nothing(self):
        self.load([header(1, remark="known", check_code="c", lines=(line(),))])
        empty = dict.fromkeys(("amount_untaxed", "amount_tax", "amount_total", "issue_date"))
        said = header(1, seller_name="", serial_no="", status="", **empty)
        self.assertEqual(self.load([said])[:3], (0, 0, 1))
        fapiao = self.received()
        self.assertEqual((fapiao.remark, fapiao.seller_name, fapiao.amount_total), ("known", "Seller 1", 113))
        self.assertEqual(len(fapiao.line_ids), 1)

    def test_one_recorded_without_an_account_is_enriched(self):
        bill = self.create_invoice(move_type="in_invoice", post=False)
        known = (
            self.env["fapiao"]
            .sudo()
            .create(
                {
                    "company_id": self.company.id,
                    "direction": "in",
                    "number": header(1).number,
                    "type_code": "26",
                    "color": "blue",
                    "drawer": "王",
                    "move_ids": [Command.set(bill.ids)],
                }
            )
        )
        self.assertEqual(self.load([header(1)])[:3], (0, 1, 0))
        self.assertEqual((known.account_id, known.type_code), (self.account, "27"))
        self.assertEqual((known.drawer, known.move_ids), ("王", bill))

    def test_outbound_with_the_same_number_is_another(self):
        values = {"company_id": self.company.id, "direction": "out", "type_code": "27", "color": "blue"}
        issued = self.env["fapiao"].sudo().create({**values, "number": header(1).number, "amount_total": 1})
        self.assertEqual(self.load([header(1)])[:3], (1, 0, 0))
        self.assertEqual(issued.amount_total, 1)

    def test_awkward_texts(self):
        name = 'a"b\t\\N\n\\.\r,\x00"" 测试\ud800'
        self.load([header(1, seller_name=name, remark="\\N"), header(2, type_code="4711")])
        fapiao = self.received(header(1).number)
        self.assertEqual(fapiao.seller_name, 'a"b\t\\N\n\\. ,"" 测试?')
        self.assertEqual(fapiao.remark, "\\N")
        self.assertEqual(self.received(header(2).number).type_code, "11")

    def test_vendor_by_tax_number(self):
        partners = self.env["res.partner"]
        values = {"vat": "91440300seller 0001", "is_company": True}
        partners.create({"name": "Archived", "active": False, **values})
        partners.create(
            {"name": "Another company's", "company_id": self.env.company.create({"name": "x"}).id, **values}
        )
        shared = partners.create({"name": "Shared", **values})
        partners.create({"name": "Its contact", "parent_id": shared.id, "vat": values["vat"]})
        self.load([header(1), header(2)])
        self.assertEqual(self.received(header(1).number).partner_id, shared)
        self.assertFalse(self.received(header(2).number).partner_id)
        own = partners.create({"name": "Own", "company_id": self.company.id, **values})
        self.load([header(8)])
        self.assertEqual(self.received(header(8).number).partner_id, own)
        self.assertEqual(self.received(header(1).number).partner_id, shared, "a vendor once found stays")

    def test_seller_without_tax_number_is_nobody(self):
        """A train ticket has none, and neither have contacts whose field was emptied."""
        self.env["res.partner"].create([{"name": "Blank", "vat": ""}, {"name": "Dash", "vat": "-"}])
        self.load([header(1)._replace(seller_tax_no="")])
        self.assertFalse(self.received(header(1).number).partner_id)

    def test_vendor_that_comes_later(self):
        self.load(headers(3))
        late = self.env["res.partner"].create({"name": "Late", "vat": "cn 91440300SELLER0002"})
        Pool(self.env, self.company.id).resolve()
        self.assertEqual(self.received(header(2).number).partner_id, late)
        before = self.versions()
        Pool(self.env, self.company.id).resolve()
        self.assertEqual(self.versions(), before)

    def test_lines_replaced_where_they_differ(self):
        self.load([header(1, lines=(line(), line("b"))), header(2, lines=(line(),))])
        first, second = self.received(header(1).number), self.received(header(2).number)
        self.assertEqual(first.line_ids.mapped("name"), ["*软件*服务", "b"])
        self.assertEqual(first.line_ids.mapped("rate"), [0.13, 0.13])
        self.assertEqual(first.line_ids.company_id, self.company)
        kept = second.line_ids
        loaded = self.load([header(1, lines=(line("c"),)), header(2, lines=(line(),))])
        self.assertEqual(loaded[:3], (0, 1, 1))
        self.assertEqual(first.line_ids.mapped("name"), ["c"])
        self.assertEqual(second.line_ids, kept)

    def test_red_finds_its_original_in_either_order(self):
        red = {"color": "red", "amount_total": Decimal("-113.00")}
        self.load([header(1), header(2, original_number=header(1).number, **red)])
        self.load([header(3, original_number=header(4).number, **red)])
        self.load([header(4)])
        Pool(self.env, self.company.id).resolve()
        for red_place, blue_place in ((2, 1), (3, 4)):
            with self.subTest(red=red_place):
                red_one = self.received(header(red_place).number)
                self.assertEqual(red_one.original_id, self.received(header(blue_place).number))

    def test_old_list_does_not_undo_a_reversal(self):
        red = {"color": "red", "amount_total": Decimal("-113.00"), "original_number": header(1).number}
        self.load([header(1, status="red"), header(2, **red)])
        self.assertEqual(self.load([header(1)])[:3], (0, 0, 1))
        self.assertEqual(self.received(header(1).number).status, "red")

    def test_a_status_taken_back_is_believed(self):
        self.load([header(1, status="abnormal")])
        self.load([header(1)])
        fapiao = self.received()
        self.assertEqual(fapiao.status, "normal")
        self.assertTrue(fapiao.status_at)

    def test_other_companies_pool_is_their_own(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.load([header(1)])
        with self.engine():
            loaded = self.env["fapiao"].sudo()._load(other.id, None, [header(1)])
        self.assertEqual(loaded.inserted, 1)


@tagged("post_install", "-at_install")
class TestStatusHit(PullCommon):
    def booked(self, post=True):
        bill = self.create_invoice(move_type="in_invoice", post=False, partner=self.partner_a)
        self.load([header(1)])
        fapiao = self.received()
        fapiao.move_ids = bill
        if post:
            bill.action_post()
        return fapiao, bill

    def warnings(self, bill):
        kind = self.env.ref("l10n_cn_invoice_cloud.activity_fapiao_status")
        return bill.activity_ids.filtered(lambda activity: activity.activity_type_id == kind)

    def test_each_bad_status_is_noted_once(self):
        fapiao, bill = self.booked()
        for status in ("partly_red", "red", "void", "lost", "abnormal"):
            with self.subTest(status=status):
                loaded = self.load([header(1, status=status)])
                self.assertEqual(loaded.changed_status_ids, tuple(fapiao.ids))
                self.load([header(1, status=status)])
                self.assertEqual(fapiao.status, status)
                self.assertTrue(fapiao.status_at)
                (warning,) = self.warnings(bill)
                self.assertIn(fapiao.number, warning.summary)
        self.assertIn("Abnormal", self.warnings(bill).summary)

    def test_draft_bill_and_no_change_raise_nothing(self):
        _fapiao, bill = self.booked(post=False)
        self.load([header(1, status="void")])
        self.assertFalse(self.warnings(bill))

    def test_once_done_it_is_not_raised_again(self):
        _fapiao, bill = self.booked()
        self.load([header(1, status="void")])
        self.warnings(bill).action_done()
        self.load([header(1, status="void", remark="x")])
        self.assertFalse(self.warnings(bill))
