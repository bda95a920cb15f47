"""Writes the configuration samples of deploy/samples with oslo-config-generator, from the code."""

import io
import sys

from oslo_config import cfg, generator
from written import write_or_check

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


def samples() -> dict[str, str]:
    """Return the texts of all samples by file name."""
    return {f"{name}.conf.sample": sample(name) for name in NAMESPACES}


if __name__ == "__main__":
    sys.exit(write_or_check(str(__doc__), "deploy/samples", samples))
