"""What only the loaded registry shows: ready columns, names of states, settings that a form reaches."""

import sys
from dataclasses import fields

from lxml import etree

from odoo.tests import TransactionCase, tagged

from ..clouds.base import ASSISTANT_PART
from ..clouds.registry import client_of
from ..hooks import _COLUMNS
from ..models.cloud.fapiao_task_mixin import STATES

TASK = "fapiao.task.mixin"
MODULE = "l10n_cn_invoice_cloud"
# Options that no field sets, each with its reason.
FIXED = {
    "token_path": "appended to the address, it could lead the passwords elsewhere",
}


def options_of(cloud):
    """Return the names in the options table of a client."""
    return {field.name for field in fields(sys.modules[cloud.__module__].Options)}


def inputs_of(model):
    """Return the names of the fields of this addon that users enter on ``model``."""
    return set().union(*(vars(cls).get("_fapiao_inputs", ()) for cls in type(model).__mro__))


@tagged("post_install", "-at_install")
class TestBordersModels(TransactionCase):
    def _stored_computes(self, model):
        """Return the names of the stored computes that this addon adds to ``model``."""
        return {
            name
            for name, field in model._fields.items()
            if set(field._modules) == {MODULE} and field.store and field.column_type and field.compute
        }

    def test_columns_of_the_hook_are_the_stored_fields(self):
        """A stored compute without a ready column is computed for each old row of the table at installation."""
        for table, columns in _COLUMNS.items():
            model = self.env[table.replace("_", ".")]
            self.assertLessEqual(self._stored_computes(model), dict(columns).keys(), table)
            for name, definition in columns:
                field = model._fields[name]
                with self.subTest(table=table, field=name):
                    self.assertTrue(field.store)
                    self.assertEqual(definition.code.split()[0], field.column_type[0])

    def test_the_hook_knows_every_table_of_odoo_with_stored_computes(self):
        self.env.cr.execute(
            "SELECT m.model FROM ir_model_data d JOIN ir_model m ON m.id = d.res_id"
            " WHERE d.model = 'ir.model' AND d.module <> %s",
            [MODULE],
        )
        for (name,) in self.env.cr.fetchall():
            model = self.env.get(name)
            if model is None or model._abstract or model._transient or model._table in _COLUMNS:
                continue
            with self.subTest(model=name):
                self.assertFalse(self._stored_computes(model))

    def test_only_a_request_is_issued(self):
        tasks = [self.env[name] for name in self.env.registry.descendants([TASK], "_inherit") if name != TASK]
        self.assertGreater(len(tasks), 4)
        usual = set(dict(STATES))
        for model in tasks:
            codes = dict(model._fields["state"].selection)
            with self.subTest(model=model._name):
                self.assertIn(model._final_state, codes)
                self.assertEqual("issued" in codes, model._name == "fapiao.request")
                self.assertEqual(set(codes) - {model._final_state}, usual - {"done"})

    def _shown(self):
        """Return the names of the fields on an account's form, as its manager sees it."""
        self.env.user.group_ids += self.env.ref(f"{MODULE}.group_fapiao_manager")
        form = etree.fromstring(self.env["fapiao.account"].get_view(view_type="form")["arch"])
        return {node.get("name") for node in form.iter("field")}

    def test_every_option_of_a_cloud_is_on_the_form(self):
        shown = self._shown()
        for provider, _label in self.env["fapiao.account"]._fields["provider"].selection:
            cloud = client_of(provider)
            with self.subTest(provider=provider):
                self.assertLessEqual(options_of(cloud) - FIXED.keys(), set(cloud.settings))
                self.assertLessEqual(set(cloud.settings), shown)

    def test_every_option_of_the_assistant_is_on_the_form(self):
        shown = self._shown()
        account = self.env["fapiao.account"].new(
            {"provider": "kingdee", "tax_no": "x", "base_url": "https://x.example"}
        )
        handed = account._assistant_config({}).options
        options = options_of(client_of("kingdee", ASSISTANT_PART)) - FIXED.keys()
        self.assertEqual(options, set(handed))
        for name in options:
            self.assertTrue({name, f"assistant_{name}"} & shown, name)

    def test_every_setting_is_on_a_view(self):
        """A field that is an input and stands on no view can be set by nobody."""
        self.env.user.group_ids += self.env.ref("base.group_system") + self.env.ref("base.group_multi_company")
        listed = etree.fromstring(self.env["fapiao.account"].get_view(view_type="list")["arch"])
        shown = self._shown() | {node.get("name") for node in listed.iter("field")}
        self.assertFalse(inputs_of(self.env["fapiao.account"]) - shown)
        settings = etree.fromstring(self.env["res.config.settings"].get_view(view_type="form")["arch"])
        shown = {node.get("name") for node in settings.iter("field")}
        self.assertFalse(inputs_of(self.env["res.company"]) - shown)

    def test_every_option_says_where_its_value_stands(self):
        fields_ = self.env["fapiao.account"]._fields
        for provider, _label in fields_["provider"].selection:
            cloud = client_of(provider)
            for name in {*cloud.settings, *cloud.identity, *cloud.secrets, "base_url", "client_key", "client_secret"}:
                with self.subTest(provider=provider, name=name):
                    self.assertGreater(len(fields_[name].help or ""), 40)

    def test_a_switch_that_is_off_reaches_the_client(self):
        account = self.env["fapiao.account"].new(
            {"provider": "piaodanyun", "tax_no": "x", "base_url": "https://x.example", "confirm_buyer": False}
        )
        cloud = client_of("piaodanyun")
        self.assertFalse(sys.modules[cloud.__module__].Options.of(account._config({})).confirm_buyer)
