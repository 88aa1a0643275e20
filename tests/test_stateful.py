"""No second fapiao, whatever happens in whichever order: histories drawn at random (``stateful``), each compared
with the bureau's ledger at its end. ``make chaos HISTORIES=n`` plays more of them."""

import os
import sys

import pytest

from odoo.tests import BaseCase, tagged

from .chaos import histories
from .live.database import LiveDatabase

COUNT = int(os.environ.get("STATEFUL_COUNT", "300"))
SEED = int(os.environ.get("STATEFUL_SEED", "20251"))


@tagged("post_install", "-at_install")
class TestStateful(BaseCase):
    @pytest.mark.timeout(1500)
    def test_histories(self):
        databases = [LiveDatabase() for _process in range(histories.PROCESSES)]
        for database in databases:
            self.addCleanup(database.close)
        played = histories.play(
            [database.name for database in databases], COUNT, SEED, sys.executable, {"PYTHONDONTWRITEBYTECODE": "1"}
        )
        self.assertFalse(played.broken, "\n".join(played.broken))
        self.assertFalse(played.violations, f"seed {SEED}:\n" + "\n\n".join(played.violations))
        self.assertGreaterEqual(played.histories, COUNT)
        self.assert_played_all(played.counts)

    def assert_played_all(self, counts):
        """A history that nothing happens in proves nothing."""
        for name in ("issue: done", "reverse: done", "merge: done", "faults", "workers held", "restored"):
            self.assertGreater(counts.get(name, 0), 0, name)
