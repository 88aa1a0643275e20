"""What the bureaus have issued, what Odoo says of it, and what must hold between both."""

import re
from collections import defaultdict
from decimal import Decimal

from .stage import product_name

PRODUCT = re.compile(r"品\d+号\d+")
CENT = Decimal("0.005")
BUSY = ("queued", "sending", "unknown", "pending", "waiting_login")
LIVING = ("normal", "partly_red")


class Truth:
    """Both bureaus' fapiao at one moment."""

    def __init__(self, stage):
        self.stage = stage
        self.fapiao = {number: one for world in stage.worlds for number, one in world.fapiao.items()}

    # ------------------------------------------------------------------ the bureaus

    def net_of_products(self):
        """Return what is issued and not reversed, excluding tax, by the product that stands on it."""
        found = defaultdict(Decimal)
        for one in self.fapiao.values():
            for line in one.lines:
                if named := PRODUCT.search(line.name):
                    found[named[0]] += line.net
        return found

    def living_with(self, product):
        """Return the numbers of blue fapiao of which something stands, with this product on them."""
        reversed_ = defaultdict(Decimal)
        for one in self.fapiao.values():
            if one.red:
                reversed_[one.original] -= one.gross
        return sorted(
            number
            for number, one in self.fapiao.items()
            if not one.red and reversed_[number] < one.gross and any(product in line.name for line in one.lines)
        )

    def is_known(self, uid):
        """Tell whether a person who looks finds anything under this request ID, issued or under way."""
        return any(
            world.issued(uid)
            or world.late
            or any(request.uid == uid and request.state == "pending" for request in world.requests.values())
            or any(bill.number == uid and bill.state not in ("withdrawn", "returned") for bill in world.bills.values())
            for world in self.stage.worlds
        )

    def issued_for(self, uid):
        """Return the fapiao that stand under this request ID."""
        return [one for world in self.stage.worlds for one in world.issued(uid)]


class Checks:
    """The invariants. Each yields what is violated in words; ``excused`` are the products for which a person or
    a cloud was wrong beyond what can be guarded against: there a second fapiao may be, under an alarm."""

    def __init__(self, stage, owners, ceilings, excused):
        self.stage = stage
        self.owners = owners  # product → id of its invoice
        self.ceilings = ceilings  # product → the most that was ever booked for it
        self.excused = excused
        self.truth = Truth(stage)

    def all(self):
        with self.stage.registry.cursor() as cr:
            env = self.stage.env(cr)
            self._leave_out_unnamed(env)
            found = [
                *self._one_living(env),
                *self._same_ledger(env),
                *self._documents(env),
                *self._whole(env),
                *self._needless(env),
            ]
            cr.rollback()
        return found

    def _one_living(self, env):
        """One living fapiao for each slice; a second one only where excused, and under an alarm."""
        for product, net in self.truth.net_of_products().items():
            if net <= self.ceilings[product] + CENT:
                continue
            living = self.truth.living_with(product)
            said = f"DOUBLE {product}: {net} at the bureau for {self.ceilings[product]}: {', '.join(living)}"
            if product not in self.excused:
                yield said
            elif not self._has_alarm(env, self.owners[product], living):
                yield f"{said}, and no alarm names them"

    def _has_alarm(self, env, move_id, numbers):
        move = env["account.move"].browse(move_id).exists()
        domain = [("res_model", "=", "account.move"), ("res_id", "=", move.id)]
        activities = env["mail.activity"].search(domain)
        words = " ".join(filter(None, [*activities.mapped("note"), *activities.mapped("summary"), move.fapiao_message]))
        return bool(move) and sum(number in words for number in numbers) > 1

    def _same_ledger(self, env):
        """What the bureaus have is what Odoo has, number by number and to the fen."""
        ours = {one.number: one for one in env["fapiao"].search([("direction", "=", "out")])}
        theirs = self.truth.fapiao
        for number in sorted(theirs.keys() - ours.keys()):
            one = theirs[number]
            if self._is_untold(one, ours.get(one.original)):
                continue
            yield f"LOST {number} ({'red' if one.red else 'blue'}, {one.gross}, under {one.request})"
        for number in sorted(ours.keys() - theirs.keys()):
            yield f"INVENTED {number}"
        for number in sorted(theirs.keys() & ours.keys()):
            here, there = ours[number], theirs[number]
            amounts = tuple(f"{here[name]:.2f}" for name in ("amount_untaxed", "amount_tax", "amount_total"))
            if amounts != tuple(f"{value:.2f}" for value in (there.net, there.tax, there.gross)):
                yield f"AMOUNTS {number}: {amounts} here, {there.net} {there.tax} {there.gross} there"
            if (here.color == "red") != there.red:
                yield f"COLOUR {number}: {here.color} here"
            if not there.red and (here.status not in LIVING) != bool(there.reversed_by):
                yield f"STATUS {number}: {here.status} here, reversed by {there.reversed_by or 'none'} there"

    def _is_untold(self, one, original):
        """金蝶 says of a fapiao that it was reversed in the portal, and not by which red one."""
        is_of_portal = one.red and not one.cloud and self.stage.rules.provider == "kingdee"
        return is_of_portal and original and original.status not in LIVING

    def _leave_out_unnamed(self, env):
        """Where a cloud that de-duplicates nothing was wrong about both calls of an order, a query by its ID names
        the first fapiao only: nothing that could be asked tells of the second.
        """
        if self.stage.rules.provider != "piaodanyun" or self.stage.rules.deduplicate or not self.excused:
            return
        for world in self.stage.worlds:
            for request in world.requests.values():
                for number in request.numbers[1:]:
                    if not self._is_named(env, number):
                        self.truth.fapiao.pop(number, None)

    def _is_named(self, env, number):
        """Tell whether any answer that reached Odoo names this fapiao."""
        named = ["|", ("answer_body", "like", number), ("answer_raw", "like", number)]
        return bool(env["fapiao.call"].search_count(named, limit=1))

    def _documents(self, env):
        """Each fapiao is linked with the invoices whose products stand on it."""
        ours = {one.number: one for one in env["fapiao"].search([("direction", "=", "out")])}
        for number, there in self.truth.fapiao.items():
            if there.red or number not in ours:
                continue
            named = {PRODUCT.search(line.name) for line in there.lines}
            owners = {self.owners[match[0]] for match in named if match}
            moves = env["account.move"].browse(owners).exists()
            if missing := moves - ours[number].move_ids:
                yield f"UNLINKED {number}: not on {', '.join(missing.mapped('name'))}"

    def _whole(self, env):
        """Invoices that say they are issued have fapiao over just what is booked; those that share a fapiao are
        taken together, for what is credited of one may be printed as a discount on another's goods."""
        nets = self.truth.net_of_products()
        left = env["account.move"].browse(set(self.owners.values())).exists()
        while left:
            group = self._sharing(left[0])
            left -= group
            if any(
                move.state != "posted" or move.fapiao_state != "issued" or move.fapiao_amount_open for move in group
            ):
                continue
            books = group | group._fapiao_credits()
            booked = Decimal(f"{sum(books.mapped('amount_untaxed_signed')):.2f}")
            products = [product for product, owner in self.owners.items() if owner in group.ids]
            there = sum((nets[product] for product in products), Decimal())
            if abs(there - booked) > CENT and not self.excused.intersection(products):
                yield f"NOT_WHOLE {', '.join(group.mapped('name'))}: {booked} booked, {there} at the bureau"

    def _sharing(self, move):
        """Return the invoices that have a fapiao in common with ``move``, or with one that has."""
        group, before = move, move.browse()
        while group != before:
            before = group
            group |= group.fapiao_ids.move_ids.filtered(lambda other: other.move_type == "out_invoice")
        return group

    def _needless(self, env):
        """Nothing waits that the cloud, which tells the truth by now, would settle."""
        for request in env["fapiao.request"].search([("state", "in", (*BUSY, "manual"))]):
            there = self.truth.issued_for(request.request_uid)
            total = sum((one.gross for one in there), Decimal())
            if request.state != "manual":
                yield f"OPEN {request.request_uid} ({request.state}) after all was quiet: {self._why(request)}"
            elif there and total == Decimal(f"{request.amount_total:.2f}"):
                yield f"NEEDLESS {request.request_uid} waits for a person: {self._why(request)}"
        for form in env["fapiao.red.form"].search([("state", "in", BUSY)]):
            yield f"OPEN red form {form.request_uid} ({form.state}): {self._why(form)}"
        for form in env["fapiao.red.form"].search([("follow_up", "=", "todo")]):
            yield f"OPEN follow-up of red form {form.request_uid}"

    def _why(self, record):
        return (record.error_message or record.cloud_text or "").partition("\n")[0]


def owners_of(stage):
    """Return ``{product: invoice}`` and ``{product: amount}`` of the histories' invoices."""
    owners, ceilings = {}, {}

    def work(env):
        for place, move_id in enumerate(stage.invoices):
            for number, line in enumerate(env["account.move"].browse(move_id).invoice_line_ids):
                owners[product_name(place, number)] = move_id
                ceilings[product_name(place, number)] = Decimal(f"{line.price_subtotal:.2f}")

    stage.look(work)
    return owners, ceilings
