"""Writes the configuration samples of deploy/samples with oslo-config-generator, from the code."""

import argparse
import io
import sys
from pathlib import Path

from oslo_config import cfg, generator

DIRECTORY = Path(__file__).parent.parent / "deploy" / "samples"
SECRETS = """\
# This file holds secrets. Every account of a host can read the command lines of its processes, so
# controllers, agents and drivers take secrets from files like this one and from nowhere else; the
# operator's commands read a database's URL from the variable BIGIP_LBAAS_DATABASE."""
OURS = """
# Owner root, group bigip-lbaas, mode 0640; its directory 0750."""
HEADS = {
    "controller": f"""\
# A controller's configuration; all options at their defaults. Set at least [f5] transport_url and
# database_connection. bigip-lbaas-db-manage reads the same file.
#
{SECRETS}{OURS}""",
    "agent": f"""\
# An agent's configuration; all options at their defaults. Set at least environment_group_number,
# icontrol_hostname, icontrol_username, icontrol_password_file, f5_ha_type and [f5] transport_url.
# Under systemd set lock_directory = /run/bigip-lbaas: the service has a temporary directory of its
# own, which agents beside it do not see.
#
{SECRETS}{OURS}
# The devices' password may stand in a separate file (icontrol_password_file), equally closed.""",
    "octavia": f"""\
# What the driver reads in octavia.conf; all options at their defaults. Set at least transport_url
# and database_connection, and in octavia.conf besides:
#   [api_settings] enabled_provider_drivers = f5:F5 BIG-IP
#   [driver_agent] enabled_provider_agents = f5_status_agent
# A provider added with 'bigip-lbaas provider add NAME' has a section [f5_NAME] with these options.
#
{SECRETS}
# Owner root, group octavia, mode 0640.""",
}
NAMESPACES = {
    "controller": "bigip_lbaas.controller",
    "agent": "bigip_lbaas.agent",
    "octavia": "bigip_lbaas.driver",
}


def sample(name: str) -> str:
    """Return the text of one sample."""
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    conf(["--namespace", NAMESPACES[name], "--wrap-width", "98"], default_config_files=[])
    text = io.StringIO()
    generator.generate(conf, text)
    options = text.getvalue().removeprefix("[DEFAULT]\n\n\n")  # where that section has none
    return f"{HEADS[name]}\n\n{options}"


def stale() -> list[str]:
    """Return the samples that are not what the code says."""
    paths = {name: DIRECTORY / f"{name}.conf.sample" for name in NAMESPACES}
    return [
        path.name
        for name, path in paths.items()
        if not path.is_file() or path.read_text(encoding="utf-8") != sample(name)
    ]


def main() -> int:
    """Write the samples, or say which are stale; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say which samples are stale")
    if parser.parse_args().check:
        found = stale()
        if found:
            print(f"stale in deploy/samples: {', '.join(found)}; run make docs")
        return 1 if found else 0
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name in NAMESPACES:
        (DIRECTORY / f"{name}.conf.sample").write_text(sample(name), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
