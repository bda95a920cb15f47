"""Translates what a device answers into errors named by what to do next.

Source: iControl REST reference, "Errors" and "Transactions". Statuses and codes that mean "later"
are the constants below; the set has not been verified against a device under load.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from bigip_lbaas.domain.errors import (
    CommitMet,
    DeviceBusy,
    DeviceError,
    DeviceRefused,
    OutcomeUnknown,
    StampRefused,
)

LATER_STATUSES = frozenset({429, 502, 503})
TASK_IS_RUNNING = 32964609  # configuration load, licence, another commit
DAEMON_IS_LOST = 32768001  # the configuration daemon restarts
LATER_WORDS = ("not registered", "maximum active login tokens")
# the device's own 60 s limit: what was asked may have been carried out
TIMEOUT_WORDS = ("TimeoutException", "AsyncContext timeout", "remoteSender:")
LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than success."""

    status: int
    message: str
    api_error: int

    @classmethod
    def of(cls, status: int, text: str) -> "Refusal":
        """Read the two forms of JSON body, or a page of HTML, cut to what a person reads."""
        try:
            body = json.loads(text)
        except ValueError:
            body = {}
        if not isinstance(body, dict):
            body = {}
        words = str(body.get("message") or " ".join(re.sub(r"<[^>]*>", " ", text).split()))
        lines = body.get("errorStack")
        stack = " ".join(map(str, lines)) if isinstance(lines, list) else ""
        if any(word in stack for word in TIMEOUT_WORDS):
            words = f"{words} (TimeoutException)"
        api_error = body.get("apiError")
        return cls(status, words[:LONGEST_WORDS], api_error if isinstance(api_error, int) else 0)

    @property
    def is_missing_object(self) -> bool:
        """Return whether the device says that the object is not there."""
        return self.status == 404 and "not registered" not in self.message

    @property
    def is_timeout(self) -> bool:
        """Return whether the device gave up waiting for itself."""
        return any(word in self.message for word in TIMEOUT_WORDS)

    @property
    def is_too_much(self) -> bool:
        """Return whether the device has more to do than it can, or is not itself at the moment."""
        return self.status in LATER_STATUSES and self.api_error != TASK_IS_RUNNING

    @property
    def is_later(self) -> bool:
        """Return whether the device asks to come back."""
        return (
            self.status in LATER_STATUSES
            or self.api_error in (TASK_IS_RUNNING, DAEMON_IS_LOST)
            or any(word in self.message for word in LATER_WORDS)
        )

    def __str__(self) -> str:
        """Return the status and the device's words."""
        return f"HTTP {self.status}: {self.message}" if self.message else f"HTTP {self.status}"


def fault_from(device: str, refusal: Refusal, doing: str) -> DeviceError:
    """Return the error for a request that is not a commit."""
    if refusal.is_later or refusal.is_timeout or refusal.status >= 500:
        return DeviceBusy(device, f"asks to come back later while {doing} ({refusal})")
    return DeviceRefused(device, f"refuses {doing} ({refusal})")


def commit_fault_from(device: str, refusal: Refusal, stamps: Collection[str]) -> DeviceError:
    """Return the error for a commit: first of all, whether anything can have been written.

    That a commit which names a missing object answers with that object's full path has been seen
    quoted, not recorded: unverified. Whoever commits looks at the stamp again when in doubt.
    """
    failed = refusal.message.startswith("transaction failed") or refusal.status == 400
    is_known = failed and not refusal.is_timeout
    if is_known and any(_names(refusal.message, path) for path in stamps):
        return StampRefused(device, f"the stamp is not what we know it to be ({refusal})")
    if refusal.api_error == TASK_IS_RUNNING:
        return CommitMet(device, f"another change is being committed ({refusal})")
    if refusal.status == 429:
        return DeviceBusy(device, f"asks to come back later with a commit ({refusal})")
    if is_known:
        return DeviceRefused(device, f"refuses the change ({refusal})")
    return OutcomeUnknown(device, f"did not say how the commit ended ({refusal})")


def _names(message: str, path: str) -> bool:
    """Return whether `message` names exactly this path: count 1 is not count 12."""
    return re.search(re.escape(path) + r"(?!\w|\.\w)", message) is not None
