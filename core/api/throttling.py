"""So many requests a minute for each caller: counted in Redis for all processes, or in each."""

import threading
import time
from typing import Any

from django.conf import settings
from django.core.cache import caches
from redis.exceptions import RedisError

from core.api.errors import Throttled
from core.read_through.back_off import BackOff

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
_back_off = BackOff()


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
    everywhere = _count_in_redis(f"countinghouse:api-requests:{caller}:{window}")
    return here if everywhere is None else everywhere


def _count_in_redis(key: str) -> int | None:
    """None where Redis is away: then each process counts alone. No request waits for it for
    longer than a read of figures does, and hardly any once it did not answer."""
    if not _back_off.admits():
        return None
    cache: Any = caches["figures"]
    try:
        with cache.client.get_client(write=True).pipeline(transaction=False) as asked:
            count, _ = asked.incr(key).expire(key, 2 * WINDOW_S).execute()
    except (RedisError, OSError):
        _back_off.failed()
        return None
    _back_off.answered()
    return int(count)
