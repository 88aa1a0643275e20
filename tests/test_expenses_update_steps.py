"""What is still to be told of a document, as plain values."""

from odoo.tests import BaseCase, tagged

from ..models.expenses.update_steps import Report, Step, Wanted, known_after, steps_to

ONE = (("L", ("a",)),)
TWO = (("L", ("a", "b")),)
SAVED = (Report("save", lines=ONE), Report("status", "30"))


@tagged("post_install", "-at_install")
class TestReportSteps(BaseCase):
    def steps(self, wanted, *reports):
        return [f"{step.kind} {step.status or step.line}".strip() for step in steps_to(wanted, known_after(reports))]

    def test_nothing_to_tell_of_a_draft(self):
        self.assertEqual(self.steps(Wanted(lines=ONE, is_draft=True)), [])

    def test_saved_before_a_status(self):
        self.assertEqual(self.steps(Wanted("30", ONE)), ["save", "status 30"])
        self.assertEqual(self.steps(Wanted("60", ONE), *SAVED), ["status 60"])
        self.assertEqual(self.steps(Wanted("30", ONE), *SAVED), [])

    def test_other_tickets_are_saved_and_get_the_status(self):
        self.assertEqual(self.steps(Wanted("30", TWO), *SAVED), ["save", "status 30"])

    def test_no_ticket_left(self):
        self.assertEqual(self.steps(Wanted("30"), *SAVED), ["drop_line L"])
        self.assertEqual(self.steps(Wanted("30"), *SAVED, Report("drop_line", line="L")), [])

    def test_no_longer_in_use(self):
        self.assertEqual(self.steps(Wanted("1", ONE, is_draft=True), *SAVED), ["status 1"])
        self.assertEqual(self.steps(Wanted("1"), *SAVED), ["status 1"])
        self.assertEqual(self.steps(Wanted("1"), *SAVED, Report("status", "1")), [])

    def test_submitted_again_is_saved_again(self):
        self.assertEqual(self.steps(Wanted("30", ONE), *SAVED, Report("status", "1")), ["save", "status 30"])

    def test_draft_loses_a_ticket_that_was_shown(self):
        shown = Report("relate", lines=TWO)
        self.assertEqual(self.steps(Wanted("1", ONE, is_draft=True), shown), ["relate"])
        self.assertEqual(self.steps(Wanted("1", (), is_draft=True), shown), ["drop_line L"])
        self.assertEqual(self.steps(Wanted("1", TWO, is_draft=True), Report("relate", lines=ONE)), [])

    def test_gone(self):
        gone = Wanted(is_gone=True)
        self.assertEqual(self.steps(gone), [])
        self.assertEqual(self.steps(gone, Report("relate", lines=ONE)), ["drop_document"])
        self.assertEqual(self.steps(gone, *SAVED), ["status 1", "drop_document"])
        self.assertEqual(self.steps(gone, *SAVED, Report("drop_document")), [])

    def test_refused_saving_is_not_repeated_by_itself(self):
        refused = Report("save", lines=ONE, is_rejected=True)
        self.assertEqual(self.steps(Wanted("60", ONE), refused), [])
        self.assertEqual(self.steps(Wanted("60", TWO), refused), ["save", "status 60"])
        self.assertEqual(self.steps(Wanted("1", ONE, is_draft=True), refused), [])

    def test_refused_status_is_followed_by_the_next(self):
        refused = Report("status", "60", is_rejected=True)
        self.assertEqual(self.steps(Wanted("60", ONE), *SAVED, refused), [])
        self.assertEqual(self.steps(Wanted("65", ONE), *SAVED, refused), ["status 65"])

    def test_steps_are_values(self):
        self.assertEqual(steps_to(Wanted("60", ONE), known_after(SAVED)), [Step("status", "60")])
