"""No more requests are inside than are allowed, and who waits comes in when there is room."""

import threading

from bigip_lbaas.icontrol.room import Room


class Crowd:
    """Threads that go in, and stay until they are let out."""

    def __init__(self, room: Room, size: int) -> None:
        self.inside = threading.Semaphore(0)
        self.out = threading.Semaphore(0)
        self.threads = [threading.Thread(target=self._visit, args=(room,)) for _ in range(size)]
        for thread in self.threads:
            thread.start()

    def _visit(self, room: Room) -> None:
        with room.entered():
            self.inside.release()
            self.out.acquire(timeout=10)

    def come_in(self, many: int) -> bool:
        """Return whether so many came in, and then no other."""
        entered = all(self.inside.acquire(timeout=10) for _ in range(many))
        return entered and not self.inside.acquire(timeout=0.05)

    def let_out(self, many: int) -> None:
        for _ in range(many):
            self.out.release()


def test_trouble_lets_fewer_in_and_another_share_more() -> None:
    room = Room(4)
    crowd = Crowd(room, 9)
    assert crowd.come_in(4)
    room.met_trouble(begun_s=float("inf"))
    assert (room.share, room.allowed) == (4, 2)
    crowd.let_out(2)
    assert crowd.come_in(0)
    crowd.let_out(1)
    assert crowd.come_in(1)
    room.share_out(1)
    crowd.let_out(1)
    assert crowd.come_in(0)
    crowd.let_out(9)
    for thread in crowd.threads:
        thread.join(10)
    assert room.allowed == 1
