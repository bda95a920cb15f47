"""One life of the provider agent, as octavia-driver-agent would start it, on settings given."""

import sys
import threading
import time
from pathlib import Path

from oslo_config import cfg

from bigip_lbaas.provider.octavia import provider_agent
from bigip_lbaas.store import schema
from bigip_lbaas.store.records import Tenure
from bigip_lbaas.store.sql import SqlStore

url = f"sqlite:///{sys.argv[1]}/ours.db"
config = Path(sys.argv[1]) / "octavia.conf"
config.write_text(f"[f5]\ntransport_url = kombu+memory://\ndatabase_connection = {url}\n")
cfg.CONF(["--config-file", str(config)])
schema.upgrade(url)
store = SqlStore(url)


def tenures() -> list[str]:
    return [tenure.name for tenure in store.read(lambda tx: tx.select(Tenure))]


class EndsOnceItTells:
    """An exit event that comes when the agent has taken up its work."""

    def wait(self) -> None:
        deadline = time.monotonic() + 20
        while not tenures() and time.monotonic() < deadline:
            time.sleep(0.05)
        print(tenures())


provider_agent.run(EndsOnceItTells())
print(tenures(), threading.active_count())
