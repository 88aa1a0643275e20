"""What a process of its own does: started as ``worker.py DATABASE TASK ARGS…`` by database.py.

``DIE_IN`` in the environment names the engine's method in which the process kills itself, without a
chance to clean up; ``DIE_AFTER`` the one after which it does.
"""

import os
import signal
import sys

import psycopg2

import odoo.tools
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying


def click(registry, invoice):
    """Click *Issue* as the web layer does: commit the handler's transaction, then what follows it."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        retrying(lambda: env["account.move"].browse(int(invoice)).action_fapiao_issue(), env)


def click_among_others(registry, invoice):
    """Click while somebody else changes the invoice: the handler runs again with a fresh snapshot."""
    runs = []

    def handler():
        runs.append(1)
        move = env["account.move"].browse(int(invoice))
        move.read(["state"])  # takes the snapshot
        if len(runs) == 1:
            change_from_outside(registry.db_name, invoice)
        return move.action_fapiao_issue()

    with registry.cursor() as cr:
        env = user_environment(cr)
        retrying(handler, env)
    sys.stdout.write(str(len(runs)))


def change_from_outside(database, invoice):
    """Commit a change to the invoice from a connection that Odoo knows nothing of."""
    _name, info = odoo.sql_db.connection_info_for(database)
    connection = psycopg2.connect(
        **{key: value for key, value in info.items() if key != "database"}, dbname=database
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE account_move SET write_date = write_date WHERE id = %s", (int(invoice),))
    connection.close()


def copy_invoices(registry, count):
    """Post copies of a demo invoice and print their ids."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        original = env.ref("l10n_cn_invoice_cloud.invoice_buyer")
        copies = env["account.move"].union(*(original.copy() for _n in range(int(count))))
        copies.action_post()
        sys.stdout.write(" ".join(map(str, copies.ids)))


def enqueue(registry, *invoices):
    """Queue requests without sending them."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        env["account.move"].browse(map(int, invoices)).action_fapiao_issue()
        env.cr.postcommit.clear()


def cron(registry, *methods):
    """Run scheduled methods, one after the other."""
    for method in methods:
        with registry.cursor() as cr:
            getattr(api.Environment(cr, SUPERUSER_ID, {})["fapiao.request"], method)()


def user_environment(cr):
    env = api.Environment(cr, SUPERUSER_ID, {})
    admin = env.ref("base.user_admin")
    company = env.ref("base.demo_company_cn")
    return api.Environment(cr, admin.id, {"allowed_company_ids": company.ids, "lang": "en_US"})


def arm():
    """Let the process die where the environment says."""
    # not before the addons path is configured
    from odoo.addons.l10n_cn_invoice_cloud.models.fapiao_engine import FapiaoEngine  # noqa: PLC0415

    for variable, after in (("DIE_IN", False), ("DIE_AFTER", True)):
        if method := os.environ.get(variable):
            setattr(FapiaoEngine, method, deadly(getattr(FapiaoEngine, method), after))


def deadly(original, after):
    def die(self, *args):
        if after:
            original(self, *args)
        os.kill(os.getpid(), signal.SIGKILL)

    return die


TASKS = {task.__name__: task for task in (click, click_among_others, copy_invoices, enqueue, cron)}


def main(database, task, *args):
    odoo.tools.config.parse_config(["-c", os.environ["ODOO_DEV_CONF"], "-d", database, "--no-http"])
    registry = Registry(database)
    arm()
    TASKS[task](registry, *args)


if __name__ == "__main__":
    main(*sys.argv[1:])
