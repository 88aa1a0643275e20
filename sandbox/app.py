"""The WSGI program: which part answers a path, and how one call to a cloud goes, with the faults on its way."""

from functools import partial
from urllib.parse import urlsplit

from werkzeug.wrappers import Request as BaseRequest
from werkzeug.wrappers import Response

from . import assistant, control, faults, files, kingdee, piaodanyun, wire
from .calls import redacted
from .protocol import Refused, dump

LOCAL = ("127.0.0.1", "localhost")
# What each owes the program: NAME and find_call(), exchange() to read a request, authorise() and answer() to
# act on it, refusal() and render() to tell the outcome, the tables of faults.strike() for the fault kinds
# told in its own words, and BUSY, what it says to a caller in a hurry.
CLOUDS = {cloud.NAME: cloud for cloud in (piaodanyun, kingdee, assistant)}
SOCKETS = f"/{assistant.NAME}{assistant.SOCKET}"


class Request(BaseRequest):
    # A fapiao of 5,000 lines has 70,000 form keys: no limit of the framework's.
    max_content_length = None
    max_form_memory_size = None
    max_form_parts = None


class Application:
    def __init__(self, world):
        self.world = world
        self.stopping = world.stopping

    def __call__(self, environ, start_response):
        request = Request(environ)
        # Unread bytes would be taken for the next request on a kept-alive connection.
        request.get_data(cache=True, parse_form_data=False)
        return self.respond(request)(environ, start_response)

    def respond(self, request):
        if not _from_here(request):
            return _problem(403, "SANDBOX: this machine only")
        head, _, rest = request.path.lstrip("/").partition("/")
        if head in CLOUDS:
            return self._cloud(CLOUDS[head], "/" + rest, request)
        if head == "control":
            return control.respond(self.world, rest, request)
        return _problem(404, "SANDBOX: 404")

    def _cloud(self, cloud, path, request):
        if path == files.CLOUDS[cloud.NAME][0]:
            return self._serve(cloud, "file", request, lambda: files.respond(self.world, cloud.NAME, request.args))
        if path.startswith(getattr(cloud, "PAGES", "\0")):
            return self._serve(cloud, "page", request, lambda: cloud.page(self.world, path, request))
        if path.startswith(getattr(cloud, "SOCKET", "\0")):
            return self._serve(cloud, "socket", request, lambda: cloud.push(self.world, request))
        call = cloud.find_call(self.world, path, request)
        if call is None:
            return _problem(404, f"接口不存在 SANDBOX {path}")
        if request.method != call.method:
            return _problem(405, f"不支持{request.method}请求")
        with self.world.calls.record(cloud.NAME, call.name) as entry:
            self.sleep(self.world.settings.latency)
            return Turn(self, cloud, call, request, entry).run()

    def _serve(self, cloud, name, request, found):
        """What `found()` responds, of a file or a page (so faults call them); needs no token."""
        with self.world.calls.record(cloud.NAME, name) as entry:
            struck = self.world.faults.draw(name, request.args)
            entry.faults = [str(fault) for fault in struck]
            self.delay(struck)
            spoiler = next((fault for fault in struck if fault.kind in wire.KINDS), None)
            response = Response(b"") if spoiler and spoiler.when == "before" else found()
            entry.code = response.status_code
            if spoiler:
                response = wire.spoil(spoiler, response.get_data(), request.environ, dump(cloud.BUSY))
            entry.status = response.status_code
            return response

    def sleep(self, seconds):
        """Wait, but not when the server is being stopped."""
        if seconds:
            self.stopping.wait(seconds)

    def delay(self, struck):
        for fault in struck:
            if fault.kind == "delay":
                self.sleep(fault.params.get("seconds", 1))


class Turn:
    """One call to a cloud, from its form to its answer."""

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
        struck = self.world.faults.draw(self.call.name, self.exchange.form)
        self.entry.faults = [str(fault) for fault in struck]
        answer = None
        for fault in struck:
            if fault.when == "after" and fault.kind != "late":
                continue
            if fault.kind in wire.SPOILERS:
                return self._spoilt_before(fault)
            if fault.kind == "delay":
                self.app.delay([fault])
            else:
                answer = self._told(faults.strike, self.cloud, self.exchange, fault)
        return self._after(struck, answer or self._told(self.cloud.answer, self.exchange))

    def _open(self):
        with self.world.acting():
            self.exchange = self.cloud.exchange(self.world, self.call, self.request)
            self.entry.form = redacted(self.exchange.form)
            self.entry.tax_no, self.entry.fpqqlsh = self.exchange.tax_no, self.exchange.uid
            self.cloud.authorise(self.exchange)

    def _spoilt_before(self, fault):
        """The call doesn't act, or, hung up on, acts later: what is spoilt is no answer to it."""
        if fault.kind == "late":
            self.world.postpone(fault.params.get("seconds", 60), partial(self.cloud.answer, self.exchange))
        self.entry.code = fault.kind
        return self._spoil(fault, dump(self.cloud.BUSY))

    def _after(self, struck, answer):
        late = [fault for fault in struck if fault.when == "after"]
        for fault in late:
            if fault.kind not in wire.KINDS and fault.kind != "delay":
                answer = self._told(faults.strike, self.cloud, self.exchange, fault, answer) or answer
        response = self._respond(answer)
        self.app.delay(late)
        spoiler = next((fault for fault in late if fault.kind in wire.KINDS), None)
        return self._spoil(spoiler, response.get_data()) if spoiler else response

    def _told(self, step, *args):
        """What the step answers, or how it refuses; everything it does is one effect."""
        try:
            with self.world.acting():
                answer = step(*args)
        except Refused as error:
            return self.cloud.refusal(error, self.call)
        if answer is not None and callable(answer.data):
            answer.data = answer.data()
        return answer

    def _respond(self, answer):
        self.entry.code, self.entry.text, self.entry.status = answer.code, answer.text, 200
        return Response(self.cloud.render(answer), content_type=wire.JSON)

    def _spoil(self, fault, body):
        response = wire.spoil(fault, body, self.request.environ, dump(self.cloud.BUSY))
        self.entry.status = response.status_code
        return response


def _from_here(request):
    """No page of another site may press the sandbox's buttons through a browser; one of this machine may listen."""
    origin = request.headers.get("Origin", request.host_url).rstrip("/")
    if request.path.startswith(SOCKETS) and urlsplit(origin).hostname in LOCAL:
        origin = request.host_url.rstrip("/")
    return request.host.partition(":")[0] in LOCAL and origin == request.host_url.rstrip("/")


def _problem(status, text):
    return Response(dump({"code": status, "msg": text, "data": None}), status, content_type=wire.JSON)
