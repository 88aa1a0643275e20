"""金蝶发票云's part of the page for people: its tenants, the queue, the callbacks."""
from .. import defaults
from . import INTERFACES, queue

SHOWN = 100


def shown(world):
    """What the template needs."""
    return {
        'bills': _newest(world.bills), 'callbacks': _newest(world.deliveries), 'bill_states': queue.STATES,
        'interfaces': list(INTERFACES), 'fapiao_of': lambda bill: queue.fapiao_of(world, bill),
        'is_unissued': lambda bill: queue.is_unissued(world, bill)}


def _newest(records):
    return list(records.values())[:-SHOWN - 1:-1]


def _merge(world, form):
    numbers = [each.strip() for each in form['numbers'].split(',') if each.strip()]
    return world.merge_bills(numbers, form.get('tax_no') or defaults.TAX_NO)


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
    'expire_tokens': lambda world, form: world.expire_tokens(),
}
