"""What a process of its own does: started as ``worker.py DATABASE TASK ARGS…`` by database.py.

``DIE_IN`` in the environment names the engine's method in which the process kills itself, without a
chance to clean up; ``DIE_AFTER`` the one after which it does. ``PAUSE_IN`` names the one in which it stops until it
is told to go on, a day later by the clock of its machine.
"""

import os
import signal
import sys

import psycopg2

import odoo.tools
from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
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


def flush(registry, invoice):
    """Click *Red-flush* and, in the dialog, *Reverse*, each as the web layer does."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        move = env["account.move"].browse(int(invoice))
        action = retrying(move.action_fapiao_red, env)
    if action["res_model"] != "fapiao.red.flush":
        return
    with registry.cursor() as cr:
        env = user_environment(cr)
        dialog = env["fapiao.red.flush"].browse(action["res_id"])
        retrying(dialog.action_apply, env)


def credit_in_part(registry, invoice):
    """Post a credit note over a part of the invoice, reverse from it, and print nothing."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        note = env["account.move"].browse(int(invoice))._reverse_moves()
        note.invoice_line_ids[:1].price_unit /= 2
        note.action_post()
        note_id = note.id
    flush(registry, note_id)


def change_from_outside(database, invoice):
    """Commit a change to the invoice from a connection that Odoo knows nothing of."""
    _name, info = odoo.sql_db.connection_info_for(database)
    connection = psycopg2.connect(**{key: value for key, value in info.items() if key != "database"}, dbname=database)
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


def copy_orders(registry, count):
    """Confirm orders of what a demo invoice sells and print their ids."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        invoice = env.ref("l10n_cn_invoice_cloud.invoice_buyer")
        # all of it can be invoiced at once: whoever comes first, one fapiao stands for the whole order
        invoice.invoice_line_ids.product_id.invoice_policy = "order"
        lines = [
            {
                "product_id": line.product_id.id,
                "product_uom_qty": line.quantity,
                "price_unit": line.price_unit,
                "tax_ids": [(6, 0, line.tax_ids.ids)],
            }
            for line in invoice.invoice_line_ids
        ]
        values = {
            "company_id": invoice.company_id.id,
            "partner_id": invoice.partner_id.id,
            "order_line": [(0, 0, line) for line in lines],
        }
        orders = env["sale.order"].create([values] * int(count))
        orders.action_confirm()
        sys.stdout.write(" ".join(map(str, orders.ids)))


def request_order(registry, order):
    """Open the dialog of an order and click *Request*, each as the web layer does."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        action = retrying(env["sale.order"].browse(int(order)).action_fapiao_request, env)
    with registry.cursor() as cr:
        env = user_environment(cr)
        dialog = env["fapiao.order.request"].browse(action["res_id"])
        retrying(dialog.action_request, env)


def post_invoice_of(registry, order):
    """Invoice an order, post and issue, each step as the web layer does."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        invoice = retrying(env["sale.order"].browse(int(order))._create_invoices, env)
    with registry.cursor() as cr:
        env = user_environment(cr)
        retrying(env["account.move"].browse(invoice.id).action_post, env)
    with registry.cursor() as cr:
        env = user_environment(cr)
        move = env["account.move"].browse(invoice.id)
        try:
            retrying(move.action_fapiao_issue, env)
        except UserError as error:  # it shares the fapiao of its order
            sys.stdout.write(str(error))


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


def take_callbacks(registry, account, count):
    """Take in callbacks as the controller does, each in a transaction of its own, and have them processed."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        callbacks = env["fapiao.callback"]
        for number in range(int(count)):
            body = f'{{"data": [{{"billNo": "U{number}"}}]}}'.encode()
            callbacks._take(env["fapiao.account"].browse(int(account)), body, "127.0.0.1")
            callbacks._process_batch()


def take_pace(registry, account, count):
    """Ask ``count`` times for three calls to issue; print how many were allowed."""
    # not before the addons path is configured
    from odoo.addons.l10n_cn_invoice_cloud.models.cloud.engine import Engine  # noqa: PLC0415

    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        taken = 0
        for _time in range(int(count)):
            taken += Engine(env)._step(
                lambda env: env["fapiao.account"].browse(int(account))._take_pace(3, purpose="issue")
            )
    sys.stdout.write(str(taken))


def connect_kingdee(registry, base_url):
    """Make an account at the sandbox's 金蝶发票云 and print its id."""
    # not before the addons path is configured
    from odoo.addons.l10n_cn_invoice_cloud.sandbox import defaults  # noqa: PLC0415

    with registry.cursor() as cr:
        env = user_environment(cr)
        account = env["fapiao.account"].create(
            {
                "name": "Kingdee",
                "company_id": env.company.id,
                "provider": "kingdee",
                "base_url": base_url,
                "tax_no": defaults.TAX_NO,
                "app_key": defaults.KINGDEE_APP_ID,
                "app_secret": defaults.KINGDEE_APP_SECRET,
                "datacenter": defaults.KINGDEE_ACCOUNT_ID,
                "tenant_code": defaults.KINGDEE_TENANT_ID,
                "cloud_user": defaults.KINGDEE_USER,
                "business_system": defaults.KINGDEE_SYSTEM,
                "pace_per_minute": 1000,
                "pull_daily": False,
            }
        )
        sys.stdout.write(str(account.id))


def seat(registry, count, url):
    """Connect an account with the expense assistant at the sandbox; make employees with an expense each, and two
    issuers with a posted invoice each. Print their logins, which are passwords too, and these ids."""
    # not before the addons path is configured
    from odoo.addons.l10n_cn_invoice_cloud.sandbox import defaults  # noqa: PLC0415

    with registry.cursor() as cr:
        env = user_environment(cr)
        env.ref("l10n_cn_invoice_cloud.fapiao_account_kingdee").write(
            {
                "base_url": f"{url}/kingdee/{defaults.KINGDEE_PREFIX}",
                "assistant_url": f"{url}/assistant",
                "client_key": defaults.ASSISTANT_CLIENT_ID,
                "client_secret": defaults.ASSISTANT_CLIENT_SECRET,
            }
        )
        users = seat_users(env, "picker", int(count), "base.group_user")
        category = env.ref("hr_expense.product_product_no_cost")
        for user in users:
            employee = env["hr.employee"].create(
                {"name": user.name, "user_id": user.id, "company_id": user.company_id.id}
            )
            values = {"name": "Trip", "employee_id": employee.id, "product_id": category.id}
            expense = env["hr.expense"].create({**values, "company_id": user.company_id.id})
            sys.stdout.write(f"{user.login}:{expense.id} ")
        original = env.ref("l10n_cn_invoice_cloud.invoice_buyer")
        for user in seat_users(env, "issuer", 2, "l10n_cn_invoice_cloud.group_fapiao_issuer"):
            invoice = original.copy()
            invoice.action_post()
            sys.stdout.write(f"{user.login}:{invoice.id} ")


def seat_users(env, name, count, group):
    values = {"company_id": env.company.id, "company_ids": [(6, 0, env.company.ids)], "lang": "en_US"}
    values["group_ids"] = [(6, 0, env.ref(group).ids)]
    logins = [f"{name}{number}" for number in range(count)]
    return env["res.users"].create([{**values, "name": login, "login": login, "password": login} for login in logins])


def pull(registry, account):
    """Click *Pull now* as the web layer does."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        retrying(env["fapiao.account"].browse(int(account)).action_pull, env)


def go_on_pulling(registry):
    """Run the scheduled action that goes on with pulls."""
    with registry.cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["fapiao.pull"]._cron_inbound()


def receive_for_two_bills(registry):
    """Make a received fapiao and two draft bills over its total, and print their ids."""
    with registry.cursor() as cr:
        env = user_environment(cr)
        company = env.company
        vendor = env["res.partner"].create({"name": "供货有限公司", "is_company": True})
        lines = [(0, 0, {"name": "Goods", "price_unit": 113, "tax_ids": [(5, 0, 0)]})]
        values = {"move_type": "in_invoice", "partner_id": vendor.id, "invoice_line_ids": lines}
        bills = env["account.move"].create([{**values, "ref": f"R{n}"} for n in range(2)])
        fapiao = env["fapiao"].sudo()
        fapiao = fapiao.create(
            {
                "company_id": company.id,
                "direction": "in",
                "number": f"2699{bills[0].id:016}",
                "type_code": "26",
                "seller_name": vendor.name,
                "amount_untaxed": 113,
                "amount_total": 113,
            }
        )
        sys.stdout.write(" ".join(map(str, [fapiao.id, *bills.ids])))


def confirm_match(registry, fapiao, bill):
    """Confirm a fapiao for a bill as the web layer does, at the same moment as somebody else; print what the
    user is told."""
    runs = []

    def handler():
        runs.append(1)
        paper, document = env["fapiao"].browse(int(fapiao)), env["account.move"].browse(int(bill))
        paper.read(["match_state"])  # takes the snapshot
        if len(runs) == 1:
            meet(registry, int(fapiao))
        env["fapiao.match"]._confirm_pair(paper, document, 113)

    try:
        with registry.cursor() as cr:
            env = user_environment(cr)
            retrying(handler, env)
    except UserError as error:
        sys.stdout.write(str(error))


def match_during_search(registry, fapiao, bill):
    """Click all that matches by hand while a search that has found proposals isn't over; print what the user is
    told by each click."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        paper = env["fapiao"].browse(int(fapiao))
        # two bills with its number: a person has to choose
        env["account.move"].search([("ref", "in", ("R0", "R1"))]).ref = paper.number
        company_ids = paper.company_id.ids
        env["fapiao.match"]._match(company_ids)
    with registry.cursor() as search:
        api.Environment(search, SUPERUSER_ID, {})["fapiao.match"]._match(company_ids)
        for name, click in CLICKS.items():
            with registry.cursor() as cr:
                # what waits all the same fails soon, and not when the run does
                cr.execute("SET LOCAL lock_timeout = '2s'")
                env = user_environment(cr)
                try:
                    click(env["fapiao"].browse(int(fapiao)), env["account.move"].browse(int(bill)))
                    told = "opened" if name == "dialog" else "done"
                except UserError as error:
                    told = str(error)
                except psycopg2.OperationalError as error:
                    told = f"waited: {error}".replace("\n", " ")
                cr.rollback()
            sys.stdout.write(f"{name}|{told}\n")
        search.rollback()


def confirm_in_dialog(fapiao, bill):
    wizard = fapiao.env["fapiao.match.wizard"]
    dialog = wizard.browse(fapiao.action_match_documents()["res_id"])
    dialog.line_ids.filtered(lambda line: line.move_id == bill).action_confirm()


CLICKS = {
    "dialog": lambda fapiao, bill: fapiao.action_match(),
    "confirm": confirm_in_dialog,
    "confirm_proposal": lambda fapiao, bill: fapiao.match_ids[:1].action_confirm(),
    "create_bill": lambda fapiao, bill: fapiao.action_create_bill(),
    "bill": lambda fapiao, bill: bill.action_fapiao_in_search(),
}


def meet(registry, place):
    """Wait until two workers are here, whoever comes first; the lock stays with the connection."""
    with registry.cursor() as cr:
        cr.execute("SELECT pg_advisory_lock_shared(%s)", [place])
        count = 0
        while count < 2:
            cr.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                [place],
            )
            (count,) = cr.fetchone()


def user_environment(cr):
    env = api.Environment(cr, SUPERUSER_ID, {})
    admin = env.ref("base.user_admin")
    company = env.ref("base.demo_company_cn")
    return api.Environment(cr, admin.id, {"allowed_company_ids": company.ids, "lang": "en_US"})


def arm():
    """Let the process die where the environment says; ``DIE_AT`` is the how-manieth time it comes there."""
    # not before the addons path is configured
    from odoo.addons.l10n_cn_invoice_cloud.models.cloud import fapiao_task_mixin  # noqa: PLC0415
    from odoo.addons.l10n_cn_invoice_cloud.models.cloud.engine import Engine  # noqa: PLC0415

    # many workers at once on few cores: none may end before it has come to its death
    fapiao_task_mixin.CLICK_SECONDS = 600
    for variable, after in (("DIE_IN", False), ("DIE_AFTER", True)):
        if method := os.environ.get(variable):
            setattr(Engine, method, deadly(getattr(Engine, method), after))

    if method := os.environ.get("PAUSE_IN"):
        setattr(Engine, method, pausing(getattr(Engine, method)))


def pausing(original):
    # not before the addons path is configured
    from odoo.addons.l10n_cn_invoice_cloud.clouds import fence  # noqa: PLC0415

    def pause(self, *args):
        os.kill(os.getpid(), signal.SIGSTOP)
        real = fence.now
        fence.now = lambda: real() + 86400
        return original(self, *args)

    return pause


def deadly(original, after):
    times = iter(range(int(os.environ.get("DIE_AT", "1")) - 1))

    def die(self, *args):
        if next(times, None) is not None:
            return original(self, *args)
        if after:
            original(self, *args)
        return os.kill(os.getpid(), signal.SIGKILL)

    return die


TASKS = {
    task.__name__: task
    for task in (
        *(click, click_among_others, copy_invoices, enqueue, cron, flush, credit_in_part),
        *(copy_orders, request_order, post_invoice_of, take_callbacks, take_pace),
        *(connect_kingdee, pull, go_on_pulling),
        *(receive_for_two_bills, confirm_match, match_during_search, seat),
    )
}


def main(database, task, *args):
    odoo.tools.config.parse_config(["-c", os.environ["ODOO_DEV_CONF"], "-d", database, "--no-http"])
    registry = Registry(database)
    arm()
    TASKS[task](registry, *args)


if __name__ == "__main__":
    main(*sys.argv[1:])
