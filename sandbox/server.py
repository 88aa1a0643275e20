"""Runs the sandbox: in a thread of a test, or as the program `python -m sandbox`."""

import socket
import threading

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from . import defaults
from .app import Application
from .world import World


class Handler(WSGIRequestHandler):
    """Keeps connections alive, which werkzeug's own handler doesn't.

    Callers hold their connections, and have to survive one that went stale: a sandbox that
    closes each after its answer would never show it. The app reads every body to its end, so
    the next request line is where it should be.
    """

    protocol_version = "HTTP/1.1"
    # Two small writes per answer: with Nagle each would cost 40 ms.
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def make_environ(self):
        """With the names that carry an underscore, which werkzeug drops: Kingdee's access_token."""
        environ = super().make_environ()
        for name, value in self.headers.items():
            if "_" in name:
                environ[f"HTTP_{name.upper()}"] = value
        return environ

    def run_wsgi(self):
        started = []

        def start_response(status, headers, exc_info=None):
            started[:] = [status, headers]

        self.close_connection = self.close_connection or self.request_version < "HTTP/1.1"
        try:
            self._send(self.server.app(self.make_environ(), start_response), *started)
        except ConnectionError:
            # Or the handler would wait for a next request on what has just been hung up.
            self.close_connection = True

    def _send(self, blocks, status, headers):
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        chunked = "Content-Length" not in dict(headers)
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for block in blocks:
            if block:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log(self, kind, message, *args):
        """Silent: the calls log tells more."""


class Server(ThreadedWSGIServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port, app):
        self.connections = set()
        super().__init__("127.0.0.1", port, app, handler=Handler)

    def hang_up(self):
        """Kept-alive connections would go on being served by a stopped server."""
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class SandboxServer:
    """`with SandboxServer() as s:` serves at s.url; s.world is the state, to look at and turn.

    s.base_url is what an account at 票单云 would be given, s.kingdee_url one at 金蝶发票云,
    s.assistant_url one at 金蝶发票助手.
    """

    def __init__(self, port=0, state_dir=None):
        self.world = World(state_dir)
        self.port = port
        self.app = Application(self.world)
        self.server = None

    def start(self):
        self.app.stopping.clear()
        self.server = Server(self.port, self.app)
        self.port = self.server.server_port
        self.url = self.world.url = f"http://127.0.0.1:{self.port}"
        self.base_url, self.assistant_url = f"{self.url}/piaodanyun", f"{self.url}/assistant"
        self.kingdee_url = f"{self.url}/kingdee/{defaults.KINGDEE_PREFIX}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), name="sandbox", daemon=True)
        self.thread.start()
        return self

    def stop(self):
        """Stop answering; the world stays, so start() serves it again at the same port."""
        if self.server is None:
            return
        self.app.stopping.set()
        self.server.shutdown()
        self.server.server_close()
        self.server.hang_up()
        self.thread.join(5)
        self.server = None

    def close(self):
        self.stop()
        self.world.close()

    __enter__ = start

    def __exit__(self, *_):
        self.close()
