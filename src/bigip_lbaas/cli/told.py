"""Values as people and as programs read them: a table has words, JSON has numbers."""

from typing import Any

from cliff.columns import FormattableColumn

from bigip_lbaas.scheduling.words import share


class Told(FormattableColumn[Any]):
    """A value, and what a table says instead of it."""

    def __init__(self, value: Any, text: str) -> None:
        """Take both."""
        super().__init__(value)
        self.text = text

    def human_readable(self) -> str:
        """Return the words."""
        return self.text

    def __str__(self) -> str:
        """Return the words."""
        return self.text

    def __lt__(self, other: object) -> bool:
        """Sort by the words."""
        return self.text < str(other)


def told_share(value: float | None) -> Told:
    """Return a share of a limit; None is not known."""
    return Told(None if value is None else round(value, 4), share(value))


def told_list(names: tuple[str, ...]) -> Told:
    """Return names, one below the other."""
    return Told(list(names), "\n".join(names) or "-")


def told_span(seconds: float | None, otherwise: str) -> Told:
    """Return a span of time in its largest unit; None is said as `otherwise`."""
    if seconds is None:
        return Told(None, otherwise)
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return Told(round(seconds, 1), f"{seconds / size:.1f} {unit}")
    return Told(round(seconds, 1), f"{seconds:.1f} s")
