"""What the machine under a device says of itself: hardware and licence.

The forms are recorded: hardware from a 14.1.2.1 device on a virtual machine, the licence from a
13.0.0 one; the values are bigip-sim's own. Which modules a licence names is unverified.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from bigip_sim.reading import BASE
from bigip_sim.rendering import text

Json = dict[str, object]

_BLANK = " "  # what a virtual machine has not
_DISK = {
    "SerialNumber": "bigip-sim",
    "Size": "76.00G",
    "Firmware Version": "1.0",
    "Media Type": "HDD",
}
_CPUS = {
    "cache size": "6144 KB",
    "cores": "2  (physical:2)",
    "cpu MHz": "2500.000",
    "cpu sockets": "2",
}
_VALID = "2099/12/31"
_MODULES = {"Local Traffic Manager, VE": "LTM, Base, VE"}


def hardware(serial: str, mac: str) -> Json:
    """Return the entries of `sys/hardware`."""
    path = f"{BASE}/sys/hardware"
    parts: Json = {
        "HD1": _part("HD1", "physical-disk", "bigip-sim disk", _DISK),
        "cpus": _part("cpus", "base-board", "bigip-sim CPU", _CPUS),
    }
    groups: Mapping[str, Json] = {
        "chassis-info": {"0": {"maxMacCount": {"value": 1}, "regKey": text("-")}},
        "hardware-version": parts,
        "platform": {
            "0": {
                "baseMac": text(mac),
                "biosRev": text(_BLANK),
                "cloudName": text(_BLANK),
                "hypervisorName": text("bigip-sim"),
                "marketingName": text("BIG-IP Virtual Edition"),
            }
        },
        "system-info": {
            "0": {
                "bigipChassisSerialNum": text(serial),
                "hostBoardPartRevNum": text(_BLANK),
                "hostBoardSerialNum": text(_BLANK),
                "platform": text("Z100"),
                "project_200LevelBomNum": text(_BLANK),
                "switchBoardPartRevNum": text(_BLANK),
                "switchBoardSerialNum": text(_BLANK),
            }
        },
    }
    return {
        f"{path}/{group}": _nested(
            {f"{path}/{group}/{name}": _nested(fields) for name, fields in entries.items()}
        )
        for group, entries in groups.items()
    }


def licence(version: str, serial: str, now_s: float) -> Json:
    """Return the entries of `sys/license`; it is always valid."""
    path = f"{BASE}/sys/license/0"
    today = f"{datetime.fromtimestamp(now_s, UTC):%Y/%m/%d}"
    modules = {
        f"{path}/active-modules/%22{key.replace(' ', '%20')}%22": _nested(
            {"featureModules": text(f'{{ "{module}" }}'), "key": text(f"{serial[:7].upper()}")}
        )
        for module, key in _MODULES.items()
    }
    return {
        "licenseEndDate": text(_VALID),
        "licenseStartDate": text(today),
        "licensedOnDate": text(today),
        "licensedVersion": text(version),
        "platformId": text("Z100"),
        "registrationKey": text(f"SIMUL-{serial[:5].upper()}"),
        "serviceCheckDate": text(_VALID),
        f"{path}/active-modules": _nested(modules),
    }


def _part(name: str, kind: str, model: str, versions: Mapping[str, str]) -> Json:
    path = f"{BASE}/sys/hardware/hardwareVersion/{name}/versions"  # so in camel case, as recorded
    told = {
        f"{path}/{number}": _nested({"tmName": text(about), "version": text(value)})
        for number, (about, value) in enumerate(versions.items())
    }
    about = {"model": text(model), "tmName": text(name), "type": text(kind)}
    return {**about, path: _nested(told)}


def _nested(entries: object) -> Json:
    return {"nestedStats": {"entries": entries}}
