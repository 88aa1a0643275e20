"""Whoever may see an invoice can open its form, whatever became of its fapiao."""

from ast import literal_eval

from lxml import etree

from odoo.tests import Form, tagged

from .test_access import AccessCase


@tagged("post_install", "-at_install")
class TestInvoiceForm(AccessCase):
    def visible(self, invoice, name):
        """Return the names of the fapiao buttons and fields in the invoice form of user ``name``."""
        form = etree.fromstring(invoice.with_user(self.users[name]).get_view(view_type="form")["arch"])
        names = {node.get("name", "") for node in form.iter("button", "field", "page")}
        return {name for name in names if "fapiao" in name}

    def test_everybody_can_open_it(self):
        waiting, issued = self.create_invoice(), self.create_invoice()
        self.issue(issued)
        self.world.set_session(self.account.tax_no, "lost")
        self.issue(waiting)
        for invoice, state in ((waiting, "pending"), (issued, "issued")):
            for name in ("auditor", "invoicer", "issuer", "manager"):
                with self.subTest(user=name, state=state), Form(invoice.with_user(self.users[name])) as form:
                    self.assertEqual(form.fapiao_state, state)
                    self.assertEqual(form.fapiao_count, state == "issued")
                    self.assertEqual(bool(form.fapiao_message), state == "pending")
            # core's own form fails for salespeople without accounting: ours must not be one more reason
            with self.subTest(user="salesman", state=state):
                shown = self.visible(invoice, "salesman") & set(invoice._fields)
                self.assertIn("fapiao_state", shown)
                (values,) = invoice.with_user(self.users["salesman"]).read(list(shown))
                self.assertEqual(values["fapiao_state"], state)

    def test_buttons_are_the_issuers(self):
        invoice = self.create_invoice()
        buttons = {f"action_fapiao_{name}" for name in ("issue", "refresh", "withdraw", "login")}
        self.assertTrue(buttons <= self.visible(invoice, "issuer"))
        for name in ("salesman", "auditor", "invoicer"):
            with self.subTest(user=name):
                self.assertFalse(buttons & self.visible(invoice, name))
        self.assertIn("fapiao_ids", self.visible(invoice, "auditor"))
        self.assertNotIn("fapiao_ids", self.visible(invoice, "salesman"))

    def test_login_button_opens_what_is_needed(self):
        invoice = self.create_invoice()
        self.world.set_session(self.account.tax_no, "lost")
        self.issue(invoice)
        invoice = invoice.with_user(self.users["issuer"])
        self.assertEqual(invoice.fapiao_request_state, "waiting_login")
        self.assertTrue(invoice.fapiao_waits_for_login)
        self.assertTrue(invoice.fapiao_can_withdraw)
        for need, purpose in (("login", "login"), ("sms", "login"), ("face", "face")):
            with self.subTest(need=need):
                self.account.sudo().session_state = need
                action = invoice.action_fapiao_login()
                self.assertEqual(action["res_model"], "fapiao.login")
                self.assertEqual(action["context"]["default_purpose"], purpose)
        self.account.sudo().session_state = "credentials"
        action = invoice.action_fapiao_login()
        self.assertEqual((action["res_model"], action["res_id"]), ("fapiao.account", self.account.id))

    def test_attention_ends_with_the_better_request(self):
        action = self.env.ref("l10n_cn_invoice_cloud.action_fapiao_attention")
        invoice = self.create_invoice()
        self.world.faults.add("blueTicket", "refused", text="可用授信额度不足")
        self.issue(invoice)
        rejected = invoice.fapiao_request_ids
        self.assertEqual(rejected.state, "rejected")
        domain = literal_eval(action.domain)
        self.assertIn(rejected, self.env["fapiao.request"].search(domain))
        self.issue(invoice)
        self.assertEqual(invoice.fapiao_state, "issued")
        self.assertNotIn(rejected, self.env["fapiao.request"].search(domain))
