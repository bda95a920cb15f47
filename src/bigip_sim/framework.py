"""What the REST framework answers by itself, outside the configuration: /mgmt/shared and /mgmt/cm.

Source: iControl REST reference, sections 1.1, 1.2 and 3.10.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bigip_sim.auth import RejectedError
from bigip_sim.exchange import Answer, Request, as_json
from bigip_sim.uploads import DOWNLOADS, BadRangeError, Span, read_range

if TYPE_CHECKING:
    from bigip_sim.device import Device

LOGIN = "/mgmt/shared/authn/login"
_TOKENS = "/mgmt/shared/authz/tokens"
# Where clients put files and fetch them: path -> directory. The first two are in the reference;
# the others are f5-sdk's, which tests them against devices, their directories unverified.
_UPLOADS: Mapping[str, str] = {
    "/mgmt/shared/file-transfer/uploads": DOWNLOADS,
    "/mgmt/shared/file-transfer/ucs-uploads": "/var/local/ucs",
    "/mgmt/cm/autodeploy/software-image-uploads": "/shared/images",
}
_DOWNLOADS: Mapping[str, str] = {
    "/mgmt/shared/file-transfer/downloads": DOWNLOADS,
    "/mgmt/shared/file-transfer/ucs-downloads": "/var/local/ucs",
    "/mgmt/cm/autodeploy/software-image-downloads": "/shared/images",
}


class Framework:
    """Answers one device's requests that are not about its configuration."""

    def __init__(self, device: "Device") -> None:
        self._device = device

    def answer(self, request: Request) -> Answer:
        """Answer a request of a known account."""
        if request.path.startswith(_TOKENS):
            return self._tokens(request, request.path.split("/")[5:])
        folder, _, name = request.path.rpartition("/")
        if request.method == "POST" and folder in _UPLOADS:
            return self._upload(request, folder, name)
        if request.method == "GET" and folder in _DOWNLOADS:
            return self._download(request, f"{_DOWNLOADS[folder]}/{name}")
        raise RejectedError(404, "Public URI path not registered")

    def _tokens(self, request: Request, rest: list[str]) -> Answer:
        sessions, name = self._device.sessions, rest[0] if rest else None
        if request.method == "DELETE":
            sessions.end(name)
            return as_json({})
        if name is None:
            kind = "shared:authz:tokens:authtokencollectionstate"
            return as_json({"kind": kind, "items": sessions.tokens()})
        if request.method in {"PATCH", "PUT"}:
            return as_json(sessions.extend(name, request.body()))
        return as_json(sessions.token(name))

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
        wanted = request.headers.get("HTTP_CONTENT_RANGE")
        try:
            span = Span(0, len(content) - 1, len(content)) if wanted is None else read_range(wanted)
        except BadRangeError as error:
            raise RejectedError(400, str(error)) from error
        last = min(span.last, len(content) - 1)
        told = f"{span.first}-{last}/{len(content)}"
        headers = (("Content-Range", told),)
        part = content[span.first : last + 1]
        return Answer(200, part, "application/octet-stream", headers=headers)
