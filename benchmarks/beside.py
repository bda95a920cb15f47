"""Work that goes on in a thread of its own beside what is measured."""

import threading


class Beside:
    """Runs `run` from start to stop; `ends` is set when it is to end."""

    def __post_init__(self) -> None:
        """Begin nothing yet."""
        self.ends = threading.Event()
        self._thread = threading.Thread(target=self.run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after what is under way."""
        self.ends.set()
        self._thread.join()

    def run(self) -> None:
        """Work until `ends` is set."""
        raise NotImplementedError
