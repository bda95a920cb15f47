"""Finds whose part of its configuration HAProxy refuses, so that everything else is carried.

HAProxy names lines of the file, or sections; a section is one virtual server's, or one pool's as
some of them want it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from bigip_sim.dataplane.parts import Backend, Frontend, Layout

_LINE = re.compile(r"\[[^]]*:(\d+)\]")
_HEAD = re.compile(r"(?:frontend|backend) (\S+)")
_WORD = re.compile(r"[\w.]+")
_SAID = re.compile(r"^(?:config : )?(?:parsing )?(?:\[[^]]*:\d+\] : )?")
_TRANSIENT = "cannot bind"  # another program was faster; that ends, what is written does not

_Part = Frontend | Backend


def blamed(text: str, alerts: Iterable[str]) -> dict[str, str]:
    """Return the sections that HAProxy's alerts are about, and why each is refused."""
    holders = _sections(text.splitlines())
    found: dict[str, str] = {}
    for alert in alerts:
        if _TRANSIENT in alert:
            continue
        numbers = [int(number) for number in _LINE.findall(alert)]
        names = {holders[number - 1] for number in numbers if 0 < number <= len(holders)} - {""}
        if not names:
            names = set(_WORD.findall(alert)).intersection(holders)
        for name in sorted(names):
            found.setdefault(name, _SAID.sub("", alert).strip())
    return found


def _sections(lines: list[str]) -> list[str]:
    """Return for each line the section that it is in; "" before the first."""
    holders, holder = [], ""
    for line in lines:
        if head := _HEAD.fullmatch(line):
            holder = head[1]
        holders.append(holder)
    return holders


class Refusals:
    """Remembers which parts were refused, for as long as they stay as they are."""

    def __init__(self) -> None:
        self._known: dict[_Part, str] = {}

    def note(self, layout: Layout, blames: Mapping[str, str]) -> bool:
        """Take over what HAProxy refused of a layout; returns whether any part was named."""
        noted = len(self._known)
        for part in _parts(layout):
            why = next((why for name, why in blames.items() if _is_of(name, part)), None)
            if why is not None:
                self._known[_bare(part)] = why
        return len(self._known) > noted

    def leave_out(self, layout: Layout) -> Layout:
        """Return the layout without what is refused, and without whom that would serve."""
        if not self._known:
            return layout
        here = {_bare(part) for part in _parts(layout)}
        self._known = {part: why for part, why in self._known.items() if part in here}
        lost = {b.id: b.need.pool for b in layout.backends if _bare(b) in self._known}
        problems = [
            f"pool {backend.need.pool} is not carried: HAProxy refuses it: {why}"
            for backend in layout.backends
            if (why := self._known.get(_bare(backend)))
        ]
        frontends = []
        for frontend in layout.frontends:
            refused = self._known.get(frontend)
            why = f"HAProxy refuses it: {refused}" if refused else _needs(frontend, lost)
            if why:
                problems.append(f"virtual server {frontend.virtual} is not carried: {why}")
            else:
                frontends.append(frontend)
        backends = _checked([b for b in layout.backends if b.id not in lost])
        said = tuple(dict.fromkeys((*layout.problems, *problems)))
        return replace(layout, frontends=tuple(frontends), backends=tuple(backends), problems=said)


def _parts(layout: Layout) -> tuple[_Part, ...]:
    parts: tuple[_Part, ...] = layout.frontends
    return (*parts, *layout.backends)


def _is_of(name: str, part: _Part) -> bool:
    """Whether a section is a part's: a backend's further tables are sections of their own."""
    return name == part.id or (isinstance(part, Backend) and name.startswith(f"{part.id}."))


def _bare(part: _Part) -> _Part:
    """Who carries out the checks of a pool depends on what else there is."""
    return replace(part, checker="") if isinstance(part, Backend) else part


def _needs(frontend: Frontend, lost: Mapping[str, str]) -> str:
    for name, pool in lost.items():
        if frontend.backend == name or any(f"str({name})" in line for line in frontend.rules):
            return f"its pool {pool} is not"
    return ""


def _checked(backends: list[Backend]) -> list[Backend]:
    """Let the first that is left of each pool carry out its checks."""
    checkers: dict[str, str] = {}
    found = []
    for backend in backends:
        checker = checkers.setdefault(backend.need.pool, backend.id)
        found.append(replace(backend, checker="" if checker == backend.id else checker))
    return found
