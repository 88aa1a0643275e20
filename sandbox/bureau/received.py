"""Fapiao that somebody issued to us, made up: any number of them, each from (seed, index) alone.

Nothing is kept: row 999,999 of a million is computed when it is asked for, and is always the same. For the
inbound pool of 金蝶发票云 and the expense assistant alike:

    make_row(1, 7).gross                                   # one row
    batch = Batch(seed=1, count=10**6, first_day='2025-01-01', days=365, buyer_no=…, buyer_name=…)
    batch.row(7), batch.between('2025-03-01', '2025-03-31'), batch.find(number, code)
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property

from ..records import Line
from .kinds import (
    DIGITAL,
    FIXED_RATES,
    ITEMS,
    KINDS,
    NORMAL,
    RATES,
    RED,
    REVERSED,
    SHARES,
    SPECIAL,
    VAT,
    VOID,
)
from .sellers import CITIES, seller

# Numbers of received fapiao carry 9998 where those issued here carry 9999.
MARKER = '9998'
MASK = (1 << 64) - 1
CENT = Decimal('0.01')


@dataclass(slots=True)
class Received:
    """A fapiao in somebody's inbound pool. Amounts are Decimals in yuan, `day` is YYYY-MM-DD."""

    number: str
    kind: int  # inbound type code, 1…84
    day: str
    seller_no: str
    seller_name: str
    buyer_no: str
    buyer_name: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    code: str = ''  # 发票代码; none on a digital one
    rate: int = 0  # percent of its (first) line
    status: str = NORMAL
    original: str = ''  # on a red one: the blue number
    check_code: str = ''
    remark: str = ''
    item: tuple = ()  # (name, 19-digit code, unit) of the first line
    lines: list = field(default_factory=list)  # Line each; empty on a made-up one: lines_of()
    chance: int = 0  # what the rest of a made-up one is drawn from

    table = 'received'

    def __post_init__(self):
        self.lines = [line if isinstance(line, Line) else Line(**line) for line in self.lines]

    @property
    def key(self):
        return f'{self.buyer_no}/{self.code}/{self.number}'

    @property
    def special(self):
        return self.kind in SPECIAL


def make_row(seed, index, buyer_no='', buyer_name='', day='2026-01-05', **options):
    """One made-up fapiao; `options` are those of a Batch. The same arguments make the same fapiao."""
    count = max(index + 1, options.pop('count', 0))
    return Batch(seed, count, day, 1, buyer_no, buyer_name, **options).row(index)


def lines_of(row):
    """The lines of a fapiao (records.Line, exclusive of tax); they add up to it exactly."""
    if row.lines:
        return row.lines
    rate = Decimal(row.rate) / 100
    parts = 1 if row.kind not in VAT else row.chance % 4 + 1
    net = _split(row.net, parts)
    taxes = [(each * rate).quantize(CENT) for each in net[:-1]]
    taxes.append(row.tax - sum(taxes))
    items = ITEMS.get(row.rate, ITEMS[6])
    lines = []
    for position, (amount, tax) in enumerate(zip(net, taxes, strict=True)):
        name, code, unit = row.item if not position else items[(row.chance >> 8) + position & len(items) - 1]
        whole = Decimal(-1 if amount < 0 else 1)
        lines.append(
            Line(
                name,
                code,
                amount,
                rate,
                tax,
                unit=unit,
                quantity=whole if unit else None,
                price=abs(amount) if unit else None,
            )
        )
    return lines


def _split(amount, parts):
    share = (amount / parts).quantize(CENT)
    return [*[share] * (parts - 1), amount - share * (parts - 1)]


@dataclass
class Batch:
    """`count` fapiao over `days` days from `first_day` on, in the order of their days.

    `shares`: how often each type code comes, in any unit ({27: 1} makes all of them 27); `red`: one of how
    many reverses the one before it (0: none); `statuses`: {status: one of how many} for 1, 2 and 4.
    """

    seed: int
    count: int
    first_day: str
    days: int
    buyer_no: str = ''
    buyer_name: str = ''
    shares: dict | None = None
    red: int = 64
    statuses: dict = field(default_factory=lambda: {'2': 200, '4': 500, '1': 1000})
    sellers: int = 4096  # how many different ones sell

    table = 'received_batch'

    def __post_init__(self):
        self.shares = {int(kind): share for kind, share in (self.shares or SHARES).items()}
        rarest = sorted(self.statuses.items(), key=lambda each: -each[1])
        self.statuses = {str(status): every for status, every in rarest if every}
        if not set(self.shares) <= set(SHARES):
            raise ValueError(f'type codes are {", ".join(map(str, KINDS))}')
        if self.days < 1 or not 0 <= self.count < 10**7 or self.red == 1:
            raise ValueError('days must be at least 1, count below ten million, red 0 or at least 2')
        date.fromisoformat(self.first_day)
        self.salt = zlib.crc32(f'{self.seed}/{self.buyer_no}'.encode())

    @property
    def key(self):
        return f'{self.buyer_no}/{self.seed}'

    def row(self, index):
        if not 0 <= index < self.count:
            raise IndexError(index)
        blue = index - 1 if self._is_red(index) else index
        row = self._blue(blue, self._day(index))
        if blue != index:
            row.original, row.status = row.number, RED
            row.number = self._number(row.kind, index, row.day, row.chance)[1]
            row.net, row.tax, row.gross = -row.net, -row.tax, -row.gross
        elif index + 1 < self.count and self._is_red(index + 1):
            row.status = REVERSED
        return row

    def between(self, first, last):
        """The range of indexes whose day lies between these, both included."""
        start = date.fromisoformat(self.first_day)
        low = (date.fromisoformat(first) - start).days
        high = (date.fromisoformat(last) - start).days + 1
        return range(self._first_of(low), self._first_of(high))

    def find(self, number, code=''):
        """The index of this fapiao, or None."""
        index = int(number[-7:]) if number[-7:].isdigit() else self.count
        if index >= self.count:
            return None
        row = self.row(index)
        return index if row.number == number and code in ('', row.code) else None

    def kind(self, index):
        """Only its type code: to filter a million without making them."""
        chance = _mix(self.salt, index - 1 if self._is_red(index) else index)
        return self._kinds[chance & 1023]

    def _day(self, index):
        return self._dates[index * self.days // self.count]

    def _first_of(self, day):
        day = min(max(day, 0), self.days)
        return -(-day * self.count // self.days)

    def _is_red(self, index):
        # By counting, not by chance: asked twice for every row.
        if not self.red or index < 1 or (index + self.salt) % self.red:
            return False
        return self._kinds[_mix(self.salt, index - 1) & 1023] in VAT

    def _blue(self, index, day):
        chance = _mix(self.salt, index)
        kind = self._kinds[chance & 1023]
        name, number = seller((chance >> 10) % self.sellers)
        draw = chance >> 22 & 0xFFFFF
        net = 500 + (draw * draw >> 17)
        rate = RATES[chance >> 42 & 15] if kind in VAT else FIXED_RATES.get(kind, 0)
        tax = (net * rate + 50) // 100
        items = ITEMS.get(rate, ITEMS[6])
        code, own = self._number(kind, index, day, chance)
        return Received(
            own,
            kind,
            day,
            number,
            name,
            self.buyer_no,
            self.buyer_name,
            _yuan(net),
            _yuan(tax),
            _yuan(net + tax),
            code,
            rate,
            self._status(index, kind),
            '',
            f'{chance:020d}' if code else '',
            '',
            items[chance >> 46 & len(items) - 1],
            [],
            chance,
        )

    def _number(self, kind, index, day, chance):
        """Code and number; the last seven digits are the index."""
        region = CITIES[(chance >> 10) % self.sellers & 15][1][:2]
        year = day[2:4]
        if kind in DIGITAL:
            return '', f'{year}{region}{MARKER}{self.salt % 100000:05d}{index:07d}'
        return f'0{region}00{year}{self.salt % 100000:05d}', f'9{index:07d}'

    def _status(self, index, kind):
        place = index + self.salt // 7
        for status, every in self.statuses.items():
            # A digital fapiao can't be voided.
            if place % every == 0 and not (status == VOID and kind in DIGITAL):
                return status
        return NORMAL

    @cached_property
    def _dates(self):
        start = date.fromisoformat(self.first_day)
        return [str(start + timedelta(days=each)) for each in range(self.days)]

    @cached_property
    def _kinds(self):
        return _table(tuple(sorted(self.shares.items())))


@cache
def _table(shares):
    """1,024 places for the type codes, each with at least one."""
    total = sum(share for _, share in shares)
    table = [kind for kind, share in shares for _ in range(max(1, share * 1000 // total))]
    most = max(shares, key=lambda each: each[1])[0]
    return tuple(table + [most] * (1024 - len(table)))


def _mix(seed, index):
    """64 bits that look like chance (splitmix64)."""
    bits = seed * 0x9E3779B97F4A7C15 + index * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D & MASK
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & MASK
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & MASK
    return bits ^ bits >> 31


def _yuan(fen):
    return Decimal(fen).scaleb(-2)
