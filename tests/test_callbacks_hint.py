"""A callback is never more than a hint: whatever it says, the cloud is asked."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clouds.errors import OutcomeUnknown
from .common_callback import FAKE, ISSUER, CallbackCase

QUERY = "BILL.INVOICE.QUERY"


@tagged("post_install", "-at_install")
class TestCallbackHint(CallbackCase):
    """What a callback brings about: a question, and nothing else."""

    def test_brings_the_fapiao_at_once(self):
        request = self.pending()
        self.world.issue_bill(request.request_uid)
        self.assert_taken(self.call(self.told(request.request_uid)))
        self.process()
        self.assert_issued(request)
        callback = self.callbacks()
        self.assertEqual((callback.state, callback.kind), ("done", "bill"))
        self.assertEqual((callback.request_ids, callback.request_uids), (request, request.request_uid))
        self.assertEqual((callback.numbers, len(self.world.calls.of(QUERY))), (FAKE, 1))

    def test_forged_amounts_change_nothing(self):
        request = self.pending()
        forged = {"totalAmount": "999999", "includeTaxAmount": "999999", "buyerTaxpayerId": "X"}
        for number, status in ((FAKE, "0"), ("", "6"), (FAKE, "3")):
            body = self.told(request.request_uid, number, invoiceStatus=status, **forged)
            self.assert_taken(self.call(body))
            self.process()
            self.assertEqual((request.state, request.fapiao_ids), ("pending", self.env["fapiao"]))
        self.assertEqual(len(self.world.calls.of(QUERY)), 3)
        self.world.issue_bill(request.request_uid)
        self.ask(request)
        self.assert_issued(request)

    def test_patience_starts_anew(self):
        """The news may show in the cloud's answers a little later than in its hint."""
        request = self.pending()
        self.call(self.told(request.request_uid))
        self.process()
        self.assertLess(request.next_try_at, fields.Datetime.now() + timedelta(minutes=2))
        self.assertFalse(request.hinted_at)

    def test_sent_back(self):
        request = self.pending()
        self.world.return_bill(request.request_uid, "客户要求换抬头")
        data = {"billNo": request.request_uid, "returnReason": "客户要求换抬头"}
        self.call(json.dumps({"interfaceCode": "BILL.RETURN", "data": data}).encode())
        self.process()
        self.assertEqual((request.state, self.callbacks().kind), ("rejected", "return"))

    def test_repeated(self):
        request = self.pending()
        for _n in range(3):
            self.assert_taken(self.call(self.told(request.request_uid)))
        callback = self.callbacks()
        self.assertEqual((len(callback), callback.times), (1, 3))
        self.process()
        self.assert_taken(self.call(self.told(request.request_uid)))
        self.assertEqual((self.callbacks().state, self.callbacks().times), ("done", 4))
        self.process()
        self.assertEqual(len(self.world.calls.of(QUERY)), 1)

    def test_same_news_for_another_account_are_other_news(self):
        other = self._create_kingdee_account(tax_username="another").sudo()
        request = self.pending()
        self.assert_taken(self.call(self.told(request.request_uid), urlsplit(other.callback_url).path))
        self.assert_taken(self.call(self.told(request.request_uid)))
        self.assertEqual(len(self.callbacks()), 1)
        self.process()
        theirs = self.env["fapiao.callback"].search([("account_id", "=", other.id)])
        self.assertEqual((theirs.state, theirs.request_ids), ("unknown", self.env["fapiao.request"]))

    def test_out_of_order(self):
        """Issued news first, then the waiting ones: the cloud is asked, the order tells nothing."""
        request = self.pending()
        uid = request.request_uid
        self.world.issue_bill(uid)
        for number, status in ((FAKE, "0"), ("", "2")):
            self.call(self.told(uid, number, invoiceStatus=status))
            self.process()
        self.assert_issued(request)
        self.assertEqual(set(self.callbacks().mapped("state")), {"done"})
        self.assertIn("already known", self.callbacks()[0].message)
        self.call(json.dumps({"interfaceCode": "INVOICE.CANCEL", "data": {"billNo": uid}}).encode())
        self.process()
        self.assert_issued(request)
        self.assertEqual(len(self.world.calls.of(QUERY)), 1)

    def test_before_the_answer_to_the_order(self):
        for state in ("queued", "sending"):
            for answer in ("pending", "unknown"):
                with self.subTest(state=state, answer=answer):
                    request = self.pending()
                    later = fields.Datetime.now() + timedelta(hours=1)
                    request.sudo().write({"state": state, "next_try_at": later, "lease_until": later})
                    self.call(self.told(request.request_uid))
                    self.process()
                    self.assertEqual((request.state, bool(request.hinted_at)), (state, True))
                    self.assertFalse(self.world.calls.of(QUERY))
                    if answer == "pending":
                        request.sudo()._set_pending()
                    else:
                        request.sudo()._set_unknown(OutcomeUnknown())
                    self.assertLessEqual(request.next_try_at, fields.Datetime.now())
                    self.world.issue_bill(request.request_uid)
                    self.process()
                    self.assert_issued(request)

    def test_while_a_question_is_out(self):
        """What was asked before the news came isn't the answer to them."""
        request = self.pending().sudo()
        request._hint()
        request._schedule_retry()
        self.assertLessEqual(request.next_try_at, fields.Datetime.now())
        request._claim_questions(request.account_id)
        request._schedule_retry()
        self.assertGreater(request.next_try_at, fields.Datetime.now())

    def test_a_reversal_that_waits(self):
        request = self.pending()
        self.world.issue_bill(request.request_uid)
        self.ask(request)
        self.world.faults.add("ALLE.INVOICE.RED", "drop_after", times=1)
        form = self.flush(request.move_ids)
        red = form.request_ids
        self.assertEqual((form.is_open, red.state), (True, "unknown"))
        red.sudo().next_try_at = fields.Datetime.now() + timedelta(hours=1)
        self.call(self.told(request.request_uid, invoiceStatus="3"))
        self.process()
        self.assertEqual((red.state, form.stage), ("issued", "issued"))
        self.assert_reversed_once(request.fapiao_ids.filtered(lambda fapiao: fapiao.color == "blue"))

    def test_unknown_request(self):
        self.assert_taken(self.call(self.told("NEVER_HEARD_OF")))
        self.process()
        callback = self.callbacks()
        self.assertEqual((callback.state, callback.request_uids), ("unknown", "NEVER_HEARD_OF"))
        self.assertIn("NEVER_HEARD_OF", callback.message)

    def test_a_request_that_has_ended_is_asked_about(self):
        for state in ("rejected", "withdrawn"):
            with self.subTest(state):
                request = self.pending()
                request.sudo()._set_state(state)
                self.call(self.told(request.request_uid))
                self.process()
                self.assertEqual(request.state, "pending", "the cloud still has it: it is open again")
                self.assertRegex(self.callbacks()[0].message, "is (asked|queried)")
                self.assertEqual(self.callbacks()[0].state, "done")

    def test_a_request_that_needs_a_person_stays_with_the_person(self):
        request = self.pending()
        request.sudo().write({"state": "manual"})
        self.call(self.told(request.request_uid))
        self.process()
        self.assertEqual((request.state, self.callbacks().state), ("manual", "done"))
        self.assertIn("decision", self.callbacks().message)

    def test_not_understood(self):
        deep = b'{"data":' * 5000 + b"1" + b"}" * 5000
        bodies = [
            *(b"", b"hello", b"[]", b"null", b"{", b"\xff\xfe\x00", b"\x00", deep, b"[" * 500000),
            *(b'{"data": NaN}', b'{"data": 1e999999}', b'{"a": "\\ud800\\u0000"}', b'{"data": "e30="}'),
            *(b"9" * 10000, b"a=" * 1000, b'{"x":' + b'"' + b"A" * 200000 + b'"}'),
        ]
        for body in bodies:
            with self.subTest(body[:20]):
                self.assert_taken(self.call(body))
                callback = self.callbacks()[0]
                self.process()
                self.assertEqual((callback.state, callback.request_uids or ""), ("failed", ""))
                self.assertTrue(callback.message)
        self.assertEqual(len(self.callbacks()), len(bodies))

    def test_secrets_are_taken_out(self):
        self.call(self.told("U1", password="hush-hush", packed=True))
        self.assertNotIn("hush-hush", self.callbacks().body)
        self.process()
        self.assertEqual(self.callbacks().request_uids, "U1")

    @mute_logger("odoo.addons.l10n_cn_invoice_cloud.models.callbacks.fapiao_callback")
    def test_a_fault_of_ours_keeps_nothing_from_being_asked(self):
        request = self.pending()
        self.call(self.told(request.request_uid))
        self.patch(self.registry["fapiao.callback"], "_conclude", lambda *_args: 1 / 0)
        self.make_due(request)
        self.process()
        self.assertEqual(self.callbacks().state, "failed")
        self.assertIn("Replay", self.callbacks().message)
        self.assertEqual(len(self.world.calls.of(QUERY)), 1)

    @mute_logger("odoo.addons.l10n_cn_invoice_cloud.models.callbacks.fapiao_callback")
    def test_one_poison_among_a_hundred(self):
        request = self.pending()
        for number in range(99):
            self.store(self.told(f"U{number}"))
        self.store(self.told("POISON"))
        self.store(self.told(request.request_uid))
        conclude = self.registry["fapiao.callback"]._conclude

        def poisoned(callback, news, by_uid, changed):
            if "POISON" in (news[0].request_uid if news else ""):
                callback.env.cr.execute("SELECT 1 / 0")
            return conclude(callback, news, by_uid, changed)

        self.patch(self.registry["fapiao.callback"], "_conclude", poisoned)
        with mute_logger("odoo.sql_db"):
            self.process()
        states = self.callbacks().grouped("state")
        counts = {state: len(own) for state, own in states.items()}
        self.assertEqual(counts, {"unknown": 99, "failed": 1, "done": 1})
        self.assertIn("division by zero", states["failed"].message)
        with mute_logger("odoo.sql_db"), self.engine():
            self.callbacks().with_user(self.user_of(ISSUER)).action_replay()
        self.assertEqual(len(self.callbacks().filtered(lambda one: one.state == "failed")), 1)

    def test_many_take_no_more_queries_than_few(self):
        request = self.pending()
        for number in range(30):
            self.call(self.told(request.request_uid, str(number)))
        self.call(self.told(request.request_uid, "warm"))
        *many, warm = self.callbacks().sudo().sorted("id")
        self.count_queries(warm)
        few = self.count_queries(many[0])
        self.assertLessEqual(self.count_queries(warm.concat(*many[1:])), few + 2)

    def count_queries(self, callbacks):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        callbacks._process()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before
