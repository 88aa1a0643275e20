"""What runs around the installation."""

from odoo.tools.sql import SQL, column_exists

# Invoices from before the addon keep "none": they aren't all waiting for a fapiao, and computing the
# status of a large ledger would make the installation take hours.
_MOVE_COLUMNS = [
    ("fapiao_state", SQL("varchar DEFAULT 'none'")),
    ("fapiao_numbers", SQL("varchar")),
    ("fapiao_amount_open", SQL("numeric DEFAULT 0")),
    ("fapiao_type", SQL("varchar")),
    ("fapiao_remark", SQL("varchar")),
]


def pre_init_hook(env):
    """Add the stored fields of ``account.move`` as ready columns; a default fills them at no cost."""
    for name, definition in _MOVE_COLUMNS:
        if column_exists(env.cr, "account_move", name):
            continue
        column = SQL.identifier(name)
        env.cr.execute(SQL("ALTER TABLE account_move ADD COLUMN %s %s", column, definition))
        env.cr.execute(SQL("ALTER TABLE account_move ALTER COLUMN %s DROP DEFAULT", column))
