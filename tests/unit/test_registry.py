"""Agents come, beat and go; homes change hands in one transaction, with new fences."""

from dataclasses import replace

import pytest
from bookkeeping import ENVIRONMENT, Books, homes_of, ready

from bigip_lbaas.controller import registry
from bigip_lbaas.domain.home import Fence
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from bigip_lbaas.wire.messages import Registration


def housed(projects: int = 3) -> Books:
    """Return books in which agent h1:1 has the homes of that many projects."""
    books = Books()
    ready(books)
    for number in range(projects):
        books.assigned(books.accept(number, f"project-{number}"))
    return books


def test_a_registration_begins_an_epoch_and_tells_how_to_beat() -> None:
    books = Books()
    answer = books.register()
    assert answer.epoch != ""
    assert (answer.interval_s, answer.lease_s) == (1.0, 3.0)
    assert answer.store_time == books.now
    agent = books.agent("h1:1")
    assert (agent.epoch, agent.beat, agent.alive, agent.admin_state_up) == (
        answer.epoch, 0, True, True
    )  # fmt: skip


def test_an_agent_that_registers_again_has_a_new_epoch_and_new_fences_for_its_homes() -> None:
    books = housed()
    before = {home.project_id: home.fence_number for home in books.all(records.Home)}
    epoch = books.agent("h1:1").epoch
    answer = books.register(devices=("device-of-1",))
    assert answer.epoch != epoch
    assert {project for project, _ in homes_of(answer)} == set(before)
    assert all(fence > max(before.values()) for _, fence in homes_of(answer))
    assert len({fence for _, fence in homes_of(answer)}) == len(before)


def test_two_environments_of_one_database_have_agents_of_one_id_each_its_own() -> None:
    books = housed()
    books.report("h1:1", books.agent("h1:1").epoch)
    other = Books(replace(books.settings, environment="other"))  # type: ignore[arg-type]
    other.store = books.store
    theirs = other.write(
        lambda tx: registry.register(
            tx,
            other.settings,
            Registration("h1:1", "other", "h1", 1, ("device-of-1",)),  # type: ignore[arg-type]
            lambda: "another epoch",
            lambda: "ff",
        )
    )
    assert (theirs.refused, theirs.homes) == ("", ())
    ours = books.agent("h1:1")
    assert ours.epoch != "another epoch"
    assert not books.beat("h1:1", ours.epoch, 1).epoch_ended
    gone = other.get(records.Agent, "other", "h1:1")
    assert gone is not None
    other.take_homes(gone)
    assert books.agent("h1:1").alive
    assert len(books.all(records.Home, agent_id="h1:1")) == 3
    assert len(books.all(records.Report)) == 1


def test_a_conflict_is_refused_and_changes_nothing() -> None:
    books = Books()
    books.register("h1", 1, ("A",))
    answer = books.register("h1", 2, ("A",))
    assert "manages device A already" in answer.refused
    assert answer.epoch == ""
    assert books.get(records.Agent, ENVIRONMENT, "h1:2") is None
    assert books.get(records.Group, ENVIRONMENT, 2) is None


def test_two_living_processes_are_not_one_agent() -> None:
    """Two containers with one host name and a lock directory each: the second one is refused."""
    books = Books()
    first = {"instance": "aa", "runs_as": "process 7, configuration /etc/one.conf"}
    second = {"instance": "bb", "runs_as": "process 8, configuration /etc/two.conf"}
    answer = books.register(**first)
    for beat in range(1, 4):
        books.now += 1.0
        assert not books.beat("h1:1", answer.epoch, beat).epoch_ended
        refused = books.register(**second).refused
        assert "agent h1:1 (process 7, configuration /etc/one.conf) on this host (h1)" in refused
        assert "serves device group 1 already" in refused
    assert books.agent("h1:1").epoch == answer.epoch


def test_a_process_that_is_started_again_takes_the_place_of_the_one_before() -> None:
    books = Books()
    answer = books.register(instance="aa")
    books.beat("h1:1", answer.epoch, 1)
    assert books.register(instance="bb").refused != ""
    books.now += 2.0  # two beats are missing
    assert books.register(instance="bb").refused == ""
    assert books.register(instance="bb").refused == ""  # the answer was lost
    assert books.register().refused == ""  # of a release that does not say which process it is
    assert books.register(instance="cc").refused == ""


def test_a_refusal_names_the_process_that_is_in_the_way() -> None:
    books = Books()
    books.register("h1", 1, ("A",), runs_as="process 7, configuration /etc/one.conf")
    who = "agent h1:1 (process 7, configuration /etc/one.conf)"
    assert who in books.register("h1", 2, ("A",)).refused  # whatever address it has for it
    assert who in books.register("h2", 2, ("A",)).refused
    assert who in books.register("h2", 1, ("B",)).refused


def test_agents_that_are_gone_are_in_nobodys_way() -> None:
    books = Books()
    books.register("h1", 1, ("A",))
    books.now += 4.1  # not heard of since, though nobody has taken its homes yet
    assert books.register("h1", 2, ("A",)).refused == ""
    books.take_homes(books.agent("h1:2"))
    assert books.register("h1", 3, ("A",)).refused == ""


def test_the_devices_of_a_group_are_kept_once_all_have_said_who_they_are() -> None:
    books = Books()
    books.register(devices=("?x", "B"))
    group = books.get(records.Group, ENVIRONMENT, 1)
    assert group is not None
    assert group.devices == ()
    books.register(devices=("A", "B"), tags=("gold",))
    group = books.get(records.Group, ENVIRONMENT, 1)
    assert group is not None
    assert (group.devices, group.tags) == (("A", "B"), ("gold",))


def test_what_the_operator_set_survives_a_registration() -> None:
    books = Books()
    books.register()
    group = books.get(records.Group, ENVIRONMENT, 1)
    assert group is not None
    books.put(replace(group, draining=True, weight=3.0))
    books.put(replace(books.agent("h1:1"), admin_state_up=False))
    books.register()
    group = books.get(records.Group, ENVIRONMENT, 1)
    assert group is not None
    assert (group.draining, group.weight) == (True, 3.0)
    assert not books.agent("h1:1").admin_state_up


def test_a_beat_of_the_present_epoch_is_written_down_before_it_is_answered() -> None:
    books = Books()
    epoch = books.register().epoch
    books.now += 1.0
    answer = books.beat("h1:1", epoch, 1)
    assert not answer.epoch_ended
    assert answer.store_time == books.now
    assert (books.agent("h1:1").beat, books.agent("h1:1").beat_at) == (1, books.now)


def test_an_overtaken_beat_is_no_sign_of_life() -> None:
    books = Books()
    epoch = books.register().epoch
    books.beat("h1:1", epoch, 5)
    seen = books.agent("h1:1")
    books.now += 1.0
    books.beat("h1:1", epoch, 4)
    assert books.agent("h1:1") == seen


@pytest.mark.parametrize("who", ["h1:1", "nobody"])
def test_a_beat_of_an_ended_epoch_renews_nothing(who: str) -> None:
    books = Books()
    books.register()
    seen = books.agent("h1:1")
    books.now += 1.0
    assert books.beat(who, "another", 9).epoch_ended
    assert books.agent("h1:1") == seen


def test_an_agent_that_knows_its_homes_is_not_told_them_again() -> None:
    books = housed(2)
    epoch = books.agent("h1:1").epoch
    fences = [Fence(h.fence_number, h.fence_nonce) for h in books.all(records.Home)]
    assert books.beat("h1:1", epoch, 1, homes=2, highest=max(fences)).homes is None


@pytest.mark.parametrize(("count", "number"), [(1, 2), (2, 1), (3, 2)])
def test_an_agent_that_knows_other_homes_is_told_all_of_them(count: int, number: int) -> None:
    books = housed(2)
    epoch = books.agent("h1:1").epoch
    answer = books.beat("h1:1", epoch, 1, homes=count, highest=Fence(number, "0"))
    assert answer.homes is not None
    assert {home.project_id for home in answer.homes} == {"project-0", "project-1"}


def test_the_homes_of_a_silent_agent_go_whole_to_the_live_ones_fewest_first() -> None:
    books = housed(4)
    before = max(home.fence_number for home in books.all(records.Home))
    books.register("h2", 1, ("device-of-1",))
    books.register("h3", 1, ("device-of-1",))
    taken = books.take_homes(books.agent("h1:1"))
    assert taken is not None
    assert taken.left == 0
    owners = [home.agent_id for home in books.all(records.Home)]
    assert sorted(owners) == ["h2:1", "h2:1", "h3:1", "h3:1"]
    fences = [home.fence.number for home in taken.given]
    assert min(fences) > before
    assert len(set(fences)) == 4


def test_taking_homes_ends_the_epoch_and_what_the_agent_reported() -> None:
    books = housed(1)
    agent = books.agent("h1:1")
    books.take_homes(agent)
    assert not books.agent("h1:1").alive
    assert books.agent("h1:1").epoch != agent.epoch
    assert books.beat("h1:1", agent.epoch, 99).epoch_ended
    assert books.all(records.Report) == ()
    assert "agent gone" in [event.kind for event in books.all(records.Event)]


def test_an_agent_that_has_been_heard_of_since_keeps_its_homes() -> None:
    books = housed(1)
    watched = books.agent("h1:1")
    before = books.all(records.Home)
    books.register("h2", 1, ("device-of-1",))
    books.beat("h1:1", watched.epoch, watched.beat + 1)
    assert books.take_homes(watched) is None
    assert books.all(records.Home) == before
    assert books.agent("h1:1").alive


def test_an_agent_that_has_registered_again_since_keeps_its_homes() -> None:
    books = housed(1)
    watched = books.agent("h1:1")
    books.register(devices=("device-of-1",))
    before = books.all(records.Home)
    assert books.take_homes(watched) is None
    assert books.all(records.Home) == before


def test_of_two_controllers_that_take_homes_one_does() -> None:
    books = housed(1)
    watched = books.agent("h1:1")
    assert books.take_homes(watched) is not None
    assert books.take_homes(watched) is None


def test_without_a_live_agent_homes_stay_where_they_are_for_whoever_comes() -> None:
    books = housed(2)
    before = books.all(records.Home)
    taken = books.take_homes(books.agent("h1:1"))
    assert taken is not None
    assert (taken.given, taken.left) == ((), 2)
    assert books.all(records.Home) == before
    answer = books.register("h2", 1, ("device-of-1",))
    assert {project for project, _ in homes_of(answer)} == {"project-0", "project-1"}
    assert {home.agent_id for home in books.all(records.Home)} == {"h2:1"}


def test_a_newcomer_takes_no_homes_of_other_groups_or_of_the_living() -> None:
    books = housed(2)
    assert homes_of(books.register("h2", 1, ("device-of-1",))) == set()
    books.take_homes(books.agent("h2:1"))
    books.take_homes(books.agent("h1:1"))
    assert homes_of(books.register("h3", 2, ("other",))) == set()


def test_agents_that_are_admin_down_get_no_homes() -> None:
    books = housed(2)
    books.register("h2", 1, ("device-of-1",))
    books.put(replace(books.agent("h2:1"), admin_state_up=False))
    taken = books.take_homes(books.agent("h1:1"))
    assert taken is not None
    assert taken.given == ()
    assert homes_of(books.register("h2", 1, ("device-of-1",))) == set()
    assert {home.agent_id for home in books.all(records.Home)} == {"h1:1"}


def test_agents_not_heard_of_lately_get_no_homes() -> None:
    books = housed(1)
    books.register("h2", 1, ("device-of-1",))
    books.now += 10.0
    taken = books.take_homes(books.agent("h1:1"))
    assert taken is not None
    assert taken.given == ()


def test_with_the_homes_goes_the_work_that_is_not_settled() -> None:
    books = Books()
    ready(books)
    rows = {}
    for number, phase in enumerate(Phase):
        rows[phase] = books.accept(number)
        books.assigned(rows[phase])
    for phase, row in rows.items():
        books.put(replace(row, phase=phase))
    unclean = books.accept(99)
    books.assigned(unclean)
    books.put(replace(unclean, phase=Phase.APPLIED, unclean=("B",), behind=True))
    books.register("h2", 1, ("device-of-1",))
    taken = books.take_homes(books.agent("h1:1"))
    assert taken is not None
    expected = {rows[one].id for one in (Phase.WAITING, Phase.ASSIGNED, Phase.FAILED)}
    assert set(taken.unsettled) == expected | {unclean.id}
