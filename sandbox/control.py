"""The world's controls over HTTP, for tests in another process: /control/<name>, JSON.

GET looks, POST does; the body of a POST is the arguments by name, as the levers take them.
"""

import json

from werkzeug.wrappers import Response

from .assistant.levers import AssistantLevers
from .errors import Refused
from .inbound_levers import InboundLevers
from .kingdee.levers import KingdeeLevers
from .levers import Levers
from .records import plain
from .wire import JSON

ACTIONS = {
    name
    for levers in (Levers, KingdeeLevers, InboundLevers, AssistantLevers)
    for name in vars(levers)
    if not name.startswith("_")
}
# View → shelf of the world, and {argument: attribute it must equal}.
RECORDS = {
    "red_forms": ("red_forms", {}),
    "tickets": ("tickets", {}),
    "bills": ("bills", {"number": "number"}),
    "callbacks": ("deliveries", {"about": "about"}),
    "kingdee_tenants": ("kingdee_tenants", {}),
    "inbound_tasks": ("inbound_tasks", {}),
    "wallet": ("slips", {"eid": "eid"}),
    "documents": ("documents", {"bxd_key": "bxd_key"}),
    "messages": ("letters", {"key": "to"}),
    "vouchers": ("vouchers", {}),
}


def respond(world, path, request):
    name, _, rest = path.partition("/")
    try:
        result = _get(world, name, request.args) if request.method == "GET" else _post(world, name, rest, request)
    except (KeyError, TypeError, ValueError, Refused) as error:
        return _json({"error": f"{type(error).__name__}: {error}"}, 400)
    if result is NotImplemented:
        return _json({"error": f"no control {name!r}"}, 404)
    return _json(result)


def _get(world, name, args):
    with world.acting():
        if name in VIEWS:
            return VIEWS[name](world, args)
        if name not in RECORDS:
            return NotImplemented
        shelf, keys = RECORDS[name]
        found = [
            each
            for each in getattr(world, shelf).values()
            if all(args.get(key) in (None, getattr(each, attribute)) for key, attribute in keys.items())
        ]
        return [plain(each) for each in found]


def _post(world, name, rest, request):
    given = json.loads(request.get_data() or b"{}")
    if (name, rest) == ("faults", "clear"):
        world.faults.clear(given.get("id"))
    elif (name, rest) == ("calls", "clear"):
        world.calls.clear()
    elif name == "faults":
        return world.faults.add(**given).as_dict()
    elif name not in ACTIONS:
        return NotImplemented
    else:
        result = getattr(world, name)(**given)
        shown = plain(result) if hasattr(result, "__dataclass_fields__") else result and str(result)
        return {"ok": True, "result": shown}
    return {"ok": True}


def _state(world, args):
    return {
        "clock": world.clock.now().isoformat(),
        "max_parallel": world.max_parallel,
        **{key: len(getattr(world, key)) for key in ("fapiao", "requests", "late", "red_forms")},
        "pending": sorted(world.pending),
        "taxpayers": [plain(each) for each in world.taxpayers.values()],
        **{name: plain(each) for name, each in world.switches.items()},
    }


def _fapiao(world, args):
    wanted = {"request": args.get("fpqqlsh"), "number": args.get("number")}
    return [
        plain(each, "red")
        for each in world.fapiao.values()
        if all(value in (None, getattr(each, key)) for key, value in wanted.items())
    ]


def _requests(world, args):
    return {
        uid: {"count": len(each.numbers), "numbers": each.numbers, "state": each.state}
        for uid, each in world.requests.items()
        if args.get("fpqqlsh") in (None, uid)
    }


VIEWS = {
    "state": _state,
    "fapiao": _fapiao,
    "requests": _requests,
    "calls": lambda world, args: [each.as_dict() for each in world.calls.of(args.get("call"), args.get("fpqqlsh"))],
    "ledger": lambda world, args: world.ledger(args.get("tax_no")),
    "sms": lambda world, args: {"code": world.sms_code(**args.to_dict())},
    "faults": lambda world, args: [fault.as_dict() for fault in world.faults.planned],
    "clock": lambda world, args: {"now": world.clock.now().isoformat()},
    "inbound": lambda world, args: plain(world.inbound(args["number"], args.get("tax_no"), args.get("code", ""))),
    "assistant_log": lambda world, args: world.assistant_log(args.get("document")),
}


def _json(data, status=200):
    return Response(json.dumps(data, ensure_ascii=False, default=str), status, content_type=JSON)
