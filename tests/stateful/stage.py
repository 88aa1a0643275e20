"""Where the histories play: one live database, two clouds with a bureau each, and people who log in.

The second cloud is where an account leads to once its address is edited or it is replaced. What both bureaus
have issued counts together: it is one taxpayer.
"""

import dataclasses
import functools
import gc
import importlib.util
import logging
import math
import os
import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

from odoo import SUPERUSER_ID, Command, api, fields, service
from odoo.addons.l10n_cn_invoice_cloud import clouds
from odoo.addons.l10n_cn_invoice_cloud.sandbox import defaults
from odoo.addons.l10n_cn_invoice_cloud.sandbox.server import SandboxServer
from odoo.exceptions import UserError
from odoo.service.model import retrying
from odoo.tools import config

from .undo import Undo

ADDON = "l10n_cn_invoice_cloud"
PROVIDERS = ("piaodanyun", "kingdee")
# Nobody listens there: what the cloud wants to tell is kept, and brought by hand in any order.
CALLBACKS = "http://127.0.0.1:9/"
LIMIT = 10000  # of one fapiao, excluding tax
# The invoices of every history: buyer, lines (quantity, price), and whether it is posted
INVOICES = (
    ("partner_buyer", ((1, 1000),), True),
    ("partner_buyer", ((2, 600), (1, 800)), True),
    ("partner_retailer", ((3, 1000),), True),
    ("partner_retailer", ((15, 1000),), True),  # over the limit: two fapiao
    ("partner_buyer", ((1, 500),), False),
)
# The credit notes that wait as drafts for each of them: over the invoice, or over a share of its first line
SHARES = (1, 0.5)


@dataclasses.dataclass
class Rules:
    """How the clouds of one history are."""

    provider: str = "piaodanyun"
    deduplicate: bool = True
    show_after: int = 0  # seconds until an order that was taken is shown
    auto_invoice: bool = True  # 金蝶: issued at once, or when a person there says so


class Errors(logging.Handler):
    """Collects what the addon logs as an error: nobody looks into logs, so none may be needed."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.said = []
        self.formatter = logging.Formatter()

    def emit(self, record):
        self.said.append(self.format(record))


class Stage:
    def __init__(self, registry):
        self.registry = registry
        self.clouds = [SandboxServer().start() for _number in range(2)]
        self.errors = Errors()
        logging.getLogger(f"odoo.addons.{ADDON}").addHandler(self.errors)
        self._hurry()
        with registry.cursor() as cr:
            self._set_up(api.Environment(cr, SUPERUSER_ID, {}))
        self.undo = Undo(registry)
        self.base = self.undo.mark()
        self.rules = Rules()

    def close(self):
        for cloud in self.clouds:
            cloud.close()

    # ------------------------------------------------------------------ setting up, once

    def _hurry(self):
        """Spend no time on what the histories don't need: collisions are repeated at once, no scheduler is told
        by a connection of its own that there is work, and what the registry has made is no garbage. Simulated
        time counts for whoever looks at a monotonic clock."""
        service.model.random = _NoWait()
        self.registry["ir.cron"]._notifydb = lambda _self: None
        gc.collect()
        gc.freeze()
        gc.set_threshold(50000, 50, 50)
        os.fsync = lambda _descriptor: None
        self.passed = 0.0
        clocks = [(time, "monotonic")]
        if importlib.util.find_spec(f"{clouds.__name__}.fence"):
            clocks.append((importlib.import_module(f"{clouds.__name__}.fence"), "now"))
        for module, name in clocks:
            setattr(module, name, functools.partial(self._later, getattr(module, name)))

    def _later(self, clock):
        return clock() + self.passed

    def _set_up(self, env):
        ref = functools.partial(self._ref, env)
        company = env.ref("base.demo_company_cn")
        self.company_id = company.id
        company.write({"fapiao_amount_limit": LIMIT, "fapiao_drawer": "开票员"})
        self.account_ids = dict(
            zip(PROVIDERS, (ref("fapiao_account_sandbox").id, ref("fapiao_account_kingdee").id), strict=True)
        )
        env["fapiao.account"].browse(self.account_ids.values()).write(
            {
                "read_timeout": 5,
                "pace_per_minute": 10000,
                "pace_per_hour": 10000,
                "grace_minutes": 30,
                "session_state": "ok",
            }
        )
        for provider, account_id in self.account_ids.items():
            env["fapiao.account"].browse(account_id).base_url = self.address_of(0, provider)
        self.users = {
            "issuer": self._user(env, "issuer", "account.group_account_manager", f"{ADDON}.group_fapiao_issuer"),
            "manager": self._user(env, "manager", "account.group_account_manager", f"{ADDON}.group_fapiao_manager"),
            "clerk": self._user(env, "clerk", "account.group_account_invoice"),
        }
        self.tax_id = (
            env["account.tax"]
            .search([("company_id", "=", company.id), ("type_tax_use", "=", "sale"), ("amount", "=", 13)], limit=1)
            .id
        )
        self.invoices = [self._invoice(env, place, *values) for place, values in enumerate(INVOICES)]
        self.notes = {
            (place, share): self._note(env, move_id, share)
            for place, move_id in enumerate(self.invoices)
            for share in SHARES
        }

    def _ref(self, env, name):
        return env.ref(f"{ADDON}.{name}")

    def _user(self, env, name, *groups):
        company = env["res.company"].browse(self.company_id)
        user = env["res.users"].create(
            {
                "name": name,
                "login": f"stateful {name}",
                "lang": "en_US",
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [Command.set([env.ref(group).id for group in ("base.group_user", *groups)])],
                "notification_type": "inbox",
            }
        )
        return user.id

    def _invoice(self, env, place, buyer, lines, is_posted):
        """Return the id of an invoice each line of which sells a product of its own: by its name the bureau's
        fapiao tell what they stand for."""
        products = env["product.product"].create(
            [
                {
                    "name": product_name(place, number),
                    "type": "service",
                    "fapiao_code_id": self._ref(env, "tax_code_software").id,
                }
                for number in range(len(lines))
            ]
        )
        move = (
            env["account.move"]
            .with_company(self.company_id)
            .create(
                {
                    "move_type": "out_invoice",
                    "company_id": self.company_id,
                    "partner_id": self._ref(env, buyer).id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": product.id,
                                "quantity": quantity,
                                "price_unit": price,
                                "tax_ids": [Command.set([self.tax_id])],
                            }
                        )
                        for product, (quantity, price) in zip(products, lines, strict=True)
                    ],
                }
            )
        )
        if is_posted:
            move.action_post()
        return move.id

    def _note(self, env, move_id, share):
        """Return the id of a draft credit note over the whole invoice, or over a share of its first line."""
        note = env["account.move"].browse(move_id)._reverse_moves([{"invoice_date": fields.Date.today()}])
        if share != 1:
            (note.invoice_line_ids - note.invoice_line_ids[:1]).unlink()
            note.invoice_line_ids.price_unit *= share
        return note.id

    # ------------------------------------------------------------------ one history after the other

    def begin(self, rules):
        """Make all as it was in the beginning, with clouds that are as ``rules`` say."""
        self.rules = rules
        self.undo.back(self.base)
        self.undo.run_sequences_on()
        # or the database would seem to be restored from a backup each time
        shutil.rmtree(Path(config["data_dir"]) / "fapiao_answers" / self.registry.db_name, ignore_errors=True)
        self.errors.said.clear()
        for cloud in self.clouds:
            self._furnish(cloud.world)
        with self.registry.cursor() as cr:
            account = self.account_ids[rules.provider]
            cr.execute("UPDATE res_company SET fapiao_account_id = %s WHERE id = %s", [account, self.company_id])
            cr.execute("UPDATE fapiao_account SET auto_invoice = %s", [rules.auto_invoice])

    def _furnish(self, world):
        world.reset()
        world.set(deduplicate=self.rules.deduplicate, show_after=self.rules.show_after)
        world.set_callback_url(CALLBACKS)

    def address(self, number):
        """Return where an account reaches the cloud of this number."""
        return self.address_of(number, self.rules.provider)

    def address_of(self, number, provider):
        cloud = self.clouds[number]
        return cloud.base_url if provider == "piaodanyun" else cloud.kingdee_url

    def elsewhere(self, number):
        """Return what an account is written so that it leads to the first cloud, the second, or another tenant
        of the first."""
        world, cloud = self.worlds[0], self.clouds[number % 2]
        if self.rules.provider == "piaodanyun":
            tenant = world.add_second_tenant("piaodanyun") if number == 2 else world.tenants[defaults.PHONE]
            return {"base_url": cloud.base_url, "tenant_number": tenant.tenant_id, "phone": tenant.phone}
        known = world.kingdee_tenants[defaults.KINGDEE_ACCOUNT_ID]
        tenant = world.add_second_tenant("kingdee") if number == 2 else known
        return {
            "base_url": f"{cloud.url}/kingdee/{tenant.prefix}",
            "datacenter": tenant.account_id,
            "tenant_code": tenant.tenant_id,
            "app_key": tenant.app_id,
        }

    @property
    def worlds(self):
        return [cloud.world for cloud in self.clouds]

    # ------------------------------------------------------------------ people and the scheduler

    def env(self, cr, user=None):
        if user is None:
            return api.Environment(cr, SUPERUSER_ID, {})
        context = {"allowed_company_ids": [self.company_id], "lang": "en_US", "tz": "Asia/Shanghai"}
        return api.Environment(cr, self.users[user], context)

    def act(self, user, work):
        """Do ``work(env)`` as the web layer does: repeated on a collision, committed, then what follows.

        Return ``(answer, words)``: words where the user is told that it can't be done.
        """
        try:
            with self.registry.cursor() as cr:
                env = self.env(cr, user)
                return retrying(functools.partial(work, env), env), ""
        except UserError as error:  # and its kin: access, validation, missing
            return None, str(error)

    def look(self, work):
        """Return ``work(env)`` of a superuser who changes nothing."""
        with self.registry.cursor() as cr:
            result = work(self.env(cr))
            cr.rollback()
            return result

    def cron(self, *methods):
        for method in methods:
            with self.registry.cursor() as cr:
                getattr(self.env(cr)["fapiao.request"], method)()

    # ------------------------------------------------------------------ time

    def age(self, seconds):
        """Let time pass, for Odoo, the clouds and the bureaus alike: all that is stored gets older. What comes late
        comes at its time, not at the end."""
        first = min(self._seconds_until_all_came(), seconds)
        for part in (first, seconds - first):
            if part:
                self._age(part)

    def _seconds_until_all_came(self):
        waits = [0]
        for world in self.worlds:
            due = [moment for moment, _deed in world.late]
            due += [
                request.ready_at for request in (*world.pending.values(), *world.bills.values()) if request.ready_at
            ]
            waits += [math.ceil((moment - world.clock.now()).total_seconds()) for moment in due]
        return max(waits)

    def _age(self, seconds):
        self.passed += seconds
        self.undo.age(seconds)
        span = timedelta(seconds=seconds)
        for world in self.worlds:
            with world.acting():
                for shelf in list(vars(world).values()):
                    if isinstance(shelf, dict):
                        for record in shelf.values():
                            _age(record, span)
                world.late = [(moment - span, deed) for moment, deed in world.late]
            with world.acting():
                pass  # what has become due by now


def product_name(place, number):
    return f"品{place}号{number}"


def _age(record, span):
    if not dataclasses.is_dataclass(record):
        return
    for name, value in vars(record).items():
        if isinstance(value, datetime):
            setattr(record, name, value - span)
        elif isinstance(value, dict):
            for inner in value.values():
                _age(inner, span)
        elif dataclasses.is_dataclass(value):
            _age(value, span)


class _NoWait:
    """In place of ``random`` where Odoo waits for seconds before it repeats what has collided."""

    @staticmethod
    def uniform(_least, _most):
        return 0.005
