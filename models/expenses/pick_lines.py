"""Lines of a draft bill from its picked fapiao and the purchases into which a person sorted them: plain functions.

The amounts are those of the fapiao; the purchase says which of their lines belong together, and in which quantity.
Source: docs/protocols/kingdee-assistant.md#groups.
"""

from decimal import Decimal
from typing import NamedTuple

from odoo import Command

from ...clouds.picking import GOODS
from ..values import exact, in_chinese


class Quantity(NamedTuple):
    """In place of a fapiao's line, where only its quantity counts."""

    quantity: float


def bill_lines(fapiao, groups):
    """Return ``[(create values of a bill line, fapiao it is from)]``: one line for each purchase whose amount its
    fapiao have, with the first of them; the other lines of the fapiao as they are.
    """
    left = {one: list(one._taxed_parts()) for one in fapiao}
    goods = [group for group in groups if group.kind == GOODS]
    products, units = fapiao._purchase_products() if goods else {}, _units(fapiao.env, goods)
    lines = []
    for group in goods:
        if own := _parts_of(group, left):
            first = next(iter(own))
            lines.append((_values(group, own, products, units), first))
            for one, parts in own.items():
                left[one] = [part for part in left[one] if part not in parts]
    for one, parts in left.items():
        lines += [(values, one) for values in one._bill_lines(parts)]
    return lines


def _parts_of(group, left):
    """Return ``{fapiao: its lines in the purchase}``, {} where they don't make up its amount at one rate of tax."""
    own = {}
    for one, parts in left.items():
        if one.serial_no in group.serials:
            named = [part for part in parts if not part[0] or part[0].name == group.goods_name]
            if named:
                own[one] = named
    parts = [part for parts in own.values() for part in parts]
    if len(own) != len(group.serials) or len({(rate, tax) for *_part, rate, tax in parts}) != 1:
        return {}
    untaxed, tax = (sum((part[place] for part in parts), Decimal(0)) for place in (1, 2))
    # of an ordinary fapiao the amount has the tax in it
    stated = sum(
        (exact((part[0] or one).amount_tax) for one, own_parts in own.items() for part in own_parts), Decimal(0)
    )
    amounts = (untaxed, untaxed + tax, untaxed + tax - stated)
    is_whole = group.amount in amounts and group.tax in (None, tax, stated)
    # Blue and red ones in one row would change sides
    return own if is_whole and len({part[1] < 0 for part in parts}) == 1 else {}


def _values(group, own, products, units):
    parts = [part for parts in own.values() for part in parts]
    first, account_tax = next(iter(own)), parts[0][4]
    sign = -1 if exact(first.amount_total) < 0 else 1
    gross = account_tax is None or account_tax.price_include
    amount = sign * sum((amount + (tax if gross else 0) for _line, amount, tax, *_more in parts), Decimal(0))
    quantity, price = first._quantity_and_price(Quantity(float(group.quantity or 0)), amount)
    codes = (group.goods_code, *(part[0].code for part in parts))
    product = next((products[code] for code in codes if code in products), None)
    values = {
        "product_id": product.id if product else False,
        "name": _name(group, parts, quantity),
        "quantity": quantity,
        "price_unit": price,
        "discount": 0,
        "tax_ids": [Command.set(account_tax.ids if account_tax is not None else [])],
    }
    # A product has its own unit, and one piece at the whole price is not one of those counted
    is_counted = not product and quantity == float(group.quantity or 0)
    return {**values, "product_uom_id": units[group.unit].id} if is_counted and group.unit in units else values


def _name(group, parts, quantity):
    """Return goods, specification where all have the same, and the quantity where it is not that of the line."""
    specs = {part[0].spec for part in parts if part[0].spec}
    counted = ""
    if group.quantity and group.quantity != Decimal(str(quantity)):
        counted = f"{group.quantity.normalize():f} {group.unit}".strip()
    goods = group.goods_name or group.payee_name
    return " ".join(filter(None, (goods, specs.pop() if len(specs) == 1 else "", counted)))


def _units(env, groups):
    """Return ``{name: unit of measure}`` of those units of the groups that are one in the language of fapiao."""
    names = {group.unit for group in groups if group.unit}
    if not names:
        return {}
    found = in_chinese(env["uom.uom"]).search([("name", "in", list(names))]).grouped("name")
    return {name: unit for name, unit in found.items() if len(unit) == 1}
