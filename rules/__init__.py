"""What the tax bureau demands of a fapiao, as pure functions over ``Decimal``; knows no Odoo and no cloud."""
