"""Silence is counted from when a controller saw it, on its own clock."""

from dataclasses import replace

from bigip_lbaas.controller.settings import ControllerSettings
from bigip_lbaas.controller.silence import SilenceWatch, Waits
from bigip_lbaas.store.records import Agent

SETTINGS = ControllerSettings("dev", "controller-1")  # type: ignore[arg-type]


def agent(beat: int = 1, epoch: str = "epoch", alive: bool = True) -> Agent:
    return Agent("host-1:1", "dev", "host-1", 1, epoch, beat, alive, True, ("a",), 0.0, 0.0)  # type: ignore[arg-type]


def test_who_has_just_begun_to_watch_first_watches_for_a_whole_silence() -> None:
    watch = SilenceWatch(SETTINGS)
    assert watch.silent([agent()], 1000.0) == ()
    assert watch.silent([agent()], 1004.0) == ()
    assert watch.silent([agent()], 1004.1) == (agent(),)


def test_a_new_beat_and_a_new_epoch_each_end_the_silence() -> None:
    watch = SilenceWatch(SETTINGS)
    watch.silent([agent(1)], 0.0)
    assert watch.silent([agent(2)], 4.5) == ()
    assert watch.silent([agent(2, "another")], 9.0) == ()
    assert watch.silent([agent(2, "another")], 13.5) == (agent(2, "another"),)


def test_beats_that_begin_again_at_a_lower_number_count_as_a_sign_of_life() -> None:
    watch = SilenceWatch(SETTINGS)
    watch.silent([agent(9)], 0.0)
    assert watch.silent([agent(1)], 4.5) == ()


def test_the_dead_are_not_watched_and_are_watched_anew_when_they_return() -> None:
    watch = SilenceWatch(SETTINGS)
    watch.silent([agent()], 0.0)
    assert watch.silent([agent(alive=False)], 10.0) == ()
    assert watch.silent([agent()], 11.0) == ()
    assert watch.silent([agent()], 15.5) == (agent(),)


def test_each_agent_has_a_silence_of_its_own() -> None:
    watch = SilenceWatch(SETTINGS)
    other = replace(agent(), id="host-2:1")  # type: ignore[arg-type]
    watch.silent([agent(), other], 0.0)
    assert watch.silent([agent(), replace(other, beat=2)], 5.0) == (agent(),)


def test_a_wait_counts_from_when_it_was_first_seen_and_anew_for_each_revision() -> None:
    waits = Waits()
    assert waits.waited_s("lb", 1, 50.0) == 0.0
    assert waits.waited_s("lb", 1, 53.0) == 3.0
    assert waits.waited_s("lb", 2, 53.0) == 0.0
    waits.restart("lb", 1, 54.0)
    assert waits.waited_s("lb", 1, 55.0) == 1.0


def test_what_does_not_wait_any_more_is_forgotten() -> None:
    waits = Waits()
    waits.waited_s("lb", 1, 50.0)
    waits.waited_s("kept", 1, 50.0)
    waits.keep_only([("kept", 1), ("lb", 2)])
    assert waits.waited_s("lb", 1, 60.0) == 0.0
    assert waits.waited_s("kept", 1, 60.0) == 10.0
