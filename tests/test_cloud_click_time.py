"""A click goes on for a while only: then the web worker is free, and the dispatcher carries on."""

from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..clouds import fence
from ..clouds.errors import OutcomeUnknown
from ..models.cloud import engine as fapiao_engine
from ..models.cloud import fapiao_task_mixin
from ..models.cloud.engine import Engine
from .common import FapiaoCommon


@tagged("post_install", "-at_install")
class TestClickTime(FapiaoCommon):
    def test_a_click_whose_time_is_over_begins_no_call(self):
        invoice = self.create_invoice()
        with patch.object(fapiao_task_mixin, "CLICK_SECONDS", -1):
            self.issue(invoice)
        self.assertFalse(self.world.calls.of())
        request = invoice.fapiao_request_ids
        self.assertEqual(request.state, "queued")
        self.make_due(request)
        self.run_cron("_cron_dispatch")
        self.assert_one_fapiao(invoice)

    def test_a_token_that_comes_late_leaves_the_order_to_the_dispatcher(self):
        """The time is looked at again before each call."""
        self.account.sudo()._store_token(type("Slot", (), {"token": False, "expires_at": None}))
        invoice, clock, passed = self.create_invoice(), fence.now, []
        record = Engine._keep_token

        def keep_late(engine, *args):
            passed.append(100)
            return record(engine, *args)

        with (
            patch.object(Engine, "_keep_token", keep_late),
            patch.object(fence, "now", lambda: clock() + sum(passed)),
        ):
            self.issue(invoice)
        request = invoice.fapiao_request_ids
        self.assertEqual((request.state, self.world.issued(request.request_uid)), ("queued", []))

    def test_the_answer_time_is_bounded(self):
        """The scheduler has few workers, and one waits as long for a cloud that never answers."""
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.account.read_timeout = 600
            self.env.flush_all()

    def test_a_question_of_a_click_is_short(self):
        self.account.read_timeout = 60
        seen = []

        def note(cloud):
            seen.append((cloud.config.read_timeout, cloud.config.total_timeout))
            raise OutcomeUnknown("enough")

        for is_click in (True, False):
            with (
                self.engine(),
                patch.object(fapiao_engine, "is_click", return_value=is_click),
                self.assertRaises(OutcomeUnknown),
            ):
                Engine(self.env)._ask(self.account, note)
        self.assertEqual(seen, [(15, 15), (60, 70)])
