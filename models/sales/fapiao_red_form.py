"""Model ``fapiao.red.form``: the sale orders whose fapiao it reverses."""

from odoo import models


class FapiaoRedForm(models.Model):
    _inherit = "fapiao.red.form"

    def _documents(self):
        """Add the orders: a fapiao requested from one may have no invoice yet."""
        return [*super()._documents(), *self.fapiao_id.order_ids]
