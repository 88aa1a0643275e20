"""The world's controls over HTTP, for tests in another process: /control/<name>, JSON.

GET looks, POST does; the body of a POST is the arguments by name, as the levers take them.
"""

import json

from werkzeug.wrappers import Response

from .assistant.levers import AssistantLevers
from .kingdee.levers import KingdeeLevers
from .levers import Levers
from .protocol import Refused
from .records import plain
from .wire import JSON
from .world import SHELVES

ACTIONS = {name for levers in (Levers, KingdeeLevers, AssistantLevers) for name in vars(levers) if name[0] != "_"}
# Shelves and filters with another name; the others go by the names of the world's shelves and of their attributes.
NAMES = {"callbacks": "deliveries", "wallet": "slips", "messages": "letters", "fpqqlsh": "request", "key": "to"}


def respond(world, path, request):
    name, _, rest = path.partition("/")
    result, status = None, 200
    try:
        if request.method != "GET":
            result = _post(world, name, rest, json.loads(request.get_data() or b"{}"))
        else:
            with world.acting():
                view = VIEWS.get(name)
                result = view(world, request.args) if view else _records(world, NAMES.get(name, name), request.args)
    except (KeyError, TypeError, ValueError, Refused) as error:
        result, status = {"error": f"{type(error).__name__}: {error}"}, 400
    if result is NotImplemented:
        result, status = {"error": f"no control {name!r}"}, 404
    return Response(json.dumps(result, ensure_ascii=False, default=str), status, content_type=JSON)


def _records(world, shelf, args, *more):
    if shelf not in SHELVES:
        return NotImplemented
    wanted = {NAMES.get(key, key): value for key, value in args.items()}
    found = getattr(world, shelf).values()
    fitting = [each for each in found if all(getattr(each, key) == value for key, value in wanted.items())]
    return [plain(each, *more) for each in fitting]


def _post(world, name, rest, given):
    if (name, rest) == ("faults", "clear"):
        world.faults.clear(given.get("id"))
        return {"ok": True}
    if name == "faults":
        return world.faults.add(**given).as_dict()
    if name not in ACTIONS:
        return NotImplemented
    result = getattr(world, name)(**given)
    shown = plain(result) if hasattr(result, "__dataclass_fields__") else result and str(result)
    return {"ok": True, "result": shown}


VIEWS = {
    "fapiao": lambda world, args: _records(world, "fapiao", args, "red"),
    "requests": lambda world, args: {
        uid: {"count": len(each.numbers), "numbers": each.numbers, "state": each.state}
        for uid, each in world.requests.items()
    },
    "ledger": lambda world, args: world.ledger(args.get("tax_no")),
    "assistant_log": lambda world, args: world.assistant_log(args.get("document")),
    "sms": lambda world, args: {"code": world.sms_code(**args.to_dict())},
    "faults": lambda world, args: [fault.as_dict() for fault in world.faults.planned],
    "clock": lambda world, args: {"now": world.clock.now().isoformat()},
    "inbound": lambda world, args: plain(world.inbound(args["number"], args.get("tax_no"), args.get("code", ""))),
}
