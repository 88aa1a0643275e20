"""What has been issued to a taxpayer, and what he did with it: booked (入账), selected for deduction (勾选).

A pool has three sources: made-up batches (received.py), single fapiao handed in, and whatever was issued in
this sandbox to that tax number. None is copied: a selection is a list of index ranges.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..protocol import Refused, renamed
from .received import NORMAL, PARTLY, RED, REVERSED, STATUSES, Received

USABLE = (NORMAL, PARTLY)
UNBOOKED, BOOKED, BOOKED_ONLY, TAKEN_BACK = "00", "02", "03", "06"
MONTH = re.compile(r"\d{4}(0[1-9]|1[0-2])", re.ASCII)


@dataclass
class Mark:
    """What happened to one fapiao of a pool."""

    tax_no: str
    code: str
    number: str
    status: str = ""  # '' as it came
    booked: str = UNBOOKED  # 02 with, 03 without deduction from income tax
    booked_at: str = ""
    booked_period: str = ""  # YYYYMM
    selected: bool = False
    purpose: str = ""
    selected_at: str = ""
    selected_period: str = ""
    row: Received | None = None  # only in what World.inbound() returns

    @property
    def key(self):
        return f"{self.tax_no}/{self.code}/{self.number}"


@dataclass
class Wish:
    """Which fapiao of a pool: days from and to (both included), and filters; empty means any."""

    first: str = ""
    last: str = ""
    kinds: tuple = ()
    seller_no: str = ""
    statuses: tuple = ()
    number: str = ""
    code: str = ""
    selected: bool | None = None
    period: str = ""  # YYYYMM of the deduction

    @property
    def is_simple(self):
        """Whether a made-up fapiao needn't be made to tell."""
        filters = (self.seller_no, self.statuses, self.number, self.code, self.period)
        return self.selected is None and not any(filters)

    def wants(self, row, mark):
        return (
            (not self.first or self.first <= row.day <= self.last)
            and (not self.kinds or row.kind in self.kinds)
            and self.seller_no in ("", row.seller_no)
            and self.number in ("", row.number)
            and self.code in ("", row.code)
            and (not self.statuses or status_of(row, mark) in self.statuses)
            and (self.selected is None or self.selected == bool(mark and mark.selected))
            and (not self.period or bool(mark and mark.selected_period == self.period))
        )


class Selection:
    """A part of a pool, newest first: its rows are made when asked for."""

    def __init__(self, parts):
        self.parts = parts  # how to get a row, and which: a list or a range

    def __len__(self):
        return sum(len(indexes) for _, indexes in self.parts)

    def slice(self, start, stop):
        rows = []
        for get, indexes in self.parts:
            rows.extend(map(get, indexes[max(start, 0) : max(stop, 0)]))
            start, stop = start - len(indexes), stop - len(indexes)
        return rows


def choose(world, tax_no, wish):
    """The fapiao of this pool that fit; those handed in come before the made-up ones."""
    singles = [row for row in own(world, tax_no) if wish.wants(row, mark_for(world, row))]
    parts = [(lambda row: row, sorted(singles, key=lambda row: row.day)[::-1])]
    for batch in reversed(batches(world, tax_no)):
        parts.append((batch.row, _indexes(batch, wish, world.marks)[::-1]))
    return Selection(parts)


def _indexes(batch, wish, marks):
    if wish.number:
        index = batch.find(wish.number, wish.code)
        indexes = [] if index is None else [index]
    else:
        indexes = batch.between(wish.first, wish.last) if wish.first else range(batch.count)
        if wish.kinds:
            indexes = [index for index in indexes if batch.kind(index) in wish.kinds]
        if wish.is_simple:
            return indexes
    rows = ((index, batch.row(index)) for index in indexes)
    return [index for index, row in rows if wish.wants(row, marks.get(row.key))]


def collected(world, tax_no, wish, wishes):
    """The fapiao of this pool that fit and are among those of `wishes`, as a list."""
    found = choose(world, tax_no, wish)
    rows = ((row, world.marks.get(row.key)) for row in found.slice(0, len(found)))
    return [row for row, mark in rows if any(each.wants(row, mark) for each in wishes)]


def batches(world, tax_no):
    return [batch for batch in world.batches.values() if batch.buyer_no == tax_no]


def own(world, tax_no):
    """The single fapiao of this pool: handed in, and issued here."""
    touched = {each.original for each in world.fapiao.values() if each.original}
    found = [row for row in world.received.values() if row.buyer_no == tax_no]
    for each in world.fapiao.values():
        if each.buyer_no == tax_no:
            partly = PARTLY if each.number in touched else NORMAL
            status = RED if each.red else REVERSED if each.reversed_by else partly
            same = renamed("number seller_no seller_name buyer_no buyer_name net tax gross original remark", each)
            kind, day = 27 if each.special else 26, f"{each.issued_at:%Y-%m-%d}"
            found.append(Received(kind=kind, day=day, status=status, **same))
    return found


def find(world, tax_no, number, code=""):
    """This fapiao of the pool, or None."""
    for batch in batches(world, tax_no):
        index = batch.find(number, code)
        if index is not None:
            return batch.row(index)
    return next((row for row in own(world, tax_no) if row.number == number and code in ("", row.code)), None)


def owners(world):
    """Every tax number with a pool."""
    return {*world.taxpayers, *(each.buyer_no for each in (*world.batches.values(), *world.received.values()))}


def status_of(row, mark):
    return mark.status if mark and mark.status else row.status


def mark_for(world, row):
    """The mark of this fapiao, made where there is none; of what was issued here, as its buyer uses it."""
    mark = world.marks.get(row.key) or Mark(row.buyer_no, row.code, row.number)
    fapiao = world.fapiao.get(row.number)
    if fapiao is not None:
        mark.selected, mark.booked = fapiao.vat_use != "03", fapiao.booked
    return mark


def keep(world, mark):
    """Remember the mark, and let the fapiao's seller feel it, where it was issued here."""
    world.marks[mark.key] = mark
    fapiao = world.fapiao.get(mark.number)
    if fapiao is not None:
        fapiao.booked = mark.booked
        if mark.selected != (fapiao.vat_use != "03"):
            fapiao.vat_use = "01" if mark.selected else "03"


# --- what a taxpayer does with it ---


def book(world, row, booked, moment, period):
    """`booked`: 02 | 03, or 06 to take it back; `period` YYYYMM."""
    mark = mark_for(world, row)
    if booked == TAKEN_BACK:
        if mark.booked == UNBOOKED:
            raise Refused("发票未入账,不能撤销入账")
        mark.booked, mark.booked_at, mark.booked_period = UNBOOKED, "", ""
        return keep(world, mark)
    _demand_usable(row, mark)
    if mark.booked == booked:
        raise Refused("发票已入账,请勿重复操作")
    if not MONTH.fullmatch(period) or period < row.day[:7].replace("-", "") or period > _month(world):
        raise Refused(f"入账属期{period}不正确")
    mark.booked, mark.booked_at, mark.booked_period = booked, moment, period
    return keep(world, mark)


def select(world, row, purpose, period=""):
    """For deduction, in this tax period (YYYYMM); only this month and the one before are open."""
    mark = mark_for(world, row)
    _demand_usable(row, mark)
    if row.gross < 0:
        raise Refused("红字发票不允许勾选,请按规定作进项税额转出")
    if not (row.special or row.toll or row.farm):
        raise Refused("该票种不允许勾选抵扣")
    if row.tax <= 0 and not row.farm:
        raise Refused("发票税额为零,不允许勾选抵扣")
    if purpose == "1" and row.goods.startswith("30601"):
        raise Refused("贷款服务的进项税额不得抵扣")  # [?] the bureau may warn only
    if mark.selected:
        raise Refused("发票已勾选,请勿重复操作")
    period = period or _month(world)
    if period not in (_month(world), _month_before(world)) or period < row.day[:7].replace("-", ""):
        raise Refused(f"税款所属期{period}不正确")
    mark.selected, mark.purpose, mark.selected_period = True, purpose, period
    mark.selected_at = f"{world.clock.now():%Y-%m-%d %H:%M:%S}"
    return keep(world, mark)


def unselect(world, row):
    mark = mark_for(world, row)
    if not mark.selected:
        raise Refused("发票未勾选,不能撤销")
    if mark.selected_period and mark.selected_period < _month_before(world):
        raise Refused("已申报的发票不能撤销勾选")
    mark.selected, mark.purpose, mark.selected_at, mark.selected_period = False, "", "", ""
    return keep(world, mark)


def _demand_usable(row, mark):
    status = status_of(row, mark)
    if status not in USABLE:
        raise Refused(f"发票状态为{STATUSES[status]},不能操作")


def _month(world):
    return f"{world.clock.now():%Y%m}"


def _month_before(world):
    now = world.clock.now()
    return f"{now.year - (now.month == 1)}{(now.month - 2) % 12 + 1:02d}"
