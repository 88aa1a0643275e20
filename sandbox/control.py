"""The world's controls over HTTP, for tests in another process: /control/<name>, JSON.

GET looks, POST does; the body of a POST is the arguments by name, as Levers takes them.
"""
import json

from werkzeug.wrappers import Response

from .assistant.levers import AssistantLevers
from .errors import Refused
from .kingdee.inbound_levers import InboundLevers
from .kingdee.levers import KingdeeLevers
from .levers import Levers
from .records import plain

ACTIONS = {name for name in (*vars(Levers), *vars(KingdeeLevers), *vars(InboundLevers),
                                *vars(AssistantLevers)) if not name.startswith('_')}


def respond(world, path, request):
    name, _, rest = path.partition('/')
    try:
        result = _get(world, name, request) if request.method == 'GET' else _post(
            world, name, rest, request)
    except (KeyError, TypeError, ValueError, Refused) as error:
        return _json({'error': f'{type(error).__name__}: {error}'}, 400)
    if result is NotImplemented:
        return _json({'error': f'no control {name!r}'}, 404)
    return _json(result)


def _get(world, name, request):
    view = VIEWS.get(name)
    if view is None:
        return NotImplemented
    with world.acting():
        return view(world, request.args)


def _post(world, name, rest, request):
    if name == 'faults' and rest == 'clear':
        world.faults.clear(_body(request).get('id'))
        return {'ok': True}
    if name == 'faults':
        return world.faults.add(**_body(request)).as_dict()
    if name == 'calls' and rest == 'clear':
        world.calls.clear()
        return {'ok': True}
    if name not in ACTIONS:
        return NotImplemented
    result = getattr(world, name)(**_body(request))
    return {'ok': True, 'result': _shown(result)}


def _body(request):
    return json.loads(request.get_data() or b'{}')


def _shown(result):
    return plain(result) if hasattr(result, '__dataclass_fields__') else result and str(result)


def _state(world, args):
    return {'clock': world.clock.now().isoformat(), 'max_parallel': world.max_parallel,
            'fapiao': len(world.fapiao), 'requests': len(world.requests),
            'pending': sorted(world.pending), 'late': len(world.late), 'red_forms': len(world.red_forms),
            'taxpayers': [plain(each) for each in world.taxpayers.values()],
            **{name: plain(each) for name, each in world.switches.items()}}


def _fapiao(world, args):
    return [plain(each, 'red') for each in world.fapiao.values()
            if args.get('fpqqlsh') in (None, each.request)
            and args.get('number') in (None, each.number)]


def _requests(world, args):
    return {uid: {'count': each.count, 'numbers': each.numbers, 'state': each.state}
            for uid, each in world.requests.items() if args.get('fpqqlsh') in (None, uid)}


def _calls(world, args):
    return [entry.as_dict() for entry in world.calls.of(args.get('call'), args.get('fpqqlsh'))]


def _pace(world, args):
    given = {key: args[key] for key in ('tax_no', 'cloud') if key in args}
    return {'busiest': world.calls.busiest(**given, seconds=float(args.get('seconds', 60))),
            'minutes': world.calls.pace(**given)}


def _sms(world, args):
    given = {key: args[key] for key in ('tax_no', 'username') if key in args}
    return {'code': world.sms_code(**given)}


def _inbound(world, args):
    return plain(world.inbound(args['number'], args.get('tax_no'), args.get('code', '')))


VIEWS = {
    'state': _state,
    'fapiao': _fapiao,
    'requests': _requests,
    'calls': _calls,
    'pace': _pace,
    'ledger': lambda world, args: world.ledger(args.get('tax_no')),
    'sms': _sms,
    'faults': lambda world, args: [fault.as_dict() for fault in world.faults.planned],
    'clock': lambda world, args: {'now': world.clock.now().isoformat()},
    'red_forms': lambda world, args: [plain(each) for each in world.red_forms.values()],
    'bills': lambda world, args: [plain(each) for each in world.bills.values()
                                  if args.get('number') in (None, each.number)],
    'callbacks': lambda world, args: [plain(each) for each in world.deliveries.values()
                                      if args.get('about') in (None, each.about)],
    'kingdee_tenants': lambda world, args: [plain(each) for each in world.kingdee_tenants.values()],
    'inbound': _inbound,
    'inbound_tasks': lambda world, args: [plain(each) for each in world.inbound_tasks.values()],
    'tickets': lambda world, args: [plain(each) for each in world.tickets.values()],
    'wallet': lambda world, args: [plain(each) for each in world.slips.values()
                                   if args.get('eid') in (None, each.eid) and not each.replaced_by],
    'documents': lambda world, args: [plain(each) for each in world.documents.values()
                                      if args.get('bxd_key') in (None, each.bxd_key)],
    'messages': lambda world, args: [plain(each) for each in world.letters.values()
                                     if args.get('key') in (None, each.to)],
    'vouchers': lambda world, args: [plain(each) for each in world.vouchers.values()],
    'assistant_log': lambda world, args: world.assistant_log(args.get('document')),
}


def _json(data, status=200):
    return Response(json.dumps(data, ensure_ascii=False, default=str), status,
                    content_type='application/json;charset=UTF-8')
