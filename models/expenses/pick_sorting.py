"""How a person sorted tickets at the assistant: plain functions over the groups of a message.

Source: docs/protocols/kingdee-assistant.md#groups.
"""

from dataclasses import asdict, fields
from decimal import Decimal

from ...clouds import picking

_MONEY = {field.name for field in fields(picking.Group) if "Decimal" in str(field.type)}


def as_json(message):
    """Return what a ``picking.Message`` says beside its serial numbers as data for a Json field."""
    return {
        "groups": [_plain(asdict(group)) for group in message.groups],
        **_plain({"total": message.total, "tax": message.tax}),
        "line": message.line,
        "count": message.count,
        "is_electronic": message.is_electronic,
        "attachments": list(message.attachments),
    }


def _plain(values):
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def groups_in(data):
    """Return the ``picking.Group`` in data of :func:`as_json`."""
    return tuple(picking.Group(**_read(group)) for group in (data or {}).get("groups", ()))


def _read(group):
    values = {name: Decimal(value) if name in _MONEY and value is not None else value for name, value in group.items()}
    return {**values, "serials": tuple(values["serials"])}


def values_of(serial, groups):
    """Return the fields of a match (``fapiao.match``) that the groups of a ticket set; those not told are left out."""
    values = {}
    for group in groups:
        if serial in group.serials:
            said = {
                "cost_code": group.cost_code,
                "cost_name": group.cost_name,
                "payee_account": group.payee_account,
            }
            values.update({name: value for name, value in said.items() if value and name not in values})
    return values


def describe(serial, groups):
    """Return in a line how a ticket was sorted: kind of cost, goods with quantity, payee with account; "" if not."""
    return "; ".join(text for group in groups if serial in group.serials and (text := _text(group)))


def _text(group):
    if group.kind == picking.COST:
        return " ".join(filter(None, (group.cost_name, group.cost_code and f"({group.cost_code})")))
    if group.kind == picking.GOODS:
        quantity = "" if group.quantity is None else f"{group.quantity.normalize():f}"
        return " ".join(filter(None, (group.goods_name, quantity, group.unit)))
    return " ".join(filter(None, (group.payee_name, group.payee_account, group.payee_address)))


def differences(data, tickets):
    """Yield what a message says of all its tickets, or of a group, and their data don't: ``(what, said, found)``.

    ``data``: of :func:`as_json`; ``tickets``: ``{serial number: InboundFapiao}`` of all of them. ``what`` is "count",
    "total", "tax", or the name of a group. A sum of the page may be meant with or without tax.
    """
    if (count := data.get("count")) is not None and count != len(tickets):
        yield "count", str(count), str(len(tickets))
    everything = list(tickets.values())
    yield from _differing("total", data.get("total"), _sum(everything, "amount_total"), _untaxed(everything))
    yield from _differing("tax", data.get("tax"), _sum(everything, "amount_tax"))
    for group in groups_in(data):
        own = [tickets[serial] for serial in group.serials if serial in tickets]
        # Goods may be a part of their tickets
        if group.kind != picking.GOODS and len(own) == len(group.serials):
            name = group.cost_name or group.cost_code or group.payee_name or group.payee_tax_no
            yield from _differing(name, group.total, _sum(own, "amount_total"))


def _differing(what, said, *found):
    # A sum of zero is one that the page didn't make
    if said and Decimal(said) and Decimal(said) not in found:
        yield what, f"{Decimal(said):f}", f"{found[0]:f}"


def _sum(rows, name):
    return sum((getattr(row, name) or Decimal(0) for row in rows), Decimal(0))


def _untaxed(rows):
    return _sum(rows, "amount_total") - _sum(rows, "amount_tax")
