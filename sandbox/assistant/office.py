"""金蝶发票助手's part of the page for people: clients, wallets, documents, messages, and their buttons."""
from . import kinds
from .records import STATES, USED

SHOWN = 100


def shown(world):
    """What the template needs."""
    return {
        'slips': [each for each in _newest(world.slips) if not each.replaced_by],
        'documents': _newest(world.documents), 'letters': _newest(world.letters),
        'vouchers': _newest(world.vouchers), 'assistant_entries': _newest(world.assistant_entries),
        'slip_states': STATES, 'slip_kinds': kinds.KINDS, 'used': USED}


def _newest(records):
    return list(records.values())[:-SHOWN - 1:-1]


BUTTONS = {
    'give_ticket': lambda world, form: world.give_ticket(
        form['eid'].strip(), form['kind'], form['tax_no'].strip()),
    'fill_wallet': lambda world, form: world.fill_wallet(form['eid'].strip(), form['tax_no'].strip()),
    'claim_elsewhere': lambda world, form: world.claim_elsewhere(form['serial'], form['status']),
    'check_ticket': lambda world, form: world.set_ticket(form['serial'], check_status=form['check_status']),
    'repeat_message': lambda world, form: world.repeat_message(form['uid'], bool(form.get('same_id'))),
    'release_messages': lambda world, form: world.release_messages(form['order']),
    'expire_user_keys': lambda world, form: world.expire_user_keys(),
}
