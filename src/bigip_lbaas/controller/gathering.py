"""Has questions that threads ask at the same time answered together: one transaction for all."""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Asked(Generic[Q, A]):
    """One question on its way. alone: answering it with others has failed."""

    def __init__(self, question: Q) -> None:
        """Keep the question; nobody has answered it yet."""
        self.question = question
        self.answer: A | None = None
        self.is_answered = False
        self.alone = False


class Gathering(Generic[Q, A]):
    """Whoever asks waits for its turn, and answers then for all who came meanwhile."""

    def __init__(self, answer_all: Callable[[Sequence[Q]], Mapping[Q, A]], at_once: int) -> None:
        """Keep what answers, and for how many questions at most."""
        self._answer_all = answer_all
        self._at_once = at_once
        self._waiting: deque[Asked[Q, A]] = deque()
        self._turn = threading.Lock()

    @property
    def waiting(self) -> int:
        """Return how many wait to be answered."""
        return len(self._waiting)

    def put(self, question: Q) -> Asked[Q, A]:
        """Have a question wait with the others; who puts it comes for the answer."""
        asked = Asked[Q, A](question)
        self._waiting.append(asked)
        return asked

    def answer_to(self, asked: Asked[Q, A]) -> A | None:
        """Return the answer, None when there is none; of several who ask the same, one gets it.

        When the answering fails for several together, each is answered alone, so that only who
        asked what it failed for gets the error.
        """
        with self._turn:
            while not asked.is_answered and not asked.alone:
                self._answer_some()
            if asked.alone:
                self._answer([asked])
        return asked.answer

    def _answer_some(self) -> None:
        """Answer the oldest who wait."""
        some = [self._waiting.popleft() for _ in range(min(self._at_once, len(self._waiting)))]
        if len(some) == 1:
            some[0].alone = True  # who asked answers it itself, and gets what is raised
            return
        try:
            self._answer(some)
        except Exception:  # noqa: BLE001 - it is raised again, in the thread that it concerns
            for one in some:
                one.alone = True

    def _answer(self, some: Sequence[Asked[Q, A]]) -> None:
        answers = dict(self._answer_all(list(dict.fromkeys(one.question for one in some))))
        for one in some:
            one.answer = answers.pop(one.question, None)
            one.is_answered = True
