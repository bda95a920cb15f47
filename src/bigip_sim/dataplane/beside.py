"""What HAProxy cannot do, done beside it: probes of other kinds, and datagrams."""

from collections.abc import Mapping

from bigip_sim.dataplane.aside import Aside
from bigip_sim.dataplane.parts import Datagrams
from bigip_sim.dataplane.probes import Prober, Report
from bigip_sim.dataplane.udp import Choices, Forwarder
from bigip_sim.dataplane.verdicts import Target
from bigip_sim.traffic import Counters


class Beside:
    """A prober and a forwarder in one event loop; begins when there is something to do."""

    def __init__(self, report: Report) -> None:
        self._aside = Aside()
        self._prober = Prober(report)
        self._forwarder = Forwarder()
        self._targets: frozenset[Target] = frozenset()
        self._datagrams: tuple[Datagrams, ...] = ()
        self._choices: Mapping[str, Choices] = {}
        self._refused: dict[str, str] = {}

    @property
    def listening(self) -> int:
        """Return how many UDP virtual servers are listened for."""
        return len(self._datagrams) - len(self._refused)

    @property
    def problems(self) -> list[str]:
        """Return what cannot be done, as sentences."""
        limited = any(t.check.how == "ping" for t in self._targets) and self._prober.limited
        said = [f"virtual server {name} {why}" for name, why in self._refused.items()]
        return [*said, *([limited] if limited else [])]

    def watch(self, targets: frozenset[Target]) -> None:
        """Ask these from now on, and no others."""
        if targets != self._targets:
            self._targets = targets
            self._aside.ask(self._prober.watch(targets))

    def listen(self, datagrams: tuple[Datagrams, ...]) -> bool:
        """Listen for these and no others; returns whether all of them could."""
        if datagrams != self._datagrams or self._refused:
            self._datagrams = datagrams
            self._refused = self._aside.ask(self._forwarder.listen(datagrams))
        return not self._refused

    def choose(self, choices: Mapping[str, Choices]) -> None:
        """Take over whom the datagrams of each pool may go to."""
        if choices != self._choices:
            self._choices = choices
            self._aside.ask(self._forwarder.choose(choices))

    def counters(self) -> dict[str, Counters]:
        """Return what datagrams amount to, by virtual server and member id."""
        return self._forwarder.counters()

    def stop(self) -> None:
        """End everything."""
        if self._datagrams:
            self.listen(())
        self._aside.stop()
        self._prober.close()
