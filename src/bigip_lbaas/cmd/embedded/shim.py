"""Stands before the API and answers what clients ask of Keystone and Neutron, not here."""

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_NAMESPACE = uuid.UUID("6f2a9d52-4c43-4c8e-9b0e-6d1f6a0c7c11")
DEFAULT_PROJECT = "demo"
LOOPBACK = "loopback"

# path of the network service, without its version -> the plural under which it answers
_COLLECTIONS = {
    "subnets": "subnets",
    "networks": "networks",
    "ports": "ports",
    "security-groups": "security_groups",
    "qos/policies": "policies",
}
_VERSIONS = ("/v2.0/", "/v2/", "/v3/", "/")


def id_of(name: str) -> str:
    """Return the id of the object of that name: always the same; an id is its own."""
    try:
        return str(uuid.UUID(name))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, name))


def project_id_of(name: str) -> str:
    """Return the project id of that name, spelled as Keystone spells them."""
    return id_of(name).replace("-", "")


class Shim:
    """A WSGI application around the API's own."""

    def __init__(self, application: Application) -> None:
        """Keep the application that gets everything that is not answered here."""
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or pass on with a project."""
        if environ["REQUEST_METHOD"] == "GET":
            answer = _answer(environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
            if answer is not None:
                body = json.dumps(answer).encode()
                headers = [
                    ("Content-Type", "application/json"),
                    ("Content-Length", str(len(body))),
                ]
                start_response("200 OK", headers)
                return [body]
        environ.setdefault("HTTP_X_PROJECT_ID", project_id_of(DEFAULT_PROJECT))
        return self._application(environ, start_response)


def _answer(path: str, query: str) -> dict[str, Any] | None:
    """Return the document for a request of another service, None when it is the API's own."""
    prefix = next(version for version in (*_VERSIONS, "") if path.startswith(version))
    rest = path[len(prefix) :].strip("/")
    if rest.startswith("projects/"):
        name = rest.removeprefix("projects/")
        return {"project": {"id": project_id_of(name), "name": name, "enabled": True}}
    plural = _COLLECTIONS.get(rest)
    if plural is None:
        return None
    asked = parse_qs(query)
    name = (asked.get("id") or asked.get("name") or [LOOPBACK])[0]
    return {plural: [{"id": id_of(name), "name": name, "network_id": id_of(LOOPBACK)}]}
