"""Two clients that others wrote for real devices, connected to a simulated one."""

from collections.abc import Iterator

import pytest
from connecting import BIGIP, Address, ManagementRoot

from bigip_sim.embedded import RunningDevice, running_device

PARTITION = "T1"


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
