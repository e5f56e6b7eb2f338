"""A figure that tests read through Redis, and what PostgreSQL would say of it."""

import threading
import time

from core.read_through.reading import Kept, ReadThrough
from core.read_through.store import Store

GROUP, FIGURE = "group", "figure"
# As configured: FIGURES_TIMEOUT_S.
TIMEOUT_S = 0.06


class Truth:
    """What PostgreSQL would say: a number, how often it was asked, and how long that takes."""

    def __init__(self, takes_s: float = 0) -> None:
        self.number = 1
        self.asked = 0
        self._takes_s = takes_s
        self._lock = threading.Lock()

    def __call__(self) -> int:
        with self._lock:
            self.asked += 1
        number = self.number
        time.sleep(self._takes_s)
        return number


def reading(store: Store, wait_s: float = 5) -> ReadThrough[int]:
    return ReadThrough("test", Kept(lambda n: n, int), store=store, wait_s=wait_s)
