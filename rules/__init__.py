"""The tax bureau's rules for a fapiao as pure functions over ``Decimal``; no imports of Odoo or clouds."""
