"""How each invoice cloud speaks; knows no Odoo. Start reading at :mod:`.base`."""
