"""A sandbox and a database for tests whose users are processes of their own."""

from odoo.tests import BaseCase

from ..sandbox.server import SandboxServer
from .live.database import LiveDatabase

KILLED = -9


class ProcessCase(BaseCase):
    """What a test does is done by workers (``live/worker.py``) and seen by SQL; nothing is rolled back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = SandboxServer().start()
        cls.addClassCleanup(cls.sandbox.close)
        cls.world = cls.sandbox.world
        cls.database = LiveDatabase()
        cls.addClassCleanup(cls.database.close)

    def reset_world(self):
        """Let the sandbox forget everything, and Odoo the tokens that it has forgotten."""
        self.world.reset()
        self.world.calls.clear()
        self.database.sql("UPDATE fapiao_account SET token = NULL, token_expires_at = NULL")

    @classmethod
    def lead_to_sandbox(cls):
        """Let the accounts call this sandbox, at a pace that holds nobody up."""
        cls.database.sql(
            f"UPDATE fapiao_account SET base_url = '{cls.sandbox.base_url}', read_timeout = 30,"
            " pace_per_minute = 1000, pace_per_hour = 10000"
        )
