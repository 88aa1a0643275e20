"""Keeps secrets out of Odoo's log of failed statements: it quotes them whole, and PostgreSQL the row."""

import logging
import re

OURS = re.compile(r"\bfapiao(?:_\w+)?\b")
LITERAL = re.compile(r"'(?:[^']|'')*'")


class HideRows(logging.Filter):
    """Takes the values out of what is logged of a statement on the addon's tables."""

    def filter(self, record):
        if isinstance(record.args, tuple) and str(record.msg).startswith("bad query"):
            record.args = self._shown(*record.args)
        return True

    def _shown(self, query, error, *others):
        text = query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query)
        if not OURS.search(text):
            return query, error, *others
        return LITERAL.sub("'***'", text), str(error).partition("\n")[0], *others


logging.getLogger("odoo.sql_db").addFilter(HideRows())
