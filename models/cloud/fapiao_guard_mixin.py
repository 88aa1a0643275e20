"""Fields of this addon on models that users may write: inputs are theirs, everything else is the addon's.

Links and stored results decide whether a document may change and whether a second fapiao may be issued. A
readonly attribute doesn't protect them: it binds views, not RPC, imports or commands through a parent.
"""

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.tools import ormcache

ADDON = "l10n_cn_invoice_cloud"


class FapiaoGuardMixin(models.AbstractModel):
    """Refuses to write fields of this addon for anybody but superuser code, unless they are inputs.

    Inherited before the model itself, so that nothing of the write has happened when it refuses.
    """

    _name = "fapiao.guard.mixin"
    _description = "Model with fields that only this addon writes"

    # What users enter, named beside the fields. The names of all classes of a model count.
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
        """Raise AccessError where ``names`` hold a field that users can't write."""
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
        """Take defaults of guarded fields from the code alone. Context and user defaults are a user's, and
        the context reaches records too that core creates as superuser."""
        guarded = self._fapiao_guarded()
        defaults = super().default_get([name for name in fields if name not in guarded])
        for name in guarded.intersection(fields):
            field = self._fields[name]
            if field.default:
                value = field.convert_to_cache(field.default(self), self, validate=False)
                defaults[name] = field.convert_to_write(value, self)
        return defaults
