"""Writes rows from a cloud as CSV for COPY; ``None`` and "" both become NULL."""

import csv
import io
from operator import itemgetter

from ...clouds.inbound import InboundFapiao, InboundLine

NUMERIC = "numeric"
_TYPE_OF = {
    "issue_date": "date",
    **dict.fromkeys(("amount_untaxed", "amount_tax", "amount_total", "deductible"), NUMERIC),
}
_ELSEWHERE = ("lines", "travel")
_FIELDS = [name for name in InboundFapiao._fields if name not in _ELSEWHERE]
HEADER_COLUMNS = [(name, _TYPE_OF.get(name, "varchar")) for name in _FIELDS] + [("partner_id", "int4")]

_NAME_OF = {"amount": "amount_untaxed", "tax": "amount_tax"}
_LINE_TYPE_OF = {
    **dict.fromkeys(("quantity", "price", "rate", "amount", "tax"), NUMERIC),
    "is_discount": "bool",
}
LINE_COLUMNS = [("number", "varchar"), ("sequence", "int4")] + [
    (_NAME_OF.get(name, name), _LINE_TYPE_OF.get(name, "varchar")) for name in InboundLine._fields
]

_header_of = itemgetter(*map(InboundFapiao._fields.index, _FIELDS))


def headers_as_csv(rows, parties):
    """Return the rows without lines, each with the partner of its seller."""
    partner = parties.get
    return _as_csv((*_header_of(row), partner(row.seller_tax_no)) for row in rows)


def lines_as_csv(rows):
    """Return the lines of all rows, numbered from 1 within each."""
    return _as_csv((row.number, sequence, *line) for row in rows for sequence, line in enumerate(row.lines, start=1))


def _as_csv(rows):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    # PostgreSQL accepts no NUL and no bare carriage return, UTF-8 no half of a surrogate pair
    return io.BytesIO(text.getvalue().replace("\0", "").replace("\r", " ").encode("utf-8", "replace"))
