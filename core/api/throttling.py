"""So many requests a minute for each caller: counted in Redis for all processes, or in each."""

import threading
import time

from django.conf import settings
from django.core.cache import cache

from core.api.errors import Throttled

WINDOW_S = 60


class Counter:
    """Requests of the current minute, by caller, in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window = 0
        self._counts: dict[str, int] = {}

    def add(self, caller: str, window: int) -> int:
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            count = self._counts[caller] = self._counts.get(caller, 0) + 1
            return count


_here = Counter()


def throttle(caller: str, now: float | None = None, most: int | None = None) -> None:
    """Count one request; `most` a minute, without it as many as the API grants each caller.

    Raises:
        Throttled: the caller had its share of this minute; `Retry-After` says when the next is.
    """
    if most is None:
        most = settings.API_REQUESTS_PER_MINUTE
    if not most:
        return
    now = time.time() if now is None else now
    window = int(now // WINDOW_S)
    if _count(caller, window) > most:
        wait_s = max(1, int((window + 1) * WINDOW_S - now) + 1)
        raise Throttled(
            f"More than {most} requests in a minute. Try again in {wait_s} s.",
            Retry_After=str(wait_s),
        )


def _count(caller: str, window: int) -> int:
    here = _here.add(caller, window)
    if not settings.API_THROTTLE_IN_REDIS:
        return here
    key = f"api-requests:{caller}:{window}"
    cache.add(key, 0, timeout=2 * WINDOW_S)
    try:
        # None where Redis is away, as its errors are ignored: then each process counts alone.
        return int(cache.incr(key) or here)
    except ValueError:
        return here
