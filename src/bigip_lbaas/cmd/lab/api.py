"""The Octavia API as a process: `python -m bigip_lbaas.cmd.lab.api CONFIG PORT READY_FILE`.

Ends on SIGTERM or SIGINT. The file gets the port on which it listens.
"""

import os
import signal
import sys
from pathlib import Path

from cheroot import wsgi
from octavia.api import app as octavia_app
from octavia.db import api as db_api

from bigip_lbaas.cmd.embedded import octavia_db
from bigip_lbaas.cmd.embedded.shim import Shim
from bigip_lbaas.cmd.lab.settings import HOST

THREADS = 16


def main() -> None:
    """Serve until told to end."""
    config, port, ready = sys.argv[1:]
    application = octavia_app.setup_app(argv=["octavia-api", "--config-file", config])
    octavia_db.make_tables(db_api.get_engine())
    server = wsgi.Server((HOST, int(port)), Shim(application), numthreads=THREADS, server_name=HOST)

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt  # which cheroot's loop ends with

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server.prepare()
    partial = Path(f"{ready}.{os.getpid()}")
    partial.write_text(str(server.bind_addr[1]), encoding="ascii")
    partial.replace(ready)
    try:
        server.serve()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()


if __name__ == "__main__":
    main()
