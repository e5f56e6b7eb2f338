"""While a server is away nobody asks it, but for one now and then who finds out if it is back."""

import threading
import time
from collections.abc import Callable

FIRST_S = 0.5
MOST_S = 8.0


class BackOff:
    """Who may ask: everybody while it answers; after a failure nobody for `first_s`, then one, and
    twice as long nobody where that one failed too."""

    def __init__(
        self,
        first_s: float = FIRST_S,
        most_s: float = MOST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_s, self._most_s, self._clock = first_s, most_s, clock
        self._lock = threading.Lock()
        self._wait_s = 0.0
        self._until = 0.0

    def admits(self) -> bool:
        """Whether the caller may ask, and then has to say what came of it."""
        if not self._wait_s:
            return True
        with self._lock:
            now = self._clock()
            if now < self._until:
                return False
            # This caller tries; the others go on without until it has succeeded.
            self._wait_s = min(2 * self._wait_s, self._most_s) or self._first_s
            self._until = now + self._wait_s
            return True

    def failed(self) -> bool:
        """Returns whether that is news: the first failure after it had answered."""
        with self._lock:
            is_news = not self._wait_s
            if is_news:
                self._wait_s = self._first_s
                self._until = self._clock() + self._wait_s
            return is_news

    def answered(self) -> None:
        if self._wait_s:
            with self._lock:
                self._wait_s = 0.0
