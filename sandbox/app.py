"""The WSGI program: which part answers this path?"""

from werkzeug.wrappers import Request as BaseRequest
from werkzeug.wrappers import Response

from . import assistant, control, files, kingdee, piaodanyun
from .protocol import dump
from .turn import Turn, serve, serve_file
from .wire import JSON

LOCAL = ("127.0.0.1", "localhost")
# What each owes the program: NAME and find_call(), exchange() to read a request, authorise() and answer() to
# act on it, refusal() and render() to tell the outcome, fault_before() and fault_after() for the fault kinds
# told in its own words, and BUSY, what it says to a caller in a hurry.
CLOUDS = {cloud.NAME: cloud for cloud in (piaodanyun, kingdee, assistant)}


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
            with self.world.calls.record(cloud.NAME, "file") as entry:
                return serve_file(self, cloud, request, entry)
        if path.startswith(getattr(cloud, "PAGES", "\0")):
            with self.world.calls.record(cloud.NAME, "page") as entry:
                return serve(self, "page", request, entry, lambda: cloud.page(self, path, request))
        call = cloud.find_call(self.world, path, request)
        if call is None:
            return _problem(404, f"接口不存在 SANDBOX {path}")
        if request.method != call.method:
            return _problem(405, f"不支持{request.method}请求")
        with self.world.calls.record(cloud.NAME, call.name) as entry:
            self.sleep(self.world.settings.latency)
            return Turn(self, cloud, call, request, entry).run()

    def sleep(self, seconds):
        """Wait, but not when the server is being stopped."""
        if seconds:
            self.stopping.wait(seconds)


def _from_here(request):
    """No page of another site may press the sandbox's buttons through a browser."""
    origin = request.headers.get("Origin", request.host_url).rstrip("/")
    return request.host.partition(":")[0] in LOCAL and origin == request.host_url.rstrip("/")


def _problem(status, text):
    return Response(dump({"code": status, "msg": text, "data": None}), status, content_type=JSON)
