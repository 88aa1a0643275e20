"""The dialog that stands between the button and the request when something is wrong."""

from pathlib import Path
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .. import rules
from ..models.issuing import builder as fapiao_builder
from ..models.issuing import fapiao_document_mixin as mend
from ..models.issuing.builder import Builder
from ..rules.problems import Problem
from .common import FapiaoCommon


@tagged("post_install", "-at_install")
class TestIssueWizard(FapiaoCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product_b.write({"name": "No code", "fapiao_code_id": False, "taxes_id": [Command.set(cls.tax_13.ids)]})
        cls.product_b.categ_id.fapiao_code_id = False

    def open(self, moves):
        """Click *Issue* where something is wrong, and return the dialog."""
        action = self.issue(moves)
        self.assertEqual(action["res_model"], "fapiao.issue")
        return self.env["fapiao.issue"].browse(action["res_id"])

    def without_code(self):
        return self.create_invoice([{"product_id": self.product_b.id}])

    def doubtful(self):
        """An invoice that can be issued, with a warning."""
        partner = self.buyer.copy({"name": "无税号有限公司", "vat": False})
        return self.create_invoice(partner=partner)

    def click(self, issue, button="action_issue"):
        with self.engine():
            action = getattr(issue, button)()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        return action

    def test_missing_code_is_named_with_its_cure(self):
        invoice = self.without_code()
        issue = self.open(invoice)
        self.assertFalse(invoice.fapiao_request_ids)
        self.assertRecordValues(issue, [{"is_single": True, "ready_count": 0, "going_count": 0}])
        self.assertRecordValues(
            issue.problem_ids, [{"code": "code_missing", "severity": "error", "move_id": invoice.id}]
        )
        problem = issue.problem_ids
        self.assertIn("No code", problem.message)
        self.assertIn("product or its category", problem.fix)
        self.assertNotIn(problem.fix, problem.message)
        action = problem.action_open()
        self.assertEqual(
            (action["res_model"], action["res_id"], action["target"]),
            ("product.template", self.product_b.product_tmpl_id.id, "new"),
        )

    def test_mended_and_checked_again(self):
        invoice = self.without_code()
        issue = self.open(invoice)
        with self.assertRaisesRegex(UserError, "None of these"):
            self.click(issue)
        self.product_b.fapiao_code_id = self.code
        action = self.click(issue, "action_check")
        self.assertEqual(action["res_id"], issue.id)
        self.assertFalse(issue.problem_ids)
        self.assertEqual(issue.ready_count, 1)
        action = self.click(issue)
        self.assertEqual(action["tag"], "l10n_cn_invoice_cloud.progress")
        self.assert_one_fapiao(invoice)

    def test_warnings_are_accepted(self):
        invoice = self.doubtful()
        issue = self.open(invoice)
        self.assertEqual(issue.problem_ids.mapped("severity"), ["warning"])
        self.assertEqual((issue.ready_count, issue.issue_label), (1, "Issue Anyway"))
        self.click(issue)
        self.assert_one_fapiao(invoice)

    def test_only_what_is_ready_is_issued(self):
        good, bad, doubtful = self.create_invoice(), self.without_code(), self.doubtful()
        issue = self.open(good | bad | doubtful)
        self.assertEqual(issue.ready_count, 2)
        self.assertEqual(issue.summary, "Ready to issue: 2 of 3 invoices.")
        self.assertEqual(issue.issue_label, "Issue the 2 That Are Ready")
        action = self.click(issue)
        self.assertCountEqual(action["params"]["request_ids"], (good | doubtful).fapiao_request_ids.ids)
        self.assert_one_fapiao(good)
        self.assert_one_fapiao(doubtful)
        self.assertFalse(bad.fapiao_request_ids)

    def test_all_is_built_anew_when_issuing(self):
        invoice = self.doubtful()
        issue = self.open(invoice)
        self.company.fapiao_account_id = False
        with self.assertRaisesRegex(UserError, "None of these"):
            self.click(issue)
        self.assertFalse(invoice.fapiao_request_ids)

    def test_second_dialog_issues_nothing(self):
        invoice = self.doubtful()
        first, second = self.open(invoice), self.open(invoice)
        self.click(first)
        with self.assertRaisesRegex(UserError, "None of these"):
            self.click(second)
        self.click(second, "action_check")
        self.assertIn("have a fapiao", second.summary)
        self.assert_one_fapiao(invoice)

    def test_where_each_problem_is_mended(self):
        invoice = self.create_invoice()
        line = str(invoice.invoice_line_ids.id)
        seller = {"name": self.company.name}
        expected = [
            (Problem("buyer_tax_no_missing", "", values={"name": "x"}), self.buyer),
            (Problem("same_party", "", values=seller), self.buyer),
            (Problem("tax_no_doubtful", "", values={**seller, "number": "x"}), self.account),
            (Problem("bank_half", "", values=seller), self.company.partner_id),
            (Problem("code_summary", "", line=line), self.product_a.product_tmpl_id),
            (Problem("code_missing", ""), invoice),
            (Problem("short_name_missing", "", line=line), self.code),
            (Problem("rate_unknown", "", line=line), self.tax_13),
            (Problem("credit_low", ""), self.account),
            (Problem("drawer_missing", ""), self.company),
            (Problem("several_taxes", "", line=line), invoice),
            (Problem("whatever_comes", ""), invoice),
        ]
        for problem, record in expected:
            with self.subTest(problem.code):
                self.assertEqual(invoice._fapiao_record_to_mend(problem), record)
                action = invoice._fapiao_mend(record)
                self.assertEqual(action["type"], "ir.actions.act_window")
                in_place = record in (invoice, self.company)
                self.assertEqual(action["target"] == "new", not in_place)

    def test_every_code_of_the_rules_that_is_mapped_exists(self):
        """A renamed code would silently fall back to the invoice."""
        mapped = mend.BUYER | mend.PRODUCT | mend.TAX_CODE | mend.TAX | mend.ACCOUNT | mend.COMPANY
        sources = [*Path(rules.__file__).parent.glob("*.py"), Path(fapiao_builder.__file__)]
        text = "".join(source.read_text() for source in sources)
        self.assertEqual([code for code in sorted(mapped) if f'"{code}"' not in text], [])

    def test_dialog_is_ones_own(self):
        issue = self.open(self.doubtful())
        other = self.env["res.users"].create(
            {
                "name": "Other",
                "login": "other",
                "group_ids": [Command.set(self.issuer_group.ids)],
                "company_id": self.company.id,
                "company_ids": [Command.set(self.company.ids)],
            }
        )
        with self.assertRaises(AccessError):
            issue.with_user(other).action_issue()
        with self.assertRaises(AccessError):
            issue.problem_ids.with_user(other).action_open()

    def test_large_selection_builds_once(self):
        moves = self.env["account.move"].union(*[self.create_invoice() for _n in range(3)], self.doubtful())
        with patch.object(Builder, "_build", autospec=True, side_effect=Builder._build) as build:
            self.env["fapiao.issue"]._open(moves)
        self.assertEqual(build.call_count, 1)
