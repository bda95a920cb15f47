"""Loads what third parties may add: the placement policies that are installed."""

from types import MappingProxyType
from typing import Any

from stevedore import ExtensionManager

from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.scheduling.ranking import Policies

POLICIES = "bigip_lbaas.placement_policies"


def load_policies(namespace: str = POLICIES) -> Policies:
    """Return the installed policies: name -> policy. Raises ConfigurationRefused."""

    def refuse(_extensions: Any, entry_point: Any, error: BaseException) -> None:
        raise ConfigurationRefused(
            f"placement policy {entry_point.name} ({entry_point.value}) cannot be loaded: {error}."
            " Mend or uninstall the package that brings it."
        ) from error

    found = ExtensionManager(namespace, invoke_on_load=True, on_load_failure_callback=refuse)
    names = found.names()
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigurationRefused(
            f"placement policy {twice[0]} is brought by two packages; uninstall one of them"
        )
    objects: dict[str, Any] = {extension.name: extension.obj for extension in found}
    return MappingProxyType(objects)
