"""Received fapiao and vendor bills for tests of matching."""

from datetime import date

from odoo import Command

from .common import FapiaoCommon

SELLER_TAX_NO = "91310000MA1SELLER8"


class MatchCommon(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.purchase_13 = cls._create_tax("Purchase 13%", 13, type_tax_use="purchase")
        cls.company.account_purchase_tax_id = cls.purchase_13
        cls.vendor = cls._create_vendor("供货有限公司", SELLER_TAX_NO)
        cls.serial = 0

    @classmethod
    def _create_vendor(cls, name, tax_no=False):
        return cls.env["res.partner"].create({"name": name, "is_company": True, "vat": tax_no})

    @classmethod
    def receive(cls, total=113, tax=13, vendor=None, **values):
        """Return a received fapiao of ``vendor``, without lines."""
        cls.serial += 1
        vendor = vendor or cls.vendor
        fapiao = (
            cls.env["fapiao"]
            .sudo()
            .create(
                {
                    "company_id": cls.company.id,
                    "direction": "in",
                    "number": f"2631{cls.serial:016}",
                    "type_code": "27",
                    "issue_date": date(2026, 3, 10),
                    "seller_name": vendor.name,
                    "seller_tax_no": vendor.vat,
                    "buyer_name": cls.company.name,
                    "buyer_tax_no": cls.company.vat,
                    "amount_untaxed": total - tax,
                    "amount_tax": tax,
                    "amount_total": total,
                    "color": "red" if total < 0 else "blue",
                    **values,
                }
            )
        )
        return fapiao.sudo(False)

    @classmethod
    def bill(cls, price=100, vendor=None, post=False, **values):
        """Return a vendor bill over ``price`` and 13 % tax on it."""
        bill = cls.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "company_id": cls.company.id,
                "partner_id": (vendor or cls.vendor).id,
                "invoice_date": date(2026, 3, 12),
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Goods", "price_unit": price, "tax_ids": [Command.set(cls.purchase_13.ids)]}
                    )
                ],
                **values,
            }
        )
        if post:
            bill.action_post()
        return bill

    def search_matches(self, fapiao=None, bills=None):
        return self.env["fapiao.match"]._match(self.company.ids, fapiao and fapiao.ids, move_ids=bills and bills.ids)

    def confirm(self, fapiao, document, amount=None):
        Match = self.env["fapiao.match"]
        return Match._confirm_pair(fapiao, document, fapiao.amount_total if amount is None else amount)

    def assert_matched(self, fapiao, bill, rule):
        match = fapiao.match_ids
        self.assertEqual((match.move_id, match.state, match.rule), (bill, "confirmed", rule))
        self.assertEqual((fapiao.match_state, bill.fapiao_in_state), ("matched", "matched"))
        self.assertFalse(match.user_id)

    def assert_proposed(self, pairs, rule):
        """The proposals of the fapiao in ``pairs`` are exactly these."""
        matches = self.env["fapiao.match"].concat(*(fapiao.match_ids for fapiao, _bill in pairs))
        found = {(match.fapiao_id, match.move_id) for match in matches}
        self.assertEqual(found, set(pairs))
        self.assertEqual(set(matches.mapped("state")), {"proposed"})
        self.assertEqual(set(matches.mapped("rule")), {rule})
        return matches
