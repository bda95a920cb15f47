"""Questions that come at the same time are answered together; a bad one fails alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from bigip_lbaas.controller.gathering import Gathering


class Oracle:
    """Answers with ten times the number; holds the first answer back until it is let go."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> dict[int, int]:
        self.asked.append(list(numbers))
        self.has_begun.set()
        assert self.may_go_on.wait(10.0)
        if 13 in numbers:
            raise ValueError("thirteen")
        return {number: 10 * number for number in numbers if number}


def asked_together(oracle: Oracle, at_once: int, first: int, others: Sequence[int]) -> list[object]:
    """Ask the first, and the others while it is being answered; return answers or errors."""
    gathering = Gathering(oracle, at_once)

    def ask(number: int) -> object:
        try:
            return gathering.answer_to(gathering.put(number))
        except ValueError as error:
            return error

    with ThreadPoolExecutor(1 + len(others)) as pool:
        answers = [pool.submit(ask, first)]
        assert oracle.has_begun.wait(10.0)
        answers += [pool.submit(ask, number) for number in others]
        while gathering.waiting < len(others):
            threading.Event().wait(0.001)
        oracle.may_go_on.set()
        return [answer.result(10.0) for answer in answers]


def test_who_comes_meanwhile_is_answered_with_the_next() -> None:
    oracle = Oracle()
    assert asked_together(oracle, 100, 1, [2, 3, 4]) == [10, 20, 30, 40]
    assert [sorted(numbers) for numbers in oracle.asked] == [[1], [2, 3, 4]]


def test_no_more_than_so_many_are_answered_at_once() -> None:
    oracle = Oracle()
    assert asked_together(oracle, 2, 1, [2, 3, 4, 5]) == [10, 20, 30, 40, 50]
    assert [len(numbers) for numbers in oracle.asked] == [1, 2, 2]


def test_of_two_that_ask_the_same_one_gets_the_answer() -> None:
    oracle = Oracle()
    answers = asked_together(oracle, 100, 1, [2, 2])
    assert sorted(map(str, answers)) == ["10", "20", "None"]
    assert oracle.asked == [[1], [2]]


def test_what_has_no_answer_is_none() -> None:
    assert asked_together(Oracle(), 100, 0, []) == [None]


def test_one_that_fails_fails_alone() -> None:
    oracle = Oracle()
    answers = asked_together(oracle, 100, 1, [2, 13, 4])
    assert answers[:2] == [10, 20]
    assert isinstance(answers[2], ValueError)
    assert answers[3] == 40
    assert len(oracle.asked) == 5  # the first; three together, in vain; each of them


def test_alone_the_error_is_that_of_the_answering() -> None:
    oracle = Oracle()
    oracle.may_go_on.set()
    gathering = Gathering(oracle, 100)
    with pytest.raises(ValueError, match="thirteen"):
        gathering.answer_to(gathering.put(13))
