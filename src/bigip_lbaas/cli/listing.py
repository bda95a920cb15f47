"""What the lists of homes, devices and events show, read from the store."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bigip_lbaas.cli.told import Told, told_list, told_span
from bigip_lbaas.domain.capacity import DeviceStanding
from bigip_lbaas.domain.errors import RequestRejected
from bigip_lbaas.store import records
from bigip_lbaas.store.port import Store, Transaction

HOME_COLUMNS = (
    "project", "environment", "group", "agent", "fence", "load balancers", "agent alive",
)  # fmt: skip
DEVICE_COLUMNS = (
    "serial number", "environment", "group", "agents", "state", "covered by a report",
    "to bring level",
)  # fmt: skip
EVENT_COLUMNS = ("number", "time", "environment", "kind", "subject", "text", "request id")

Rows = tuple[tuple[Any, ...], ...]
Wanted = Mapping[str, Any]  # field -> the value that rows must have


def wanted(**fields: Any) -> Wanted:
    """Return the fields that an operator has named; None is not."""
    return {name: value for name, value in fields.items() if value is not None}


def home_rows(store: Store, which: Wanted) -> Rows:
    """Return one row per home, under HOME_COLUMNS."""

    def work(tx: Transaction) -> Rows:
        alive = {(row.environment, row.id): row.alive for row in tx.select(records.Agent)}
        homes = tx.select(records.Home, **which)
        many = {
            (row.environment, row.project_id, row.group): row.load_balancers
            for row in tx.select(records.Residence)
        }
        return tuple(
            (
                row.project_id,
                row.environment,
                row.group,
                row.agent_id,
                row.fence_number,
                many.get((row.environment, row.project_id, row.group), 0),
                "yes" if alive.get((row.environment, row.agent_id)) else "no",
            )
            for row in homes
        )

    return store.read(work)


def event_rows(store: Store, which: Wanted, most: int) -> Rows:
    """Return the latest events, oldest first, under EVENT_COLUMNS."""
    rows = store.read(lambda tx: tx.select(records.Event, order_by="-number", limit=most, **which))
    latest = sorted(rows, key=lambda row: (row.at, row.environment, row.number))[-most:]
    return tuple(
        (
            row.number,
            Told(row.at, _time(row.at)),
            row.environment,
            row.kind,
            row.subject,
            row.text,
            row.request_id or "-",
        )
        for row in latest
    )


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """One device of a group. agents: id -> whether it is alive. level_later: load balancers.

    covered_s: how long ago the newest report came that has read it; None: none has. standings: id
    of a living agent -> how the device does, as that one says. now: the database's clock.
    """

    serial: str
    environment: str
    group: int
    agents: Mapping[str, bool]
    covered_s: float | None
    level_later: tuple[str, ...]
    standings: Mapping[str, DeviceStanding]
    now: float


def known_devices(store: Store, environment: str | None = None) -> tuple[KnownDevice, ...]:
    """Return the devices of all groups, by environment, group and serial number."""

    def work(tx: Transaction) -> tuple[KnownDevice, ...]:
        which = wanted(environment=environment)
        agents, covered = defaultdict(dict), {}  # type: ignore[var-annotated]
        standings: dict[Any, dict[str, DeviceStanding]] = defaultdict(dict)
        for agent in tx.select(records.Agent, **which):
            for serial in agent.devices:
                agents[agent.environment, agent.group, serial][agent.id] = agent.alive
        for row in tx.select(records.Report, **which):
            for serial in row.report.devices:
                key = (row.environment, row.group, serial)
                covered[key] = max(row.received_at, covered.get(key, 0.0))
            for standing in row.report.standings:
                key = (row.environment, row.group, standing.device)
                if agents[key].get(row.agent_id):
                    standings[key][row.agent_id] = standing
        later = _level_later(tx, which)
        found = {
            (group.environment, group.number, serial)
            for group in tx.select(records.Group, **which)
            for serial in group.devices
        }
        return tuple(
            KnownDevice(
                key[2],
                key[0],
                key[1],
                agents[key],
                tx.now() - covered[key] if key in covered else None,
                later.get((key[0], key[2]), ()),
                standings[key],
                tx.now(),
            )
            for key in sorted(found | agents.keys())
        )

    return store.read(work)


def _level_later(tx: Transaction, which: Wanted) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return (environment, serial number) -> load balancers that the device has not got yet."""
    later: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in tx.select(records.LoadBalancer, behind=True, **which):
        for serial in row.unclean:
            later[row.environment, serial].append(row.id)
    return {key: tuple(ids) for key, ids in later.items()}


def device_rows(store: Store, environment: str | None) -> Rows:
    """Return one row per device, under DEVICE_COLUMNS."""
    return tuple(
        (
            device.serial,
            device.environment,
            device.group,
            Told(sum(device.agents.values()), _of_agents(device)),
            _state(device),
            told_span(device.covered_s, "never"),
            len(device.level_later),
        )
        for device in known_devices(store, environment)
    )


def _of_agents(device: KnownDevice) -> str:
    alive = Counter(device.agents.values())[True]
    return f"{alive} of {len(device.agents)} alive"


def _state(device: KnownDevice) -> str:
    """Return how a device does: one word if all agents say the same."""
    said = Counter(map(_word, device.standings.values()))
    if len(said) == 1:
        return next(iter(said))
    all_of = sum(said.values())
    return ", ".join(f"{word} ({many} of {all_of})" for word, many in sorted(said.items())) or "-"


def _word(standing: DeviceStanding) -> str:
    if not standing.answers:
        return "left alone"
    return "slow" if standing.is_slow else "answers"


def _in_words(standing: DeviceStanding, now: float) -> str:
    """Return all that an agent says of a device."""
    words = [_word(standing)]
    if standing.since_at is not None:
        words[0] += f" since {_time(standing.since_at)}"
    if standing.again_at is not None:
        words.append(f"asked again in {max(0.0, standing.again_at - now):.0f} s")
    words.append(f"{standing.allowed} requests at once, of a share of {standing.share}")
    if standing.said:
        words.append(f"last error: {standing.said}")
    return "; ".join(words)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def device_facts(store: Store, environment: str | None, serial: str) -> dict[str, Any]:
    """Return name -> value of all that is known of a device. Raises RequestRejected."""
    devices = known_devices(store, environment)
    found = [device for device in devices if device.serial == serial]
    if not found:
        known = ", ".join(sorted({device.serial for device in devices})) or "none"
        raise RequestRejected(f"there is no device {serial!r} here; known: {known}")
    if len(found) > 1:
        names = ", ".join(device.environment for device in found)
        raise RequestRejected(f"device {serial} is in several environments: name one of {names}")
    (device,) = found
    return {
        "serial number": device.serial,
        "environment": device.environment,
        "group": device.group,
        "agents": told_list(
            tuple(f"{id_}{'' if alive else ' (not alive)'}" for id_, alive in device.agents.items())
        ),
        "state": _state(device),
        "as agents see it": told_list(
            tuple(
                f"{id_}: {_in_words(one, device.now)}"
                for id_, one in sorted(device.standings.items())
            )
        ),
        "covered by a report": told_span(device.covered_s, "never"),
        "to bring level": told_list(device.level_later),
    }
