"""The page for people: what the sandbox holds, and the buttons of those who aren't there.

Server rendered, no script. Every form posts to /admin/<action> and comes back.
"""
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from .assistant import CALLS as ASSISTANT_CALLS
from .assistant import office
from .bureau import credit, red
from .clock import dashed
from .errors import Refused
from .faults import KINDS
from .kingdee import CALLS as KINGDEE_CALLS
from .kingdee import pages as kingdee
from .piaodanyun import CALLS
from .piaodanyun.files import TYPES, draw
from .render import qr

PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent / 'templates'), autoescape=True,
                    trim_blocks=True, lstrip_blocks=True)
PAGES.filters['moment'] = lambda moment: dashed(moment) if moment else ''
SHOWN = 100
# What the buyer did with a fapiao: consumption, vat, booked (see Fapiao).
USES = {'none': ('00', '03', '00'), 'deducted': ('00', '01', '00'),
        'consumption tax': ('01', '03', '00'), 'booked': ('00', '03', '02')}


def respond(world, request):
    parts = [part for part in request.path.split('/') if part]
    if not parts:
        return _page(world)
    if parts[0] == 'admin' and len(parts) == 2 and request.method == 'POST':
        return _post(world, parts[1], request)
    if parts[0] == 'admin' and len(parts) == 3 and parts[1] in PICTURES:
        return PICTURES[parts[1]](world, parts[2])
    return Response('SANDBOX: 404', 404)


def _page(world, problem=''):
    with world.acting():
        now = world.clock.now()
        html = PAGES.get_template('index.html').render(
            world=world, now=now, problem=problem, states=red.STATES, red_actions=_red_actions,
            credit=lambda taxpayer: credit.book(taxpayer, now), uses=USES, kinds=sorted(KINDS),
            calls=[call.name for call in (*CALLS.values(), *KINGDEE_CALLS.values(),
                                      *ASSISTANT_CALLS.values())] + ['file', 'page'],
            **kingdee.shown(world), **office.shown(world),
            fapiao=_newest(world.fapiao.values()), red_forms=_newest(world.red_forms.values()),
            tickets=[each for each in _newest(world.tickets.values())
                     if each.state == 'waiting' and each.expires_at > now],
            log=_newest(world.calls.of()),
            reversible=_reversible,
            switches={group: asdict(each) for group, each in world.switches.items()})
    return Response(html, 400 if problem else 200, content_type='text/html;charset=UTF-8')


def _newest(items):
    return list(items)[:-SHOWN - 1:-1]


def _red_actions(form):
    if form.red_number:
        return []
    return [action for action, moves in red.ACTIONS.items() if form.state in moves]


def _reversible(fapiao):
    return not (fapiao.red or fapiao.reversed_by)


# --- buttons ---

def _post(world, action, request):
    handle = BUTTONS.get(action)
    if handle is None:
        return Response('SANDBOX: 404', 404)
    try:
        handle(world, request.form)
    except (KeyError, ValueError, ArithmeticError, Refused) as error:
        return _page(world, f'{type(error).__name__}: {error}')
    return redirect('/#' + request.form.get('at', ''), 303)


def _add_fault(world, form):
    numbers = {key: float(form[key]) for key in ('seconds', 'rate') if form.get(key)}
    rate = numbers.pop('rate', None)
    times = int(form['times']) if form.get('times') else None
    world.faults.add(form['call'], form['kind'], form.get('when') or None, times, rate, **numbers)


def _set_switch(world, form):
    group, key = form['group'], form['key']
    current = getattr(world.switches[group], key)
    world.set(group, **{key: _like(current, form['value'].strip())})


def _like(current, text):
    """The text as a value of the kind the switch holds; empty for a number means: off."""
    if isinstance(current, bool):
        return text.lower() in ('true', '1', 'on', 'yes')
    if isinstance(current, tuple):
        return tuple(filter(None, (each.strip() for each in text.split(','))))
    if isinstance(current, float):
        return float(text)
    if isinstance(current, int) or current is None:
        return int(text) if text else None
    return text


BUTTONS = {
    'advance': lambda world, form: world.advance(hours=float(form['hours'])),
    'reset': lambda world, form: world.reset(),
    'session': lambda world, form: world.set_session(form['tax_no'], form['state'], form['username']),
    'face': lambda world, form: world.set_face(form['tax_no'], form['due'] == '1', form['username']),
    'credit': lambda world, form: world.set_credit(
        form['tax_no'], form.get('total') or None, form.get('used') or None),
    'scan': lambda world, form: world.scan(form['uid']),
    'use': lambda world, form: world.set_use(form['number'], *USES[form['use']]),
    'apply_elsewhere': lambda world, form: world.apply_elsewhere(
        form['number'], form['reason'], form['side']),
    'reverse_elsewhere': lambda world, form: world.reverse_elsewhere(form['number'], form['reason']),
    'red': lambda world, form: world.act_red_form(form['number'], form['action']),
    'red_state': lambda world, form: world.set_red_form(form['number'], form['state']),
    'finish': lambda world, form: world.finish_pending(form['uid']),
    'fail': lambda world, form: world.fail_pending(form['uid']),
    'fault': _add_fault,
    'clear_fault': lambda world, form: world.faults.clear(int(form['id'])),
    'switch': _set_switch,
    **kingdee.BUTTONS,
    **office.BUTTONS,
}


# --- pictures and files ---

def _ticket_picture(world, uid):
    ticket = world.tickets.get(uid)
    if ticket is None:
        return Response('SANDBOX: 404', 404)
    return Response(qr.png(ticket.text), content_type='image/png')


def _file(world, name):
    number, _, kind = name.partition('.')
    fapiao = world.fapiao.get(number)
    if fapiao is None or kind.upper() not in TYPES:
        return Response('SANDBOX: 404', 404)
    return Response(draw(fapiao, kind.upper(), seal=True), content_type=TYPES[kind.upper()])


PICTURES = {'qr': _ticket_picture, 'file': _file}
