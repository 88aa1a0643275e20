"""One call to a cloud, from its form to its answer, with the faults that strike on the way."""
from functools import partial

from werkzeug.wrappers import Response

from . import wire
from .calls import redacted
from .errors import RateLimited, Refused
from .faults import Fault

JSON = 'application/json;charset=UTF-8'
TOO_FAST = Fault(0, '*', 'rate_limited', 'before', None, None, 0, {}, {})


class Turn:
    def __init__(self, app, cloud, call, request, entry):
        self.app = app
        self.world = app.world
        self.cloud = cloud
        self.call = call
        self.request = request
        self.entry = entry
        self.exchange = None

    def run(self):
        try:
            self._open()
        except Refused as error:
            # A caller the cloud doesn't know draws no fault: it would be used up for nothing.
            return self._respond(self._refusal(error))
        faults = self.world.faults.draw(self.call.name, self.exchange.form)
        self.entry.faults = [str(fault) for fault in faults]
        try:
            answer = self._before(faults) or self._told(self.cloud.answer)
            return self._after(faults, answer)
        except RateLimited:
            return self._spoil(TOO_FAST, self.cloud.UNSENT)
        except _Spoilt as spoilt:
            return spoilt.response

    def _open(self):
        with self.world.acting():
            self.exchange = self.cloud.exchange(self.world, self.call, self.request)
            self.entry.form = redacted(self.exchange.form)
            self.entry.tax_no = self.exchange.tax_no
            self.entry.fpqqlsh = self.exchange.uid
            self.entry.shared = not getattr(self.call, 'needs_token', True)
            self.cloud.authorise(self.exchange)

    def _before(self, faults):
        """The answer of a fault that keeps the call from acting, if one does."""
        answer = None
        for fault in faults:
            if fault.kind == 'late':
                self._act_later(fault)
            if fault.when == 'after':
                continue
            if fault.kind == 'delay':
                self.app.sleep(fault.params.get('seconds', 1))
            elif fault.kind in wire.KINDS:
                self.entry.code = fault.kind
                raise _Spoilt(self._spoil(fault, self.cloud.UNSENT))
            else:
                answer = self._told(self.cloud.fault_before, fault)
        return answer

    def _act_later(self, fault):
        """The caller is hung up on; what was asked for happens after so long."""
        self.world.postpone(fault.params.get('seconds', 60), partial(self.cloud.answer, self.exchange))
        self.entry.code = fault.kind
        raise _Spoilt(self._spoil(fault, self.cloud.UNSENT))

    def _after(self, faults, answer):
        late = [fault for fault in faults if fault.when == 'after']
        for fault in late:
            if fault.kind not in wire.KINDS and fault.kind != 'delay':
                answer = self._told(self.cloud.fault_after, fault, answer) or answer
        response = self._respond(answer)
        for fault in late:
            if fault.kind == 'delay':
                self.app.sleep(fault.params.get('seconds', 1))
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
            return self._refusal(error)
        if answer is not None and callable(answer.data):
            answer.data = answer.data()
        return answer

    def _respond(self, answer):
        self.entry.code, self.entry.text, self.entry.status = answer.code, answer.text, answer.status
        return Response(self.cloud.render(answer, self._quirks), answer.status, content_type=JSON)

    def _refusal(self, error):
        return self.cloud.refusal(error, self.call, self._quirks)

    @property
    def _quirks(self):
        return self.world.switches[self.cloud.NAME]

    def _spoil(self, fault, body):
        response = wire.spoil(fault, body, self.request.environ, self.cloud.TOO_FAST)
        self.entry.status = response.status_code
        return response


class _Spoilt(Exception):
    def __init__(self, response):
        super().__init__()
        self.response = response


def _seller(world, args):
    with world.acting():
        fapiao = world.fapiao.get(args.get('Fphm') or args.get('invoiceNum'))
        return fapiao.seller_no if fapiao else ''


def serve_file(app, cloud, request, entry):
    """A file behind an address that was handed out; needs no token. Faults call it `file`."""
    faults = app.world.faults.draw('file', request.args)
    entry.faults = [str(fault) for fault in faults]
    for fault in faults:
        if fault.kind == 'delay':
            app.sleep(fault.params.get('seconds', 1))
    found = cloud.download(app.world, request.args)
    entry.tax_no = _seller(app.world, request.args)
    response = Response(found[0], content_type=found[1]) if found else Response('SANDBOX 404', 404)
    entry.code = entry.status = response.status_code
    for fault in faults:
        if fault.kind in wire.KINDS:
            response = wire.spoil(fault, response.get_data(), request.environ, cloud.TOO_FAST)
            entry.status = response.status_code
    return response
