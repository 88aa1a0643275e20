"""What tests of split and merged invoices share: the dialog with its preview, and the bureau's count."""

from ..models.issuing.builder import Builder
from ..models.values import exact
from .common_red import RedCommon


class SplitCommon(RedCommon):
    def build(self, moves, merged=False):
        builder = Builder(self.env)
        return builder._build_merged(moves) if merged else builder._build(moves)

    def open_dialog(self, moves, merged=False):
        with self.engine():
            action = moves.action_fapiao_merge() if merged else moves.action_fapiao_issue()
        self.assertEqual(action["res_model"], "fapiao.issue")
        return self.env["fapiao.issue"].browse(action["res_id"])

    def click(self, dialog, button="action_issue"):
        """Click in the dialog, and let the dispatcher do what a click leaves to it."""
        with self.engine():
            action = getattr(dialog, button)()
            self.env.flush_all()
            self.env.cr.postcommit.run()
        self.run_cron("_cron_dispatch")
        return action

    def large_invoice(self, **values):
        """Return an invoice over 2,500.05 at a limit of 1,000: three fapiao."""
        self.company.fapiao_amount_limit = 1000
        return self.create_invoice(
            [{"quantity": 15, "price_unit": 100.01}, {"quantity": 1, "price_unit": 999.9}], **values
        )

    def split_invoice(self):
        """Return an invoice that is issued on three fapiao."""
        invoice = self.large_invoice()
        self.click(self.open_dialog(invoice))
        self.assertEqual((invoice.fapiao_state, len(invoice.fapiao_ids)), ("issued", 3), invoice.fapiao_message)
        return invoice

    def issued_by_bureau(self, requests):
        """Return the bureau's fapiao for ``requests``; exactly one for each."""
        found = [self.world.issued(uid) for uid in requests.mapped("request_uid")]
        self.assertEqual({len(items) for items in found}, {1})
        return [item for items in found for item in items]

    def assert_all_there(self, invoice, count):
        """The bureau's fapiao come to the invoice to the fen, and Odoo knows exactly these."""
        items = self.issued_by_bureau(invoice.fapiao_request_ids.filtered(lambda request: request.state == "issued"))
        self.assertEqual(len(items), count)
        self.assertEqual(sum(item.gross for item in items), exact(invoice.amount_total))
        self.assertCountEqual(invoice.fapiao_ids.mapped("number"), [item.number for item in items])
        self.assertEqual(sum(exact(f.amount_tax) for f in invoice.fapiao_ids), exact(invoice.amount_tax))
        self.assertEqual((invoice.fapiao_state, invoice.fapiao_amount_open), ("issued", 0))
