"""Which of two TMOS versions is the later."""

from functools import lru_cache


@lru_cache(maxsize=64)
def at_least(version: str, wanted: str) -> bool:
    """Whether a version such as 13.1.3.4 is `wanted`, such as 12.1, or later."""
    return _numbers(version) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
