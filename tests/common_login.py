"""The log-in dialog as an issuer uses it."""

from datetime import timedelta

from odoo import Command

from .common import FapiaoCommon


class LoginCommon(FapiaoCommon):
    """Opens the dialog and clicks in it as an issuer does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.issuer = cls._create_user("Issuer", cls.issuer_group)

    @classmethod
    def _create_user(cls, name, groups):
        return cls.env["res.users"].create(
            {
                "name": name,
                "login": name.lower(),
                "group_ids": [Command.set(groups.ids)],
                "company_id": cls.company.id,
                "company_ids": [Command.set(cls.company.ids)],
            }
        )

    def open(self, purpose="login", **values):
        """Open the dialog as the issuer and choose ``values``."""
        account = self.account.with_user(self.issuer)
        action = account.action_face() if purpose == "face" else account.action_login()
        return self.env["fapiao.login"].with_user(self.issuer).with_context(**action["context"]).create(values)

    def click(self, login, button):
        with self.engine():
            action = getattr(login, button)()
        self.assertEqual((action["res_model"], action["res_id"]), ("fapiao.login", login.id))

    def poll(self, login, later=True):
        """Ask as the dialog does; ``later``: so late that the cloud is asked as well."""
        if later and login.asked_at:
            login.sudo().asked_at -= timedelta(minutes=1)
        with self.engine():
            return login.poll()

    def calls(self, name="loginDppt"):
        return len(self.world.calls.of(name))

    def journal(self):
        return self.env["fapiao.call"].search([("account_id", "=", self.account.id)])

    def wait_for_login(self):
        """Return an invoice whose request waits for somebody to log in."""
        self.world.set_session(self.account.tax_no, "lost")
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_request_ids.state, "waiting_login")
        return invoice
