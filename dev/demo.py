"""The addon's main job from end to end, through a running server: what `make demo` shows.

Started in the virtual environment as `python -m dev.demo FILE`, where FILE describes the
server (see dev.servers.Server).
"""

import sys
from pathlib import Path

from .servers import Server


def main(server: Server) -> int:
    """Run the job on *server* and return the exit code."""
    print(f"Odoo answers at {server.url}, the sandbox at {server.sandbox_url}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(Server.load(Path(sys.argv[1]))))
