"""When controllers recorded outcomes, as their log says."""

import logging
import threading

WITHIN_S = 30.0


class Outcomes(logging.Handler):
    """Hears from the controllers' log when each outcome was recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: dict[str, tuple[float, float]] = {}  # id -> recorded at, device seconds
        self.arrived = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg.startswith("outcome load_balancer=") and isinstance(record.args, tuple):
            load_balancer, _, _, applied, took_s, *_ = record.args
            if applied:
                with self.arrived:
                    self.heard[str(load_balancer)] = record.created, float(str(took_s))
                    self.arrived.notify_all()

    def wait_for(self, load_balancer: str) -> tuple[float, float]:
        """Return when its outcome was recorded, and how long the devices took."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: load_balancer in self.heard, WITHIN_S):
                raise TimeoutError(f"load balancer {load_balancer} was not configured")
            return self.heard[load_balancer]

    def so_far(self) -> dict[str, tuple[float, float]]:
        """Return all that was heard."""
        with self.arrived:
            return dict(self.heard)
