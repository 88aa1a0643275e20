"""Keeps the records across restarts: one sqlite table, one transaction per effect."""
import sqlite3
from pathlib import Path

from . import records
from .assistant.records import RECORDS as ASSISTANT
from .bureau import inbound, received
from .kingdee import records as kingdee

KINDS = {cls.table: cls for cls in (
    records.Tenant, records.Taxpayer, records.Fapiao, records.Request,
    records.RedForm, records.Token, records.Ticket, kingdee.KingdeeTenant, kingdee.KingdeeToken,
    kingdee.UsedId, kingdee.Bill, kingdee.Order, kingdee.Delivery, kingdee.InboundTask,
    inbound.Mark, received.Batch, received.Received, *ASSISTANT)}


class Store:
    def __init__(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        # Writes only happen under the world's lock, from whichever thread holds it.
        self.db = sqlite3.connect(Path(folder) / 'sandbox.sqlite', check_same_thread=False)
        self.db.execute('PRAGMA journal_mode=WAL')
        self.db.execute('CREATE TABLE IF NOT EXISTS record '
                        '(kind TEXT, key TEXT, data TEXT, PRIMARY KEY (kind, key))')
        self.db.commit()

    def read(self):
        """Every record, as (kind, object); plain text for kinds that are no record."""
        for kind, key, data in self.db.execute('SELECT kind, key, data FROM record ORDER BY rowid'):
            yield kind, key, records.load(KINDS[kind], data) if kind in KINDS else data

    def write(self, changed):
        with self.db:
            self.db.executemany('INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (kind, key) '
                                'DO UPDATE SET data = excluded.data', changed)

    def clear(self):
        with self.db:
            self.db.execute('DELETE FROM record')

    def close(self):
        self.db.close()
