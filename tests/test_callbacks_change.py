"""Callbacks about fapiao that were issued before: reversed or voided elsewhere, or said to be."""

import json
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..models.callbacks.fapiao import MAX_TRIES
from .common_callback import FAKE, CallbackCase

ONE = "ALLE.INVOICE.QUERY"


@tagged("post_install", "-at_install")
class TestChange(CallbackCase):
    def setUp(self):
        super().setUp()
        self.account.auto_invoice = True
        self.invoice = self.create_invoice()
        self.request = self.issued(self.invoice)
        self.blue = self.request.fapiao_ids
        self.world.calls.clear()

    def issued(self, invoice):
        self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.ask(request)
        self.assertEqual(request.state, "issued", request.error_message)
        return request

    def tell(self, interface="INVOICE.RED", **data):
        body = {"interfaceCode": interface, "returnCode": "0", "data": data}
        self.assert_taken(self.call(json.dumps(body).encode()))
        self.process()
        return self.callbacks()[0]

    def tell_reversed(self, red, **data):
        return self.tell(
            billNo=self.request.request_uid,
            invoiceNum=red.number,
            originalInvoiceNumber=self.blue.number,
            **data,
        )

    def due(self):
        self.blue.sudo().refresh_at = fields.Datetime.now() - timedelta(seconds=1)
        self.process()

    def asked(self):
        return len(self.world.calls.of(ONE))

    def assert_adopted(self):
        self.assert_reversed_once(self.blue)
        self.assertEqual(self.invoice.fapiao_state, "red")
        self.assertFalse(self.blue.refresh_at or self.blue.refresh_callback_ids)

    # ------------------------------------------------------------------ true ones

    def test_reversed_in_the_portal(self):
        red = self.world.reverse_elsewhere(self.blue.number)
        callback = self.tell_reversed(red)
        self.assert_adopted()
        self.assertEqual((callback.state, self.asked()), ("done", 1))
        self.assertIn(red.number, callback.message)
        self.assertIn(red.number, "".join(self.invoice.message_ids.mapped("body")))

    def test_the_original_needs_no_name(self):
        red = self.world.reverse_elsewhere(self.blue.number)
        self.tell(billNo=self.request.request_uid, invoiceNum=red.number)
        self.assert_adopted()

    def test_without_a_bill(self):
        red = self.world.reverse_elsewhere(self.blue.number)
        callback = self.tell(invoiceNum=red.number, originalInvoiceNumber=self.blue.number)
        self.assert_adopted()
        self.assertEqual(callback.state, "done")

    def test_the_right_one_of_three(self):
        self.world.kingdee.split_amount = "400"
        invoice = self.create_invoice()
        request = self.issued(invoice)
        self.assertEqual(len(request.fapiao_ids), 3)
        self.world.calls.clear()
        last = request.fapiao_ids.sorted("id")[-1]
        red = self.world.reverse_elsewhere(last.number)
        self.tell(billNo=request.request_uid, invoiceNum=red.number)
        blues = request.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue")
        self.assertEqual(blues.filtered(lambda fapiao: fapiao.status == "red"), last)
        self.assertEqual(last.red_ids.number, red.number)
        self.assertEqual(self.asked(), 1)

    def test_reversed_and_the_red_one_not_named(self):
        self.world.reverse_elsewhere(self.blue.number)
        callback = self.tell("INVOICE.OPEN", billNo=self.request.request_uid, invoiceStatus="3")
        self.assertEqual((self.blue.status, self.invoice.fapiao_state), ("red", "red"))
        self.assertIn("Reversed", callback.message)
        self.assertEqual(self.asked(), 1)

    def test_red_one_shows_later(self):
        red = self.world.reverse_elsewhere(self.blue.number)
        self.world.faults.add(ONE, "not_found", times=1, match={"invoiceNum": red.number})
        self.tell_reversed(red)
        self.assertEqual((self.blue.status, self.blue.refresh_red), ("red", red.number))
        self.assertFalse(self.blue.red_ids)
        self.due()
        self.assert_reversed_once(self.blue)

    # ------------------------------------------------------------------ those that aren't true, or not new

    def test_forged(self):
        for interface in ("INVOICE.RED", "INVOICE.CANCEL"):
            with self.subTest(interface):
                self.world.calls.clear()
                callback = self.tell(interface, billNo=self.request.request_uid, invoiceStatus="6")
                self.assertEqual(self.asked(), 1)
                self.assertEqual((self.blue.status, self.invoice.fapiao_state), ("normal", "issued"))
                self.assertIn("stands as it did", callback.message)
                self.assertFalse(self.blue.refresh_at)

    def test_forged_red_number(self):
        """One question more: the number that was made up, then the fapiao itself."""
        self.tell(billNo=self.request.request_uid, invoiceNum=FAKE, originalInvoiceNumber=self.blue.number)
        self.assertEqual(self.blue.status, "normal")
        self.assertFalse(self.blue.red_ids or self.blue.refresh_at)
        self.assertEqual(self.asked(), 2)

    def test_somebody_elses_red_fapiao(self):
        other = self.issued(self.create_invoice()).fapiao_ids
        red = self.world.reverse_elsewhere(other.number)
        self.world.calls.clear()
        self.tell_reversed(red)
        self.assertEqual((self.blue.status, self.blue.red_ids), ("normal", self.env["fapiao"]))
        self.assertEqual((other.status, other.red_ids.number), ("red", red.number), "the cloud's word counts")

    def test_repeated_and_reordered(self):
        red = self.world.reverse_elsewhere(self.blue.number)
        for number in (red.number, red.number, ""):
            body = {"billNo": self.request.request_uid, "invoiceNum": number, "invoiceStatus": "3"}
            self.call(json.dumps({"interfaceCode": "INVOICE.RED", "data": body}).encode())
        self.process()
        self.assert_adopted()
        self.assertEqual(self.asked(), 1)
        for callback in self.callbacks():
            self.assertIn(red.number, callback.message)
        self.tell_reversed(red, remark="again")
        self.assertEqual(self.asked(), 1)
        self.assertIn("already known", self.callbacks()[0].message)

    def test_our_own_reversal_is_known(self):
        form = self.flush(self.invoice)
        for _turn in range(3):
            self.make_due(form.request_ids)
            self.look(form)
        red = self.assert_reversed_once(self.blue)
        self.world.calls.clear()
        callback = self.tell_reversed(red)
        self.assertEqual((self.asked(), callback.state), (0, "done"))

    def test_our_own_reversal_is_on_its_way(self):
        self.world.faults.add("ALLE.INVOICE.RED", "drop_after", times=1)
        form = self.flush(self.invoice)
        self.assertEqual(form.stage, "issuing")
        (red,) = self.reds_of(self.blue)
        body = {"billNo": self.request.request_uid, "invoiceNum": red.number}
        callback = self.tell(**body, originalInvoiceNumber=self.blue.number)
        self.assertIn("from here", callback.message)
        self.assertFalse(self.blue.refresh_at)
        self.assert_reversed_once(self.blue)
        self.assertEqual(form.stage, "issued")

    def test_number_nobody_knows(self):
        callback = self.tell("INVOICE.CANCEL", invoiceNum=FAKE)
        self.assertEqual((callback.state, self.asked()), ("unknown", 0))
        self.assertIn(FAKE, callback.message)

    # ------------------------------------------------------------------ patience, and its end

    def test_no_answer_is_asked_again_and_then_given_up(self):
        self.world.faults.add(ONE, "http_500", times=-1)
        callback = self.tell("INVOICE.CANCEL", billNo=self.request.request_uid)
        self.assertGreater(self.blue.refresh_at, fields.Datetime.now())
        for _turn in range(MAX_TRIES - 1):
            self.assertTrue(self.blue.refresh_at)
            self.due()
        self.assertFalse(self.blue.refresh_at)
        self.assertIn("by hand", callback.message)
        self.assertEqual(self.asked(), MAX_TRIES)

    def test_comes_back_after_trouble(self):
        red = self.world.reverse_elsewhere(self.blue.number)
        self.world.faults.add(ONE, "drop_before", times=1)
        self.tell_reversed(red)
        self.assertEqual(self.blue.status, "normal")
        self.process()
        self.assertEqual(self.blue.status, "normal", "not before its time")
        self.due()
        self.assert_adopted()

    def test_an_account_that_waits_for_a_person_is_left_alone(self):
        self.account.sudo().session_state = "permission"
        self.tell("INVOICE.CANCEL", billNo=self.request.request_uid)
        self.assertEqual((self.asked(), self.blue.refresh_tries), (0, 0))
        self.account.sudo().session_state = "ok"
        self.process()
        self.assertEqual(self.asked(), 1)

    def test_partly_reversed_stays_so(self):
        """The cloud calls it normal as long as something of it is left."""
        invoice = self.create_invoice([{"quantity": 5, "price_unit": 200}])
        blue = self.issued(invoice).fapiao_ids
        form = self.flush(self.credit(invoice, lines={0: {"quantity": 2}}))
        for _turn in range(3):
            self.make_due(form.request_ids)
            self.look(form)
        self.assertEqual(blue.status, "partly_red")
        with self.engine():
            blue.action_refresh()
        self.assertEqual(blue.status, "partly_red")
