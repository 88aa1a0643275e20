"""What a person or a test can turn in the inbound pools. Every public method is POST /control/<name> too."""

from dataclasses import fields, replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from .. import defaults
from ..bureau import inbound
from ..bureau.received import Batch, Received, make_row
from ..records import Line

CENT = Decimal('0.01')


class InboundLevers:
    def seed_inbound(self, tax_no=defaults.TAX_NO, count=1000, seed=1, first_day=None, days=90, **shares):
        """So many made-up fapiao to this tax number, over `days` days from `first_day` (YYYY-MM-DD) on.

        Without a first day the last of them is yesterday. Also `shares`, `red`, `statuses` and `sellers` of
        bureau.received.Batch. The same seed again replaces the batch. The Batch.
        """
        with self.acting():
            yesterday = self.clock.now().date() - timedelta(days=1)
            first = str(first_day or yesterday - timedelta(days=int(days) - 1))
            batch = Batch(
                int(seed), int(count), first, int(days), tax_no, self._inbound_name(tax_no), **shares
            )
            self.batches[batch.key] = batch
            self.inbound_version += 1
            self.keep(batch)
            return batch

    def receive_fapiao(self, tax_no=defaults.TAX_NO, **given):
        """One fapiao comes in; what isn't given is made up. The Received, with its `number`.

        Fields of bureau.received.Received; of the amounts `gross` or `net` will do, with `rate` in percent,
        or `lines` (name, code, amount, rate '0.13', unit, quantity, price, spec, tax). Yesterday
        unless `day`.
        """
        with self.acting():
            kind = int(given.pop('kind', 27))
            day = str(given.pop('day', None) or self.clock.now().date() - timedelta(days=1))
            row = make_row(
                'single',
                len(self.received),
                tax_no,
                self._inbound_name(tax_no),
                day,
                shares={kind: 1},
                red=0,
                statuses={},
            )
            known = {each.name for each in fields(Received)} - {'kind', 'buyer_no', 'chance'}
            if not set(given) <= known:
                raise ValueError(f'no such field: {", ".join(sorted(set(given) - known))}')
            row = replace(row, **{**given, **_amounts(row, given)})
            if inbound.find(self, tax_no, row.number, row.code):
                raise ValueError(f'{row.number} is already there')
            self.received[row.key] = row
            self.inbound_version += 1
            self.keep(row)
            return row

    def set_inbound_status(self, number, status, tax_no=None, code=''):
        """0 normal, 1 lost, 2 void, 3 red, 4 abnormal, 7 partly and 8 fully reversed."""
        if str(status) not in inbound.STATUSES:
            raise ValueError(f'status is one of {", ".join(inbound.STATUSES)}')
        with self.acting():
            mark = inbound.mark_for(self, self._inbound_row(number, tax_no, code))
            mark.status = str(status)
            inbound.keep(self, mark)

    def inbound(self, number, tax_no=None, code=''):
        """What happened to it: a bureau.inbound.Mark with its status now, and the fapiao as `row`."""
        with self.acting():
            row = self._inbound_row(number, tax_no, code)
            mark = inbound.mark_for(self, row)
            return replace(mark, status=inbound.status_of(row, mark), row=row)

    def inbound_count(self, tax_no=defaults.TAX_NO):
        """How many fapiao this pool holds, of any day."""
        with self.acting():
            return len(inbound.choose(self, tax_no, inbound.Wish()))

    def expire_inbound_tasks(self):
        """Every task number is unknown from now on."""
        with self.acting():
            for task in self.inbound_tasks.values():
                task.account_id = ''
                self.keep(task)

    def _inbound_row(self, number, tax_no, code):
        for owner in [tax_no] if tax_no else inbound.owners(self):
            row = inbound.find(self, owner, number, code)
            if row is not None:
                return row
        raise KeyError(number)

    def _inbound_name(self, tax_no):
        return self.taxpayers[tax_no].name if tax_no in self.taxpayers else self.buyers.get(tax_no, '')


def _amounts(row, given):
    """Net, tax, gross and rate that fit what is given of them."""
    rate = Decimal(str(given.get('rate', row.rate))) / 100
    lines = [_line(each, rate) for each in given.get('lines') or ()]
    amounts = {key: _money(given[key]) for key in ('net', 'tax', 'gross') if given.get(key) is not None}
    if lines:
        net, tax = sum(each.net for each in lines), sum(each.tax for each in lines)
        amounts = {'net': net, 'tax': tax, 'gross': net + tax, **amounts}
        return {**amounts, 'lines': lines, 'rate': int(lines[0].rate * 100)}
    if not amounts and 'rate' in given:
        amounts['net'] = row.net
    if 'gross' in amounts and 'net' not in amounts:
        amounts['net'] = (
            amounts['gross'] - amounts['tax'] if 'tax' in amounts else _money(amounts['gross'] / (1 + rate))
        )
    if 'net' in amounts:
        if 'tax' not in amounts:
            amounts['tax'] = (
                amounts['gross'] - amounts['net'] if 'gross' in amounts else _money(amounts['net'] * rate)
            )
        amounts.setdefault('gross', amounts['net'] + amounts['tax'])
    return amounts


def _line(given, rate):
    if isinstance(given, Line):
        return given
    numbers = {
        key: Decimal(str(given[key]))
        for key in ('amount', 'rate', 'tax', 'quantity', 'price')
        if given.get(key) is not None
    }
    numbers['amount'] = _money(numbers['amount'])
    numbers.setdefault('rate', rate)
    numbers.setdefault('tax', _money(numbers['amount'] * numbers['rate']))
    texts = {key: value for key, value in given.items() if key not in numbers and value is not None}
    return Line(**{'name': '*信息技术服务*软件维护', 'code': '3040201020000000000', **texts, **numbers})


def _money(value):
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)
