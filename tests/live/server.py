"""An Odoo server with web workers in processes of their own: started as ``server.py DATABASE PORT WORKERS``.

The process for websockets is left out: nobody here speaks to it, and it would need a port of its own.
"""

import os
import sys

import odoo.service.server
from odoo.cli.command import main


def serve(database, port, workers):
    odoo.service.server.PreforkServer.long_polling_spawn = lambda self: None
    sys.argv[1:] = ["-c", os.environ["ODOO_DEV_CONF"], "-d", database, "--db-filter", f"^{database}$"]
    sys.argv += ["--http-port", port, "--workers", workers, "--max-cron-threads", "1"]
    main()


if __name__ == "__main__":
    serve(*sys.argv[1:])
