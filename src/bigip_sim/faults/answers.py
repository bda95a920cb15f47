"""What a device says when it misbehaves: texts, pages and status codes.

Source: iControl REST reference, section 1.6. What is not recorded there is marked `unverified`.
"""

from collections.abc import Callable

from bigip_sim import refusals
from bigip_sim.auth import UNAUTHORIZED_PAGE, UnauthorizedError, UnknownUriError, nobody
from bigip_sim.refusals import RefusedError

HTML = "text/html; charset=UTF-8"
_PAGE = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>{title}</title>\n'
    "</head><body>\n<h1>{head}</h1>\n<p>{text}</p>\n</body></html>\n"
)
_RESTARTING = (
    "<!DOCTYPE html>\n<html><head><title>BIG-IP&reg;- Redirect</title></head>\n"
    "<body><h1>Configuration Utility restarting...</h1></body></html>\n"
)


class InsteadError(Exception):
    """What is answered instead of what the work gave, in a form of its own."""

    def __init__(self, status: int, body: object, content_type: str = "") -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body  # text is sent as it is, anything else as JSON
        self.content_type = content_type


class LateError(Exception):
    """Answer now, and do the work when `wait` returns."""

    def __init__(self, answer: Exception, wait: Callable[[], None]) -> None:
        super().__init__(str(answer))
        self.answer = answer
        self.wait = wait


class CutError(Exception):
    """The connection is reset instead of an answer."""


def unavailable(answer: str, path: str) -> Exception:
    """Return the answer of a device that is not ready."""
    if answer == "loading":  # that it is Apache's own page is known, its text is unverified
        page = _PAGE.format(
            title="502 Proxy Error", head="Proxy Error", text="The proxy server could not respond."
        )
        return InsteadError(502, page, HTML)
    if answer == "starting":
        return UnknownUriError(path)
    return InsteadError(503, _RESTARTING, HTML)


def crowded() -> Exception:
    """Return the answer to one request too many. That it is a 503 page is unverified."""
    title = "503 Service Unavailable"
    text = "The server is temporarily unable to service your request."
    page = _PAGE.format(title=title, head=title[4:], text=text)
    return InsteadError(503, page, HTML)


def unauthorized(answer: str, path: str) -> Exception:
    """Return one of the 401 texts that are seen at random under load."""
    if answer == "no-token":
        return UnauthorizedError("X-F5-Auth-Token does not exist.")
    if answer == "page":
        return UnauthorizedError("F5 Authorization Required", page=UNAUTHORIZED_PAGE)
    return nobody(path)


def timed_out(answer: str, method: str) -> Exception:
    """Return the answer after 60 s; the words around the recorded ones are unverified."""
    if answer == "page":
        head = "HTTP ERROR 500 AsyncContext timeout"
        return InsteadError(500, _PAGE.format(title=head, head=head, text=""), HTML)
    status = int(answer)
    body = {
        "code": status,
        "message": f"remoteSender:127.0.0.1, method:{method} ",
        "referer": "Unknown",
        "restOperationId": 0,
        "errorStack": [
            f"java.util.concurrent.TimeoutException: remoteSender:127.0.0.1, method:{method} ",
            "at com.f5.rest.common.RestRequestSender.timeout(RestRequestSender.java)",
        ],
        "kind": ":resterrorresponse",
    }
    return InsteadError(status, body)


def mcpd_lost() -> RefusedError:
    """Return what every request meets while mcpd restarts."""
    text = "The connection to mcpd has been lost, try again."
    return RefusedError(500, text, refusals.MCPD_LOST)
