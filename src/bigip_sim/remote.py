"""The commands that talk to a running unit over its control API: faults, rates, power, log.

Faults have a command for each kind, made from the table of kinds, so the help is never stale.
"""

import argparse
import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bigip_sim.faults.kinds import COMMON, KINDS, Number, Word
from bigip_sim.traffic import OF_VIRTUALS, Rates

VARIABLE = "BIGIP_SIM_CONTROL"
ANSWER_LIMIT_S = 60.0
FOLLOW_EVERY_S = 0.3
_WHERE = f"""\
Which unit: --control URL, or --ready-file FILE that it wrote, or the variable {VARIABLE}.
"""
_FAULT = """\
Lets a running unit misbehave. A fault holds until it is cleared, has acted --count times, or its
window is over; it acts on requests whose path and method match, as likely as --probability says.
Each draws from a generator of its own, made from the seed and its number: the same seed and the
same requests give the same faults.

"""
_FAULT_EXAMPLES = f"""\
examples:
  bigip-sim fault latency --ms 200 --distribution exponential --path '/mgmt/tm/ltm/*'
  bigip-sim fault unavailable --for-s 5 --every-s 60          503 for 5 s in each minute
  bigip-sim fault unauthorized --probability 0.05             one request in twenty meets a 401
  bigip-sim fault not-found --method GET --count 1            one false 404
  bigip-sim fault timeout --seconds 1 --method PATCH          done, but told as timed out
  bigip-sim fault commit --command 3 --text '01070734:3: Configuration error: no'
  bigip-sim fault reset --when after --count 1                done, and no answer
  bigip-sim fault concurrency --limit 5
  bigip-sim fault seed 7; bigip-sim fault list; bigip-sim fault clear

{_WHERE}"""
_RATES_EXAMPLES = f"""\
examples:
  bigip-sim rates --throughput-in 8e9 --active-connections 100000 --cpu 95
  bigip-sim rates --virtual /T1/web --new-connections 50
  bigip-sim rates --clear

A rate that is set replaces what is measured, at once and in every average, and counters follow it
as time passes; a virtual server's is added to what it carries. Without options: what is set.

{_WHERE}"""
_LOG_EXAMPLES = f"""\
examples:
  bigip-sim log --last 20
  bigip-sim log --follow --changes         as they come, with what each write changed
  bigip-sim log --json | jq 'select(.status >= 400)'

{_WHERE}"""


class RemoteError(Exception):
    """The unit does not answer, or refuses; the message says which and what to do."""


Run = Callable[[argparse.Namespace], None]


def add_commands(commands: Any) -> None:
    """Add the commands to a parser's own; each has its function in `run`."""
    fault = _command(
        commands, "fault", "let a unit misbehave", _FAULT_EXAMPLES, about=_FAULT, run=None
    )
    _add_faults(fault)
    rates = _command(commands, "rates", "set rates by hand", _RATES_EXAMPLES, run=_rates)
    for field in fields(Rates):
        rates.add_argument(f"--{field.name.replace('_', '-')}", type=float, metavar="N")
    rates.add_argument("--virtual", metavar="NAME", help="of this virtual server, not the device")
    rates.add_argument("--clear", action="store_true", help="let everything be measured again")
    log = _command(commands, "log", "show the last requests", _LOG_EXAMPLES, run=_log)
    log.add_argument("--last", type=int, default=20, metavar="N", help="so many (20)")
    log.add_argument("--after", type=int, default=0, metavar="N", help="only after this number")
    log.add_argument("--follow", action="store_true", help="go on as they come")
    log.add_argument("--changes", action="store_true", help="with what each write changed")
    log.add_argument("--json", action="store_true", help="as lines of JSON")
    counters = _command(commands, "counters", "count requests", _WHERE, run=_counters)
    counters.add_argument("--reset", action="store_true", help="begin at 0 again")
    _command(commands, "health", "tell how a unit goes", _WHERE, run=_show("/health"))
    power = _command(commands, "power", "switch a unit off or on", _WHERE, run=_power)
    power.add_argument("state", choices=("on", "off"))
    power.add_argument(
        "--loses-unsaved", action="store_true", help="as a real device: what was not saved is lost"
    )
    reboot = _command(
        commands, "reboot", "off and on again; what was not saved is lost", _WHERE, run=_reboot
    )
    reboot.add_argument("--for-s", type=float, default=1.0, metavar="S", help="off so long (1)")
    reboot.add_argument("--keeps-unsaved", action="store_true", help="lose nothing")
    clock = _command(commands, "clock", "show or set a unit's clock apart", _WHERE, run=_clock)
    clock.add_argument("--skew-s", type=float, metavar="S", help="so far ahead; negative: behind")


def run(options: argparse.Namespace) -> None:
    """Carry out one of these commands; RemoteError says what went wrong."""
    function: Run = options.remote
    function(options)


def _command(
    commands: Any, name: str, says: str, examples: str, *, run: Run | None, about: str = ""
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=says,
        description=about or f"{says[0].upper()}{says[1:]}.",
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if run is not None:
        _add_where(parser)
        parser.set_defaults(remote=run)
    return parser


def _add_where(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--control", metavar="URL", help=f"of the unit's control API ({VARIABLE})")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="that the unit wrote")


def _add_faults(fault: argparse.ArgumentParser) -> None:
    kinds = fault.add_subparsers(dest="kind", required=True, metavar="KIND")
    for name, kind in KINDS.items():
        parser = _command(kinds, name, kind.says, _WHERE, run=_fault)
        own = parser.add_argument_group("this fault")
        for field, shape in kind.fields.items():
            _add_field(own, field, shape)
        common = parser.add_argument_group("any fault")
        for field, shape in COMMON.items():
            _add_field(common, field, shape)
    _command(kinds, "list", "show the faults that are on", _WHERE, run=_show("/faults"))
    clear = _command(kinds, "clear", "turn faults off", _WHERE, run=_clear)
    clear.add_argument("number", type=int, nargs="?", help="only this one")
    seed = _command(kinds, "seed", "draw anew from a seed", _WHERE, run=_seed)
    seed.add_argument("seed", type=int)


def _add_field(group: Any, name: str, shape: Number | Word) -> None:
    option = f"--{name.replace('_', '-')}"
    said = "required" if shape.default is None else str(shape.default).replace("%", "%%")
    if isinstance(shape, Number):
        kind: Callable[[str], object] = int if shape.whole else float
        group.add_argument(option, dest=f"field_{name}", type=kind, metavar="N",
                           help=f"{shape.says} ({said})")  # fmt: skip
        return
    choices = shape.choices or None
    metavar = None if choices else "TEXT"
    group.add_argument(option, dest=f"field_{name}", choices=choices, metavar=metavar,
                       help=f"{shape.says} ({said})")  # fmt: skip


def _fault(options: argparse.Namespace) -> None:
    given = {
        name.removeprefix("field_"): value
        for name, value in vars(options).items()
        if name.startswith("field_") and value is not None
    }
    answer = _ask(options, "POST", "/faults", {"kind": options.kind, **given})
    _say(f"fault {answer['number']} is on, seed {answer['seed']}")


def _clear(options: argparse.Namespace) -> None:
    body = {} if options.number is None else {"number": options.number}
    _ask(options, "POST", "/faults/clear", body)


def _seed(options: argparse.Namespace) -> None:
    _ask(options, "POST", "/faults", {"seed": options.seed})


def _rates(options: argparse.Namespace) -> None:
    if options.clear:
        _ask(options, "POST", "/rates/clear", {})
    names = OF_VIRTUALS if options.virtual else [field.name for field in fields(Rates)]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if given:
        wanted = {"virtuals": {options.virtual: given}} if options.virtual else given
        _ask(options, "POST", "/rates", wanted)
    _say_json(_ask(options, "GET", "/rates"))


def _counters(options: argparse.Namespace) -> None:
    if options.reset:
        _ask(options, "POST", "/counters/reset", {})
    _say_json(_ask(options, "GET", "/counters"))


def _power(options: argparse.Namespace) -> None:
    on = options.state == "on"
    _ask(options, "POST", "/power", {"on": on, "loses_unsaved": options.loses_unsaved})


def _reboot(options: argparse.Namespace) -> None:
    body = {"for_s": options.for_s, "loses_unsaved": not options.keeps_unsaved}
    _ask(options, "POST", "/reboot", body)


def _clock(options: argparse.Namespace) -> None:
    if options.skew_s is not None:
        _ask(options, "POST", "/clock", {"skew_s": options.skew_s})
    _say_json(_ask(options, "GET", "/clock"))


def _show(path: str) -> Run:
    return lambda options: _say_json(_ask(options, "GET", path))


def _log(options: argparse.Namespace) -> None:
    after, last = options.after, options.last
    while True:
        entries = _ask(options, "GET", f"/log?last={last}&after={after}")["requests"]
        for entry in entries:
            after = max(after, entry["number"])
            _say(json.dumps(entry) if options.json else _line(entry))
            if options.changes and not options.json:
                _say_all(map(_change, entry.get("changes", ())))
        if not options.follow:
            return
        last = 5000
        time.sleep(FOLLOW_EVERY_S)


def _line(entry: Mapping[str, Any]) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(entry["at"]))
    status = entry["status"] or "cut"
    more = [f"transaction {entry['transaction']}"] if "transaction" in entry else []
    more += entry.get("faults", [])
    changes = len(entry.get("changes", ()))
    more += [f"{changes} changed"] if changes else []
    said = f"  [{', '.join(more)}]" if more else ""
    said += f"  {json.dumps(entry['told'])}" if entry.get("told") else ""
    took = f"{entry['duration_ms']:.1f} ms"
    return (
        f"{entry['number']:>6} {at} {entry['method']:<6} {status} {took:>9} {entry['path']}{said}"
    )


def _change(change: Mapping[str, Any]) -> str:
    owner = f" in {change['owner']}" if "owner" in change else ""
    fields_said = ", ".join(
        f"{name}: {_short(one['before'])} -> {_short(one['after'])}"
        for name, one in change["fields"].items()
    )
    return f"       {change['action']:<8} {change['kind']} {change['path']}{owner}  {fields_said}"


def _short(value: object) -> str:
    text = "-" if value is None else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _ask(options: argparse.Namespace, method: str, path: str, body: object = None) -> Any:
    url = _url(options)
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or not parts.port:
        raise RemoteError(f"the control URL is http://HOST:PORT, not {url!r}")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=ANSWER_LIMIT_S)
    try:
        payload = None if body is None else json.dumps(body)
        connection.request(method, path, payload)
        answer = connection.getresponse()
        told = json.loads(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise RemoteError(f"no unit answers at {url} (--control): {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise RemoteError(str(told.get("error", told)))
    return told


def _url(options: argparse.Namespace) -> str:
    if options.control:
        return str(options.control)
    if options.ready_file is not None:
        try:
            return str(json.loads(options.ready_file.read_text(encoding="utf-8"))["control_url"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RemoteError(
                f"--ready-file {options.ready_file} cannot be used: {error}"
            ) from error
    url = os.environ.get(VARIABLE)
    if not url:
        raise RemoteError(f"which unit? give --control URL or --ready-file FILE, or set {VARIABLE}")
    return url


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        _say(line)


def _say_json(value: object) -> None:
    _say(json.dumps(value, indent=2))
