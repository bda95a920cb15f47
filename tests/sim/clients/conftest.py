"""Two clients that others wrote for real devices, connected to a simulated one."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from bigip_sim.embedded import RunningDevice, running_device

with warnings.catch_warnings():
    # f5-sdk compares versions with distutils, and compares numbers with `is`
    warnings.simplefilter("ignore")
    from bigrest.bigip import BIGIP
    from f5.bigip import ManagementRoot

PARTITION = "T1"


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


@pytest.fixture(scope="package")
def device() -> Iterator[RunningDevice]:
    with pytest.MonkeyPatch.context() as patch, running_device() as running:
        for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            patch.delenv(variable, raising=False)  # requests would prefer it to what it is told
        yield running


@pytest.fixture(scope="package")
def address(device: RunningDevice) -> Address:
    return Address.of(device)


@pytest.fixture(scope="package")
def bigip(address: Address) -> BIGIP:
    """Return bigrest's client; partition T1 is there."""
    client = address.bigrest(request_token=True)
    client.create("/mgmt/tm/auth/partition", {"name": PARTITION})
    return client


@pytest.fixture(scope="package")
def root(address: Address, bigip: BIGIP) -> ManagementRoot:
    """Return f5-sdk's client; partition T1 is there."""
    return address.sdk()
