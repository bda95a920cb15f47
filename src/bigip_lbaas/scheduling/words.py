"""Writes numbers the way a person reads them in a sentence about capacity."""

SUFFIXES = ((1e9, "G"), (1e6, "M"))


def amount(value: float) -> str:
    """Return 4.0 as 4, 0.0125 as 0.0125, 250000.0 as 250000, 1.25e9 as 1.25G."""
    for size, suffix in SUFFIXES:
        if abs(value) >= size:
            return _plain(value / size) + suffix
    return _plain(value)


def share(value: float | None) -> str:
    """Return a share of a limit with three digits; what is not 1.0 never reads as 1.000."""
    if value is None:
        return "not known"
    text = f"{value:.3f}"
    if text == "1.000" and value != 1.0:
        return "<1.000" if value < 1.0 else ">1.000"
    return text


def listed(names: tuple[str, ...]) -> str:
    """Return ("a", "b", "c") as "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _plain(value: float) -> str:
    if 0 < abs(value) < 1:
        return f"{value:.3g}"
    return f"{value:.3f}".rstrip("0").rstrip(".")
