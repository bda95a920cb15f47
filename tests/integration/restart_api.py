"""One life of the embedded API: creates a load balancer, says how many there are, stops."""

import sys
import threading
import time
from pathlib import Path

import httpx

from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.cmd.embedded.api import EmbeddedApi
from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.provider.octavia import driver
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store.memory import MemoryStore

SUBNET = "11111111-1111-1111-1111-111111111111"

bus = MemoryBus(MemoryBroker())
driver.connect("f5", Door(MemoryStore(time.time), bus, EnvironmentName("Project")))
api = EmbeddedApi(Path(sys.argv[1]), 0)
for _start in range(2):  # within one life too
    api.start()
    api.stop()
api.start()
with httpx.Client(base_url=f"{api.endpoint}/v2/lbaas") as client:
    body = {"loadbalancer": {"vip_subnet_id": SUBNET}}
    client.post("/loadbalancers", json=body).raise_for_status()
    found = len(client.get("/loadbalancers").json()["loadbalancers"])
api.stop()
print(f"{found} load balancers, {threading.active_count()} thread")
