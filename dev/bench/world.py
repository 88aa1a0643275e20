"""The company that receives, its account at the sandbox, and the pool: emptied, filled, looked at."""

import time
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

from sandbox.bureau.received import Batch

from .. import paths
from ..client import Sandbox
from ..say import Failure

DAYS = 365


class World:
    """One database with Odoo in this process, and the sandbox in another."""

    def __init__(self, db, sandbox_url):
        config.parse_config(["-c", str(paths.CONF), "-d", db, "--no-http", "--log-level", "warn"])
        self.registry = Registry(db)
        self.sandbox = Sandbox(sandbox_url)
        with self.env() as env:
            account = env.ref(f"{paths.ADDON}.fapiao_account_kingdee")
            account.write({"base_url": f"{sandbox_url}/kingdee/sandbox", "pages_per_minute": 1_000_000})
            self.account_id, self.company_id = account.id, account.company_id.id
            self.tax_no, self.buyer = account.tax_no, account.company_id.name
            self.last_day = env["fapiao.pull"]._today() - timedelta(days=1)
        self.first_day = self.last_day - timedelta(days=DAYS - 1)

    @contextmanager
    def env(self):
        """Give the superuser's environment in a transaction of its own, committed at the end."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    @contextmanager
    def user_env(self):
        """Give the environment of the administrator as a user, working in the company; nothing is kept."""
        with self.env() as env:
            context = {"lang": "en_US", "allowed_company_ids": [self.company_id]}
            yield env(user=env.ref("base.user_admin").id, context=context, su=False)
            env.cr.rollback()

    def query(self, sql, *args):
        """Return the rows of a query."""
        with self.registry.cursor() as cr:
            cr.execute(sql, args)
            return cr.fetchall()

    def maintain(self, command, *tables):
        """Run VACUUM or the like, which a transaction doesn't allow."""
        with self.registry.cursor() as cr:
            cr._cnx.autocommit = True
            for table in tables:
                cr.execute(f"{command} {table}")
            cr._cnx.autocommit = False

    def empty(self):
        """Leave nothing received, in tables and indexes that are as new."""
        # dead rows of one would be looked through for each row of the other that goes
        for rows, *tables in (["fapiao_match"], ["fapiao WHERE direction = 'in'", "fapiao", "fapiao_line"]):
            with self.registry.cursor() as cr:
                cr.execute(f"DELETE FROM {rows}")
            self.maintain("VACUUM (FULL, ANALYZE)", *(tables or [rows]))

    def written(self):
        """Return a mark that any write to the pool changes."""
        return self.query("SELECT count(*), max(id), sum(hashtext(xmin::text)) FROM fapiao WHERE direction = 'in'")

    def seed(self, count):
        """Let the bureau have ``count`` fapiao for the company, over a year, and nothing else."""
        asked = {"seed": 1, "days": DAYS, "first_day": str(self.first_day)}
        self.sandbox.do("seed_inbound", tax_no=self.tax_no, count=count, **asked)
        return Batch(1, count, str(self.first_day), DAYS, self.tax_no, self.buyer)

    def check_pool(self, batch):
        """Raise Failure unless the pool holds exactly the rows of ``batch``, to the fen."""
        ((count, total, tax),) = self.query(
            "SELECT count(*), sum(amount_total)::text, sum(amount_tax) FROM fapiao"
            " WHERE direction = 'in' AND company_id = %s",
            self.company_id,
        )
        wanted = sum((batch.row(index).gross for index in range(batch.count)), Decimal(0))
        check(count == batch.count, f"the pool holds {count} fapiao instead of {batch.count}")
        check(total == str(wanted), f"the pool comes to {total} instead of {wanted}")
        check(bool(tax), "the pool has no tax")


def check(is_right, what):
    """Raise Failure with ``what`` unless ``is_right``: a measurement of nothing is none."""
    if not is_right:
        raise Failure(f"Nothing was measured: {what}.")


@contextmanager
def timed(runs):
    """Append the seconds that the block took to the list ``runs``."""
    began = time.perf_counter()
    yield
    runs.append(time.perf_counter() - began)
