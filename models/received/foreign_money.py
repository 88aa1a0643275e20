"""Tickets whose amounts are not in the company's currency: converted at the rate of their day, or left without amount.

A coach or ship ticket to Hong Kong or Macao is in their money. Its amounts never count as yuan: where there is no rate
for the day it has no amount here, and can't be booked. A rate that was used once stays, so that a rate entered later
changes no document. Source: docs/protocols/kingdee-assistant.md#currency.
"""

from decimal import Decimal

from odoo import fields
from odoo.tools import SQL

from ...rules.amounts import round2

_AMOUNTS = ("amount_untaxed", "amount_tax", "amount_total", "deductible", "unit_price")
_RECORDED = ("foreign_currency", "foreign_total", "currency_rate", "currency_rate_day")
_PLACES = Decimal("0.00000001")  # of the rate that is kept


class ForeignMoney:
    """Converts the rows of one load for one company, and records on their fapiao what was converted."""

    def __init__(self, env, company_id):
        self.env = env
        self.company = env["res.company"].browse(company_id)
        self.taken = {}  # {number: values of the fapiao}

    def converted(self, rows):
        """Return ``rows`` (:class:`~..clouds.inbound.InboundFapiao`) with amounts in the company's currency, None where
        they can't be converted. A row that tells no currency is in that which its fapiao is known to be in.
        """
        home, known = self.company.currency_id.name, self._known([row.number for row in rows])
        if not known and not any(row.currency for row in rows):
            return rows
        return [self._in_home_currency(row, home, known.get(row.number)) for row in rows]

    def _in_home_currency(self, row, home, known):
        currency = row.currency or (known[0] if known else home)
        if currency != home:
            return self._converted(row._replace(currency=currency), known)
        if known:
            # the ticket was edited
            self.taken[row.number] = dict.fromkeys(_RECORDED, False)
        return row

    def record(self):
        """Write currency, amount as printed and rate on the fapiao of the converted rows."""
        if not self.taken:
            return
        found = self.env["fapiao"].search(
            [
                ("company_id", "=", self.company.id),
                ("direction", "=", "in"),
                ("number", "in", list(self.taken)),
            ]
        )
        for fapiao in found:
            values = self.taken[fapiao.number]
            changed = {name: value for name, value in values.items() if fapiao[name] != value}
            if changed:
                fapiao.write(changed)

    def _converted(self, row, known):
        is_known = known and known[0] == row.currency and known[1]
        _currency, factor, day = known if is_known else (row.currency, *self._rate_of(row))
        recorded = (row.currency, float(row.amount_total or 0), float(factor or 0), day or False)
        self.taken[row.number] = dict(zip(_RECORDED, recorded, strict=True))
        if row.amount_total is None:
            del self.taken[row.number]["foreign_total"]  # what isn't told blanks nothing
        if not factor:
            # the pool keeps what isn't told, and may have read the amounts as yuan before the currency was told
            self.taken[row.number].update(dict.fromkeys(_AMOUNTS, 0))
            return row._replace(**dict.fromkeys(_AMOUNTS), lines=())
        amounts = {name: getattr(row, name) for name in _AMOUNTS}
        told = {name: None if amount is None else round2(amount * factor) for name, amount in amounts.items()}
        if None not in (told["amount_total"], told["amount_tax"]):
            # each amount is rounded separately, and the three have to add up
            told["amount_untaxed"] = told["amount_total"] - told["amount_tax"]
        # lines stay as printed, and would add up to another total
        return row._replace(**told, lines=())

    def _rate_of(self, row):
        """Return ``(yuan for one unit, its day)`` on the day of the ticket, ``(None, None)`` without a rate."""
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", row.currency)])
        day = row.issue_date or fields.Date.context_today(self.company)
        if not currency or not self._has_rate(currency, day):
            return None, None
        factor = self.env["res.currency"]._get_conversion_rate(currency, self.company.currency_id, self.company, day)
        factor = Decimal(repr(factor)).quantize(_PLACES)
        return (factor, day) if factor > 0 else (None, None)

    def _has_rate(self, currency, day):
        """Return whether a rate of the day or before is entered: without one Odoo takes the next, or 1."""
        company = self.company.root_id
        return bool(
            self.env["res.currency.rate"].search_count(
                [("currency_id", "=", currency.id), ("name", "<=", day), ("company_id", "in", (company.id, False))],
                limit=1,
            )
        )

    def _known(self, numbers):
        """Return ``{number: (currency, rate or None, day)}`` of the fapiao that are known to be in other money."""
        self.env["fapiao"].flush_model(["foreign_currency", "currency_rate", "currency_rate_day"])
        rows = self.env.execute_query(
            SQL(
                """SELECT number, foreign_currency, currency_rate, currency_rate_day FROM fapiao
                    WHERE company_id = %s AND direction = 'in' AND foreign_currency IS NOT NULL AND number = ANY(%s)""",
                self.company.id,
                numbers,
            )
        )
        return {
            number: (currency, Decimal(repr(float(rate))) if rate else None, day)
            for number, currency, rate, day in rows
        }
