"""Mixin ``fapiao.guard.mixin``: protects this addon's fields on models that users may write, except inputs.

Links and stored results decide whether a document may change and whether a second fapiao may be issued. A
readonly attribute doesn't protect them: it applies to views, not to RPC, imports or commands through a
parent.
"""

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import ormcache

ADDON = "l10n_cn_invoice_cloud"


class FapiaoGuardMixin(models.AbstractModel):
    """Refuses writes on fields of this addon outside superuser code, unless they are inputs.

    Inherited before the model, so that the check precedes every write.
    """

    _name = "fapiao.guard.mixin"
    _description = "Model with fields that only this addon writes"

    # Names of fields that users enter. The names of all classes of a model are combined.
    _fapiao_inputs = frozenset()

    @api.model
    @ormcache()
    def _fapiao_guarded(self):
        """Return the names of the fields that only superuser code may write."""
        inputs = frozenset().union(*(vars(cls).get("_fapiao_inputs", ()) for cls in type(self).__mro__))
        return frozenset(
            name
            for name, field in self._fields.items()
            # an inherited field is written on its own model
            if field._modules[:1] == (ADDON,) and not field.inherited and name not in inputs
        )

    def _fapiao_check_inputs(self, names):
        """Raise AccessError if ``names`` contain a field that users can't write."""
        if self.env.su or not (refused := self._fapiao_guarded().intersection(names)):
            return
        labels = sorted(self._fields[name]._description_string(self.env) for name in refused)
        raise AccessError(
            self.env._(
                "Not editable on %(model)s: %(fields)s. Odoo updates this from fapiao and their requests.",
                model=self.env["ir.model"]._get(self._name).sudo().name,
                fields=", ".join(labels),
            )
        )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._fapiao_check_inputs(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._fapiao_check_inputs(vals)
        return super().write(vals)

    @api.model
    def default_get(self, fields):
        """Ignore context and user defaults of guarded fields: they are the user's, and the context also
        reaches records that core creates as superuser.
        """
        guarded = self._fapiao_guarded()
        defaults = super().default_get([name for name in fields if name not in guarded])
        for name in guarded.intersection(fields):
            field = self._fields[name]
            if field.default:
                value = field.convert_to_cache(field.default(self), self, validate=False)
                defaults[name] = field.convert_to_write(value, self)
        return defaults
