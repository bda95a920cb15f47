"""How the clients log in, and how they learn what they talk to."""

import pytest
import requests
from bigrest.common.exceptions import RESTAPIError
from bigrest.utils.utils import token
from connecting import Address
from f5.bigip import ManagementRoot
from f5.sdk_exception import ConstraintError
from icontrol.exceptions import iControlUnexpectedHTTPError

from bigip_sim.embedded import running_device

VERSIONS = ("11.6.0", "12.1.2", "13.1.1.3", "14.1.2.1", "15.1.8", "16.1.0")


def test_bigrest_logs_in_with_a_password(address: Address) -> None:
    bigip = address.bigrest()
    assert bigip.exist("/mgmt/tm/ltm/monitor/http/~Common~http")


def test_bigrest_logs_in_with_a_token_of_its_own(address: Address) -> None:
    bigip = address.bigrest(request_token=True)
    assert bigip.session.auth is None
    assert bigip.exist("/mgmt/tm/ltm/monitor/http/~Common~http")


@pytest.mark.filterwarnings("ignore:Non-string")  # bigrest sends an empty account beside it
def test_bigrest_takes_a_token_from_elsewhere(address: Address) -> None:
    where = f"{address.host}:{address.port}"
    found = token(where, address.username, address.password, verify=address.ca_file)
    bigip = address.bigrest(token=found)
    assert bigip.exist("/mgmt/tm/ltm/monitor/http/~Common~http")


@pytest.mark.parametrize("request_token", [False, True])
def test_bigrest_says_what_is_wrong_with_a_password(address: Address, request_token: bool) -> None:
    with pytest.raises((RESTAPIError, requests.exceptions.JSONDecodeError)):
        address.bigrest(password="not this", request_token=request_token)


def test_sdk_logs_in_with_a_token_and_keeps_it_for_its_life(address: Address) -> None:
    root = address.sdk(token=True)
    first = root.icrs.token
    assert root.tm.ltm.monitor.https.http.exists(name="http", partition="Common")
    assert root.icrs.token == first
    assert root.icrs.session.auth.expiration > 0
    again = address.sdk(token_to_use=first)
    assert again.tmos_version == root.tmos_version


def test_sdk_extends_a_token_and_gives_it_back(address: Address) -> None:
    root = address.sdk(token=True)
    name = root.icrs.token
    held = root.shared.authz.tokens_s.token.load(name=name)
    held.modify(timeout="36000")
    assert held.timeout == 36000
    with pytest.raises(ConstraintError):  # f5-sdk knows the limit of devices
        held.modify(timeout="36001")
    held.delete()
    with pytest.raises(iControlUnexpectedHTTPError, match="does not exist"):
        root.tm.ltm.pools.get_collection()


def test_sdk_says_what_is_wrong_with_a_password(address: Address) -> None:
    for options in ({}, {"token": True}):
        with pytest.raises(iControlUnexpectedHTTPError, match="401"):
            ManagementRoot(
                address.host,
                address.username,
                "not this",
                port=address.port,
                verify=address.ca_file,
                **options,
            )


@pytest.mark.parametrize("version", VERSIONS)
def test_both_learn_the_version_and_read_its_collections(
    version: str, address: Address, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_device(version=version) as device:
        at = Address.of(device)
        root = at.sdk(token=True)
        assert root.tmos_version == version
        assert root.tm.ltm.pools.get_collection() == []  # whether items is there or not
        bigip = at.bigrest(request_token=True)
        (shown,) = bigip.load("/mgmt/tm/sys/version").properties["entries"].values()
        assert shown["nestedStats"]["entries"]["Version"]["description"] == version
        policy = root.tm.ltm.policys.policy
        where = {"name": "p", "partition": "Common"}
        if version.startswith("11."):
            policy.create(**where, strategy="/Common/first-match").delete()
        else:
            made = policy.create(
                **where, subPath="Drafts", strategy="/Common/first-match", publish=True
            )
            assert made.status == "published"
