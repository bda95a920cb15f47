"""What a controller can be told, as plain values; read from configuration in cmd."""

from dataclasses import dataclass, field

from bigip_lbaas.domain.ids import EnvironmentName
from bigip_lbaas.domain.placement import PlacementRules
from bigip_lbaas.scheduling.ranking import Policies
from bigip_lbaas.scheduling.shipped import SHIPPED

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """One controller's settings.

    policies: the placement policies that are installed; rules.policy names the one that holds.
    heartbeat_interval_s: how often agents beat; more than heartbeats_a_second allows together
    beat less often, each answer says how, and their leases are longer. heartbeat_gather_s: for
    how long heartbeats are gathered before they are written down together.
    lease_s: for how long an answered heartbeat lets an agent write. takeover_margin_s: how much
    longer than the lease an agent must be silent before its homes are taken; covers clocks that
    run at different speeds and the request that an agent had begun.
    report_ttl_s: how long a capacity report counts as fresh; report_gather_s: how long reports
    wait for each other, once some have been written.
    pending_deadline_s: a revision that has not ended by then is told as ERROR.
    resend_s: how long an assignment may stay without an outcome before it is sent again;
    behind_resend_s: the same for what has been told, but is not on every device yet.
    refresh_above: a fresh score is asked for when more than this share of a limit is in flight,
    refresh_pause_s: and how long to wait before the same group is asked again.
    hold_s: how long room is held for a load balancer that has been admitted, but not accepted.
    history_kept_s: how long the spans of the history are kept, for each length of span.
    decisions_kept_s: how long decisions are kept after their load balancer has gone.
    events_kept_s: how long events are kept.
    placed_at_once: how many load balancers a transaction takes on, at most.
    source_patience_s: for how long every agent of a group must have missed the device that they
    write before another one is written.
    device_request_limit: how many requests may be under way at a device at once, over all agents.
    costs_kept_s: how long what was learned of a project is kept after its last load balancer came.
    """

    environment: EnvironmentName
    name: str
    rules: PlacementRules = field(default_factory=PlacementRules)
    policies: Policies = field(default_factory=lambda: SHIPPED, repr=False)
    heartbeat_interval_s: float = 1.0
    heartbeats_a_second: float = 200.0
    heartbeat_gather_s: float = 0.2
    lease_s: float = 3.0
    takeover_margin_s: float = 1.0
    source_patience_s: float = 30.0
    report_ttl_s: float = 30.0
    report_gather_s: float = 0.5
    pending_deadline_s: float = 240.0
    resend_s: float = 5.0
    behind_resend_s: float = 30.0
    watch_interval_s: float = 0.25
    sweep_interval_s: float = 1.0
    refresh_above: float = 0.05
    refresh_pause_s: float = 2.0
    hold_s: float = 30.0
    history_kept_s: tuple[float, float] = (2 * DAY_S, 90 * DAY_S)
    costs_kept_s: float = 90 * DAY_S
    decisions_kept_s: float = 30 * DAY_S
    events_kept_s: float = 90 * DAY_S
    housekeeping_s: float = 60.0
    placed_at_once: int = 128
    device_request_limit: int = 5
    workers: int = 4
    heartbeat_workers: int = 64  # heartbeats that are gathered wait in one each

    @property
    def host(self) -> str:
        """Return the name without what tells controllers of one host apart.

        Queues are called by it: the broker keeps one for each name that was ever used.
        """
        return self.name.partition(":")[0]

    @property
    def silence_s(self) -> float:
        """Return how long an agent must be silent at the least before its homes are taken."""
        return self.lease_s + self.takeover_margin_s
