"""Says what is wrong between API, database and devices. Imports nothing of what it judges.

Reads the API as its users do, the database's tables as they are, the devices over iControl REST,
and the log of all requests that each device keeps.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pymysql

Found = dict[str, dict[str, Any]]
STAMP = re.compile(r"stamp_(\d+)\.([0-9a-f]+)\.(\d+)")
KINDS = ("ltm/virtual", "ltm/virtual-address", "ltm/pool", "ltm/node", "ltm/data-group/internal")


@dataclass(frozen=True)
class Device:
    """How a device is reached, and where it tells all requests."""

    name: str
    url: str
    account: tuple[str, str]
    events: Path


@dataclass(frozen=True)
class Judge:
    """One lab as it can be seen from outside. database: of pymysql's connect."""

    endpoint: str
    database: Mapping[str, Any]
    environment: str
    devices_of_group: Mapping[int, tuple[Device, ...]]

    def disagreements(self, true_reason: str = "$.") -> list[str]:
        """Return what does not fit together now; while work is under way that is a lot.

        true_reason: what must stand in the reason of a load balancer that may be in ERROR, a
        regular expression; none may be unless it is said.
        """
        try:
            api = self.balancers()
        except (KeyError, httpx.HTTPStatusError):
            return ["API: it changed while it was read"]
        rows = self._rows("SELECT * FROM bigip_lbaas_load_balancer")
        failed = {
            row["id"]
            for row in rows
            if row["phase"] == "failed" and re.search(true_reason, row["reason"])
        }
        told = {lb["id"] for lb in api.values() if lb["provisioning_status"] == "ERROR"} & failed
        api = {id_: lb for id_, lb in api.items() if id_ not in told}
        rows = [row for row in rows if row["id"] not in told]
        groups = {
            row["load_balancer_id"]: row["group"]
            for row in self._rows("SELECT * FROM bigip_lbaas_placement_row")
        }
        found = [*_statuses(api, rows), *_graphs(api, rows)]
        for group, devices in self.devices_of_group.items():
            here = [lb for lb in api.values() if groups.get(lb["id"]) == group]
            wanted = self.wanted(here)
            for device in devices:
                found += differences(device.name, wanted, self.content(device))
        return found

    def balancers(self) -> Found:
        """Return what the API shows of all load balancers, with what is under them."""
        with httpx.Client(base_url=f"{self.endpoint}/v2/lbaas", timeout=60) as client:

            def all_of(plural: str) -> Found:
                answer = client.get(f"/{plural}")
                answer.raise_for_status()
                return {item["id"]: item for item in answer.json()[plural]}

            balancers, listeners, pools = map(all_of, ("loadbalancers", "listeners", "pools"))
            for pool in pools.values():
                pool["members"] = client.get(f"/pools/{pool['id']}/members").json()["members"]
            for lb in balancers.values():
                lb["listeners"] = [listeners[each["id"]] for each in lb["listeners"]]
                lb["pools"] = [pools[each["id"]] for each in lb["pools"]]
        return balancers

    def _rows(self, question: str) -> list[dict[str, Any]]:
        connection = pymysql.connect(
            **self.database, cursorclass=pymysql.cursors.DictCursor, autocommit=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())

    def wanted(self, balancers: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return partition -> what must be there: kind and name -> what matters of it."""
        wanted: dict[str, dict[str, Any]] = defaultdict(dict)
        for lb in balancers:
            content = wanted[f"{self.environment}_{lb['project_id']}"]
            named = {kind: f"{kind} {self.environment}_" for kind in KINDS}
            content[f"{named['ltm/virtual-address']}{lb['id']}"] = lb["vip_address"]
            for listener in lb["listeners"]:
                limit = max(0, listener["connection_limit"])
                destination = f"{lb['vip_address']}:{listener['protocol_port']}"
                pool = listener["default_pool_id"]
                content[f"{named['ltm/virtual']}{listener['id']}"] = (
                    destination, limit, f"{self.environment}_{pool}",
                )  # fmt: skip
            for pool in lb["pools"]:
                members = sorted(
                    (f"{each['address']}:{each['protocol_port']}", each["weight"])
                    for each in pool["members"]
                )
                content[f"{named['ltm/pool']}{pool['id']}"] = members
                for each in pool["members"]:
                    content[f"ltm/node {each['address']}"] = each["address"]
        return wanted

    def content(self, device: Device) -> dict[str, dict[str, Any]]:
        """Return partition -> what is there, of our partitions."""
        base, account = f"{device.url}/mgmt/tm", device.account
        with httpx.Client(base_url=base, auth=account, verify=False, timeout=60) as client:
            listed = client.get("/auth/partition").json()["items"]
            ours = [one["name"] for one in listed if one["name"].startswith(self.environment)]
            return {name: dict(_read(client, name)) for name in ours}


def _read(client: httpx.Client, partition: str) -> Iterator[tuple[str, Any]]:
    for kind in KINDS:
        query = {"$filter": f"partition eq {partition}", "expandSubcollections": "true"}
        for item in client.get(f"/{kind}", params=query).json().get("items", ()):
            yield f"{kind} {item['name']}", _what_matters(kind, item)


def _what_matters(kind: str, item: Mapping[str, Any]) -> Any:
    match kind:
        case "ltm/virtual":
            pool = item.get("pool", "").rpartition("/")[2]
            return item["destination"].rpartition("/")[2], item["connectionLimit"], pool
        case "ltm/pool":
            members = item["membersReference"].get("items", ())
            return sorted((each["name"], each["ratio"]) for each in members)
        case "ltm/data-group/internal":
            return None
        case _:
            return item["address"]


def _statuses(api: Found, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Every load balancer is ACTIVE, DELETED (and so not shown), or ERROR with a reason."""
    reasons = {row["id"]: row["reason"] for row in rows}
    for lb in api.values():
        status = lb["provisioning_status"]
        if status == "ERROR":
            yield f"API: {lb['name']} {lb['id']} is in ERROR: {reasons.get(lb['id'])!r}"
        elif status != "ACTIVE":
            yield f"API: {lb['name']} {lb['id']} is {status}"
        members = (member for pool in lb["pools"] for member in pool["members"])
        for child in (*lb["listeners"], *lb["pools"], *members):
            if child["provisioning_status"] != "ACTIVE":
                yield f"API: {child['id']} of {lb['name']} is {child['provisioning_status']}"


def _graphs(api: Found, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The database knows the same load balancers as the API, and has carried them out."""
    by_id = {row["id"]: row for row in rows}
    for missing in sorted(api.keys() - by_id.keys()):
        yield f"database: has no {missing}"
    for ghost in sorted(by_id.keys() - api.keys()):
        yield f"database: has {ghost}, {by_id[ghost]['phase']}, which the API has not"
    for id_ in sorted(api.keys() & by_id.keys()):
        if by_id[id_]["phase"] != "applied":
            yield f"database: {id_} is {by_id[id_]['phase']}: {by_id[id_]['reason']}"


def differences(
    device: str, wanted: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    """A device has exactly what the API asks for: nothing missing, nothing left, no orphan."""
    for partition in sorted(wanted.keys() | found.keys()):
        here = dict(found.get(partition, {}))
        marks = sorted(name.partition(" ")[2] for name in here if "data-group" in name)
        here = {name: value for name, value in here.items() if "data-group" not in name}
        asked = wanted.get(partition, {})
        if not asked:
            yield f"{device}: partition {partition} is nobody's, and has {sorted(here)} {marks}"
            continue
        if len(marks) != 2 or marks[-1] != "stamp_guard":
            yield f"{device}: {partition} has the marks {marks}, not a stamp and a guard"
        for name in sorted(asked.keys() | here.keys()):
            if asked.get(name) != here.get(name):
                yield f"{device}: {partition} {name}: {here.get(name)}, not {asked.get(name)}"


def late_writes(device: Device) -> list[str]:
    """Return every write that should not have been, by what the device tells of each request.

    After a commit with a successor's stamp none with a lower fence; a write in a stamped partition
    takes the very stamp out that is there, and puts one in that was never there.
    """
    stamps: dict[str, set[tuple[int, str, int]]] = defaultdict(set)
    highest: dict[str, int] = defaultdict(int)
    ever: set[tuple[str, tuple[int, str, int]]] = set()
    wrong = []
    for line in device.events.read_text().splitlines():
        event = json.loads(line)
        for partition, changes in _by_partition(event.get("changes", ())).items():
            gone, come = _stamps(changes, "deleted"), _stamps(changes, "created")
            what = f"{device.name} request {event['number']}: {partition}"
            if stamps[partition] and not gone and "data-group" in str(changes):
                wrong.append(f"{what}: stamped {come} beside {stamps[partition]}")
            if stamps[partition] and not gone:
                wrong.append(f"{what}: written without taking {stamps[partition]} out")
            for stamp in come:
                if stamp[0] < highest[partition]:
                    wrong.append(f"{what}: fence {stamp[0]} after {highest[partition]}")
                if (partition, stamp) in ever:
                    wrong.append(f"{what}: stamp {stamp} was there before")
                ever.add((partition, stamp))
                highest[partition] = max(highest[partition], stamp[0])
            stamps[partition] = (stamps[partition] - gone) | come
    return wrong


def _by_partition(changes: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for change in changes:
        parts = change["path"].split("/")
        if len(parts) > 2 and "_" in parts[1] and change["kind"].startswith("ltm/"):
            found[parts[1]].append(change)
    return found


def _stamps(changes: Iterable[Mapping[str, Any]], action: str) -> set[tuple[int, str, int]]:
    matches = (
        STAMP.fullmatch(change["path"].rpartition("/")[2])
        for change in changes
        if change["action"] == action
    )
    return {(int(match[1]), match[2], int(match[3])) for match in matches if match}
