"""How the clients connect to a simulated device."""

import warnings
from dataclasses import dataclass
from urllib.parse import urlsplit

from bigip_sim.embedded import RunningDevice

with warnings.catch_warnings():
    # f5-sdk compares versions with distutils, and compares numbers with `is`
    warnings.simplefilter("ignore")
    from bigrest.bigip import BIGIP
    from f5.bigip import ManagementRoot


@dataclass(frozen=True)
class Address:
    """Where a device answers, as the clients take it."""

    host: str
    port: int
    username: str
    password: str
    ca_file: str

    @classmethod
    def of(cls, device: RunningDevice) -> "Address":
        parts = urlsplit(device.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return cls(parts.hostname, parts.port, device.username, device.password, device.ca_file)

    def bigrest(self, **options: object) -> BIGIP:
        if "token" not in options:
            options = {"username": self.username, "password": self.password, **options}
        return BIGIP(f"{self.host}:{self.port}", session_verify=self.ca_file, **options)

    def sdk(self, **options: object) -> ManagementRoot:
        return ManagementRoot(
            self.host, self.username, self.password, port=self.port, verify=self.ca_file, **options
        )
