"""The database of the histories: brought back in place, and made older."""

from pathlib import Path

import psycopg2
from psycopg2 import sql

import odoo.sql_db

PROGRAM = Path(__file__).with_name("undo.sql")
# What Odoo keeps in memory of these is dropped when they were changed.
CACHED = {"ir_config_parameter", "ir_model_data", "res_users", "res_groups_users_rel", "res_company_users_rel"}


class Undo:
    def __init__(self, registry):
        self.registry = registry
        self.highest = {}
        with registry.cursor() as cr:
            cr.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            if cr.fetchone() != (True,):
                raise SystemExit("The histories need a role of PostgreSQL that is a superuser.")
            cr.execute(PROGRAM.read_text())
            cr.execute("SELECT undo.install()")

    def mark(self):
        """Return the present moment."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT coalesce(max(seq), 0) FROM undo.log")
            return cr.fetchone()[0]

    def back(self, mark):
        """Bring all rows back to what they were at ``mark``; sequences run on."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT undo.back(%s)", [mark])
            (touched,) = cr.fetchone()
        if CACHED.intersection(touched):
            self.registry.clear_all_caches()
        return touched

    # ------------------------------------------------------------------ as a dump holds them

    def sequences(self):
        """Return the present values of all sequences that were used."""
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
                " AND last_value IS NOT NULL"
            )
            return dict(cr.fetchall())

    def set_sequences(self, values):
        """Set the sequences back, and remember how far they were."""
        now = self.sequences()
        for name, value in now.items():
            self.highest[name] = max(value, self.highest.get(name, 0))
        self._set({name: values.get(name) for name, value in now.items() if values.get(name) != value})

    def run_sequences_on(self):
        """Let sequences that were set back go on beyond everything that was ever used."""
        if self.highest:
            now = self.sequences()
            self._set({name: max(value, now.get(name, 0)) for name, value in self.highest.items()})
            self.highest = {}

    def _set(self, values):
        with self.registry.cursor() as cr:
            for name, value in values.items():
                cr.execute("SELECT setval(%s::regclass, %s, %s)", [f'"{name}"', value or 1, value is not None])

    def tidy(self):
        """Take away what was written and undone, or every query would wade through it."""
        with self.registry.cursor() as cr:
            cr.execute("SELECT name FROM undo.tables WHERE pg_relation_size(tab) > 1000000")
            names = [name for (name,) in cr.fetchall()]
        connection = psycopg2.connect(**odoo.sql_db.connection_info_for(self.registry.db_name)[1])
        connection.autocommit = True
        with connection.cursor() as cr:
            for name in (*names, "fapiao_account", "fapiao_request", "fapiao_call", "res_company"):
                cr.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(name)))
        connection.close()

    # ------------------------------------------------------------------ time

    def age(self, seconds):
        with self.registry.cursor() as cr:
            cr.execute("SELECT undo.age(make_interval(secs => %s))", [seconds])
