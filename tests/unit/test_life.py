"""An agent's life: what it may write, and which homes are its own."""

from dataclasses import replace

import pytest

from bigip_lbaas.agent.life import Life
from bigip_lbaas.domain.errors import LeaseExpired
from bigip_lbaas.domain.home import Fence, Home, StampAbove


class Watch:
    now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s


def home(project: str = "acme", fence: int = 5) -> Home:
    return Home("dev", project, 1, "host-1:1", Fence(fence, "aa"))  # type: ignore[arg-type]


def living(*homes: Home) -> tuple[Life, Watch]:
    watch = Watch()
    life = Life(watch.monotonic_s)
    life.begin("epoch", homes)
    return life, watch


def test_before_a_heartbeat_is_answered_nothing_may_be_written() -> None:
    life, _ = living(home())
    with pytest.raises(LeaseExpired, match="message broker and the controllers"):
        life.may_write()


def test_the_lease_counts_from_when_the_heartbeat_was_sent() -> None:
    life, watch = living(home())
    watch.now_s = 110.0
    life.renew("epoch", sent_at_s=108.0, length_s=3.0)
    life.may_write()
    assert life.lease_left_s() == 1.0
    watch.now_s = 111.0
    with pytest.raises(LeaseExpired):
        life.may_write()


def test_the_answer_to_a_heartbeat_of_another_epoch_renews_nothing() -> None:
    life, _ = living(home())
    life.renew("earlier", 100.0, 3.0)
    assert life.lease_left_s() == 0.0


def test_with_the_epoch_ends_the_lease_and_all_homes() -> None:
    life, _ = living(home())
    life.renew("epoch", 100.0, 3.0)
    life.end()
    assert life.lease_left_s() == 0.0
    assert life.epoch == ""
    assert life.homes() == ()
    assert life.highest() is None
    assert not life.adopt(home(fence=9), "")
    life.renew("", 100.0, 3.0)
    with pytest.raises(LeaseExpired):
        life.may_write()


def test_a_new_life_begins_without_the_old_ones_lease() -> None:
    life, _ = living(home())
    life.renew("epoch", 100.0, 3.0)
    life.begin("another", ())
    assert life.lease_left_s() == 0.0


def test_a_home_is_adopted_in_this_epoch_at_no_lower_fence() -> None:
    life, _ = living(home(fence=5))
    assert not life.adopt(home(fence=6), "another")
    assert not life.adopt(home(fence=4), "epoch")
    assert life.adopt(home(fence=5), "epoch")
    assert life.adopt(home(fence=6), "epoch")
    assert life.holds(home(fence=6))
    assert not life.holds(home(fence=5))
    assert life.highest() == Fence(6, "aa")


def test_what_was_let_go_is_never_taken_again_at_or_under_that_fence() -> None:
    life, _ = living(home(fence=5))
    life.let_go(home(fence=5))
    assert life.homes() == ()
    assert life.has_let_go(home(fence=5))
    assert life.has_let_go(home(fence=4))
    assert not life.adopt(home(fence=5), "epoch")
    assert life.replace_homes("epoch", [home(fence=5)]) == ()
    assert life.homes() == ()
    assert life.adopt(home(fence=6), "epoch")


def test_letting_go_of_an_older_fence_takes_nothing_back() -> None:
    life, _ = living(home(fence=5))
    life.let_go(home(fence=5))
    life.let_go(home(fence=3))
    assert life.has_let_go(home(fence=5))


def test_letting_go_of_an_overtaken_fence_keeps_the_newer_home() -> None:
    life, _ = living(home(fence=5))
    life.adopt(home(fence=6), "epoch")
    life.let_go(home(fence=5))
    assert life.holds(home(fence=6))


def test_a_new_life_may_be_given_what_the_old_one_let_go() -> None:
    life, _ = living(home(fence=5))
    life.let_go(home(fence=5))
    life.begin("another", [home(fence=5)])
    assert life.holds(home(fence=5))


def test_replaced_homes_are_exactly_those_said_and_the_new_ones_are_returned() -> None:
    life, _ = living(home("acme", 5), home("bolt", 6))
    new = life.replace_homes("epoch", [home("acme", 5), home("coda", 7)])
    assert new == (home("coda", 7),)
    assert set(life.homes()) == {home("acme", 5), home("coda", 7)}


def test_an_overtaken_answer_never_leads_back_to_a_lower_fence() -> None:
    life, _ = living(home(fence=5))
    life.adopt(home(fence=7), "epoch")
    assert life.replace_homes("epoch", [home(fence=5)]) == ()
    assert life.holds(home(fence=7))


def test_homes_of_another_epoch_replace_nothing() -> None:
    life, _ = living(home(fence=5))
    assert life.replace_homes("another", [home(fence=9)]) == ()
    assert life.holds(home(fence=5))


def test_work_may_write_only_in_its_own_life_and_home() -> None:
    life, _ = living(home(fence=5))
    with pytest.raises(LeaseExpired, match="no heartbeat"):
        life.may_write_to(home(fence=5), "epoch")
    life.renew("epoch", 100.0, 3.0)
    life.may_write_to(home(fence=5), "epoch")
    for other, epoch in [(home(fence=5), "earlier"), (home(fence=4), "epoch")]:
        with pytest.raises(LeaseExpired, match="no longer this agent's"):
            life.may_write_to(other, epoch)


def test_only_so_many_homes_let_go_of_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bigip_lbaas.agent.life.REMEMBERED", 2)
    life, _ = living()
    for project in ("a", "b", "a", "c"):
        life.let_go(home(project))
    assert [project for project in "abc" if life.has_let_go(home(project))] == ["a", "c"]


def test_a_stamp_above_a_homes_fence_is_told_while_the_home_has_that_fence() -> None:
    life = Life(lambda: 0.0)
    ours = home()
    life.begin("epoch", (ours,))
    for below_or_own in (Fence(4, "zz"), Fence(5, "aa")):
        life.see(below_or_own, ours)
        assert life.heartbeat("h1:1", 1).above is None
    life.see(Fence(5, "zz"), ours)
    for beat in (2, 3):
        assert life.heartbeat("h1:1", beat).above == StampAbove(ours, Fence(5, "zz"))
    life.adopt(replace(ours, fence=Fence(9, "bb")), "epoch")
    assert life.heartbeat("h1:1", 4).above is None
