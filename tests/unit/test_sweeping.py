"""The sweep sets aside what meets a defect each time, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

from bigip_lbaas.controller.service import Controller
from bigip_lbaas.controller.surroundings import Surroundings
from bigip_lbaas.controller.sweeping import TRIES, Hands, Sweep
from bigip_lbaas.domain.errors import StoreUnavailable
from bigip_lbaas.domain.ids import LoadBalancerId
from bigip_lbaas.store import records
from bigip_lbaas.store.records import Phase
from tests.integration.world import World
from tests.unit.bookkeeping import Books


def sweep_of(books: Books, attend: Callable[[LoadBalancerId], None]) -> Sweep:
    """Return a sweep that survives as a controller does."""
    around = Surroundings(books.store, World(), lambda: books.now)  # type: ignore[arg-type]
    survive = Controller(books.settings, around)._survive
    hands = Hands(attend, lambda: None, lambda _taken: None, survive)
    return Sweep(books.settings, books.store, lambda: books.now, books.hex, hands)


def run(books: Books, sweep: Sweep, times: int) -> None:
    for _ in range(times):
        books.now += books.settings.sweep_interval_s
        sweep.run()


def found(books: Books, row: records.LoadBalancer) -> records.LoadBalancer:
    lb = books.get(records.LoadBalancer, row.id)
    assert lb is not None
    return lb


def test_a_poisoned_request_ends_in_error_after_some_tries_and_blocks_nobody() -> None:
    books = Books()
    poisoned, other = books.accept(1), books.accept(2)
    attended: list[str] = []

    def attend(load_balancer_id: LoadBalancerId) -> None:
        attended.append(load_balancer_id)
        if load_balancer_id == poisoned.id:
            raise ZeroDivisionError("its ratio is that to nothing")

    sweep = sweep_of(books, attend)
    run(books, sweep, TRIES - 1)
    assert found(books, poisoned).phase is Phase.WAITING
    run(books, sweep, 3)
    assert attended.count(poisoned.id) == TRIES
    assert attended.count(other.id) == TRIES + 2
    lb = found(books, poisoned)
    assert lb.phase is Phase.FAILED
    assert not lb.behind
    assert "ZeroDivisionError: its ratio is that to nothing" in lb.reason
    assert [message.load_balancer_id for message in books.all(records.StatusMessage)] == [lb.id]

    books.put(replace(lb, revision=2, phase=Phase.WAITING))  # the user has changed it
    run(books, sweep, TRIES - 1)
    assert found(books, poisoned).phase is Phase.WAITING


def test_what_trying_again_may_help_is_tried_again_until_the_deadline() -> None:
    books = Books()
    row = books.accept(1)

    def attend(_id: LoadBalancerId) -> None:
        raise StoreUnavailable("the database restarts")

    sweep = sweep_of(books, attend)
    run(books, sweep, TRIES * 4)
    assert found(books, row).phase is Phase.WAITING
    books.now += books.settings.pending_deadline_s
    run(books, sweep, 1)
    assert "not carried out within" in found(books, row).reason
