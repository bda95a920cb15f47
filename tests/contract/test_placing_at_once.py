"""Two controllers place at once, on every database: the books are never torn."""

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from bigip_lbaas.controller.placing import Desk, attend_all
from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.domain.capacity import CapacityReport, Reading
from bigip_lbaas.domain.ids import AgentId, EnvironmentName, GroupNumber, RequestId
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Store, Transaction
from bigip_lbaas.store.records import Phase
from tests.integration.graphs import graph

ENVIRONMENT = EnvironmentName("dev")
GROUPS = 2
ROOM = 5  # projects per group
ARRIVALS = 16
THREADS = 6


def set_up(tx: Transaction) -> None:
    for number in range(1, GROUPS + 1):
        group, agent = GroupNumber(number), AgentId(f"host-{number}:{number}")
        tx.put(records.Group(ENVIRONMENT, group))
        now = tx.now()
        tx.put(
            records.Agent(
                agent, ENVIRONMENT, f"host-{number}", group, "epoch", 1, True, True, (), now, now
            )
        )
        readings = (Reading("tenant_count", 0.0, float(ROOM)),)
        report = CapacityReport(ENVIRONMENT, group, agent, "epoch", True, readings)
        tx.put(records.Report(agent, ENVIRONMENT, group, now, report))
    for number in range(ARRIVALS):
        made = graph(number, f"project-{number % (ARRIVALS - 2)}")
        tx.put(
            records.LoadBalancer(
                made.id, ENVIRONMENT, made.project_id, 1, made, True, Phase.WAITING,
                RequestId("req"), tx.now(),
            )
        )  # fmt: skip


def test_placements_at_once_never_take_a_group_past_its_limit(store: Store) -> None:
    store.write(set_up)
    controllers = [
        ControllerSettings(ENVIRONMENT, f"controller-{n}", lease_s=600.0, report_ttl_s=600.0)
        for n in (1, 2)
    ]

    def place(number: int) -> None:
        settings = controllers[number % 2]
        load_balancer = graph(number % ARRIVALS).id
        store.write(
            lambda tx: attend_all(
                tx, Desk(settings, lambda _lb: 0.0, lambda: secrets.token_hex(4)), (load_balancer,)
            )
        )

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(place, range(2 * ARRIVALS)))  # each one twice, by both controllers

    rows = store.read(lambda tx: tx.select(records.LoadBalancer))
    placed = store.read(lambda tx: tx.select(records.PlacementRow))
    homes = store.read(lambda tx: tx.select(records.Home))
    projects = Counter(group for _, group in {(row.project_id, row.group) for row in placed})
    assert projects == dict.fromkeys(range(1, GROUPS + 1), ROOM)
    assert {row.phase for row in rows} == {Phase.ASSIGNED, Phase.FAILED}
    assert sum(row.phase is Phase.ASSIGNED for row in rows) == len(placed)
    assert len(homes) == GROUPS * ROOM
    assert len({home.fence_number for home in homes}) == len(homes)
