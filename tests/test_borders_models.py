"""What only the loaded registry shows: ready columns, names of states, settings that a form reaches."""

from lxml import etree

from odoo.tests import TransactionCase, tagged

from ..clouds.registry import client_of
from ..hooks import _COLUMNS

TASK = "fapiao.task.mixin"
MODULE = "l10n_cn_invoice_cloud"


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
        usual = set(dict(self.env[TASK]._fields["state"].selection))
        for model in tasks:
            codes = dict(model._fields["state"].selection)
            with self.subTest(model=model._name):
                self.assertIn(model._final_state, codes)
                self.assertEqual("issued" in codes, model._name == "fapiao.request")
                self.assertEqual(set(codes) - {model._final_state}, usual - {"done"})

    def test_every_setting_of_a_cloud_is_on_the_form(self):
        account = self.env["fapiao.account"]
        form = etree.fromstring(account.get_view(view_type="form")["arch"])
        shown = {node.get("name") for node in form.iter("field")}
        for provider, _label in account._fields["provider"].selection:
            with self.subTest(provider=provider):
                self.assertLessEqual(set(client_of(provider).settings), shown)
