"""One order, one fapiao, when users and flows collide: nothing here is simulated."""

from odoo.tests import tagged

from .common_processes import ProcessCase
from .live.database import finish


@tagged("post_install", "-at_install")
class TestProcessesOrder(ProcessCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        _code, ids = cls.database.run("copy_orders", 4)
        cls.fresh_orders = iter(ids.split())
        cls.lead_to_sandbox()

    def setUp(self):
        super().setUp()
        self.reset_world()

    def state_of(self, order):
        return self.database.sql(f"SELECT fapiao_state, fapiao_amount_open FROM sale_order WHERE id = {order}")

    def assert_one_fapiao(self, order):
        self.assertEqual(len(self.world.issued()), 1)
        (row,) = self.state_of(order)
        self.assertEqual(row.split("|")[0], "issued")
        covered = self.database.sql(
            "SELECT product_uom_qty - fapiao_qty_covered FROM sale_order_line"
            f" WHERE order_id = {order} AND product_uom_qty <> fapiao_qty_covered"
        )
        self.assertFalse(covered)

    def test_two_users_request_at_once(self):
        order = next(self.fresh_orders)
        self.world.faults.add("blueTicket", "delay", times=-1, seconds=0.5)
        for process in [self.database.start("request_order", order) for _user in range(3)]:
            process.communicate(timeout=120)
        self.assert_one_fapiao(order)

    def test_requested_while_it_is_invoiced(self):
        for _time in range(2):
            order = next(self.fresh_orders)
            self.reset_world()
            tasks = ("request_order", "post_invoice_of")
            for process in [self.database.start(task, order) for task in tasks]:
                process.communicate(timeout=120)
            self.assert_one_fapiao(order)

    def test_requested_then_invoiced(self):
        order = next(self.fresh_orders)
        finish(self.database.start("request_order", order))
        _code, said = self.database.run("post_invoice_of", order)
        self.assertIn("already has the fapiao", said)
        self.assert_one_fapiao(order)
