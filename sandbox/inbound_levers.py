"""What a person or a test can turn in the inbound pools. Every public method is POST /control/<name> too."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from . import defaults
from .bureau import inbound
from .bureau.received import Batch, Received
from .levers import locked
from .records import CENT, Line


@locked
class InboundLevers:
    def seed_inbound(self, tax_no=defaults.TAX_NO, count=1000, seed=1, first_day=None, days=90):
        """So many made-up fapiao to this tax number, over `days` days from `first_day` (YYYY-MM-DD) on.

        Without a first day the last of them is yesterday. The same seed again replaces the batch. The Batch.
        """
        first = str(first_day or self.clock.now().date() - timedelta(days=int(days)))
        batch = Batch(int(seed), int(count), first, int(days), tax_no, self._inbound_name(tax_no))
        self.batches[batch.key] = batch
        return batch

    def receive_fapiao(self, tax_no=defaults.TAX_NO, **given):
        """One fapiao comes in; what isn't given is made up. The Received, with its `number`.

        Fields of bureau.received.Received; of the amounts `gross` or `net` will do, with `rate` in percent,
        or `lines` (name, code, amount, rate '0.13', unit, quantity, price, spec, tax). Yesterday
        unless `day`.
        """
        kind, place = int(given.pop("kind", 27)), len(self.received)
        day = str(given.pop("day", None) or self.clock.now().date() - timedelta(days=1))
        single = Batch("single", place + 1, day, 1, tax_no, self._inbound_name(tax_no), kind)
        row = single.row(place)
        known = {each.name for each in fields(Received)} - {"kind", "buyer_no", "chance"}
        if not set(given) <= known:
            raise ValueError(f"no such field: {', '.join(sorted(set(given) - known))}")
        row = replace(row, **{**given, **_amounts(row, given)})
        if inbound.find(self, tax_no, row.number, row.code):
            raise ValueError(f"{row.number} is already there")
        self.received[row.key] = row
        return row

    def set_inbound_status(self, number, status, tax_no=None, code=""):
        """0 normal, 1 lost, 2 void, 3 red, 4 abnormal, 7 partly and 8 fully reversed."""
        if str(status) not in inbound.STATUSES:
            raise ValueError(f"status is one of {', '.join(inbound.STATUSES)}")
        mark = inbound.mark_for(self, self._inbound_row(number, tax_no, code))
        mark.status = str(status)
        inbound.keep(self, mark)

    def inbound(self, number, tax_no=None, code=""):
        """What happened to it: a bureau.inbound.Mark with its status now, and the fapiao as `row`."""
        row = self._inbound_row(number, tax_no, code)
        mark = inbound.mark_for(self, row)
        return replace(mark, status=inbound.status_of(row, mark), row=row)

    def inbound_count(self, tax_no=defaults.TAX_NO):
        """How many fapiao this pool holds, of any day."""
        return len(inbound.choose(self, tax_no, inbound.Wish()))

    def expire_inbound_tasks(self):
        """Every task number is unknown from now on."""
        self.inbound_tasks.clear()

    def _inbound_row(self, number, tax_no, code):
        for owner in [tax_no] if tax_no else inbound.owners(self):
            row = inbound.find(self, owner, number, code)
            if row is not None:
                return row
        raise KeyError(number)

    def _inbound_name(self, tax_no):
        return self.taxpayers[tax_no].name if tax_no in self.taxpayers else self.buyers.get(tax_no, "")


def _amounts(row, given):
    """Net, tax, gross and rate that fit what is given of them."""
    rate = Decimal(str(given.get("rate", row.rate))) / 100
    net, tax, gross = (None if given.get(key) is None else _money(given[key]) for key in ("net", "tax", "gross"))
    lines = [_line(each, rate) for each in given.get("lines") or ()]
    if lines:
        net, tax = sum(each.net for each in lines), sum(each.tax for each in lines)
        return {"net": net, "tax": tax, "gross": gross or net + tax, "lines": lines, "rate": int(lines[0].rate * 100)}
    if net is None:
        net = row.net if gross is None else gross - tax if tax is not None else _money(gross / (1 + rate))
    if tax is None:
        tax = gross - net if gross is not None else _money(net * rate)
    return {"net": net, "tax": tax, "gross": gross or net + tax}


def _line(given, rate):
    keys = ("amount", "rate", "tax", "quantity", "price")
    numbers = {key: Decimal(str(given[key])) for key in keys if given.get(key) is not None}
    numbers["amount"] = _money(numbers["amount"])
    numbers.setdefault("rate", rate)
    numbers.setdefault("tax", _money(numbers["amount"] * numbers["rate"]))
    texts = {key: value for key, value in given.items() if key not in numbers and value is not None}
    return Line(**{"name": "*信息技术服务*软件维护", "code": "3040201020000000000", **texts, **numbers})


def _money(value):
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)
