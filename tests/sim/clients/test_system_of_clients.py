"""What the clients ask of the device itself: statistics, commands, tasks, cluster, settings."""

from typing import Any

import pytest
from bigrest.bigip import BIGIP
from bigrest.common.exceptions import RESTAPIError
from f5.bigip import ManagementRoot
from f5.utils.responses.handlers import Stats


@pytest.fixture
def virtual(bigip: BIGIP) -> Any:
    path = "/mgmt/tm/ltm/virtual"
    bigip.create(path, {"name": "/T1/counted", "destination": "10.44.0.1:80"})
    yield f"{path}/~T1~counted"
    bigip.delete(f"{path}/~T1~counted")


def test_bigrest_shows_one_and_all(bigip: BIGIP, virtual: str) -> None:
    shown = bigip.show(virtual)
    assert shown.properties["clientside.maxConns"] == {"value": 0}
    names = {one.properties["tmName"]["description"] for one in bigip.show("/mgmt/tm/ltm/virtual")}
    assert names == {"/T1/counted"}


def test_sdk_flattens_statistics(root: ManagementRoot, virtual: str) -> None:
    loaded = root.tm.ltm.virtuals.virtual.load(name="counted", partition="T1")
    stats = Stats(loaded.stats.load())
    assert stats.stat.clientside_totConns["value"] == 0
    assert stats.stat.status_availabilityState["description"] == "unknown"
    stats.refresh()
    assert stats.stat.tmName["description"] == "/T1/counted"


def test_sdk_reads_the_statistics_of_a_pool_and_of_all(root: ManagementRoot) -> None:
    pool = root.tm.ltm.pools.pool.create(
        name="counted", partition="T1", members=[{"name": "10.44.1.1:80"}]
    )
    assert Stats(pool.stats.load()).stat.memberCnt["value"] == 1
    assert "~T1~counted" in "".join(root.tm.ltm.pools.stats.load().entries)
    pool.delete()
    root.tm.ltm.nodes.node.load(name="10.44.1.1", partition="T1").delete()


def test_bigrest_reads_an_example(bigip: BIGIP) -> None:
    example = bigip.example("/mgmt/tm/ltm/node").properties
    assert example["items"][0]["propertyDescriptions"]


def test_bigrest_runs_a_command(bigip: BIGIP) -> None:
    run = {"command": "run", "utilCmdArgs": "-c 'cat /VERSION'"}
    assert "BIG-IP" in bigip.command("/mgmt/tm/util/bash", run)
    assert bigip.command("/mgmt/tm/sys/config", {"command": "save"}) == ""


def test_sdk_runs_a_command(root: ManagementRoot) -> None:
    found = root.tm.util.bash.exec_cmd("run", utilCmdArgs="-c 'cat /VERSION'")
    assert "BIG-IP" in found.commandResult
    root.tm.sys.config.exec_cmd("save")


def test_bigrest_waits_for_a_task(bigip: BIGIP) -> None:
    task = bigip.task_start("/mgmt/tm/task/sys/config", {"command": "save"})
    bigip.task_wait(task, interval=0)
    assert bigip.task_completed(task)
    assert isinstance(bigip.task_result(task), str)


def test_sdk_finds_itself_among_the_devices(root: ManagementRoot) -> None:
    (me,) = [one for one in root.tm.cm.devices.get_collection() if one.selfDevice == "true"]
    loaded = root.tm.cm.devices.device.load(name=me.name, partition="Common")
    assert loaded.failoverState == "active"
    assert loaded.version == root.tmos_version
    names = {group.name for group in root.tm.cm.traffic_groups.get_collection()}
    assert {"traffic-group-1", "traffic-group-local-only"} <= names
    groups = {group.name for group in root.tm.cm.device_groups.get_collection()}
    assert "device_trust_group" in groups
    assert [domain.name for domain in root.tm.cm.trust_domains.get_collection()] == ["Root"]


def test_both_read_sync_and_failover(root: ManagementRoot, bigip: BIGIP) -> None:
    for status, word in (("sync_status", "Standalone"), ("failover_status", "ACTIVE")):
        loaded = getattr(root.tm.cm, status)
        loaded.refresh()
        assert Stats(loaded).stat.status["description"] == word
        path = f"/mgmt/tm/cm/{status.replace('_', '-')}"
        (entry,) = bigip.load(path).properties["entries"].values()
        assert entry["nestedStats"]["entries"]["status"]["description"] == word


def test_sdk_makes_a_device_group(root: ManagementRoot) -> None:
    group = root.tm.cm.device_groups.device_group.create(
        name="pair", partition="Common", type="sync-failover"
    )
    (me,) = [one for one in root.tm.cm.devices.get_collection() if one.selfDevice == "true"]
    device = group.devices_s.devices.create(name=me.name)
    assert [one.name for one in group.devices_s.get_collection()] == [me.name]
    group.modify(autoSync="enabled")
    root.tm.cm.exec_cmd("run", utilCmdArgs="config-sync to-group pair")
    device.delete()
    group.delete()
    with pytest.raises(Exception, match="01070734"):
        root.tm.cm.exec_cmd("run", utilCmdArgs="config-sync to-group pair")


def test_sdk_forces_the_device_offline_and_back(root: ManagementRoot) -> None:
    failover = root.tm.sys.failover
    loaded = failover.load()
    assert "Failover active" in loaded.apiRawValues["apiAnonymous"]
    failover.exec_cmd("run", offline=True)
    loaded.refresh()
    assert "Failover forced_offline" in loaded.apiRawValues["apiAnonymous"]
    root.tm.sys.failover.exec_cmd("run", utilCmdArgs="online")
    loaded.refresh()
    assert "Failover active" in loaded.apiRawValues["apiAnonymous"]
    toggled = root.tm.sys.failover.toggle_standby(trafficgroup="traffic-group-1", state=None)
    assert (toggled.command, toggled.standby) == ("run", None)


def test_sdk_reads_what_the_device_says_of_itself(root: ManagementRoot) -> None:
    version = root.tm.sys.version.load()
    assert root.tmos_version in str(version.entries)
    assert root.tm.sys.global_settings.load().hostname == "bigip-1"
    for name in ("clock", "memory", "hardware", "host_info", "license"):
        assert getattr(root.tm.sys, name).load().entries
    assert root.tm.sys.provision.ltm.load().level
    found = root.tm.sys.dbs.db.load(name="icrd.timeout")
    assert found.value == "60"
    found.update(value="120")
    assert root.tm.sys.dbs.db.load(name="icrd.timeout").value == "120"
    found.update(value="60")


def test_sdk_reads_and_changes_the_devices_settings(root: ManagementRoot) -> None:
    system = root.tm.sys
    for name in ("dns", "ntp", "httpd", "sshd", "syslog", "snmp", "global_settings"):
        loaded = getattr(system, name).load()
        loaded.update(description=f"our {name}")
        assert getattr(system, name).load().description == f"our {name}"
    system.daemon_log_settings.tmm.load()
    root.tm.auth.password_policy.load()
    root.tm.auth.source.load()
    assert system.software.volumes.get_collection()[0].name == "HD1.1"
    assert system.management_ips.management_ip.load(name="127.0.0.1/24").name == "127.0.0.1/24"
    community = system.snmp.communities_s.community.create(
        name="c", partition="Common", communityName="internal"
    )
    community.update(access="rw")
    assert community.access == "rw"
    community.delete()
    server = system.smtp_servers.smtp_server.create(name="s", partition="Common")
    server.delete()


def test_sdk_reads_performance(root: ManagementRoot) -> None:
    found = root.tm.sys.performances.all_stats.load()
    assert any(key.endswith("SSL%20TPS") for key in found.entries)


def test_sdk_folders_in_every_way_they_are_named(root: ManagementRoot) -> None:
    folders = root.tm.sys.folders
    made = folders.folder.create(name="clients_f", subPath="/")
    assert (made.name, made.subPath, made.fullPath) == ("clients_f", "/", "/clients_f")
    found = [folders.folder.load(partition="clients_f"), folders.folder.load(name="clients_f")]
    assert {one.generation for one in found} == {made.generation}
    for where in ({"name": "/"}, {"partition": "/"}, {}):
        assert folders.folder.load(**where).fullPath == "/"
    made.description = "a tenant"
    made.update()
    assert (made.deviceGroup, made.inheritedDevicegroup) == ("none", "true")
    assert made.generation > found[0].generation
    inner = folders.folder.create(name="inner", subPath="/clients_f")
    assert inner.fullPath == "/clients_f/inner"
    for one in (inner, made):
        one.delete()
    assert not folders.folder.exists(partition="clients_f")


def test_bigrest_makes_a_folder_by_its_partition(bigip: BIGIP) -> None:
    made = bigip.create("/mgmt/tm/sys/folder", {"name": "clients_g", "partition": "/"})
    assert made.properties["fullPath"] == "/clients_g"
    bigip.delete("/mgmt/tm/sys/folder/~clients_g")


def test_sdk_lists_what_a_module_holds(root: ManagementRoot) -> None:
    references = root.tm.ltm.get_collection()
    links = [one["reference"]["link"] for one in references]
    assert any("/mgmt/tm/ltm/virtual?" in link for link in links)


def test_bigrest_is_told_of_a_path_that_is_none(bigip: BIGIP) -> None:
    with pytest.raises(RESTAPIError, match="404"):
        bigip.load("/mgmt/tm/ltm/nothing-of-this-kind")
