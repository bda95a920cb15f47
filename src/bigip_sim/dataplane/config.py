"""Writes HAProxy's configuration and the states that its servers begin with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bigip_sim.dataplane.checks import Check
from bigip_sim.dataplane.parts import Backend, Frontend, Layout, Server, Stick
from bigip_sim.dataplane.pools import MOST_RATES
from bigip_sim.dataplane.protocols import CONNECT
from bigip_sim.dataplane.rulebook import quoted
from bigip_sim.dataplane.steering import READY, Stand

HARD_STOP_S = 30
CONNECTIONS = 4000
TABLE_SIZE = "100k"
_STATE_HEAD = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
    "srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health "
    "srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
    "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"
)
_SILENT = (400, 408, 500, 502, 503, 504)  # what HAProxy would say by itself; a device hangs up


@dataclass(frozen=True, slots=True)
class Begin:
    """What HAProxy's own check of a server knew before."""

    up: bool
    failures: int = 0  # bad answers in a row so far


def render(layout: Layout, socket: Path, states: Path, descriptors: int) -> str:
    """Return the whole configuration."""
    lines = _global(layout, socket, states, descriptors)
    for frontend in layout.frontends:
        lines += _frontend(frontend, socket.parent)
    for backend in layout.backends:
        lines += _backend(backend)
    return "\n".join(lines) + "\n"


def render_states(layout: Layout, begins: Mapping[str, Begin], stands: Mapping[str, Stand]) -> str:
    """Return the server state file: who begins up, down, taken out, and with which weight.

    Without it every server would begin up after each reload, whatever its monitor found before.
    """
    lines = [
        _state(number, backend, server, begins.get(server.id), stands.get(server.id, READY))
        for number, backend in enumerate(layout.backends, start=2)
        for server in backend.servers
    ]
    return _STATE_HEAD + "".join(lines)


def _state(number: int, backend: Backend, server: Server, begin: Begin | None, stand: Stand) -> str:
    operational, health, checked = 2, 0, 0
    if server.native and begin is not None:
        assert server.watch is not None
        fall = server.watch.checks[0].fall
        operational, checked = (2 if begin.up else 0), 6
        health = max(1, fall - begin.failures) if begin.up else 0
        if backend.checker:
            operational, health = 2, 0
    fields = (
        *(number, backend.id, server.id[1:], server.id, server.address, operational),
        *(1 if stand.held else 0, stand.weight, 1, 1, 1, 0, health, checked),
        *(
            0,
            0,
            0,
            "-",
            _port(backend, server),
            "-",
            int(backend.need.tls is not None),
            0,
            "-",
            "-",
            0,
        ),
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
        f"  crt-base {socket.parent}",
        f"  ca-base {socket.parent}",
        "  ssl-server-verify none",  # monitors on a BIG-IP verify no certificate by default
        "defaults",
        "  timeout connect 5s",
        "  timeout client 300s",
        "  timeout server 300s",
        "  timeout queue 1s",
        "  timeout tunnel 1h",
        "  load-server-state-from-file global",
        *(f"  errorfile {status} /dev/null" for status in _SILENT),
    ]


def _frontend(frontend: Frontend, files: Path) -> list[str]:
    lines = [f"frontend {frontend.id}", f"  mode {frontend.mode}"]
    if frontend.mode == "http":  # while it ends, who has just connected is not turned away
        lines.append("  option idle-close-on-response")
    bind = f"  bind {_host(frontend.address)}:{frontend.port}"
    if frontend.tls is not None:
        bind += f" ssl crt-list {files / frontend.tls.listing} {frontend.tls.words}"
    lines.append(bind.rstrip())
    if frontend.source:
        lines.append(f"  tcp-request connection reject if !{{ src {frontend.source} }}")
    if not frontend.backend and not frontend.rules:
        lines.append("  tcp-request connection reject")
    lines += _place_limit(frontend)
    if frontend.limit:
        lines.append(f"  tcp-request connection reject if {{ fe_conn gt {frontend.limit} }}")
    if frontend.rate:
        lines.append(f"  tcp-request connection reject if {{ fe_sess_rate ge {frontend.rate} }}")
    if frontend.forwards:
        lines.append("  option forwardfor")
    lines += frontend.rules
    if frontend.backend:
        lines.append(f"  default_backend {frontend.backend}")
    return lines


def _place_limit(frontend: Frontend) -> Iterable[str]:
    """Count the connections of all virtual servers on one virtual address."""
    if not frontend.place_limit:
        return
    yield "  tcp-request connection set-var(sess.n) int(0)"
    for name in frontend.beside:
        yield f"  tcp-request connection set-var(sess.n) fe_conn({name}),add(sess.n)"
    counted = "fe_conn,add(sess.n)"
    yield f"  tcp-request connection reject if {{ {counted} -m int gt {frontend.place_limit} }}"


def _backend(backend: Backend) -> list[str]:
    need = backend.need
    lines = [f"backend {backend.id}", f"  mode {backend.mode}", f"  balance {backend.balance}"]
    kept = _kept_by(backend)
    if backend.mode == "http":
        # A device without OneConnect balances connections, not requests.
        lines.append("  http-reuse safe" if need.reuses else "  http-reuse never")
        if not need.reuses:
            lines.append("  option prefer-last-server")
        # With nobody to serve it a device resets the connection, it does not answer 503. A worker
        # that has been replaced counts no server any more, but still serves whom it has accepted.
        # Who persists may still have a member that takes nobody new.
        lines.append(f"  http-request reject if {{ nbsrv eq 0 }} !{{ stopping }}{kept}")
    lines += _limits(backend, kept)
    if need.cookie is not None:
        if need.cookie.blank:
            written = f"^{need.cookie.blank}=([^;]*) {need.cookie.name}=\\1"
            lines.append(f"  http-response replace-header Set-Cookie {written}")
        lines.append(f"  cookie {need.cookie.name} {need.cookie.words}".rstrip())
    lines += _sticks(backend)
    lines += _check_rules(backend)
    lines += [_server(backend, place, server) for place, server in enumerate(backend.servers)]
    for table, stick in list(_tables(backend))[1:]:
        lines += [f"backend {table}", _table(stick)]
    return lines


def _limits(backend: Backend, kept: str) -> Iterable[str]:
    reject = "http-request reject" if backend.mode == "http" else "tcp-request content reject"
    queue = backend.queue
    if queue is not None:
        yield f"  timeout queue {queue.wait_ms}ms" if queue.wait_ms else "  timeout queue 1h"
        if queue.depth:
            yield f"  {reject} if {{ be_conn_free eq 0 }} {{ queue ge {queue.depth} }}"
    elif backend.servers and all(server.limit for server in backend.servers):
        yield f"  {reject} if {{ be_conn_free eq 0 }}{kept}"
    rates = [(server.id, server.rate) for server in backend.servers if server.rate]
    if rates and len(rates) == len(backend.servers) <= MOST_RATES:
        full = (f"{{ srv_sess_rate({backend.id}/{name}) ge {rate} }}" for name, rate in rates)
        yield f"  {reject} if {' '.join(full)}{kept}"


def _kept_by(backend: Backend) -> str:
    kept = ""
    if backend.need.cookie is not None:
        kept += f" !{{ req.cook({backend.need.cookie.name}) -m found }}"
    for table, stick in _tables(backend):
        kept += f" !{{ {stick.key},in_table({table}) }}"
    return kept


def _tables(backend: Backend) -> Iterable[tuple[str, Stick]]:
    """Name the tables; a backend has room for one, further ones are backends of their own."""
    for place, stick in enumerate(backend.need.sticks):
        yield (f"{backend.id}.{place}" if place else backend.id), stick


def _table(stick: Stick) -> str:
    length = " len 128" if stick.kind == "string" else ""
    return f"  stick-table type {stick.kind}{length} size {TABLE_SIZE} expire {stick.seconds}s"


def _sticks(backend: Backend) -> list[str]:
    lines = []
    for table, stick in _tables(backend):
        if table == backend.id:
            lines.append(_table(stick))
        if stick.learns:
            lines.append(f"  stick match {stick.key} table {table}")
            lines.append(f"  stick store-response {stick.learns} table {table}")
        else:
            lines.append(f"  stick on {stick.key} table {table}")
    return lines


def _native(backend: Backend) -> Check | None:
    for server in backend.servers:
        if server.native and server.watch is not None:
            return server.watch.checks[0]
    return None


def _check_rules(backend: Backend) -> list[str]:
    check = _native(backend)
    if backend.checker or check is None:
        return []
    lines = ["  option tcp-check", f"  tcp-check connect{' ssl' if check.tls else ''}"]
    if check.how == CONNECT:
        return lines
    if check.send:
        lines.append(f"  tcp-check send-binary {check.send.hex()}")
    lines.append(f"  tcp-check expect rstring {quoted(check.expect or '.')}")
    return lines


def _server(backend: Backend, place: int, server: Server) -> str:
    need = backend.need
    port = _port(backend, server) or ""
    words = [f"  server {server.id} {_host(server.address)}:{port}".rstrip(":")]
    words.append(f"id {server.id[1:]} weight 1")
    if server.limit:
        words.append(f"maxconn {server.limit}")
    if need.cookie is not None:
        words.append(f"cookie {server.cookie}")
    if need.sources:
        words.append(f"source {need.sources[place % len(need.sources)]}")
    if need.tls is not None:
        words.append(f"{need.tls.words} no-check-ssl")
    words += _check_words(backend, server)
    return " ".join(words)


def _port(backend: Backend, server: Server) -> int:
    """Return the port to ask a member on; 0: the one that the client asked for."""
    return 0 if backend.need.keeps_port else server.port


def _check_words(backend: Backend, server: Server) -> Iterable[str]:
    if not server.native or server.watch is None:
        return ()
    if backend.checker:
        return (f"track {backend.checker}/{server.id}",)
    check = server.watch.checks[0]
    words = [f"check inter {check.interval_s}s rise 1 fall {check.fall}"]
    if check.address:
        words.append(f"addr {check.address}")
    if check.port or backend.need.keeps_port:
        words.append(f"port {check.port or server.port}")
    return words


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
