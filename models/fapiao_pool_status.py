"""A received fapiao is reversed, voided or doubted after its bill was booked: somebody has to know."""

from odoo import api, models

from .fapiao_notes import as_html

ACTIVITY = "l10n_cn_invoice_cloud.activity_fapiao_status"
BAD = ("partly_red", "red", "void", "lost", "abnormal")


class Fapiao(models.Model):
    _inherit = "fapiao"

    @api.model
    def _status_hit(self, fapiao_ids):
        """Raise an activity on each posted bill that stands on one of these fapiao, unless all is well with
        it; one of bill and fapiao that is open already is brought up to date instead."""
        bad = self.browse(fapiao_ids).filtered(lambda fapiao: fapiao.status in BAD)
        matches = self.env["fapiao.match"].search([("fapiao_id", "in", bad.ids), ("state", "=", "confirmed")])
        by_fapiao = matches.grouped("fapiao_id")
        for fapiao in bad:
            own = by_fapiao.get(fapiao, matches.browse())
            bills = fapiao.move_ids | own.move_id | own.expense_id.account_move_id
            for bill in bills.filtered(lambda bill: bill.state == "posted"):
                fapiao._warn_on(bill)

    def _warn_on(self, bill):
        self.ensure_one()
        labels = dict(self._fields["status"]._description_selection(self.env))
        said = {"number": self.number, "status": labels[self.status]}
        summary = self.env._("Fapiao %(number)s: %(status)s", **said)
        note = as_html(
            self.env._(
                "The tax bureau has changed the status of fapiao %(number)s of this booked document: %(status)s."
                " Check whether it must be reversed, and input tax that was deducted be given back.",
                **said,
            )
        )
        kind = self.env.ref(ACTIVITY, raise_if_not_found=False)
        open_ones = bill.activity_ids.filtered(
            lambda activity: activity.activity_type_id == kind and self.number in (activity.summary or "")
        )
        if open_ones:
            open_ones.write({"summary": summary, "note": note})
            return
        user = bill.invoice_user_id or self.account_id._first_manager() or self.env.user
        bill.activity_schedule(ACTIVITY, summary=summary, note=note, user_id=user.id)
