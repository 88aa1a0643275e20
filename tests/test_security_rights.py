"""Nobody comes further than their rights: the assistant, files, dialogs and the words of others."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_match import MatchCommon
from .common_pick import PickCommon
from .common_red import RedCommon
from .test_security_access import AccessCase

QUIET = ("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
PAGES = ("action_fapiao_pick", "action_fapiao_pick_list", "action_fapiao_pick_line", "action_fapiao_pick_adjust")


def portal_user(env, partner):
    return env["res.users"].create(
        {
            "name": "portal",
            "login": "fapiao_portal",
            "partner_id": partner.id,
            "group_ids": [Command.set(env.ref("base.group_portal").ids)],
        }
    )


@tagged("post_install", "-at_install")
class TestAssistantRights(PickCommon):
    @mute_logger(*QUIET)
    def assert_closed(self, document, user):
        """No way to the assistant for ``user`` from a document that they may read."""
        theirs = document.with_user(user)
        self.assertTrue(theirs.has_access("read"))
        before = len(self.world.calls.of())
        for name in (*PAGES, "action_fapiao_pick_compare"):
            with self.subTest(name), self.assertRaises(AccessError), self.engine():
                getattr(theirs, name)()
        self.assertFalse(self.env["fapiao.pick"].search([("user_id", "=", user.id)]))
        self.assertEqual(len(self.world.calls.of()), before)

    def test_customer_does_not_open_the_assistant(self):
        self.assert_closed(self.create_invoice(), portal_user(self.env, self.buyer))

    def test_auditor_does_not_open_the_assistant(self):
        auditor = self._create_employee_user("auditor")
        auditor.group_ids = self.env.ref("account.group_account_readonly")
        self.assert_closed(self.blank_bill(), auditor)

    def test_own_invoices_are_no_documents_of_the_assistant(self):
        with self.assertRaisesRegex(UserError, "vendor bills and expenses only"), self.engine():
            self.create_invoice().action_fapiao_pick_list()
        self.assertFalse(self.env["fapiao.pick"].search([]))

    @mute_logger(*QUIET)
    def test_visit_opens_no_page_for_who_lost_the_right(self):
        user = self._create_employee_user("bookkeeper")
        user.group_ids = self.env.ref("account.group_account_invoice")
        bill = self.blank_bill().with_user(user)
        with self.engine():
            action = bill.action_fapiao_pick_list()
        visit = bill.env["fapiao.pick"].browse(action["params"]["pick_id"])
        user.group_ids = self.env.ref("account.group_account_readonly")
        before = len(self.world.calls.of())
        with self.assertRaises(AccessError), self.engine():
            visit.open_page()
        self.assertEqual(len(self.world.calls.of()), before)

    def approved(self):
        """Return a visit with one ticket, its expense, which is approved by now, and another one."""
        first, second = self.expense(), self.expense()
        pick = self.picked(first | second, [self.ticket("26", total=100, tax=0)])
        ticket = pick.ticket_ids
        other = (first | second) - ticket.expense_id
        self.employee_user.employee_id.sudo().expense_manager_id = self.env.ref("base.user_admin")
        other.total_amount_currency = 50
        other.action_submit()
        other.sudo().write({"approval_state": "approved"})
        self.assertEqual(other.state, "approved")
        return pick.with_user(self.employee_user).sudo(False), ticket, other

    def test_ticket_does_not_change_an_approved_expense(self):
        pick, ticket, approved = self.approved()
        amount = approved.total_amount
        with self.assertRaises(AccessError):
            pick.move_ticket(ticket.id, approved.id)
        self.assertEqual(approved.total_amount, amount)
        self.assertNotEqual(ticket.expense_id, approved)

    def test_employee_looks_at_the_own_approved_expense(self):
        approved = self.approved()[2]
        with self.engine():
            self.assertTrue(approved.action_fapiao_pick_list())

    def test_collision_does_not_name_a_colleagues_expense(self):
        serial = self.ticket("26", total=100, tax=0)
        other = self._create_employee_user("colleague")
        theirs = self.expense(user=other, name="Secret journey")
        self.picked(self.expense(name="Mine"), [serial])
        fapiao = self.env["fapiao"].sudo().search([("serial_no", "=", serial)])
        taken = fapiao._lock_taken()[fapiao]
        self.assertEqual(taken._names_for(self.employee_user, self.company), [taken.document_name])
        self.assertEqual(taken._names_for(theirs.env.user, self.company), ["a document that you have no access to"])


@tagged("post_install", "-at_install")
class TestDialogRights(RedCommon, MatchCommon, AccessCase):
    @mute_logger(*QUIET)
    def test_only_issuers_fetch_files(self):
        fapiao = self.issued().fapiao_ids
        before = len(self.world.calls.of())
        for name in ("auditor", "invoicer"):
            theirs = fapiao.with_user(self.users[name])
            with self.subTest(name), self.engine():
                with self.assertRaises(AccessError):
                    theirs.action_fetch_files()
                with self.assertRaises(AccessError):
                    theirs.action_refresh()
                with self.assertRaisesRegex(UserError, "no files"):
                    theirs.action_download()
        self.assertEqual(len(self.world.calls.of()), before)
        with self.engine():
            fapiao.with_user(self.users["issuer"]).action_fetch_files()
        self.assertTrue(fapiao.pdf_id)

    @mute_logger(*QUIET)
    def test_reversal_takes_no_facts_from_the_client(self):
        issuer = self.users["issuer"]
        fapiao = self.issued().fapiao_ids
        Flush = self.env["fapiao.red.flush"].with_user(issuer)
        other = self.env["res.company"].create({"name": "另一公司"})
        with self.assertRaises(AccessError):
            Flush.create({"company_id": other.id, "account_id": self.account.id, "number": fapiao.number})
        dialog = self.open_flush(fapiao, issuer).with_user(issuer)
        for values in (
            {"checks": "{}"},
            {"answer": "allowed"},
            {"company_id": other.id},
            {"account_id": self.account.id},
            {"initiator": "buyer"},
            {"fapiao_id": fapiao.id},
            {"bill_id": False},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                dialog.write(values)

    def test_answer_of_the_bureau_holds_for_the_fapiao_asked_about(self):
        issuer = self.users["issuer"]
        dialog = self.open_flush(self.issued().fapiao_ids, issuer).with_user(issuer)
        self.assertEqual(dialog.answer, "allowed")
        dialog.write({"number": dialog.number, "reason": dialog.reason})
        self.assertEqual(dialog.answer, "allowed")
        with self.assertRaises(UserError):
            dialog.write({"number": "26312000000000000001"})
        dialog.write({"seller_tax_no": "91310000MA1SELLER8"})
        self.assertEqual((dialog.answer, dialog.checks), ("none", False))

    @mute_logger(*QUIET)
    def test_match_is_confirmed_in_the_own_name_only(self):
        user, colleague = self.users["invoicer"], self.users["manager"]
        match = self.confirm(self.receive(), self.bill())
        for values in ({"user_id": colleague.id}, {"rule": "number"}, {"move_id": self.bill().id}):
            with self.subTest(values), self.assertRaises(AccessError):
                match.with_user(user).write(values)
        Wizard = self.env["fapiao.match.wizard"].with_user(user)
        with self.assertRaises(AccessError):
            Wizard.create({"fapiao_id": match.fapiao_id.id})
        wizard = Wizard._open(self.receive())
        wizard = Wizard.browse(wizard["res_id"])
        line = {"wizard_id": wizard.id, "move_id": self.bill().id, "match_id": match.id}
        with self.assertRaises(AccessError):
            wizard.write({"line_ids": [Command.create(line)]})
        with self.assertRaises(AccessError):
            self.env["fapiao.match.bill"].with_user(user).create({"fapiao_ids": [Command.set(match.fapiao_id.ids)]})

    @mute_logger(*QUIET)
    def test_collision_does_not_name_documents_of_other_companies(self):
        other = self.env["res.company"].create({"name": "另一公司", "country_id": self.env.ref("base.cn").id})
        fapiao = self.receive()
        match = self.confirm(fapiao, self.bill(ref="Secret"))
        self.env.flush_all()
        stranger = self._create_user("stranger", self.env.ref("account.group_account_invoice"), other)
        self.assertEqual(match._names_for(stranger, other), ["a document that you have no access to"])
        self.assertEqual(match._names_for(self.users["invoicer"], self.company), [match.document_name])
        self.assertEqual(
            match._names_for(self.users["invoicer"], other), [f"{match.document_name} ({self.company.name})"]
        )

    def test_customer_reads_no_words_of_the_cloud(self):
        self.world.faults.add("blueTicket", "refused")
        invoice = self.create_invoice()
        self.issue(invoice)
        self.assertTrue(invoice.fapiao_message)
        self.assertEqual(invoice.fapiao_request_state, "rejected")
        theirs = invoice.with_user(portal_user(self.env, self.buyer))
        self.env.invalidate_all()
        (said,) = theirs.read(["fapiao_message", "fapiao_red_message", "fapiao_request_state"])
        self.assertFalse(said["fapiao_message"] or said["fapiao_red_message"] or said["fapiao_request_state"])
        self.assertTrue(invoice.with_user(self.users["employee"]).sudo().fapiao_message)
