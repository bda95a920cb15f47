"""A BIG-IP reached over iControl REST: the device port's words as requests.

Source: iControl REST reference, "Reading", "Writing", "Transactions".
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote

import httpx

from bigip_lbaas.domain.errors import DeviceBusy, DeviceRefused, ProviderError
from bigip_lbaas.icontrol.faults import Refusal, commit_fault_from, fault_from
from bigip_lbaas.icontrol.metrics import Metric
from bigip_lbaas.icontrol.port import DeviceIdentity, PartitionStamps, Sample, SyncState
from bigip_lbaas.icontrol.sampling import LONGEST_QUOTE, Sampling, Sources, sample
from bigip_lbaas.icontrol.session import (
    Endpoint,
    Request,
    Session,
    Timed,
    always_allowed,
    untimed,
)
from bigip_lbaas.icontrol.syncing import read_is_active, read_sync_state, sync_command
from bigip_lbaas.ltm.canonical import canonical
from bigip_lbaas.ltm.kinds import DATA_GROUP, KIND_OF, KINDS, PAGE, VIRTUAL_ADDRESS, Kind
from bigip_lbaas.ltm.names import GUARD, STAMP_BEGINS
from bigip_lbaas.ltm.state import Action, Attributes, ObjectPath, State, Step

TM = "/mgmt/tm"
PARTITION = "auth/partition"
Item = Mapping[str, Any]
COUNTED_PAGE = 5000  # objects in one answer with a field or two of each
FOLDER_IS_MISSING = "The requested folder ("  # was not found
UNEXPECTED = (ValueError, KeyError, TypeError, AttributeError)  # what odd answers lead to
P = ParamSpec("P")
A = TypeVar("A")


def _reads(
    method: Callable[Concatenate["RestDevice", P], A],
) -> Callable[Concatenate["RestDevice", P], A]:
    """Let a method that only reads say DeviceBusy when it cannot make sense of the answers."""

    @wraps(method)
    def reading(self: "RestDevice", /, *args: P.args, **named: P.kwargs) -> A:
        try:
            return method(self, *args, **named)
        except UNEXPECTED as error:
            doing = method.__name__.replace("_", " ")
            raise DeviceBusy(
                self.name, f"gives an unexpected answer when asked for its {doing} ({_cut(error)})"
            ) from error

    return reading


class RestDevice:
    """One BIG-IP over HTTPS; see the port for what its methods promise."""

    def __init__(
        self,
        endpoint: Endpoint,
        may_write: Callable[[], None] = always_allowed,
        timed: Timed = untimed,
    ) -> None:
        """Connect to nothing yet: a device that is off can still be constructed."""
        self._session = Session(endpoint, may_write, timed=timed)
        self.room = self._session.room  # how many requests may be under way at once
        self._committing = threading.Lock()  # commits that overlap fail on the device
        self._unsaved = False

    @property
    def name(self) -> str:
        """Return the configured name."""
        return self._session.endpoint.name

    @property
    def requests(self) -> int:
        """Return how many requests have been sent, logins included."""
        return self._session.requests

    @property
    def is_unsaved(self) -> bool:
        """Return whether something was changed through this object since the last save began."""
        return self._unsaved

    def save(self) -> None:
        """Have the device keep its running configuration over a reboot."""
        self._unsaved = False  # before: what is changed meanwhile may not be in it
        try:
            answer = self._session.send(Request("POST", f"{TM}/sys/config", {"command": "save"}))
            self._must_succeed(answer, "saving its configuration")
        except ProviderError:
            self._unsaved = True
            raise

    def close(self) -> None:
        """Log out and disconnect."""
        self._session.close()

    @_reads
    def identity(self) -> DeviceIdentity:
        """Read which device this is, from its own entry in the device trust."""
        for item in self.items("cm/device", {}, "reading its identity"):
            if item.get("selfDevice") == "true":
                serial = str(item.get("chassisId") or "").strip()
                if not serial:
                    raise DeviceBusy(
                        self.name, "does not say its serial number (cm/device, chassisId is empty)"
                    )
                return DeviceIdentity(
                    serial,
                    str(item.get("hostname", "")),
                    str(item.get("version", "")),
                )
        raise DeviceBusy(self.name, "does not say which device it is (cm/device names no self)")

    @_reads
    def partitions(self) -> frozenset[str]:
        """Read the names of all partitions."""
        found = self.items(PARTITION, {"$select": "name"}, "reading its partitions")
        return frozenset(str(item["name"]) for item in found)

    @_reads
    def stamps(self, partition: str) -> PartitionStamps | None:
        """Read who writes in a partition; None when the device says that there is none."""
        query = {"$filter": f"partition eq {partition}", "$select": "name"}
        try:
            found = self._data_groups(query, f"reading the stamp of {partition}")
        except DeviceRefused as refused:
            if FOLDER_IS_MISSING not in refused.said:
                raise
            return None  # said so by some releases, where others show nothing
        if found:
            return _stamps(str(item["name"]) for item in found)
        response = self._session.send(Request("GET", _uri(PARTITION, partition)))
        if response.is_success:
            return PartitionStamps()
        refusal = Refusal.of(response.status_code, response.text)
        if refusal.is_missing_object:
            return None
        raise fault_from(self.name, refusal, f"reading partition {partition}")

    @_reads
    def all_stamps(self) -> Mapping[str, PartitionStamps]:
        """Read who writes in every partition that has a stamp or a guard."""
        names: dict[str, list[str]] = {}
        query = {"$select": "name,partition"}
        for item in self.items(DATA_GROUP, query, "reading all stamps", COUNTED_PAGE):
            if str(item["name"]).startswith(STAMP_BEGINS):
                names.setdefault(str(item["partition"]), []).append(str(item["name"]))
        return {partition: _stamps(found) for partition, found in names.items()}

    @_reads
    def virtual_addresses(self) -> State:
        """Read the virtual addresses of all partitions, with address and description only."""
        shown = ("address", "description")
        query = {"$select": ",".join(("name", "partition", "subPath", *shown))}
        return {
            ObjectPath(VIRTUAL_ADDRESS, str(item["partition"]), str(item["name"])): {
                name: item[name] for name in shown if name in item
            }
            for item in self.items(VIRTUAL_ADDRESS, query, "reading all virtual addresses")
            if "subPath" not in item  # deeper folders are not ours
        }

    @_reads
    def read(self, partition: str) -> State:
        """Read all objects of a partition, of the kinds that we write."""
        try:
            return {
                path: attributes for kind in KINDS for path, attributes in self._of(kind, partition)
            }
        except DeviceRefused as refused:
            if FOLDER_IS_MISSING not in refused.said:
                raise
            return {}

    def contents(self, owns: Callable[[str], bool]) -> Iterator[tuple[ObjectPath, Attributes]]:
        """Read all objects of the kinds that we write in all partitions whose names it owns."""
        for kind in KINDS:
            yield from self._of_all(kind, owns)

    @_reads
    def object(self, path: ObjectPath) -> Attributes | None:
        """Read one object; None when it is not there."""
        kind = KIND_OF[path.collection]
        query = {"$select": ",".join(_fields(kind))}
        if kind.expanded:
            query["expandSubcollections"] = "true"
        response = self._session.send(
            Request("GET", _uri(kind.collection, path.full), params=query)
        )
        refusal = Refusal.of(response.status_code, response.text)
        if refusal.is_missing_object:
            return None
        doing = f"reading {path.collection} {path.full}"
        self._must_succeed(response, doing)
        return canonical(path.collection, path.partition, self._body(response, doing))

    def create_partition(self, partition: str) -> bool:
        """Make a partition; False when it is there already."""
        self._unsaved = True
        response = self._session.send(Request("POST", f"{TM}/{PARTITION}", {"name": partition}))
        if response.status_code == httpx.codes.CONFLICT:
            return False
        self._must_succeed(response, f"creating partition {partition}")
        return True

    def delete_partition(self, partition: str) -> None:
        """Take an empty partition away; one that is not there is no error."""
        self._unsaved = True
        response = self._session.send(Request("DELETE", _uri(PARTITION, partition)))
        refusal = Refusal.of(response.status_code, response.text)
        if not refusal.is_missing_object:
            self._must_succeed(response, f"deleting partition {partition}")

    def commit(self, steps: Sequence[Step], stamps: Collection[str] = ()) -> None:
        """Carry out `steps` in one transaction: all of them or none."""
        with self._committing:
            started = self._session.send(Request("POST", f"{TM}/transaction", {}))
            self._must_succeed(started, "starting a transaction")
            transaction = str(self._body(started, "starting a transaction").get("transId", ""))
            if not transaction:
                raise DeviceBusy(self.name, "starts a transaction without saying its number")
            for step in steps:
                self._queue(step, transaction)
            self._unsaved = True  # also when no answer comes: it may have been carried out
            committed = self._session.send(
                Request(
                    "PATCH",
                    f"{TM}/transaction/{transaction}",
                    {"state": "VALIDATING"},
                    is_commit=True,
                )
            )
        if not committed.is_success:
            refusal = Refusal.of(committed.status_code, committed.text)
            raise commit_fault_from(self.name, refusal, stamps)

    def sample(
        self, metrics: Mapping[str, Metric], owns: Callable[[str], bool] | None = None
    ) -> Sample:
        """Read capacity metrics, each source once."""
        sources = Sources(
            lambda path: self.get(f"{TM}/{_statistics(path)}", {}, f"reading {path}"),
            lambda collection, fields: self.items(
                collection, {"$select": ",".join(fields)}, f"counting {collection}", COUNTED_PAGE
            ),
            time.monotonic,
        )
        return sample(Sampling(sources, owns), metrics, self.name)

    @_reads
    def is_active(self) -> bool:
        """Read whether the device is active for any traffic group, from the device trust."""
        doing = "reading whether it is active"
        return read_is_active(lambda path, query: self.items(path, query, doing))

    @_reads
    def sync_state(self) -> SyncState:
        """Read whether it and its peers have the same configuration."""
        doing = "reading how it is synchronised"
        return read_sync_state(
            lambda path: self.get(f"{TM}/{path}", {}, doing),
            lambda collection, query: self.items(collection, query, doing),
        )

    def sync_to_group(self, group: str) -> None:
        """Have its configuration replace that of its peers in the device group."""
        answer = self._session.send(Request("POST", f"{TM}/cm", sync_command(group)))
        self._must_succeed(answer, "synchronising its device group")

    def items(
        self, collection: str, query: Mapping[str, str], doing: str, page: int = PAGE
    ) -> Iterator[Item]:
        """Read a collection page by page.

        A device that does not page answers everything at once, or again, which ends it too.
        """
        skip = 0
        found: list[Item] = []
        while True:
            params = {**query, "$top": str(page), "$skip": str(skip)}
            body = self.get(f"{TM}/{collection}", params, doing)
            before, found = found, body.get("items", [])  # an empty collection may have none
            if found == before:
                return
            yield from found
            skip += len(found)
            if len(found) != page or body.get("totalItems") == skip:
                return

    def get(self, path: str, params: Mapping[str, str], doing: str) -> Item:
        """Read one answer."""
        response = self._session.send(Request("GET", path, params=params))
        self._must_succeed(response, doing)
        return self._body(response, doing)

    def _data_groups(self, query: Mapping[str, str], doing: str) -> list[Item]:
        return list(self.items(DATA_GROUP, query, doing))

    def _of(self, kind: Kind, partition: str) -> Iterator[tuple[ObjectPath, Attributes]]:
        select = ["name", "subPath", *_fields(kind)]
        query = {"$filter": f"partition eq {partition}", "$select": ",".join(select)}
        if kind.expanded:
            query["expandSubcollections"] = "true"
        doing = f"reading {kind.collection} of {partition}"
        for item in self.items(kind.collection, query, doing, kind.page_size):
            if "subPath" not in item:  # deeper folders are not ours
                path = ObjectPath(kind.collection, partition, str(item["name"]))
                yield path, canonical(kind.collection, partition, item)

    def _of_all(
        self, kind: Kind, owns: Callable[[str], bool]
    ) -> Iterator[tuple[ObjectPath, Attributes]]:
        select = ["name", "partition", "subPath", *_fields(kind)]
        query = {"$select": ",".join(select)}
        if kind.expanded:
            query["expandSubcollections"] = "true"
        doing = f"reading {kind.collection} of all partitions"
        page = COUNTED_PAGE if len(kind.attributes) == 1 else kind.page_size
        try:
            for item in self.items(kind.collection, query, doing, page):
                partition = str(item["partition"])
                if "subPath" not in item and owns(partition):
                    path = ObjectPath(kind.collection, partition, str(item["name"]))
                    yield path, canonical(kind.collection, partition, item)
        except UNEXPECTED as error:
            raise DeviceBusy(
                self.name, f"gives an unexpected answer when asked for {doing} ({_cut(error)})"
            ) from error

    def _queue(self, step: Step, transaction: str) -> None:
        method, uri, body = _command(step)
        headers = {"X-F5-REST-Coordination-Id": transaction}
        response = self._session.send(Request(method, uri, body, headers=headers))
        if response.status_code == httpx.codes.NOT_FOUND:
            # queued commands are not checked, so it is the transaction that is gone
            raise DeviceBusy(self.name, "dropped a transaction before it was committed")
        self._must_succeed(response, f"queueing {step.action.value} {step.path.full}")

    def _body(self, response: httpx.Response, doing: str) -> dict[str, Any]:
        """Return the answer's JSON object. Raises: DeviceBusy when it is something else."""
        try:
            body = response.json()
        except ValueError:  # a proxy's page, or half an answer
            body = None
        if not isinstance(body, dict):
            said = Refusal.of(response.status_code, response.text).message[:LONGEST_QUOTE]
            raise DeviceBusy(self.name, f"answers {doing} with no JSON object ({said!r})")
        return body

    def _must_succeed(self, response: httpx.Response, doing: str) -> None:
        if not response.is_success:
            raise fault_from(self.name, Refusal.of(response.status_code, response.text), doing)


def _fields(kind: Kind) -> list[str]:
    """Return what is selected of a kind."""
    return [f"{a}Reference" if a == kind.expanded else a for a in kind.attributes]


def _statistics(path: str) -> str:
    """Return where the statistics of a path are: `sys` shows them by itself."""
    return path if path.startswith("sys/") else f"{path}/stats"


def _cut(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_QUOTE]


def _command(step: Step) -> tuple[str, str, Mapping[str, Any] | None]:
    """Return method, path and body of one step."""
    path = step.path
    if step.action is Action.CREATE:
        body = {"name": path.name, "partition": path.partition, **step.attributes}
        return "POST", f"{TM}/{path.collection}", body
    uri = _uri(path.collection, path.full)
    if step.action is Action.CHANGE:
        return "PATCH", uri, step.attributes
    return "DELETE", uri, None


def _uri(collection: str, name: str) -> str:
    return f"{TM}/{collection}/{quote(name.replace('/', '~'), safe='~:')}"


def _stamps(names: Collection[str] | Iterator[str]) -> PartitionStamps:
    found = sorted(names)
    return PartitionStamps(
        tuple(name for name in found if name.startswith(STAMP_BEGINS) and name != GUARD),
        GUARD in found,
    )
