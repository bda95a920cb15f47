"""Each type of object is made, read, changed, listed and removed by both clients."""

import copy
from collections.abc import Iterator

import pytest
from bigrest.bigip import BIGIP
from bigrest.common.exceptions import RESTAPIError
from bigrest.utils.utils import rest_format
from f5.bigip import ManagementRoot
from icontrol.exceptions import iControlUnexpectedHTTPError
from objects import SAMPLES, Sample

every_kind = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)


@pytest.fixture(autouse=True)
def needed(bigip: BIGIP, sample: Sample) -> Iterator[None]:
    """What a sample stands on is made first, and removed after it."""
    for path, body in sample.needs:
        bigip.create(f"/mgmt/tm/{path}", dict(body))
    yield
    for path, body in reversed(sample.needs):
        bigip.delete(f"/mgmt/tm/{path}/~T1~{body['name']}")


@every_kind
def test_bigrest(bigip: BIGIP, sample: Sample) -> None:
    collection = f"/mgmt/tm/{sample.path}"
    one = f"{collection}/{rest_format(sample.full_path)}"
    made = bigip.create(collection, {**sample.where, **sample.body})
    leaf = sample.path.rpartition("/")[2]
    assert made.properties["kind"] == f"tm:{sample.path.replace('/', ':')}:{leaf}state"
    assert made.properties["fullPath"] == sample.full_path
    assert bigip.load(one).properties == made.properties

    changed = bigip.modify(one, dict(sample.change))
    assert {**changed.properties, **sample.change} == changed.properties
    assert changed.properties["selfLink"] == made.properties["selfLink"]
    assert bigip.load(one).properties == changed.properties

    sent_back = bigip.save(bigip.load(one))  # a PUT of all that was read
    assert {**sent_back.properties, "generation": 0} == {**changed.properties, "generation": 0}

    names = [found.properties["fullPath"] for found in bigip.load(f"{collection}?$select=fullPath")]
    assert sample.full_path in names
    if sample.partitioned:
        mine = bigip.load(f"{collection}?$filter=partition eq T1")
        assert {found.properties["partition"] for found in mine} == {"T1"}
        assert changed.properties["fullPath"] in [found.properties["fullPath"] for found in mine]
    with pytest.raises(RESTAPIError, match="already exists"):
        bigip.create(collection, {**sample.where, **sample.body})

    bigip.delete(one)
    assert not bigip.exist(one)


@every_kind
def test_f5_sdk(root: ManagementRoot, sample: Sample) -> None:
    resource = sample.resource(root)
    assert not resource.exists(**sample.where)
    made = sample.resource(root).create(**sample.where, **sample.body)
    assert made.fullPath == sample.full_path
    assert resource.exists(**sample.where)

    made.modify(**sample.change)
    loaded = sample.resource(root).load(**sample.where)
    assert {name: getattr(loaded, name) for name in sample.change} == sample.change
    assert loaded.selfLink == made.selfLink

    before = copy.deepcopy({**loaded.attrs, "generation": 0})
    loaded.update()  # a PUT of all that was read
    assert {**sample.resource(root).load(**sample.where).attrs, "generation": 0} == before

    listed = sample.collection(root).get_collection()
    assert sample.full_path in [found.fullPath for found in listed]
    with pytest.raises(iControlUnexpectedHTTPError, match="already exists"):
        sample.resource(root).create(**sample.where, **sample.body)

    made.delete()
    assert not resource.exists(**sample.where)
