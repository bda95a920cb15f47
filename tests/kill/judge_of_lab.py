"""Tells a judge where to look in a lab."""

from collections.abc import Mapping

from sqlalchemy import make_url

from bigip_lbaas.cmd.lab.stack import Lab
from tests.kill.judge import Device, Judge

USERNAME = "lbaas"


def judge_of(lab: Lab) -> Judge:
    """Return the judge of a lab: it is told where to look, and nothing else."""
    url = make_url(lab.owned.our_url)
    password = lab.simulators.password_file.read_text().strip()
    devices: Mapping[int, tuple[Device, ...]] = {
        int(group): tuple(
            Device(
                name,
                f"https://{lab.simulators.devices[name].management}",
                (USERNAME, password),
                lab.simulators.event_log(name),
            )
            for name in names
        )
        for group, names in lab.settings.devices.items()
    }
    database = {
        "host": url.host, "port": url.port or 3306, "user": url.username,
        "password": url.password or "", "database": url.database,
    }  # fmt: skip
    return Judge(lab.endpoint, database, lab.owned.environment, devices)
