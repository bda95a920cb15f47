"""What the REST framework answers by itself, outside the configuration: /mgmt/shared and /mgmt/cm.

Source: iControl REST reference, sections 1.1, 1.2, 1.6 and 3.10.
"""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bigip_sim.auth import PROVIDER, RejectedError
from bigip_sim.exchange import Answer, Request, as_json
from bigip_sim.uploads import DOWNLOADS, BadRangeError, read_range, read_wish

if TYPE_CHECKING:
    from bigip_sim.device import Device

LOGIN = "/mgmt/shared/authn/login"
_TOKENS = "/mgmt/shared/authz/tokens"
_PROVIDERS = "/mgmt/cm/system/authn/providers/tmos"
_PACKAGES = "/mgmt/shared/iapp/package-management-tasks"
_DEVICE_INFO = "/mgmt/shared/identified-devices/config/device-info"
# Clients ask these to see whether REST answers; what they say beyond that is unverified.
_ECHOES = frozenset({"/mgmt/shared/echo", "/mgmt/shared/echo-query"})
# Where clients put files and fetch them: path -> directory. The first two are in the reference;
# the others are those of f5-sdk and f5-ansible, some of their directories unverified.
_UPLOADS: Mapping[str, str] = {
    "/mgmt/shared/file-transfer/uploads": DOWNLOADS,
    "/mgmt/shared/file-transfer/ucs-uploads": "/var/local/ucs",
    "/mgmt/cm/autodeploy/software-image-uploads": "/shared/images",
}
_DOWNLOADS: Mapping[str, str] = {
    "/mgmt/shared/file-transfer/downloads": DOWNLOADS,
    "/mgmt/shared/file-transfer/ucs-downloads": "/var/local/ucs",
    "/mgmt/cm/autodeploy/software-image-downloads": "/shared/images",
    "/mgmt/shared/file-transfer/madm": "/var/config/rest/madm",
    "/mgmt/shared/file-transfer/bulk": "/var/config/rest/bulk",
}


class Framework:
    """Answers one device's requests that are not about its configuration."""

    def __init__(self, device: "Device") -> None:
        self._device = device
        self._operations = itertools.count(1)

    def answer(self, request: Request) -> Answer:
        """Answer a request of a known account."""
        path, method = request.path, request.method
        if path == _TOKENS or path.startswith(f"{_TOKENS}/"):
            return self._tokens(request, path.removeprefix(_TOKENS).strip("/"))
        folder, _, name = path.rpartition("/")
        if method == "POST" and folder in _UPLOADS:
            return self._upload(request, folder, name)
        if method == "GET" and folder in _DOWNLOADS:
            return self._download(request, f"{_DOWNLOADS[folder]}/{name}")
        if path == _PACKAGES or folder == _PACKAGES:
            return self._packages(request, name)
        if path in _ECHOES:
            return self._echo(request)
        if path == _PROVIDERS and method == "GET":
            return self._providers()
        if path == _DEVICE_INFO and method == "GET":
            return self._device_info()
        if name == "available" and method == "GET" and self._serves(folder):
            return as_json({})  # that it answers is what counts; its body is unverified
        raise RejectedError(404, "Public URI path not registered")

    def rejection(self, request: Request, status: int, message: str) -> Answer:
        """Return a refusal in the form of the framework itself: section 1.6."""
        body = {
            "code": status,
            "message": message,
            "referer": request.client or "Unknown",
            "restOperationId": next(self._operations),
            "kind": ":resterrorresponse",
        }
        return as_json(body, status)

    def _serves(self, path: str) -> bool:
        known = {_TOKENS, LOGIN, _PROVIDERS, *_ECHOES, *_UPLOADS, *_DOWNLOADS}
        return any(place == path or place.startswith(f"{path}/") for place in known)

    def _tokens(self, request: Request, name: str) -> Answer:
        sessions = self._device.sessions
        match request.method, name:
            case "GET", "":
                return as_json(sessions.collection())
            case "DELETE", "":
                sessions.end_all()
                return as_json({})
            case "GET", _:
                return as_json(sessions.token(name))
            case "DELETE", _:
                return as_json(sessions.end(name))
            case "PATCH" | "PUT", _ if name:
                return as_json(sessions.extend(name, request.body()))
        raise RejectedError(405, f"Method {request.method} is not allowed")  # unverified

    def _echo(self, request: Request) -> Answer:
        told = {
            **request.body(),
            "kind": "shared:echo:echostate",
            "selfLink": f"https://localhost{request.path}",
        }
        return as_json(told)

    def _packages(self, request: Request, name: str) -> Answer:
        """Answer that no extension is installed: f5-ansible asks so before it looks for more."""
        if request.method == "POST":
            if request.body().get("operation") != "QUERY":
                raise RejectedError(501, "bigip-sim installs no extensions")
            return as_json({"id": "query", "operation": "QUERY", "status": "CREATED"}, 202)
        if request.method != "GET" or name != "query":
            raise RejectedError(404, "Public URI path not registered")
        done = {"id": name, "operation": "QUERY", "status": "FINISHED", "queryResponse": []}
        return as_json(done)

    def _providers(self) -> Answer:
        """The one provider that accounts of the device itself log in with. Form unverified."""
        item = {
            "name": "local",
            "id": PROVIDER.rpartition("/")[2],
            "loginReference": {"link": f"{PROVIDER}/login"},
            "selfLink": PROVIDER,
            "kind": "cm:system:authn:providers:tmos:tmosauthprovideritemstate",
        }
        kind = "cm:system:authn:providers:tmos:tmosauthprovidercollectionstate"
        link = f"https://localhost{_PROVIDERS}"
        return as_json({"items": [item], "kind": kind, "selfLink": link})

    def _device_info(self) -> Answer:
        """What clients of F5's extensions ask first to learn version and name. Form unverified."""
        me = self._device.identity
        told = {
            "hostname": me.name,
            "version": me.version,
            "product": "BIG-IP",
            "build": me.build,
            "edition": me.edition,
            "platformId": "Z100",
            "chassisSerialNumber": me.serial,
            "managementAddress": me.address,
            "kind": "shared:resolver:device-groups:deviceinfostate",
            "selfLink": f"https://localhost{_DEVICE_INFO}",
        }
        return as_json(told)

    def _upload(self, request: Request, folder: str, name: str) -> Answer:
        path = f"{_UPLOADS[folder]}/{name}"
        try:
            span = read_range(request.headers.get("HTTP_CONTENT_RANGE", ""))
            taken = self._device.uploads.take(path, span, request.raw_body)
        except BadRangeError as error:
            raise RejectedError(400, str(error)) from error
        return as_json(
            {
                **taken,
                "localFilePath": path,
                "temporaryFilePath": f"/var/config/rest/storage/tmp/{name}",  # unverified
                "generation": 0,
                "lastUpdateMicros": int(self._device.clock() * 1_000_000),
            }
        )

    def _download(self, request: Request, path: str) -> Answer:
        content = self._device.uploads.read(path)
        if content is None:
            raise RejectedError(404, f"File {path} does not exist")  # unverified
        try:
            span = read_wish(request.headers.get("HTTP_CONTENT_RANGE"), len(content))
        except BadRangeError as error:
            raise RejectedError(400, str(error)) from error
        headers = (("Content-Range", f"{span.first}-{span.last}/{span.total}"),)
        part = content[span.first : span.last + 1]
        return Answer(200, part, "application/octet-stream", headers=headers)
