"""One of several fapiao that the cloud has made of one bill is reversed alone."""

from odoo.tests import tagged

from ..models.values import exact
from .common_kingdee import KingdeeCommon


class SplitByCloud(KingdeeCommon):
    LINES = [{"quantity": 15, "price_unit": 100.01}, {"price_unit": 333.33, "discount": 10}]

    def split(self, lines=None, amount="700", **values):
        """Return an invoice whose bill the cloud has split."""
        self.world.kingdee.split_amount = amount
        invoice = self.create_invoice(lines or self.LINES, **values)
        self.issue(invoice)
        self.ask(invoice.fapiao_request_ids)
        self.world.kingdee.split_amount = ""
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        return invoice

    def settle(self, form):
        for _turn in range(3):
            self.make_due(form.request_ids)
            self.look(form)

    def reissue(self, invoice):
        """Click *Issue* and return the new request, issued."""
        before = invoice.fapiao_request_ids
        self.issue(invoice)
        new = invoice.fapiao_request_ids - before
        self.assertEqual(len(new), 1, invoice.fapiao_message)
        self.ask(new)
        return new

    def blues(self, invoice):
        return invoice.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue").sorted("id")

    def assert_covered(self, invoice):
        """What lives at the bureau comes to the invoice to the fen, and each line is covered as booked."""
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
        total = sum(item.gross for item in self.world.fapiao.values())
        self.assertEqual(total, exact(invoice.amount_total))
        for line in invoice.invoice_line_ids:
            rows = line.fapiao_request_line_ids.filtered("live")
            self.assertEqual(sum(exact(row.amount_untaxed) for row in rows), exact(-line.balance))
            self.assertEqual(sum(exact(row.quantity, 6) for row in rows), exact(line.quantity, 6))


@tagged("post_install", "-at_install")
class TestOneOfSeveral(SplitByCloud):
    def test_each_line_stands_on_its_fapiao(self):
        invoice = self.split()
        blues = self.blues(invoice)
        self.assertGreater(len(blues), 2)
        rows = invoice.fapiao_request_line_ids
        for blue in blues:
            own = rows.filtered(lambda row, blue=blue: row.fapiao_id == blue)
            for mine, theirs in (("amount_untaxed", "amount_untaxed"), ("amount_tax", "amount_tax")):
                self.assertEqual(sum(exact(row[mine]) for row in own), exact(blue[theirs]))
        self.assert_covered(invoice)

    def test_reversed_by_our_red_letter(self):
        invoice = self.split()
        blue = self.blues(invoice)[1]
        others = self.blues(invoice) - blue
        form = self.flush(blue)
        self.settle(form)
        self.assert_reversed_once(blue)
        self.assertEqual(
            (invoice.fapiao_state, exact(invoice.fapiao_amount_open)), ("partial", exact(blue.amount_total))
        )
        self.assertTrue(invoice.fapiao_can_issue)
        new = self.reissue(invoice)
        self.assert_issued(new)
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            self.assertEqual(exact(new.fapiao_ids[name]), exact(blue[name]))
        self.assertEqual(set(others.mapped("status")), {"normal"})
        self.assert_covered(invoice)

    def test_each_in_turn(self):
        """Whichever is reversed, what is issued anew is just that."""
        invoice = self.split()
        for blue in self.blues(invoice):
            self.world.reverse_elsewhere(blue.number)
            with self.engine():
                blue.action_refresh()
            self.assertEqual(exact(invoice.fapiao_amount_open), exact(blue.amount_total))
            self.reissue(invoice)
            self.assert_covered(invoice)

    def test_reversed_in_the_portal(self):
        invoice = self.split()
        blue = self.blues(invoice)[0]
        self.world.reverse_elsewhere(blue.number)
        with self.engine():
            blue.action_refresh()
        self.assertEqual(blue.status, "red")
        self.assertEqual(
            (invoice.fapiao_state, exact(invoice.fapiao_amount_open)), ("partial", exact(blue.amount_total))
        )
        self.reissue(invoice)
        self.assert_covered(invoice)

    def test_all_reversed(self):
        invoice = self.split()
        for blue in self.blues(invoice):
            self.settle(self.flush(blue))
        self.assertEqual(
            (invoice.fapiao_state, exact(invoice.fapiao_amount_open)), ("red", exact(invoice.amount_total))
        )

    def test_lines_that_are_alike(self):
        invoice = self.split([{"quantity": 3, "price_unit": 99.99}] * 4, "400")
        blue = self.blues(invoice)[-1]
        self.settle(self.flush(blue))
        self.reissue(invoice)
        self.assert_covered(invoice)

    def test_credit_note_on_one_of_them_names_its_lines(self):
        """The cloud tells no keys; the credit note still finds what it takes back."""
        invoice = self.split([{"quantity": 6, "price_unit": 100}, {"quantity": 5, "price_unit": 120}], "650")
        note = self.credit(invoice, lines={1: {"quantity": 2}})
        dialog = self.open_flush(note)
        self.assertEqual((dialog.scope, dialog.error_text), ("partial", False))
        form = self.apply(dialog)
        self.settle(form)
        self.assertEqual(exact(form.red_fapiao_id.amount_untaxed), -240)
        self.assertEqual((note.fapiao_state, invoice.fapiao_state), ("issued", "issued"))
        self.assertEqual(invoice.fapiao_amount_open, 0)


@tagged("post_install", "-at_install")
class TestNotKnown(SplitByCloud):
    """The cloud's lines don't come to the order: then the amount at least is open."""

    def split(self, *args, **kwargs):
        invoice = super().split(*args, **kwargs)
        rows = invoice.fapiao_request_line_ids
        rows.filtered("fapiao_id").sudo().write({"fapiao_id": False})
        self.blues(invoice).line_ids.sudo().unlink()
        return invoice

    def tell(self, blue):
        self.world.reverse_elsewhere(blue.number)
        with self.engine():
            blue.action_refresh()

    def test_amount_is_open_and_a_person_is_told(self):
        invoice = self.split()
        first, *rest = self.blues(invoice)
        self.tell(first)
        self.assertEqual(
            (invoice.fapiao_state, exact(invoice.fapiao_amount_open)), ("partial", exact(first.amount_total))
        )
        self.assertIn(first.number, invoice.fapiao_lost_text)
        self.assertIn(rest[0].number, invoice.activity_ids.note)
        self.assertFalse(invoice.fapiao_can_issue)
        with self.engine():
            action = invoice.action_fapiao_issue()
        problems = self.env["fapiao.issue"].browse(action["res_id"]).problem_ids
        self.assertEqual(problems.mapped("code"), ["lines_unknown"])
        self.tell(rest[0])
        open_ = exact(first.amount_total) + exact(rest[0].amount_total)
        self.assertEqual(exact(invoice.fapiao_amount_open), open_)

    def test_after_all_are_reversed_all_is_issued_anew(self):
        invoice = self.split()
        for blue in self.blues(invoice):
            self.tell(blue)
        self.assertEqual(
            (invoice.fapiao_state, exact(invoice.fapiao_amount_open)), ("red", exact(invoice.amount_total))
        )
        self.assertFalse(invoice.fapiao_lost_text)
        self.reissue(invoice)
        self.assert_covered(invoice)
