"""`python -m sandbox --port N --state-dir DIR`: one line when ready, until SIGTERM or SIGINT."""

import argparse
import signal
import threading

from .server import SandboxServer


def main():
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--state-dir", help="keep the state here across restarts")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with SandboxServer(options.port, options.state_dir) as server:
        print(f"SANDBOX {server.url}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
