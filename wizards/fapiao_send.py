"""Dialog ``fapiao.send``: sends issued fapiao to the buyer again, by Odoo's mail.

The clouds deliver a fapiao once, when it is issued; none has a documented call that delivers it again.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, email_normalize_all

from ..models.cloud import gate
from ..models.values import as_html


class FapiaoSend(models.TransientModel):
    _name = "fapiao.send"
    _inherit = ["fapiao.guard.mixin"]
    _description = "Send Fapiao Again"
    # The fapiao are set by the dialog, not by the user.
    _fapiao_inputs = frozenset({"email_to", "subject", "body"})

    fapiao_ids = fields.Many2many("fapiao", required=True, readonly=True)
    email_to = fields.Char("To", help="Several addresses with commas between them.")
    subject = fields.Char(required=True)
    body = fields.Text("Message", required=True)
    attachment_ids = fields.Many2many("ir.attachment", string="Files", compute="_compute_attachment_ids")
    missing = fields.Char(compute="_compute_attachment_ids")

    # ------------------------------------------------------------------ computes

    @api.depends("fapiao_ids")
    def _compute_attachment_ids(self):
        for dialog in self:
            dialog.attachment_ids = dialog.fapiao_ids._files()
            bare = dialog.fapiao_ids.filtered(lambda fapiao: not fapiao._files())
            dialog.missing = ", ".join(bare.mapped("number"))

    # ------------------------------------------------------------------ opening

    @api.model
    def _open(self, fapiao):
        """Return the dialog for issued ``fapiao``; files that are not here are asked for once more."""
        gate.check(fapiao, gate.ISSUER)
        if bare := fapiao.filtered(lambda one: one.account_id and not one._files()):
            bare.action_fetch_files()
        company = fapiao.company_id[:1]
        partner = (fapiao.move_ids.partner_id | fapiao._fapiao_recipients())[:1]
        env = self.with_context(lang=partner.lang or self.env.lang).env
        numbers = ", ".join(fapiao.mapped("number"))
        # sudo: what a dialog is about is set by this flow alone
        dialog = self.sudo().create(
            {
                "fapiao_ids": [fields.Command.set(fapiao.ids)],
                "email_to": partner._fapiao_party().email if partner else False,
                "subject": env._("Fapiao %(numbers)s of %(company)s", numbers=numbers, company=company.name),
                "body": env._(
                    "Dear customer,\n\nplease find attached the fapiao %(numbers)s, over %(total)s in all."
                    "\n\n%(company)s",
                    numbers=numbers,
                    total=fapiao.currency_id[:1].format(sum(fapiao.mapped("amount_total"))),
                    company=company.name,
                ),
            }
        )
        return dialog.sudo(self.env.su)._get_records_action(name=self.env._("Send Fapiao Again"), target="new")

    # ------------------------------------------------------------------ actions

    def action_send(self):
        """Queue the mail with the files, and say so on invoices and orders."""
        gate.check(self, gate.ISSUER, "write")
        self.ensure_one()
        gate.check_documents(self, "fapiao_ids")
        addresses = email_normalize_all(self.email_to or "")
        if not addresses or any(not email_normalize(part) for part in self._parts()):
            raise UserError(self.env._("“%s” is no mail address. Correct it to send the fapiao.", self.email_to or ""))
        files = self.fapiao_ids._files()
        if not files:
            raise UserError(
                self.env._("The cloud has no files for this fapiao yet. They are fetched as soon as they are there.")
            )
        # sudo: issuers may not write mails; the queue sends it, since a mail server may be slow
        self.env["mail.mail"].sudo().create(
            {
                "subject": self.subject,
                "body_html": as_html(self.body),
                "email_from": self.env.user.email_formatted or self.fapiao_ids.company_id[:1].email_formatted,
                "email_to": ",".join(addresses),
                "attachment_ids": [fields.Command.set(files.ids)],
            }
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        said = self.env._(
            "Fapiao %(numbers)s sent to %(addresses)s again.",
            numbers=", ".join(self.fapiao_ids.mapped("number")),
            addresses=", ".join(addresses),
        )
        for document in self.fapiao_ids._fapiao_documents():
            # sudo: an issuer may know an order by its fapiao only
            document.sudo()._message_log(body=said)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "success", "message": said, "next": {"type": "ir.actions.act_window_close"}},
        }

    # ------------------------------------------------------------------ helpers

    def _parts(self):
        return [part for part in (self.email_to or "").replace(";", ",").split(",") if part.strip()]
