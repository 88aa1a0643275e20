"""金蝶发票云's part of the page for people: its tenants, the queue, the callbacks, the pools."""
from .. import defaults
from ..bureau import inbound
from . import INBOUND, INTERFACES, queue

SHOWN = 100
POOL_SHOWN = 20


def shown(world):
    """What the template needs."""
    return {
        'bills': _newest(world.bills), 'callbacks': _newest(world.deliveries), 'bill_states': queue.STATES,
        'interfaces': [*INTERFACES, *INBOUND], 'pools': _pools(world),
        'statuses': inbound.STATUSES, 'inbound_tasks': _newest(world.inbound_tasks),
        'fapiao_of': lambda bill: queue.fapiao_of(world, bill),
        'is_unissued': lambda bill: queue.is_unissued(world, bill)}


def _pools(world):
    """Of each tax number: how many fapiao came in, and the newest with what happened to them."""
    pools = {}
    for tax_no in inbound.owners(world):
        chosen = inbound.choose(world, tax_no, inbound.Wish())
        shown = [(row, inbound.mark_for(world, row)) for row in chosen.slice(0, POOL_SHOWN)]
        pools[tax_no] = (len(chosen), [(row, mark, inbound.status_of(row, mark)) for row, mark in shown])
    return pools


def _newest(records):
    return list(records.values())[:-SHOWN - 1:-1]


def _merge(world, form):
    numbers = [each.strip() for each in form['numbers'].split(',') if each.strip()]
    return world.merge_bills(numbers, form.get('tax_no') or defaults.TAX_NO)


def _seed(world, form):
    """Another batch beside those there are."""
    used = [batch.seed for batch in inbound.batches(world, form['tax_no'])]
    return world.seed_inbound(form['tax_no'], int(form['count']), max(used, default=0) + 1)


def _receive(world, form):
    given = {key: form[key].strip() for key in ('seller_name', 'gross', 'kind') if form.get(key, '').strip()}
    return world.receive_fapiao(form['tax_no'], **given)


BUTTONS = {
    'issue_bill': lambda world, form: world.issue_bill(form['number'], form['tax_no']),
    'return_bill': lambda world, form: world.return_bill(form['number'], form['text'], form['tax_no']),
    'fail_bill': lambda world, form: world.fail_bill(form['number'], form['text'], form['tax_no']),
    'merge_bills': _merge,
    'interface': lambda world, form: world.set_interface(
        form['interface'], form['allowed'] == '1', form['account_id']),
    'callback_url': lambda world, form: world.set_callback_url(
        form['url'].strip(), form['system'].strip(), form['account_id']),
    'repeat_callbacks': lambda world, form: world.repeat_callbacks(form['about']),
    'forge_callback': lambda world, form: world.forge_callback(
        form['number'], form['system'], form['account_id']),
    'release_callbacks': lambda world, form: world.release_callbacks(form['order']),
    'seed_inbound': _seed,
    'receive_fapiao': _receive,
    'inbound_status': lambda world, form: world.set_inbound_status(
        form['number'], form['status'], form['tax_no'], form.get('code', '')),
    'expire_inbound_tasks': lambda world, form: world.expire_inbound_tasks(),
    'expire_tokens': lambda world, form: world.expire_tokens(),
}
