"""How monitors, profiles and persistence are kept. Source: reference, sections 3.4 and 3.9."""

from bigip_sim import refusals
from bigip_sim.shaping import Write, full


def monitor(write: Write) -> None:
    """A monitor has another parent than itself, and times that make sense."""
    parent = write.own.get("defaultsFrom")
    if parent is None:
        return
    write.own["defaultsFrom"] = full(parent)
    if write.own["defaultsFrom"] == write.key.name:
        raise refusals.configuration_error("A monitor may not default from itself")
    for field in ("interval", "timeout"):
        value = write.own.get(field, 1)
        if isinstance(value, int) and value < (field == "timeout"):
            raise refusals.invalid_value(field, value)


def inheriting(write: Write) -> None:
    """What is not set follows the parent."""
    parent = write.own.get("defaultsFrom", "none")
    if parent != "none":
        write.own["defaultsFrom"] = full(parent)
