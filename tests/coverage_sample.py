"""What a call sends and how its answers are read, for ``test_docs_coverage``; holds no tests itself.

A path is what the tables call a key: ``data.zbmx[].je``, and ``fyxm[].je`` for the form's key ``fyxm[0][je]``.
"""

import base64
import copy
import dataclasses
import json
import re

from ..clouds.base import RawAnswer, TokenSlot

_INDEX = re.compile(r"\[\d+\](?:\[(\w+)\])?")


@dataclasses.dataclass(frozen=True)
class Sample:
    """``sent``: decoded bodies of full documents; ``answers``: pairs of a decoded answer and ``read(answer)``;
    ``changes``: the other value of a path where :func:`other` would say the same.
    """

    sent: list = dataclasses.field(default_factory=list)
    answers: list = dataclasses.field(default_factory=list)
    changes: dict = dataclasses.field(default_factory=dict)


def values_at(body, path=""):
    """Return ``{path: [values]}`` of all there is in ``body``, containers included."""
    found = {}
    _collect(body, path, found)
    return found


def _collect(value, path, found):
    if path:
        found.setdefault(path, []).append(value)
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, f"{path}.{_step(key)}" if path else _step(key), found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, path + "[]", found)


def _step(key):
    """Return a key of a form as a step of a path."""
    return _INDEX.sub(lambda found: f"[].{found[1]}" if found[1] else "[]", key)


def is_told(value):
    return value not in (None, "", [], {})


def changed(answer, path, change):
    """Return a copy of ``answer`` in which ``change(value)`` stands at each place of ``path`` that says something."""
    answer = copy.deepcopy(answer)
    _change(answer, path.replace("[]", ".[]").lstrip(".").split("."), change)
    return answer


def _change(part, steps, change):
    step, rest = steps[0], steps[1:]
    if step == "[]":
        places = range(len(part)) if isinstance(part, list) else ()
    else:
        places = (step,) if isinstance(part, dict) and step in part else ()
    for place in places:
        if rest:
            _change(part[place], rest, change)
        else:
            part[place] = change(part[place])


def other(value):
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (dict, list)):
        return type(value)()
    if isinstance(value, str):
        digits = list(re.finditer("[0-9]", value))
        if not digits:
            return value + "x"
        place = digits[-1].start()
        return f"{value[:place]}{(int(value[place]) + 1) % 10}{value[place + 1 :]}"
    return "7" if value is None else value + 1


def result(read, answer):
    """Return what ``read`` makes of ``answer`` in a form that can be compared, without what is kept raw."""
    try:
        return comparable(read(answer))
    except Exception as error:  # what is raised is a result too
        return type(error).__name__, comparable(vars(error)), str(error)


def comparable(value):
    if dataclasses.is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return type(value).__name__, tuple((name, comparable(item)) for name, item in pairs if name != "raw")
    if isinstance(value, dict):
        return tuple((key, comparable(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(comparable, value))
    return repr(value)


class Road:
    """Stands where a client's transport does: keeps in ``bodies`` what would go out, hands back ``answers`` in turn and
    the last one again.
    """

    def __init__(self, client, *answers):
        self.answers, self.bodies = [RawAnswer(200, json.dumps(answer)) for answer in answers or ({},)], []
        client._transport = client._tokens._transport = self

    def get(self, _path, params, headers=None):
        return self._kept({**(headers or {}), **params})

    def post_form(self, _path, form, headers=None, **_more):
        return self._kept({**(headers or {}), **form})

    def post_json(self, _path, body, headers=None, **_more):
        inside = {"data": json.loads(base64.b64decode(body["data"]))} if "data" in body else {}
        return self._kept({**(headers or {}), **body, **inside})

    def _kept(self, body):
        self.bodies.append(body)
        return self.answers[min(len(self.bodies), len(self.answers)) - 1]


def bodies(client, operation, *documents, uid=""):
    """Return the bodies in which ``client`` sends ``documents``."""
    road = Road(client)
    for document in documents:
        client.send(operation, client.freeze(operation, document, uid))
    return road.bodies


def token_sample(open_client, *answers, before=(), after=(), changes=None):
    """Return the :class:`Sample` of a call for a token; ``open_client(slot)`` returns a client.

    ``before``, ``after``: answers to the calls that go before this one and follow it.
    """

    def fetched(answer):
        slot = TokenSlot()
        client = open_client(slot)
        road = Road(client, *before, answer, *after)
        client.test()
        return road.bodies, slot.token, slot.expires_at

    sent = fetched(answers[0])[0]
    return Sample(sent[len(before) : len(before) + 1], [(answer, fetched) for answer in answers], changes or {})
