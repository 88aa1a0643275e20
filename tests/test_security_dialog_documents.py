"""Dialogs work on the documents they were opened for: what a client names over RPC is not taken."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common_match import MatchCommon
from .common_order import OrderCommon
from .test_security_access import AccessCase


@tagged("post_install", "-at_install")
class TestDialogDocuments(OrderCommon, MatchCommon, AccessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.branch = cls.env["res.company"].create({"name": "另一公司"})
        cls.stranger = cls._create_user("stranger", cls.manager_group, cls.branch)
        cls.clerk = cls._create_user(
            "clerk", cls.manager_group + cls.env.ref("sales_team.group_sale_salesman_all_leads")
        )

    def setUp(self):
        super().setUp()
        self.invoice_open, self.order = self.create_invoice(), self.create_order()
        self.received = self.receive()
        self.env.flush_all()
        self.before = len(self.world.calls.of())

    def rpc(self, user, model, method, *args, **kwargs):
        theirs = self.env[model].with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
        with self.engine(), self.env.cr.savepoint():
            result = call_kw(theirs, method, list(args), kwargs)
            self.env.flush_all()
        return result

    def assert_refused(self, user, model, method, *args, **kwargs):
        with self.assertRaises(AccessError):
            self.rpc(user, model, method, *args, **kwargs)
        self.assertEqual(len(self.world.calls.of()), self.before, "a call reached a cloud")

    # ------------------------------------------------------------------ named by the client

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_nobody_names_the_documents_of_a_dialog(self):
        line = self.order.order_line
        named = {
            "fapiao.issue": {"move_ids": [Command.set(self.invoice_open.ids)]},
            "fapiao.order.request": {"fapiao_type": "ordinary", "order_ids": [Command.set(self.order.ids)]},
            "fapiao.order.request.line": {"order_line_id": line.id, "quantity": 1},
            "fapiao.deduction": {"fapiao_ids": [Command.set(self.received.ids)]},
            "fapiao.match.bill": {"fapiao_ids": [Command.set(self.received.ids)]},
            "fapiao.match.wizard": {"fapiao_id": self.received.id},
            "fapiao.request.move": {"request_ids": [Command.set([])], "target_id": self.account.id},
            "fapiao.red.flush": {"company_id": self.company.id, "account_id": self.account.id},
        }
        for model, values in named.items():
            for user in (self.stranger, self.clerk):
                with self.subTest(model=model, user=user.login):
                    self.assert_refused(user, model, "create", values)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_open_dialog_keeps_its_documents(self):
        other, order = self.create_invoice(), self.create_order()
        issue = self.rpc(self.clerk, "fapiao.issue", "search", [])
        self.assertFalse(issue)
        issue = self.dialog(self.open_issue())
        request = self.dialog(self.order.with_user(self.clerk).action_fapiao_request())
        deduction = self.dialog(self.received.with_user(self.clerk).action_deduct())
        for dialog, values in (
            (issue, {"move_ids": [Command.set(other.ids)]}),
            (issue, {"problem_ids": [Command.create({"severity": "error", "mend_model": "res.users"})]}),
            (request, {"order_ids": [Command.set(order.ids)]}),
            (request, {"line_ids": [Command.create({"order_line_id": order.order_line.id, "quantity": 1})]}),
            (request.line_ids, {"order_line_id": order.order_line.id}),
            (deduction, {"fapiao_ids": [Command.set(self.receive().ids)]}),
        ):
            with self.subTest(model=dialog._name, values=values):
                self.assert_refused(self.clerk, dialog._name, "write", dialog.ids, values)
        self.rpc(self.clerk, "fapiao.order.request", "write", request.ids, {"remark": "x"})
        self.rpc(self.clerk, "fapiao.order.request.line", "write", request.line_ids.ids, {"quantity": 2})
        self.assertEqual((request.remark, request.line_ids.quantity), ("x", 2))

    def open_issue(self):
        moves = self.invoice_open.with_user(self.clerk)
        return moves.env["fapiao.issue"]._open(moves)

    def dialog(self, action):
        return self.env[action["res_model"]].with_user(self.clerk).browse(action["res_id"])

    # ------------------------------------------------------------------ taken away meanwhile

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.models.unlink")
    def test_documents_that_were_taken_away(self):
        """Who has left the company since the dialog was opened goes on with nothing of it."""
        dialogs = {
            "action_issue": self.open_issue(),
            "action_check": self.open_issue(),
            "action_request": self.order.with_user(self.clerk).action_fapiao_request(),
            "action_confirm": self.received.with_user(self.clerk).action_deduct(),
        }
        self.clerk.write({"company_ids": [Command.set(self.branch.ids)], "company_id": self.branch.id})
        self.env.flush_all()
        self.env.invalidate_all()
        for method, action in dialogs.items():
            with self.subTest(method):
                self.assert_refused(self.clerk, action["res_model"], method, [action["res_id"]])
        self.assertFalse(self.invoice_open.fapiao_request_ids or self.order.fapiao_request_ids)

    # ------------------------------------------------------------------ an account to leave

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_account_of_another_company_shows_nothing(self):
        """The dialog that replaces an account fills in who the account is."""
        values = {"source_id": self.account.id}
        self.assert_refused(self.stranger, "fapiao.account.replace", "create", values)
        spec = {"source_id": {}, "tax_no": {}, "phone": {}, "app_key": {}}
        self.assert_refused(self.stranger, "fapiao.account.replace", "onchange", [], values, ["source_id"], spec)
        with Form(
            self.env["fapiao.account.replace"].with_user(self.clerk).with_context(default_source_id=self.account.id)
        ) as form:
            self.assertEqual(form.tax_no, self.account.tax_no)
