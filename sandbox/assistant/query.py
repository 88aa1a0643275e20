"""Full data of tickets, by serial or by document (docs/protocols/kingdee-assistant.md#tickets)."""
from ..errors import Refused
from . import shapes
from .auth import split
from .protocol import Answer


def details(exchange):
    exchange.demand('fid')
    world, found = exchange.world, []
    for serial in split(exchange.text('fid')):
        slip = world.slips.get(serial)
        if slip is not None and not slip.replaced_by and slip.tax_no in companies(exchange, slip):
            found.append(shapes.details(world, slip))
        elif exchange.quirks.unknown_serial == 'error':
            raise Refused(f'发票流水号{serial}不存在')
    return Answer(found)


def companies(exchange, slip):
    """Whose tickets the caller may see."""
    return exchange.client.tax_nos or [slip.tax_no]


def of_document(exchange):
    exchange.demand('billNumber')
    world, number, user = exchange.world, exchange.text('billNumber'), exchange.user
    document = next((each for each in world.documents.values()
                     if (each.tin, each.number) == (user.tin, number) and not each.deleted), None)
    if document is None:
        if exchange.quirks.unknown_document == 'error':
            raise Refused(f'单据{number}不存在')
        return Answer([])
    return Answer([shapes.details(world, world.slips[serial]) for serial in document.serials])
