"""Writes HAProxy's configuration and the states that its servers begin with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bigip_sim.dataplane.checks import CONNECT, PING, Check
from bigip_sim.dataplane.layout import Backend, Frontend, Layout, Server

HARD_STOP_S = 30
CONNECTIONS = 4000
_STATE_HEAD = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
    "srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
    "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
    "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"
)


@dataclass(frozen=True, slots=True)
class Begin:
    """How a server begins in a new worker."""

    up: bool
    failures: int = 0  # bad answers in a row so far
    held: bool = False  # taken out by a prober of our own


def render(layout: Layout, socket: Path, states: Path, descriptors: int) -> str:
    """Return the whole configuration."""
    lines = _global(layout, socket, states, descriptors)
    for frontend in layout.frontends:
        lines += _frontend(frontend)
    for backend in layout.backends:
        lines += _backend(backend)
    return "\n".join(lines) + "\n"


def render_states(layout: Layout, begins: Mapping[str, Begin]) -> str:
    """Return the server state file: who begins up, down, or taken out.

    Without it every server would begin up after each reload, whatever its monitor found before.
    """
    lines = []
    for number, backend in enumerate(layout.backends, start=2):
        for place, server in enumerate(backend.servers, start=1):
            begin = begins.get(server.id)
            if begin is not None and server.check is not None:
                lines.append(_state(number, backend, place, server, begin))
    return _STATE_HEAD + "".join(lines)


def _state(number: int, backend: Backend, place: int, server: Server, begin: Begin) -> str:
    check = server.check
    assert check is not None
    health = max(1, check.fall - begin.failures) if begin.up else 0
    operational = 2 if begin.up else 0
    admin = 1 if begin.held else 0
    if check.how == PING or backend.checker:
        operational, health = 2, 0
    fields = (
        *(number, backend.id, place, server.id, server.address, operational, admin),
        *(server.weight, server.weight, 1, 1, 0, health, 6 if check.how != PING else 0),
        *(0, 0, 0, "-", server.port, "-", 0, 0, "-", "-", 0),
    )
    return " ".join(str(field) for field in fields) + "\n"


def _global(layout: Layout, socket: Path, states: Path, descriptors: int) -> list[str]:
    kept = len(layout.frontends) + sum(len(b.servers) for b in layout.backends) + 200
    connections = max(100, min(CONNECTIONS, (descriptors - kept) // 2))
    return [
        "global",
        "  nbthread 1",
        "  noreuseport",  # so that an address in use is seen, not shared
        f"  maxconn {connections}",
        f"  hard-stop-after {HARD_STOP_S}s",
        "  max-spread-checks 200",
        f"  stats socket {socket} mode 600 level admin expose-fd listeners",
        "  stats timeout 1h",
        f"  server-state-file {states}",
        "  ssl-server-verify none",  # monitors on a BIG-IP verify no certificate by default
        "defaults",
        "  option idle-close-on-response",  # a client that has just connected is not turned away
        "  timeout connect 5s",
        "  timeout client 300s",
        "  timeout server 300s",
        "  timeout queue 1s",
        "  timeout tunnel 1h",
        "  load-server-state-from-file global",
    ]


def _frontend(frontend: Frontend) -> list[str]:
    lines = [f"frontend {frontend.id}", f"  mode {frontend.mode}"]
    lines.append(f"  bind {_host(frontend.address)}:{frontend.port}")
    if not frontend.backend:
        lines.append("  tcp-request connection reject")
    elif frontend.limit:
        lines.append(f"  tcp-request connection reject if {{ fe_conn gt {frontend.limit} }}")
    if frontend.forwards:
        lines.append("  option forwardfor")
    if frontend.backend:
        lines.append(f"  default_backend {frontend.backend}")
    return lines


def _backend(backend: Backend) -> list[str]:
    lines = [f"backend {backend.id}", f"  mode {backend.mode}", f"  balance {backend.balance}"]
    if backend.balance == "source":
        lines.append("  hash-type consistent")
    if backend.mode == "http":
        # A device without OneConnect balances connections, not requests.
        lines.append("  http-reuse safe" if backend.reuses else "  http-reuse never")
        if not backend.reuses:
            lines.append("  option prefer-last-server")
        # With nobody to serve it a device resets the connection, it does not answer 503. A worker
        # that has been replaced counts no server any more, but still serves whom it has accepted.
        lines.append("  http-request reject if { nbsrv eq 0 } !{ stopping }")
    if backend.cookie_name:
        lines.append(f"  cookie {backend.cookie_name} insert indirect nocache httponly")
    if any(server.backup for server in backend.servers):
        lines.append("  option allbackups")
    lines += _check_rules(backend)
    lines += [_server(backend, server) for server in backend.servers]
    return lines


def _check_rules(backend: Backend) -> list[str]:
    """The steps of the check; members with a check of another kind only connect."""
    checks = [s.check for s in backend.servers if s.check is not None and s.check.how != PING]
    if backend.checker or not checks:
        return []
    first = checks[0]
    lines = ["  option tcp-check", f"  tcp-check connect{' ssl' if first.tls else ''}"]
    if first.how == CONNECT:
        return lines
    if first.send:
        lines.append(f"  tcp-check send-binary {first.send.hex()}")
    pattern = _quoted(first.expect or ".")
    lines.append(f"  tcp-check expect {'! ' if first.reverse else ''}rstring {pattern}")
    return lines


def _server(backend: Backend, server: Server) -> str:
    words = [f"  server {server.id} {_host(server.address)}:{server.port}"]
    words.append(f"weight {server.weight}")
    if server.offline:
        words.append("disabled")
    if server.backup:
        words.append("backup")
    if server.limit:
        words.append(f"maxconn {server.limit}")
    if server.cookie:
        words.append(f"cookie {server.cookie}")
    words += _check_words(backend, server, server.check)
    return " ".join(words)


def _check_words(backend: Backend, server: Server, check: Check | None) -> Iterable[str]:
    if check is None or check.how == PING or not server.port:
        return ()
    if backend.checker:
        return (f"track {backend.checker}/{server.id}",)
    return (f"check inter {check.interval_s}s rise 1 fall {check.fall}",)


def _quoted(text: str) -> str:
    """Quote for one line of configuration; what would end the line is escaped for the pattern."""
    flat = text.replace("\n", "\\n").replace("\r", "\\r").replace("\0", "")
    return "'" + flat.replace("'", "'\\''") + "'"


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
