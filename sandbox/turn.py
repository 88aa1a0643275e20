"""One call to a cloud, from its form to its answer, with the faults that strike on the way."""

from functools import partial

from werkzeug.wrappers import Response

from . import files, wire
from .calls import redacted
from .errors import Refused
from .protocol import dump


class Turn:
    def __init__(self, app, cloud, call, request, entry):
        self.app, self.world = app, app.world
        self.cloud, self.call = cloud, call
        self.request, self.entry = request, entry
        self.exchange = None

    def run(self):
        try:
            self._open()
        except Refused as error:
            # A caller the cloud doesn't know draws no fault: it would be used up for nothing.
            return self._respond(self.cloud.refusal(error, self.call))
        faults = self.world.faults.draw(self.call.name, self.exchange.form)
        self.entry.faults = [str(fault) for fault in faults]
        try:
            answer = self._before(faults) or self._told(self.cloud.answer)
            return self._after(faults, answer)
        except _Spoilt as spoilt:
            return spoilt.response

    def _open(self):
        with self.world.acting():
            self.exchange = self.cloud.exchange(self.world, self.call, self.request)
            self.entry.form = redacted(self.exchange.form)
            self.entry.tax_no, self.entry.fpqqlsh = self.exchange.tax_no, self.exchange.uid
            self.cloud.authorise(self.exchange)

    def _before(self, faults):
        """The answer of a fault that keeps the call from acting, if one does."""
        answer = None
        for fault in faults:
            if fault.when == "after" and fault.kind != "late":
                continue
            if fault.kind == "delay":
                self.app.sleep(fault.params.get("seconds", 1))
            elif fault.kind in wire.SPOILERS:
                if fault.kind == "late":
                    # The caller is hung up on; what was asked for happens after so long.
                    deed = partial(self.cloud.answer, self.exchange)
                    self.world.postpone(fault.params.get("seconds", 60), deed)
                self.entry.code = fault.kind
                # What is spoilt is no answer to the call: it never acted.
                raise _Spoilt(self._spoil(fault, dump(self.cloud.BUSY)))
            else:
                answer = self._told(self.cloud.fault_before, fault)
        return answer

    def _after(self, faults, answer):
        late = [fault for fault in faults if fault.when == "after"]
        for fault in late:
            if fault.kind not in wire.KINDS and fault.kind != "delay":
                answer = self._told(self.cloud.fault_after, fault, answer) or answer
        response = self._respond(answer)
        for fault in late:
            if fault.kind == "delay":
                self.app.sleep(fault.params.get("seconds", 1))
        for fault in late:
            if fault.kind in wire.KINDS:
                return self._spoil(fault, response.get_data())
        return response

    def _told(self, step, *args):
        """What the step answers, or how it refuses; everything it does is one effect."""
        try:
            with self.world.acting():
                answer = step(self.exchange, *args)
        except Refused as error:
            return self.cloud.refusal(error, self.call)
        if answer is not None and callable(answer.data):
            answer.data = answer.data()
        return answer

    def _respond(self, answer):
        self.entry.code, self.entry.text, self.entry.status = answer.code, answer.text, answer.status
        body = self.cloud.render(answer, self.world.switches[self.cloud.NAME])
        return Response(body, answer.status, content_type=wire.JSON)

    def _spoil(self, fault, body):
        response = wire.spoil(fault, body, self.request.environ, dump(self.cloud.BUSY))
        self.entry.status = response.status_code
        return response


class _Spoilt(Exception):
    def __init__(self, response):
        super().__init__()
        self.response = response


def serve(app, name, request, entry, found, busy=b""):
    """What `found()` responds, of a file (faults call it `file`) or a page (`page`), with their faults."""
    faults = app.world.faults.draw(name, request.args)
    entry.faults = [str(fault) for fault in faults]
    for fault in faults:
        if fault.kind == "delay":
            app.sleep(fault.params.get("seconds", 1))
    spoiler = next((fault for fault in faults if fault.kind in wire.KINDS), None)
    response = Response(b"") if spoiler and spoiler.when == "before" else found()
    entry.code = response.status_code
    if spoiler:
        response = wire.spoil(spoiler, response.get_data(), request.environ, busy)
    entry.status = response.status_code
    return response


def serve_file(app, cloud, request, entry):
    """A file behind an address that was handed out; needs no token."""

    def found():
        thing, kind = files.find(app.world, cloud.NAME, request.args)
        if thing is None:
            return Response("SANDBOX 404", 404)
        entry.tax_no = getattr(thing, "seller_no", "")
        return Response(files.draw(thing, kind), content_type=files.content_type(kind))

    return serve(app, "file", request, entry, found, dump(cloud.BUSY))
