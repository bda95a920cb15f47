"""The errors a device answers with, as one exception that carries status, text and apiError.

Source of codes and texts: iControl REST reference, section 1.6. What is not recorded there is
marked `unverified` at its place.
"""

import re
from collections.abc import Mapping

ICRD = 1
TRANSACTION = 2
MCPD = 3
MALFORMED = 26214401
MCPD_LOST = 32768001
BUSY = 32964609


_TAG = re.compile(r"<[A-Za-z!/][^<>]*>")


class RefusedError(Exception):
    """One request that the device refuses, with the body that says why."""

    def __init__(self, status: int, message: str, api_error: int = MCPD) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.api_error = api_error

    def body(self) -> Mapping[str, object]:
        """Return the body in the form that the configuration daemon's REST child uses."""
        return {
            "code": self.status,
            "message": self.message,
            "errorStack": [],
            "apiError": self.api_error,
        }


def not_found(human: str, path: str) -> RefusedError:
    """A missing object, named for GET, PATCH, DELETE and by references."""
    return RefusedError(404, f"01020036:3: The requested {human} ({path}) was not found.")


def already_exists(human: str, path: str, partition: str) -> RefusedError:
    """POST of an object that is there."""
    return RefusedError(
        409,
        f"01020066:3: The requested {human} ({path}) already exists in partition {partition}.",
    )


def folder_missing(partition: str) -> RefusedError:
    """POST into a partition that does not exist."""
    return RefusedError(400, f"The requested folder (/{partition}) was not found.", MALFORMED)


def nothing_specified() -> RefusedError:
    """A write that names no property."""
    return RefusedError(400, "one or more properties must be specified", MALFORMED)


def invalid_value(field: str, value: object) -> RefusedError:
    """A value outside a property's range; the device writes the property as its shell does."""
    dashed = "".join(f"-{c.lower()}" if c.isupper() else c for c in field)
    return RefusedError(400, f'invalid property value "{dashed}":"{value}"', MALFORMED)


def unknown_property(field: str) -> RefusedError:
    """A property that the type does not have. Text unverified."""
    return RefusedError(400, f'unknown property: "{field}"', MALFORMED)


def not_together(field: str, other: str) -> RefusedError:
    """Two properties of which one may be given: quoted in issue 809 of terraform-provider-bigip."""
    return RefusedError(400, f'"{field}" may not be specified with "{other}"', MALFORMED)


def not_changeable(field: str) -> RefusedError:
    """A property that is fixed at creation. Which ones: section 1.5; the text is unverified."""
    return RefusedError(400, f'"{field}" may not be modified after creation', MALFORMED)


def configuration_error(text: str) -> RefusedError:
    """A check across objects."""
    return RefusedError(400, f"01070734:3: Configuration error: {text}")


def in_use(human: str, path: str, user_human: str, user_path: str) -> RefusedError:
    """DELETE of something that another object names."""
    return RefusedError(
        400,
        f"01070265:3: The {human} ({path}) cannot be deleted because it is in use by a "
        f"{user_human} ({user_path}).",
    )


def no_key_pair() -> RefusedError:
    """A client-ssl profile without a usable key, which is found before its certificate."""
    text = "010717e3:3: Client SSL profile must have RSA certificate/key pair."
    return RefusedError(400, text)


def too_long(field: str) -> RefusedError:
    """A string over 64 KB. Of the text only code, words and number are known."""
    text = f"01070712:3: Caught configuration exception (0), Max string size exceeded ({field})"
    return RefusedError(400, f"{text} max:65520")


def busy() -> RefusedError:
    """Two commits at once. That the second fails is known (section 1.7); the text is unverified."""
    return RefusedError(503, "There is an active asynchronous task executing.", BUSY)


def has_tag(text: str) -> bool:
    """Whether a text holds `<x>`, which a device refuses in URLs and descriptions."""
    return "<" in text and _TAG.search(text) is not None


def tag_like() -> RefusedError:
    """A tag in the URL or the body: section 1.6."""
    return RefusedError(400, "HTML Tag-like Content in the Request URL/Body", MALFORMED)


def reserved(name: str) -> RefusedError:
    """POST of a name that paths need for themselves; how the sentence begins is unverified."""
    text = f'"{name}" is a reserved keyword and must not be used as resource name'
    return RefusedError(400, text, MALFORMED)


def not_allowed(method: str, path: str) -> RefusedError:
    """A verb that a path does not take. Unverified."""
    return RefusedError(405, f"Method {method} is not allowed on {path}", ICRD)
