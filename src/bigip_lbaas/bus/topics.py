"""The queues' names, as operators of the established driver and agent know them."""

from bigip_lbaas.domain.ids import EnvironmentName


def global_queue(environment: EnvironmentName) -> str:
    """Return the queue from which all controllers of an environment take in turn."""
    return f"f5-lbaasv2-process-on-controller_{environment}"


def heartbeat_queue(environment: EnvironmentName) -> str:
    """Return the queue of registrations and heartbeats, which never wait behind work."""
    return f"{global_queue(environment)}_heartbeat"


def agent_queue(environment: EnvironmentName, agent_id: str) -> str:
    """Return an agent's own queue."""
    return f"f5-lbaasv2-process-on-agent_{environment}.{agent_id}"
