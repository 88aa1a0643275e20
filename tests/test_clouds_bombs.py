"""Answers that unpack to far more than they weigh, met with little memory, little time and old libraries."""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from .test_clouds_server import http, serving

SIZE = 256 * 2**20  # unpacked; a process of bombs.py can't hold two of it
PROGRAM = Path(__file__).with_name("bombs.py")
GZIP, DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
# as dev/venv.py names them: what Odoo's other platforms bring, beside what is installed here
VERSIONS = {"installed": "2.", "debian12": "1.26.", "ubuntu2404": "2.0."}


def packed(pieces, wbits):
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join([*map(packer.compress, pieces), packer.flush()])


def answers():
    found = {}
    for name, wbits in (("gzip", GZIP), ("deflate", DEFLATE)):
        body = packed((bytes(2**20) for _n in range(SIZE // 2**20)), wbits)
        for count in range(1, 6):
            found[f"/{name}/{count}"] = http(body, headers=[f"Content-Encoding: {', '.join([name] * count)}"])
            body = packed([body], wbits)
    return found


@pytest.fixture(scope="module")
def server():
    found = answers()
    with serving(lambda request: found[request.path]) as peer:
        peer.paths = list(found)
        yield peer


def folder(name):
    """Return what to put first on the path for a version, "" for the one that is installed."""
    if name == "installed":
        return ""
    folders = filter(None, os.environ.get("ODOO_DEV_OLD_HTTP", "").split(os.pathsep))
    found = [path for path in folders if Path(path).name.startswith(f"{name}-")]
    assert found, f"urllib3 of {name} is missing: run the tests by `make test`, which fetches it"
    return found[0]


def run(server, name):
    path = folder(name)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(PROGRAM), server.url, *server.paths],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", VERSIONS)
def test_nothing_is_unpacked(server, name):
    told = run(server, name)
    assert told["urllib3"].startswith(VERSIONS[name])
    assert told["outcomes"] == {
        f"{method} {path}": ["OutcomeUnknown", "encoded"] for path in server.paths for method in ("POST", "GET")
    }
