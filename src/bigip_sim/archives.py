"""Archives of the configuration (UCS): saved, loaded, listed and deleted, by REST and by tmsh.

They are files below /var/local/ucs, so that they go up and down like any file; what is in them is
the simulator's own. The form of the list is recorded from 14.1.2.6; what `load` does beyond the
configuration, and the words of its refusals, are unverified.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bigip_sim import refusals
from bigip_sim.reading import BASE
from bigip_sim.refusals import RefusedError
from bigip_sim.state import as_item, as_line, is_own

if TYPE_CHECKING:
    from bigip_sim.actions import Call
    from bigip_sim.device import Device

FOLDER = "/var/local/ucs"
PATH = "sys/ucs"
Json = dict[str, object]


def save(call: "Call") -> Mapping[str, object]:
    """POST sys/ucs {"command": "save", "name": …}."""
    device = call.device
    with device.configuration.reading() as tree:
        line = as_line(filter(is_own, tree.items.values()), (), tree.generation)
    device.uploads.write(_path(call.body), json.dumps(line).encode())
    return {}


def load(call: "Call") -> Mapping[str, object]:
    """POST sys/ucs {"command": "load", "name": …}: what it holds runs and is saved."""
    path = _path(call.body)
    content = call.device.uploads.read(path)
    if content is None:
        raise RefusedError(404, f"UCS file {path} was not found.", refusals.ICRD)
    try:
        items = [as_item(entry) for entry in json.loads(content)["objects"]]
    except (ValueError, KeyError, TypeError) as error:
        text = f"{path} is no archive that bigip-sim has saved"
        raise RefusedError(400, text, refusals.ICRD) from error
    call.device.saved.become({item.key: item for item in items})
    return {}


def names(device: "Device") -> list[str]:
    """Return the names of the archives."""
    inside = f"{FOLDER}/"
    return [p.removeprefix(inside) for p in device.uploads.paths() if p.startswith(inside)]


def delete(device: "Device", name: str) -> None:
    """DELETE sys/ucs/<name>."""
    if not device.uploads.remove(_path({"name": name})):
        raise RefusedError(404, f"UCS file {name} was not found.", refusals.ICRD)


def listing(device: "Device") -> Json:
    """GET sys/ucs."""
    link = f"{BASE}/{PATH}?ver={device.identity.version}"
    items = [_item(device, f"{FOLDER}/{name}") for name in names(device)]
    return {"kind": "tm:sys:ucs:ucscollectionstate", "selfLink": link, "items": items}


def _item(device: "Device", path: str) -> Json:
    me, content = device.identity, device.uploads.read(path) or b""
    raw = {
        "base_build": me.build,
        "build": me.build,
        "edition": me.edition,
        "encrypted": "no",
        "file_created_date": device.configuration.about.now(),
        "file_size": f"{len(content)} (in bytes)",
        "filename": path,
        "product": "BIG-IP",
        "version": me.version,
    }
    return {"kind": "tm:sys:ucs:ucsstate", "generation": 0, "apiRawValues": raw}


def _path(body: Mapping[str, object]) -> str:
    name = str(body.get("name", "")).removeprefix(f"{FOLDER}/")
    if name.startswith("/"):  # tmsh takes a full path: bigip-utils saves to /shared/images
        return name if name.endswith(".ucs") else f"{name}.ucs"
    if not name or "/" in name:
        raise refusals.invalid_value("name", body.get("name"))
    return f"{FOLDER}/{name if name.endswith('.ucs') else f'{name}.ucs'}"
