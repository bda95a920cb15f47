"""Who may ask: basic authentication and tokens with their life.

Source: iControl REST reference, section 1.2 and the 401 lines of section 1.6.
"""

import base64
import binascii
import hmac
import secrets
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

TOKEN_LIFE_S = 1200
LONGEST_LIFE_S = 36000
TOKENS_PER_USER = 100
_ALPHABET = string.ascii_uppercase + string.digits
PROVIDER = (
    "https://localhost/mgmt/cm/system/authn/providers/tmos/1f44a60e-11a7-3c51-a49f-82983026b41b"
)
UNAUTHORIZED_PAGE = (
    '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n'
    "<title>401 F5 Authorization Required</title>\n</head><body>\n"
    "<h1>F5 Authorization Required</h1>\n<p>This server could not verify that you\n"
    "are authorized to access the document\nrequested.</p>\n</body></html>\n"
)


class UnauthorizedError(Exception):
    """A 401, with its reason phrase and either a JSON message or the web server's page."""

    def __init__(self, message: str, *, page: str = "") -> None:
        super().__init__(message)
        self.reason = "F5 Authorization Required" if page else "Unauthorized"
        self.page = page


class RejectedError(Exception):
    """An answer of the REST framework itself, in its own form of body."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class UnknownUriError(RejectedError):
    """A path that no worker serves: section 1.6."""

    def __init__(self, path: str) -> None:
        super().__init__(
            404,
            f"URI path {path} not registered. Please verify URI is supported and wait for "
            "/available suffix to be responsive.",
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says of who asks."""

    token: str | None
    authorization: str | None
    path: str
    client: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.path!r}, {self.client!r})"  # never the password


@dataclass(slots=True)
class Token:
    """One login."""

    name: str
    user: str
    started_at: float
    timeout_s: int
    updated_at: float

    @property
    def ends_at(self) -> float:
        """Return when it stops working."""
        return self.updated_at + self.timeout_s


class Sessions:
    """The accounts of the device, and its live tokens.

    `written` returns the password that was written for an account; the device's own account has
    the one that the device was started with until another is written.
    """

    def __init__(
        self,
        username: str,
        password: str,
        clock: Callable[[], float],
        version: str,
        written: Callable[[str], str | None],
    ) -> None:
        self._written = written
        self._wants_basic = version.startswith("12.0")  # with the login too: section 1.2
        self._username = username
        self._password = password
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def check(self, given: Credentials) -> str:
        """Return the user of a request, or raise."""
        if given.token is not None:
            return self._live(given.token).user
        if given.authorization is None:
            raise nobody(given.path, given.client)
        return self._basic_user(given.authorization)

    def login(
        self, body: Mapping[str, object], authorization: str | None = None
    ) -> dict[str, object]:
        """POST /mgmt/shared/authn/login."""
        if self._wants_basic:
            if authorization is None:
                raise nobody("/mgmt/shared/authn/login")
            self._basic_user(authorization)
        username, password = str(body.get("username", "")), str(body.get("password", ""))
        if not username or not password:
            raise UnauthorizedError("Authentication required!")
        if not self._matches(username, password):
            raise UnauthorizedError("Authentication failed.")
        with self._lock:
            self._expire()
            owned = sum(token.user == username for token in self._tokens.values())
            if owned >= TOKENS_PER_USER and username != "admin":
                text = f"user {username} has reached maximum active login tokens"
                raise RejectedError(400, text)
            now = self._clock()
            name = "".join(secrets.choice(_ALPHABET) for _ in range(26))
            token = self._tokens[name] = Token(name, username, now, TOKEN_LIFE_S, now)
        return {
            "username": username,
            "loginReference": {"link": f"{PROVIDER}/login"},
            "loginProviderName": str(body.get("loginProviderName", "tmos")),
            "token": render(token),
            "generation": 0,
            "lastUpdateMicros": 0,
        }

    def collection(self) -> dict[str, object]:
        """GET of the collection of tokens."""
        with self._lock:
            self._expire()
            items = [render(token) for token in self._tokens.values()]
        return {
            "items": items,
            "generation": len(items),
            "kind": "shared:authz:tokens:authtokencollectionstate",
            "lastUpdateMicros": int(self._clock() * 1_000_000),
            "selfLink": "https://localhost/mgmt/shared/authz/tokens",
        }

    def token(self, name: str) -> dict[str, object]:
        """GET of one token."""
        return render(self._found(name))

    def extend(self, name: str, body: Mapping[str, object]) -> dict[str, object]:
        """PATCH of a token's life."""
        token = self._found(name)
        text = str(body.get("timeout", ""))
        if not text.isdigit():
            raise RejectedError(400, "timeout must be a number of seconds")  # unverified
        if int(text) > LONGEST_LIFE_S:
            limit = f"Auth-token absolute timeout ({LONGEST_LIFE_S} seconds) exceeded"
            raise RejectedError(400, limit)
        token.timeout_s = int(text)
        token.updated_at = self._clock()
        return render(token)

    def end(self, name: str) -> dict[str, object]:
        """DELETE of one token; returns it as it was. That a device does so is unverified."""
        token = self._found(name)
        with self._lock:
            self._tokens.pop(name, None)
        return render(token)

    def end_all(self) -> None:
        """DELETE of the collection."""
        with self._lock:
            self._tokens.clear()

    def _basic_user(self, authorization: str) -> str:
        username, password = _basic(authorization)
        if not self._matches(username, password):
            raise UnauthorizedError("F5 Authorization Required", page=UNAUTHORIZED_PAGE)
        return username

    def _matches(self, username: str, password: str) -> bool:
        wanted = self._written(username)
        if wanted is None:
            wanted = self._password if username == self._username else None
        return wanted is not None and hmac.compare_digest(password.encode(), wanted.encode())

    def _live(self, name: str) -> Token:
        token = self._get(name)
        if token is None:
            raise UnauthorizedError("X-F5-Auth-Token does not exist.")
        return token

    def _found(self, name: str) -> Token:
        token = self._get(name)
        if token is None:
            raise RejectedError(404, f"Token {name} was not found")  # unverified
        return token

    def _get(self, name: str) -> Token | None:
        """Return a token that lives; asked with each request, so it looks at no other."""
        with self._lock:
            token = self._tokens.get(name)
            if token is not None and token.ends_at <= self._clock():
                del self._tokens[name]
                return None
            return token

    def _expire(self) -> None:
        now = self._clock()
        for name in [n for n, token in self._tokens.items() if token.ends_at <= now]:
            del self._tokens[name]


def nobody(path: str, client: str = "") -> UnauthorizedError:
    """Neither token nor password came: section 1.6."""
    sender = client or "Unknown"
    return UnauthorizedError(
        "Authorization failed: no user authentication header or token detected. "
        f"Uri:http://localhost:8100{path} Referrer:{sender} Sender:{sender}"
    )


def render(token: Token) -> dict[str, object]:
    """Return a token as the device writes it; clients compute its life from the micros."""
    started = datetime.fromtimestamp(token.started_at, UTC)
    return {
        "token": token.name,
        "name": token.name,
        "userName": token.user,
        "authProviderName": "tmos",
        "user": {"link": f"{PROVIDER}/users/{token.user}"},
        "timeout": token.timeout_s,
        "startTime": f"{started:%Y-%m-%dT%H:%M:%S}.{started.microsecond // 1000:03d}+0000",
        "address": "127.0.0.1",
        "partition": "[All]",
        "generation": 1,
        "lastUpdateMicros": int(token.updated_at * 1_000_000),
        "expirationMicros": int(token.ends_at * 1_000_000),
        "kind": "shared:authz:tokens:authtokenitemstate",
        "selfLink": f"https://localhost/mgmt/shared/authz/tokens/{token.name}",
    }


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise UnauthorizedError("F5 Authorization Required", page=UNAUTHORIZED_PAGE) from error
    if scheme.lower() != "basic":
        raise UnauthorizedError("F5 Authorization Required", page=UNAUTHORIZED_PAGE)
    username, _, password = decoded.partition(":")
    return username, password
