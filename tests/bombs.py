"""A process with little memory and time that asks a server of the tests for what must not be unpacked.

Its own program: the limits of a process can't be lifted again, and another version of urllib3 can't be
imported beside the first. Arguments: the server's address, then the paths to ask for. Prints a line of JSON.
"""

import json
import resource
import sys
import types
from pathlib import Path

MEMORY = 512 * 2**20  # bytes of addresses
SECONDS = 30  # of the processor, for all that is asked for


def main(url, *paths):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    # the addon under a name of its own: to import it by its real one takes Odoo
    addon = types.ModuleType("addon")
    addon.__path__ = [str(Path(__file__).parent.parent)]
    sys.modules["addon"] = addon

    import urllib3  # noqa: PLC0415 - memory is limited first
    from addon.clouds.base import Config  # noqa: PLC0415 - as above
    from addon.clouds.errors import CloudError  # noqa: PLC0415 - as above
    from addon.clouds.transport import Transport  # noqa: PLC0415 - as above

    def outcome(call):
        try:
            call()
        except CloudError as error:
            return type(error).__name__, error.code
        return "answered", ""

    times = {"connect_timeout": 5, "read_timeout": 10, "total_timeout": 20}
    transport = Transport(Config("piaodanyun", url, "9111011457319202X9", **times, is_sandbox=True))
    outcomes = {}
    for path in paths:
        outcomes[f"POST {path}"] = outcome(lambda path=path: transport.post_form(path, {"a": "1"}))
        outcomes[f"GET {path}"] = outcome(lambda path=path: transport.download(url + path))
    sys.stdout.write(json.dumps({"urllib3": urllib3.__version__, "outcomes": outcomes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
