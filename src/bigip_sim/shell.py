"""The few shell commands that clients run through REST, answered from what the device knows.

Source: iControl REST reference, section 3.11 (`cat /VERSION`, `/proc/uptime`).
"""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigip_sim.device import Device


def run(device: "Device", arguments: str) -> Mapping[str, object]:
    """POST util/bash: `-c 'cat /VERSION'`. There is a commandResult only if there is output."""
    words = shlex.split(arguments)
    output = _bash(device, words[1]) if words[:1] == ["-c"] and len(words) > 1 else ""
    return {"commandResult": output} if output else {}


def _bash(device: "Device", line: str) -> str:
    words = shlex.split(line)
    if words[:1] != ["cat"] or len(words) != 2:
        return f"bash: bigip-sim does not run: {line}\n"
    content = _file(device, words[1])
    return f"cat: {words[1]}: No such file or directory\n" if content is None else content


def _file(device: "Device", path: str) -> str | None:
    if path == "/VERSION":
        return _version_file(device)
    if path == "/proc/uptime":
        up_s = device.uptime_s()
        return f"{up_s:.2f} {up_s:.2f}\n"
    content = device.uploads.read(path)
    return None if content is None else content.decode(errors="replace")


def _version_file(device: "Device") -> str:
    """The fields are those that f5-ansible reads; their order is unverified."""
    me = device.identity
    return (
        f"Product: BIG-IP\nVersion: {me.version}\nBuild: {me.build}\nBaseBuild: {me.build}\n"
        f"Edition: {me.edition}\n"
    )
