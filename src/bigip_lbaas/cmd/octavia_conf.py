"""What stands in octavia.conf of each stack that runs the real API: no authentication, no queue."""

from pathlib import Path

PROVIDER = "f5"
QUIET = "octavia_lib=WARNING,wsme=WARNING,oslo=WARNING,stevedore=WARNING"

_TEXT = """\
# Written at each start of the stack; changes are lost.
[DEFAULT]
transport_url = fake://
{logs}
[oslo_messaging_notifications]
driver = noop
[api_settings]
auth_strategy = noauth
enabled_provider_drivers = {provider}:F5 BIG-IP
default_provider_driver = {provider}
healthcheck_enabled = True
[database]
connection = {database}
[controller_worker]
network_driver = bigip_lbaas_loopback
[certificates]
cert_manager = local_cert_manager
storage_path = {state_dir}/certificates
[driver_agent]
status_socket_path = {sockets}/status.sock
stats_socket_path = {sockets}/stats.sock
get_socket_path = {sockets}/get.sock
"""


def octavia_conf(state_dir: Path, sockets: Path, database: str, logs: str) -> str:
    """Return the file's text; it ends in the section [driver_agent].

    sockets: the directory of the driver agent's three. logs: lines of [DEFAULT].
    """
    return _TEXT.format(
        state_dir=state_dir, sockets=sockets, database=database, logs=logs, provider=PROVIDER
    )
