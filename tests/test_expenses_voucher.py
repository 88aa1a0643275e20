"""The voucher that the assistant is told of a bill or expense, key by key."""

from odoo import Command, fields
from odoo.tests import tagged

from .common_update import ReportCommon


@tagged("post_install", "-at_install")
class TestVoucher(ReportCommon):
    def voucher(self):
        """Return the content of the last voucher that was told."""
        living = [one for one in self.world.vouchers.values() if not one.deleted]
        return living[-1].content

    def info(self):
        return self.voucher()["voucherInfo"]

    def open_items(self):
        return [entry for entry in self.info()["entries"] if entry.get("dueDate")]

    def test_of_a_bill(self):
        bill, _fapiao = self.posted_bill()
        content, info = self.voucher(), self.info()
        self.assertEqual(content["accountInfo"]["baseCurrency"], "CNY")
        self.assertTrue(content["accountInfo"]["subject"])
        self.assertEqual(info["businessDate"], bill.invoice_date.strftime("%Y_%m_%d"))
        self.assertEqual(info["accountDate"], bill.date.strftime("%Y_%m_%d"))
        self.assertEqual(info["type"], "转")
        self.assertEqual(info["examiner"], self.env.user.name)
        self.assertNotIn("reviewer", info)
        self.assertEqual(int(info["attachmentsCount"]), bill._fapiao_update_attachments())
        (open_item,) = self.open_items()
        self.assertEqual(open_item["dueDate"], bill.invoice_date_due.strftime("%Y_%m_%d"))
        self.assertIn(f"往来单位:{bill.commercial_partner_id.name}", open_item["accountDimension"])
        self.assertEqual((open_item["amount"], open_item["exchangeRate"]), ("113.00", "1"))
        (goods,) = [entry for entry in info["entries"] if entry.get("num")]
        self.assertEqual((goods["num"], goods["price"]), ("1", "100"))

    def test_foreign_currency(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": usd.id, "name": "2020-01-01", "company_id": self.company.id, "rate": 0.2}
        )
        bill = self.bill(post=False)
        bill.currency_id = usd
        self.pick(bill)
        bill.action_post()
        self.tell()
        (open_item,) = self.open_items()
        self.assertEqual(open_item["currency"], "USD")
        self.assertEqual(open_item["exchangeRate"], "5")
        self.assertEqual(float(open_item["creditAmount"]), 5 * float(open_item["amount"]))

    def test_goods_have_quantity_unit_and_price(self):
        unit = self.env.ref("uom.product_uom_dozen")
        bill = self.bill(post=False)
        bill.invoice_line_ids.write(
            {"product_id": self.product_a.id, "product_uom_id": unit.id, "quantity": 4, "price_unit": 25}
        )
        bill.invoice_line_ids.tax_ids = self.purchase_13
        self.pick(bill)
        bill.action_post()
        self.tell()
        (goods,) = [entry for entry in self.info()["entries"] if entry.get("num")]
        self.assertEqual((goods["num"], goods["unit"], goods["price"]), ("4", unit.name, "25"))

    def test_analytic_accounts(self):
        plan = self.env["account.analytic.plan"].create({"name": "部门"})
        names = ("研发", "市场")
        one, two = (
            self.env["account.analytic.account"].create({"name": name, "plan_id": plan.id, "company_id": False})
            for name in names
        )
        bill = self.bill(post=False)
        bill.invoice_line_ids.analytic_distribution = {str(one.id): 60, str(two.id): 40}
        self.pick(bill)
        bill.action_post()
        self.tell()
        told = " ".join(entry.get("accountDimension", "") for entry in self.info()["entries"])
        self.assertIn("部门:研发 60%", told)
        self.assertIn("部门:市场 40%", told)

    def test_who_checked(self):
        bill, _fapiao = self.posted_bill()
        bill.with_user(self.env.user).set_moves_checked()
        self.tell()
        self.assertEqual(self.info()["reviewer"], self.env.user.name)
        bill.button_draft()
        self.assertFalse(bill.fapiao_checked_by_id or bill.fapiao_posted_by_id)

    def test_company_code(self):
        self.company.fapiao_company_code = "C001"
        self.posted_bill()
        content = self.voucher()
        self.assertEqual(content["accountInfo"]["accountId"], "C001")
        self.assertEqual((content["companyInfo"]["companyId"], content["companyInfo"]["number"]), ("C001", "C001"))

    def test_word_of_the_journal(self):
        bill = self.bill(post=False)
        bill.journal_id.fapiao_voucher_word = "general"
        self.pick(bill)
        bill.action_post()
        self.tell()
        self.assertEqual(self.info()["type"], "记")

    def test_words_by_kind_of_journal_and_direction(self):
        bank, payable = self.company_data["default_journal_bank"], self.company_data["default_account_payable"]
        for word, balance, expected in (
            *((False, 5, "收"), (False, -5, "付"), ("general", 5, "记"), ("receipt", -5, "收")),
            *(("payment", 5, "付"), ("transfer", 5, "转"), ("money", -5, "付")),
        ):
            bank.fapiao_voucher_word = word
            entry = self.entry(bank, bank.default_account_id, payable, balance)
            with self.subTest(word=word, balance=balance):
                self.assertEqual(entry._fapiao_voucher_word(), expected)

    def test_cash_flow_item(self):
        bank, payable = self.company_data["default_journal_bank"], self.company_data["default_account_payable"]
        payable.tag_ids = False
        entry = self.entry(bank, bank.default_account_id, payable, -5)
        self.assertEqual(entry._fapiao_cash_items(), ((), None))
        tag = self.env["account.account.tag"].create({"name": "购买商品支付的现金", "applicability": "accounts"})
        payable.tag_ids = tag
        self.assertEqual(entry._fapiao_cash_items(), (("购买商品支付的现金",), 5))

    def entry(self, journal, account, other, balance):
        return self.env["account.move"].create(
            {
                "journal_id": journal.id,
                "date": fields.Date.today(),
                "line_ids": [
                    Command.create({"account_id": account.id, "balance": balance}),
                    Command.create({"account_id": other.id, "balance": -balance}),
                ],
            }
        )

    def test_reasons_for_what_is_not_deducted(self):
        bill = self.bill(post=False)
        self.pick(bill)
        match, reasons = bill.fapiao_match_ids, set()
        fapiao = match.fapiao_id.sudo()
        reasons.add(bill._fapiao_update_reason(match, 0))
        self.account.small_scale = True
        reasons.add(bill._fapiao_update_reason(match, 0))
        fapiao.type_code = "26"
        reasons.add(bill._fapiao_update_reason(match, 0))
        fapiao.type_code = "27"
        match.sudo().amount_tax = 0
        reasons.add(bill._fapiao_update_reason(match, 0))
        self.assertEqual(len(reasons), 4)

    def test_posted_again_by_another_user(self):
        """Only names changed, so nothing is told; the next voucher has the new one."""
        bill, _fapiao = self.posted_bill()
        self.assertEqual(bill.fapiao_posted_by_id, self.env.user)
        bill.button_draft()
        self.assertFalse(bill.fapiao_posted_by_id)
