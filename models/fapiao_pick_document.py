"""Which bills and expenses fapiao may be picked for, by whom, and what a company lets through."""

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..clouds import picking
from . import fapiao_gate as gate


class FapiaoMatchedMixin(models.AbstractModel):
    _inherit = "fapiao.matched.mixin"

    fapiao_can_pick = fields.Boolean(compute="_compute_fapiao_can_pick")

    # ------------------------------------------------------------------ what a concrete model says

    def _fapiao_pick_kinds(self):
        """Return the kinds of document (of ``fapiao.pick``) a person may choose from, the likeliest first."""
        raise NotImplementedError

    def _fapiao_pick_is_open(self):
        """Tell whether the current user may still put fapiao on this document."""
        raise NotImplementedError

    def _fapiao_pick_refill(self):
        """Bring this document in line with its picked fapiao, where it takes its values from them."""
        raise NotImplementedError

    # ------------------------------------------------------------------ computes

    def _compute_fapiao_can_pick(self):
        for document in self:
            company = document.company_id
            is_chinese = company.account_fiscal_country_id.code == "CN"
            document.fapiao_can_pick = bool(
                is_chinese
                and document._fapiao_in_can_match()
                and self.env["fapiao.account"]._assistant_of(company)
                and document._fapiao_pick_is_open()
            )

    # ------------------------------------------------------------------ actions

    def action_fapiao_pick(self):
        """Open the dialog in which fapiao are picked for these documents at the expense assistant."""
        gate.check(self, gate.INTERNAL)
        self._fapiao_pick_check()
        return self.env["fapiao.pick"]._visit(self)._dialog()

    def action_fapiao_pick_list(self):
        """Show all fapiao of this document at the assistant."""
        gate.check(self, gate.INTERNAL)
        return self._fapiao_pick_page(picking.DOCUMENT_PAGE)

    def action_fapiao_pick_line(self):
        """Show the fapiao of this document's line at the assistant."""
        gate.check(self, gate.INTERNAL)
        return self._fapiao_pick_page(picking.LINE_PAGE)

    def action_fapiao_pick_adjust(self):
        """Change the fapiao of this document's line at the assistant, and take over what was changed."""
        gate.check(self, gate.INTERNAL)
        self._fapiao_pick_check()
        return self._fapiao_pick_page(picking.LINE_EDIT_PAGE)

    def _fapiao_pick_page(self, page):
        self.ensure_one()
        return self.env["fapiao.pick"]._visit(self, page)._dialog()

    def _fapiao_pick_is_own(self):
        """Tell whether these documents are the current user's own: they may look at them once they are closed."""
        return False

    def _fapiao_pick_check_look(self):
        """Raise where the current user may not open the assistant for these documents. The key of its pages also
        opens those that change something, so that reading a document is not enough."""
        gate.check(self, gate.INTERNAL)
        if not all(document._fapiao_in_can_match() for document in self):
            raise UserError(self.env._("Fapiao are picked for vendor bills and expenses only."))
        if not (self.env.su or self._fapiao_pick_is_own()):
            self.check_access("write")

    def _fapiao_pick_check(self):
        """Raise where the current user may not put fapiao on these documents, with the reason."""
        if not self or len(self.company_id) != 1:
            raise UserError(self.env._("Choose documents of one company."))
        gate.check(self, gate.INTERNAL, "write")
        for document in self:
            if not document._fapiao_in_can_match():
                raise UserError(self.env._("Fapiao are picked for vendor bills and expenses only."))
            if not document._fapiao_pick_is_open():
                raise AccessError(
                    self.env._(
                        "You can't change %s any more. Have it set back to draft, then pick its fapiao.",
                        document.display_name,
                    )
                )


class ResCompany(models.Model):
    _inherit = "res.company"
    _fapiao_inputs = frozenset(
        {
            *("fapiao_pick_claimed", "fapiao_pick_title", "fapiao_pick_tax_no"),
            *("fapiao_pick_unverified", "fapiao_pick_personal"),
        }
    )

    fapiao_pick_claimed = fields.Boolean("Tickets Claimed Already")
    fapiao_pick_title = fields.Boolean("Another Company's Name")
    fapiao_pick_tax_no = fields.Boolean("Another Tax Number")
    fapiao_pick_unverified = fields.Boolean("Failed Verification")
    fapiao_pick_personal = fields.Boolean("Personal Fapiao")

    def _fapiao_pick_rules(self):
        """Return the five characters of ``ticketParam``: 1 allows. Seed 002, 5.2."""
        self.ensure_one()
        company = self.sudo()  # sudo: settings of the company, no secrets
        allowed = (
            company.fapiao_pick_claimed,
            company.fapiao_pick_title,
            company.fapiao_pick_tax_no,
            company.fapiao_pick_unverified,
            company.fapiao_pick_personal,
        )
        return "".join("1" if yes else "0" for yes in allowed)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fapiao_pick_claimed = fields.Boolean(related="company_id.fapiao_pick_claimed", readonly=False)
    fapiao_pick_title = fields.Boolean(related="company_id.fapiao_pick_title", readonly=False)
    fapiao_pick_tax_no = fields.Boolean(related="company_id.fapiao_pick_tax_no", readonly=False)
    fapiao_pick_unverified = fields.Boolean(related="company_id.fapiao_pick_unverified", readonly=False)
    fapiao_pick_personal = fields.Boolean(related="company_id.fapiao_pick_personal", readonly=False)
