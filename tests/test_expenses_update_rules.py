"""The rules of import travel with every call that has room for them."""

from odoo.tests import tagged

from .common_update import ReportCommon


@tagged("post_install", "-at_install")
class TestReportRules(ReportCommon):
    def rules(self):
        return {one["call"]: one["rules"] for one in self.world.assistant_log()}

    def test_a_claimed_ticket_is_saved_where_the_company_allows_it(self):
        self.company.fapiao_pick_claimed = True
        expense, fapiao = self.picked_expense()
        self.world.claim_elsewhere(fapiao.serial_no, document="OTHER-1")
        expense.action_submit()
        self.tell()
        self.assertEqual(self.calls(), ["save", "status 30"])
        self.assertEqual(self.rules(), {"entry/save": "10000", "status/update": "10000"})
        self.assert_told()

    def test_it_is_refused_where_the_company_does_not(self):
        expense, fapiao = self.picked_expense()
        self.world.claim_elsewhere(fapiao.serial_no, document="OTHER-1")
        expense.action_submit()
        self.tell()
        self.assertEqual(self.calls(), [])
        self.assertEqual(self.reports()[0].state, "rejected")

    def test_the_key_of_a_saving_is_kept_nowhere(self):
        self.company.fapiao_pick_claimed = True
        expense, _fapiao = self.picked_expense()
        expense.action_submit()
        self.tell()
        (key,) = self.world.user_keys
        stored = self.env["fapiao.call"].search([]).mapped(lambda row: f"{row.request_body}{row.answer_body}")
        self.assertNotIn(key, " ".join([*stored, *self.reports().mapped("payload")]))

    def test_deletions_have_them_too(self):
        self.company.fapiao_pick_title = True
        expense, fapiao = self.submitted()
        fapiao.match_ids.action_undo()
        self.tell()
        self.assertEqual(self.rules()["del/entry"], "01000")
        expense.approval_state = False
        expense.unlink()
        self.tell()
        self.assertEqual(self.rules()["invoice/del"], "01000")
