"""The names under which the expense assistant knows our documents, their lines and our users: the same for
good, and no other database's."""

import hashlib

from odoo import api, models

KEY_LENGTH = 32  # seed 002 lets bxd_key have 50, eid 80


class FapiaoAccount(models.Model):
    _inherit = "fapiao.account"

    @api.model
    def _assistant_of(self, company):
        """Return the account through which ``company`` reaches the assistant, or none."""
        # sudo: whoever has an expense needn't be allowed to read accounts
        own = company.sudo().fapiao_account_id
        if own.active and own.has_assistant:
            return own
        return self.sudo().search([("company_id", "=", company.id)]).filtered("has_assistant")[:1]

    @api.model
    def _assistant_key(self, document):
        """Return the key (``bxd_key``) of a saved expense or bill, which outlives every change of its number.
        Seed 002, 5.2."""
        document.ensure_one()
        return self._assistant_name_of(document._name, document.id)

    @api.model
    def _assistant_line(self, document):
        """Return the id (``branch_id``, ``entryid``) of the one line of an expense or bill."""
        return f"{self._assistant_key(document)[:16]}-1"

    @api.model
    def _assistant_number(self, document):
        """Return what people call an expense or bill there (``billnumber``)."""
        document.ensure_one()
        is_move = document._name == "account.move"
        if is_move and document.name and document.name != "/":
            return document.name
        return f"{'BILL' if is_move else 'EXP'}{document.id}"

    @api.model
    def _assistant_user(self, user):
        """Return the id (``eid``) of a user, whose tickets lie in one wallet. Seed 002, 5.2."""
        user.ensure_one()
        return self._assistant_name_of(user._name, user.id)

    @api.model
    def _assistant_name_of(self, model, id_):
        # sudo: users may not read parameters; the database's id is no secret
        database = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return hashlib.sha256(f"{database}/{model}/{id_}".encode()).hexdigest()[:KEY_LENGTH]
