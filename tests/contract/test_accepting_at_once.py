"""Two API hosts accept at once, on every database: a VIP address has one owner."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bigip_lbaas.bus.memory import MemoryBroker, MemoryBus
from bigip_lbaas.domain.errors import AddressTaken
from bigip_lbaas.domain.ids import EnvironmentName, RequestId
from bigip_lbaas.provider.octavia.door import Door
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Store
from tests.integration.graphs import graph

ENVIRONMENT = EnvironmentName("dev")
ADDRESS = "10.1.2.3"
ARRIVALS = 6


def test_of_many_that_ask_for_one_address_at_once_one_gets_it(store: Store) -> None:
    broker = MemoryBroker()
    doors = [Door(store, MemoryBus(broker), ENVIRONMENT) for _ in range(2)]

    def ask(number: int) -> bool:
        wanted = replace(graph(number), vip_address=ADDRESS)
        try:
            doors[number % 2].create(wanted, (), RequestId("req"))
        except AddressTaken:
            return False
        return True

    with ThreadPoolExecutor(ARRIVALS) as pool:
        got = list(pool.map(ask, range(ARRIVALS)))
    rows = store.read(lambda tx: tx.select(records.LoadBalancer))
    (vip,) = store.read(lambda tx: tx.select(records.Vip))
    assert got.count(True) == 1
    assert [row.id for row in rows] == [vip.load_balancer_id]
