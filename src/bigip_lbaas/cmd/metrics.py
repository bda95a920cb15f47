"""Finds the capacity metrics: the established ones, and those that distributions bring along."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any

from stevedore import ExtensionManager

from bigip_lbaas.domain.errors import ConfigurationRefused
from bigip_lbaas.icontrol.metrics import ESTABLISHED, Metric
from bigip_lbaas.scheduling.capacity_policy import CapacityPolicy, parse

NAMESPACE = "bigip_lbaas.capacity_metrics"


@dataclass(frozen=True, slots=True)
class Metrics:
    """What can be measured; broken: name -> why that one cannot be used."""

    usable: Mapping[str, Metric]
    broken: Mapping[str, str] = field(default_factory=dict)

    def policy(self, text: str, option: str = "capacity_policy") -> CapacityPolicy:
        """Return the policy that `text` says. Raises ConfigurationRefused, naming the metric."""
        for name, why in sorted(self.broken.items()):
            if any(item.partition(":")[0].strip() == name for item in text.split(",")):
                raise ConfigurationRefused(
                    f"{option}: the metric {name} cannot be used: {why}."
                    f" The whole value is {text!r}."
                )
        return parse(text, frozenset(self.usable), option)


def load_metrics() -> Metrics:
    """Return all metrics of this installation.

    One that cannot be loaded is no error until a policy names it.
    """
    usable: dict[str, Metric] = dict(ESTABLISHED)
    broken: dict[str, str] = {}

    def note(_manager: object, point: EntryPoint, error: BaseException) -> None:
        broken[point.name] = f"{point.value} cannot be loaded ({error})"

    manager: ExtensionManager[Any] = ExtensionManager(NAMESPACE, on_load_failure_callback=note)
    for extension in manager:
        name, said = extension.name, extension.entry_point.value
        plugin: object = extension.plugin
        if name in ESTABLISHED:
            broken[name] = f"{said} has the name of an established metric"
        elif not isinstance(plugin, Metric):
            broken[name] = f"{said} is no Metric of bigip_lbaas.icontrol.metrics"
        elif usable.get(name, plugin) != plugin:
            broken[name] = f"{said} is not the only one of that name"
        else:
            usable[name] = plugin
    return Metrics({name: one for name, one in usable.items() if name not in broken}, broken)
