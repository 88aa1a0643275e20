"""Vendor bills made from received fapiao."""

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ..rules import taxno
from . import fapiao_gate as gate
from .fapiao_decimal import exact
from .fapiao_types import LIVING


class Fapiao(models.Model):
    _inherit = "fapiao"

    # ------------------------------------------------------------------ actions

    def action_create_bill(self):
        """Make vendor bills from these fapiao and open them; several of one seller may become one bill, which
        a dialog asks. Raises ``UserError`` naming what keeps a fapiao from being booked."""
        gate.check(self, gate.INVOICER)
        self._check_bookable()
        if len(self) > 1 and len(self._by_seller()) < len(self):
            return self.env["fapiao.match.bill"]._open(self)
        return self._open_bills(self._create_bills())

    def _open_bills(self, bills):
        """Return what opens ``bills``, several in the list of vendor bills, which shows their vendors."""
        action = bills._get_records_action(name=self.env._("Bills"))
        if len(bills) > 1:
            listing = self.env.ref("account.view_in_invoice_bill_tree").id
            action["views"] = [(listing, "list"), (False, "form")]
            action["context"] = {"default_move_type": "in_invoice"}
        return action

    # ------------------------------------------------------------------ what may be booked

    def _check_bookable(self):
        self._check_received()
        for fapiao in self:
            if obstacle := fapiao._why_not_bookable():
                raise UserError(obstacle)

    def _why_not_bookable(self):
        """Return in words why no bill can be made of this fapiao, or ''."""
        self.ensure_one()
        if self.status not in LIVING:
            return {
                "red": self.env._(
                    "Fapiao %s is reversed by a red fapiao: it does not stand for a purchase.", self.number
                ),
                "void": self.env._("Fapiao %s is void: ask the seller for another.", self.number),
                "lost": self.env._(
                    "Fapiao %s is out of control (失控) at the tax bureau: ask the seller for another.",
                    self.number,
                ),
                "abnormal": self.env._(
                    "Fapiao %s is abnormal (异常) at the tax bureau: ask the seller before it is booked.",
                    self.number,
                ),
            }[self.status]
        if not exact(self.amount_total):
            return self.env._("Fapiao %s has no amount.", self.number)
        # sudo: a booking in another company counts, though the user may not see it
        uses = self._lock_taken()[self]
        if uses:
            return self.env._(
                "Fapiao %(number)s is booked already: %(documents)s.",
                number=self.number,
                documents=", ".join(uses._names_for(self.env.user, self.company_id)),
            )
        return ""

    def _by_seller(self):
        """Return these fapiao by what they must have in common to become one bill."""
        return self.grouped(
            lambda fapiao: (
                fapiao.company_id,
                fapiao.seller_tax_no or fapiao.seller_name,
                exact(fapiao.amount_total) > 0,
            )
        )

    # ------------------------------------------------------------------ making bills

    def _create_bills(self, together=False):
        """Return draft bills for these fapiao, one each or, ``together``, one for each seller, matched with
        them. Blue fapiao become bills, red ones refunds."""
        self._check_bookable()
        groups = list(self._by_seller().values()) if together else list(self)
        vendors = self._find_vendors()
        bills = self.env["account.move"].create([group._bill_values(vendors) for group in groups])
        for bill, group in zip(bills, groups, strict=True):
            bill._fapiao_in_adjust_tax(group._tax_of_lines())
            group._note_missing_taxes(bill)
            for fapiao in group:
                self.env["fapiao.match"]._confirm_pair(fapiao, bill, fapiao.amount_total, rule="created")
        return bills

    def _bill_values(self, vendors):
        first = self[0]
        is_refund = exact(first.amount_total) < 0
        return {
            "move_type": "in_refund" if is_refund else "in_invoice",
            "company_id": first.company_id.id,
            "currency_id": first.currency_id.id,
            "partner_id": vendors[first].id,
            "ref": ", ".join(self.mapped("number")),
            "invoice_date": max(filter(None, self.mapped("issue_date")), default=fields.Date.today()),
            "invoice_line_ids": [
                Command.create(values) for fapiao in self for values in fapiao._bill_lines()
            ],
        }

    # ------------------------------------------------------------------ vendors

    def _find_vendors(self):
        """Return ``{fapiao: its vendor}``: found by tax number, else by name among partners without one, else
        created."""
        known = {}
        vendors = {}
        for fapiao in self:
            key = fapiao._vendor_key()
            if key not in known:
                known[key] = fapiao.partner_id or fapiao._find_vendor() or fapiao._create_vendor()
            vendors[fapiao] = known[key]
        return vendors

    def _vendor_key(self):
        return self.company_id, taxno.normalise(self.seller_tax_no) or self.seller_name

    def _find_vendor(self):
        Partner = self.env["res.partner"]
        here = [("company_id", "in", (False, self.company_id.id)), ("parent_id", "=", False)]
        number = taxno.normalise(self.seller_tax_no)
        if number:
            domain = [("vat", "in", (number, f"CN{number}", self.seller_tax_no)), *here]
            if found := Partner.search(domain, order="supplier_rank desc, id", limit=1):
                return found
        by_name = Partner.search([("name", "=", self.seller_name), *here], order="supplier_rank desc, id")
        # a namesake with another tax number is somebody else
        return by_name.filtered(lambda partner: not number or not partner._fapiao_tax_no())[:1]

    def _create_vendor(self):
        number = taxno.normalise(self.seller_tax_no)
        if not (self.seller_name or number):
            raise UserError(self.env._("Fapiao %s names no seller: enter the bill by hand.", self.number))
        # sudo: bookkeepers may not create partners, but what the bureau says of a seller is not their choice
        vendor = self.env["res.partner"].sudo()
        return vendor.create(
            {
                "name": self.seller_name or number,
                "is_company": True,
                "vat": False if taxno.judge(number) == taxno.MALFORMED else number,
                "country_id": self.env.ref("base.cn").id,
                "supplier_rank": 1,
            }
        ).sudo(False)
