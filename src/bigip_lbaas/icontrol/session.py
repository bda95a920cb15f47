"""One device's HTTPS session: login, limits, retries, and what a failed request means.

Source: iControl REST reference, "Authentication" and "Limits and slowness".
"""

import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from bigip_lbaas.domain.errors import (
    ConfigurationRefused,
    DeviceBusy,
    DeviceUnreachable,
    OutcomeUnknown,
)
from bigip_lbaas.icontrol.allowance import SLOW_S
from bigip_lbaas.icontrol.faults import LATER_STATUSES, Refusal, fault_from
from bigip_lbaas.icontrol.room import Room

LOGIN_PATH = "/mgmt/shared/authn/login"
TOKENS_PATH = "/mgmt/shared/authz/tokens"
TOKEN_HEADER = "X-F5-Auth-Token"  # noqa: S105  the header's name, no secret
TOKEN_MARGIN_S = 60.0  # log in anew that long before a token ends
IDLE_CONNECTION_S = 4.0  # shorter than servers keep idle connections, so that few die under us


NO_ANSWER = "no_answer"

# Told of each request to a device: its name, the HTTP method, how it ended, how many seconds.
Timed = Callable[[str, str, str, float], None]


def untimed(_device: str, _method: str, _how: str, _took_s: float) -> None:
    """Do nothing: for those who do not measure."""


def always_allowed() -> None:
    """Allow every write: for those who write under no lease (tests, an operator's command)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a device is reached, as whom, and why it is believed to be that device.

    ca_file: certificates that may have signed the device's; None: those that the host trusts.
    insecure: believe any certificate. read_timeout_s is longer than the device's own 60 s, so
    that a slow commit usually says itself how it ended.
    """

    name: str
    base_url: str
    username: str
    password: str = field(repr=False)
    ca_file: str | None = None
    insecure: bool = False
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 65.0
    # until controllers say what this agent's share is; the device's web server has 10 workers
    requests_at_once: int = 5


@dataclass(frozen=True, slots=True)
class Request:
    """One request; is_commit: when no answer comes, it may still have been carried out."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_commit: bool = False
    is_login: bool = False  # or the end of one: it changes nothing that a lease protects

    @property
    def needs_lease(self) -> bool:
        """Return whether this changes what the device does."""
        return self.method != "GET" and not self.is_login


class Session:
    """Sends requests to one device; safe to share between threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        may_write: Callable[[], None] = always_allowed,
        now: Callable[[], float] = time.monotonic,
        timed: Timed = untimed,
    ) -> None:
        """Connect to nothing yet. may_write raises LeaseExpired when writing is not allowed."""
        self.endpoint = endpoint
        self.requests = 0
        self._may_write = may_write
        self._now = now
        self._timed = timed
        self.room = Room(endpoint.requests_at_once, now)
        self._login_lock = threading.Lock()
        self._count_lock = threading.Lock()
        self._token: str | None = None
        self._token_ends_s = 0.0
        self._client = httpx.Client(
            base_url=endpoint.base_url,
            verify=_tls(endpoint),
            timeout=httpx.Timeout(
                endpoint.read_timeout_s, connect=endpoint.connect_timeout_s, pool=None
            ),
            # how many there are at once is the room's matter
            limits=httpx.Limits(max_connections=None, keepalive_expiry=IDLE_CONNECTION_S),
            trust_env=False,  # a proxy of the host must not come between us and a device
        )

    def send(self, request: Request) -> httpx.Response:
        """Send one request under a valid token; a token that has just died is renewed once.

        A 401 says that nothing was done, so every request may be sent again after it.
        Raises: DeviceUnreachable, OutcomeUnknown (commits only), DeviceBusy, LeaseExpired.
        """
        token = self._valid_token()
        response = self._send_as(request, token)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._forget(token)
            response = self._send_as(request, self._valid_token())
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise self._login_refused()
        return response

    def close(self) -> None:
        """Log out, because a device keeps at most 100 tokens per user, and disconnect."""
        token, self._token = self._token, None
        if token is not None:
            logout = Request(
                "DELETE", f"{TOKENS_PATH}/{token}", headers={TOKEN_HEADER: token}, is_login=True
            )
            with suppress(DeviceUnreachable):  # then the token ends by itself
                self._exchange(logout)
        self._client.close()

    def _send_as(self, request: Request, token: str) -> httpx.Response:
        headers = {**request.headers, TOKEN_HEADER: token}
        return self._exchange(replace(request, headers=headers))

    def _exchange(self, request: Request) -> httpx.Response:
        """Send one request as it is and return the answer, whatever it says."""
        try:
            return self._send_once(request)
        except (httpx.RemoteProtocolError, httpx.ReadError) as error:
            # a server may close an idle connection in the moment in which we use it
            if request.method == "GET":
                return self._send_again(request)
            raise self._lost(request, error) from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise self._lost(request, error) from error

    def _send_again(self, request: Request) -> httpx.Response:
        try:
            return self._send_once(request)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise self._lost(request, error) from error

    def _send_once(self, request: Request) -> httpx.Response:
        with self.room.entered():
            if request.needs_lease:
                self._may_write()  # here: a lease may have ended while others had the room
            with self._count_lock:
                self.requests += 1
            begun_s, how = self._now(), NO_ANSWER
            try:
                response = self._client.request(
                    request.method,
                    request.path,
                    json=request.body,
                    params=request.params,
                    headers=request.headers,
                )
                how = _how(response.status_code)
            except (httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError):
                self.room.met_trouble(begun_s)
                raise
            finally:
                self._timed(self.endpoint.name, request.method, how, self._now() - begun_s)
        self._note(request, response, begun_s)
        return response

    def _note(self, request: Request, response: httpx.Response, begun_s: float) -> None:
        """Tell the room how the device does; a commit, or a save, may take its time."""
        is_slow = request.method == "GET" and self._now() - begun_s > SLOW_S
        if is_slow or (
            response.status_code in LATER_STATUSES
            and Refusal.of(response.status_code, response.text).is_too_much
        ):
            self.room.met_trouble(begun_s)
        else:
            self.room.answered()

    def _lost(
        self, request: Request, error: httpx.RequestError | httpx.InvalidURL
    ) -> DeviceUnreachable:
        """Return what a request without an answer means."""
        name = self.endpoint.name
        never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.InvalidURL)
        why = _why(error)
        if isinstance(error, httpx.ConnectError) and _is_certificate(error):
            return DeviceUnreachable(
                name,
                f"its certificate does not verify ({why}); name the certificate that signed it "
                "in icontrol_ca_file",
            )
        if request.is_commit and not never_sent:
            return OutcomeUnknown(name, f"no answer to a commit ({why})")
        what = "cannot be connected to" if never_sent else "gives no answer"
        if isinstance(error, httpx.DecodingError):
            what = "gives an answer that cannot be decoded"
        return DeviceUnreachable(name, f"{what} at {self.endpoint.base_url} ({why})")

    def _valid_token(self) -> str:
        with self._login_lock:
            if self._token is None or self._now() >= self._token_ends_s:
                self._token, self._token_ends_s = self._login()
            return self._token

    def _forget(self, token: str) -> None:
        with self._login_lock:
            if self._token == token:
                self._token = None

    def _login(self) -> tuple[str, float]:
        """Return a token and when, on our clock, it should no longer be used."""
        endpoint = self.endpoint
        response = self._exchange(
            Request(
                "POST",
                LOGIN_PATH,
                {
                    "username": endpoint.username,
                    "password": endpoint.password,
                    "loginProviderName": "tmos",
                },
                # version 12.0 wants the basic header as well
                headers={"Authorization": _basic(endpoint)},
                is_login=True,
            )
        )
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise self._login_refused()
        if response.status_code != httpx.codes.OK:
            refusal = Refusal.of(response.status_code, response.text)
            raise fault_from(endpoint.name, refusal, "the login")
        try:
            token = response.json()["token"]
            life_s = (token["expirationMicros"] - token["lastUpdateMicros"]) / 1e6
            return str(token["token"]), self._now() + life_s - TOKEN_MARGIN_S
        except (ValueError, KeyError, TypeError) as error:
            # what it answered is not repeated: a token may be in it
            raise DeviceBusy(
                endpoint.name,
                f"answers the login with no token that can be read ({type(error).__name__}, "
                f"{len(response.content)} bytes); is {endpoint.base_url} a BIG-IP?",
            ) from error

    def _login_refused(self) -> DeviceUnreachable:
        return DeviceUnreachable(
            self.endpoint.name,
            f"rejects the password of user {self.endpoint.username!r}; set icontrol_username and "
            "icontrol_password to an account that may use its REST interface",
        )


def _how(status: int) -> str:
    """Return how a request ended: ok, refused (4xx) or failed (5xx)."""
    if status < httpx.codes.BAD_REQUEST:
        return "ok"
    return "refused" if status < httpx.codes.INTERNAL_SERVER_ERROR else "failed"


def _basic(endpoint: Endpoint) -> str:
    request = httpx.Request("GET", "https://unused")
    flow = httpx.BasicAuth(endpoint.username, endpoint.password).auth_flow(request)
    return str(next(flow).headers["Authorization"])


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    if endpoint.insecure:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        return ssl.create_default_context(cafile=endpoint.ca_file)
    except OSError as error:  # SSLError is one too
        raise ConfigurationRefused(
            f"icontrol_ca_file {endpoint.ca_file!r} cannot be used for {endpoint.name}: {error}"
        ) from error


def _is_certificate(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _why(error: Exception) -> str:
    """Return the library's words, or the error's name where it has none."""
    return str(error) or type(error).__name__
