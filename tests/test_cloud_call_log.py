"""The journal of calls: every call there is can be written down and has a name in plain words."""

from odoo.tests import BaseCase, tagged

from ..clouds import base
from ..clouds.registry import CLOUDS, providers_of
from ..models.cloud.fapiao_call import OPERATIONS


@tagged("post_install", "-at_install")
class TestCallLog(BaseCase):
    def test_every_operation_has_a_name(self):
        """One without could not be journaled, and what isn't journaled isn't sent."""
        able = frozenset().union(*(cloud.capabilities for cloud in CLOUDS.values()))
        operations = (able | base.EFFECTS | base.INBOUND | base.RED) - base.FEATURES
        self.assertEqual(operations - {code for code, _label in OPERATIONS}, set())
        self.assertGreater(len(operations), 20)

    def test_no_name_twice(self):
        labels = [label for _code, label in OPERATIONS]
        self.assertEqual(len(labels), len(set(labels)))

    def test_clouds_are_found_by_what_they_can(self):
        self.assertEqual(providers_of(base.ISSUE), ["kingdee", "piaodanyun"])
        self.assertEqual(providers_of(base.BOOK), ["kingdee"])
        self.assertEqual(providers_of("nothing of the kind"), [])
