"""Installation hook."""

from odoo.tools.sql import SQL, column_exists

# Invoices and orders from before the installation keep "none": they don't all need a fapiao, and computing
# the status of a large ledger would take hours.
_STATUS = [
    ("fapiao_state", SQL("varchar DEFAULT 'none'")),
    ("fapiao_numbers", SQL("varchar")),
    ("fapiao_amount_open", SQL("numeric DEFAULT 0")),
]
_RECEIVED = [("fapiao_in_state", SQL("varchar DEFAULT 'none'")), ("fapiao_in_numbers", SQL("varchar"))]
# Of bills from before, the digital fapiao that their references name: each is booked once.
_STATED = SQL(
    """
    UPDATE account_move SET fapiao_in_stated = (
           SELECT string_agg(DISTINCT found[1], ' ')
             FROM regexp_matches(ref, '(?<![0-9])[0-9]{20}(?![0-9])', 'g') AS found)
     WHERE move_type IN ('in_invoice', 'in_refund') AND ref ~ '[0-9]{20}'"""
)
_COLUMNS = {
    "account_move": [
        *_STATUS,
        *_RECEIVED,
        ("fapiao_type", SQL("varchar")),
        ("fapiao_form", SQL("varchar")),
        ("fapiao_remark", SQL("varchar")),
        ("fapiao_in_stated", SQL("varchar")),
    ],
    "hr_expense": [*_RECEIVED, ("fapiao_untaxed", SQL("numeric DEFAULT 0"))],
    "sale_order": _STATUS,
    "sale_order_line": [("fapiao_qty_covered", SQL("numeric DEFAULT 0"))],
}


def pre_init_hook(env):
    """Add the stored fields of core's models as columns with a default, so that they are not computed on
    installation.
    """
    for table, columns in _COLUMNS.items():
        for name, definition in columns:
            if column_exists(env.cr, table, name):
                continue
            names = SQL.identifier(table), SQL.identifier(name)
            env.cr.execute(SQL("ALTER TABLE %s ADD COLUMN %s %s", *names, definition))
            env.cr.execute(SQL("ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", *names))
            if name == "fapiao_in_stated":
                env.cr.execute(_STATED)
