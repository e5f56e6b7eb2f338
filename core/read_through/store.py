"""What is asked of Redis: short, bounded in time, and never in the way of a write."""

import logging
import threading
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from django.core.cache import caches
from redis.exceptions import RedisError, ResponseError

from core.read_through.back_off import BackOff

logger = logging.getLogger(__name__)

TTL_S = 86_400
# A group that has grown beyond this starts anew: whoever asks for any number of different figures
# fills the group of one organization and not the server.
MOST_FIGURES = 2_000
# The form of what is kept: another one is not mistaken for it.
_PREFIX = "countinghouse:figures:1"
_MOST_OWED = 10_000

# A group is one hash: `v<figure>` is a figure, `l<figure>` the lease of whoever computes it,
# `<token> <when it ends, ms>`. Forgetting a group takes its leases too, so that nobody can put in
# what was computed before.
_CLAIM = """
local kept = redis.call('HGET', KEYS[1], 'v' .. ARGV[1])
if kept then return kept end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('HGET', KEYS[1], 'l' .. ARGV[1])
if lease and tonumber(string.match(lease, ' (%d+)$')) > now then return 0 end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], 'l' .. ARGV[1],
           ARGV[2] .. ' ' .. string.format('%.0f', now + tonumber(ARGV[3])))
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
return 1
"""
# The figure first: a hash without its last field is gone, and its time to live with it.
_FILL = """
local lease = redis.call('HGET', KEYS[1], 'l' .. ARGV[1])
if not lease or string.match(lease, '^%S+') ~= ARGV[2] then return 0 end
if ARGV[3] then redis.call('HSET', KEYS[1], 'v' .. ARGV[1], ARGV[3]) end
redis.call('HDEL', KEYS[1], 'l' .. ARGV[1])
return 1
"""


class CacheAway(Exception):
    """Redis did not answer in time, or nobody asks it for a moment because it did not."""


class Store:
    """Groups of figures in one Redis; every call takes at most the connection's time-outs."""

    def __init__(
        self, cache: Callable[[], Any], back_off: BackOff | None = None, lease_s: float = 10
    ) -> None:
        self._cache = cache
        self._back_off = back_off or BackOff()
        self._lease_ms = int(lease_s * 1000)
        # Groups to be forgotten of which Redis does not know yet, each with the number of the
        # latest write to it.
        self._owed: dict[str, int] = {}
        self._numbers = count(1)
        self._lock = threading.Lock()

    def get(self, group: str, figure: str) -> bytes | None:
        """Raises CacheAway."""
        found: bytes | None = self._ask(group, "HGET", "v" + figure)
        return found

    def claim(self, group: str, figure: str, token: str) -> bytes | bool:
        """The figure; or True: the caller shall compute it and `fill`; or False: another does.

        Raises:
            CacheAway
        """
        arguments = (figure, token, self._lease_ms, TTL_S, MOST_FIGURES)
        found: bytes | int = self._ask(group, "EVAL", _CLAIM, *arguments)
        return found if isinstance(found, bytes) else found == 1

    def fill(self, group: str, figure: str, token: str, kept: bytes) -> bool:
        """Keep what was computed under a claim, unless the group was forgotten since.

        Raises:
            CacheAway
        """
        return bool(self._ask(group, "EVAL", _FILL, figure, token, kept))

    def give_up(self, group: str, figure: str, token: str) -> None:
        """Leave a claim to the next one.

        Raises:
            CacheAway
        """
        self._ask(group, "EVAL", _FILL, figure, token)

    def forget(self, groups: Iterable[str]) -> None:
        """Drop groups whose rows have changed, and what is being computed for them.

        Raises:
            CacheAway: they are dropped before this process asks for anything else; the outbox sees
                to it as well, for other processes.
        """
        with self._lock:
            self._owed |= {group: next(self._numbers) for group in groups}
            while len(self._owed) > _MOST_OWED:
                del self._owed[next(iter(self._owed))]
        self._ask()

    def expires_in_s(self, group: str) -> int:
        """Seconds until a group is gone; below zero where there is none.

        Raises:
            CacheAway
        """
        return int(self._ask(group, "TTL"))

    def _ask(self, group: str | None = None, command: str = "", *arguments: Any) -> Any:
        if not self._back_off.admits():
            raise CacheAway
        try:
            answer = self._answer(group, command, arguments)
        except ResponseError as error:
            self._back_off.answered()
            # It is there and will not do this, for want of memory for one: the next may go through.
            raise CacheAway from error
        except (RedisError, OSError) as error:
            if self._back_off.failed():
                logger.info("figures_cache_away: %s", error)
            raise CacheAway from error
        self._back_off.answered()
        return answer

    def _answer(self, group: str | None, command: str, arguments: tuple[Any, ...]) -> Any:
        pool = self._cache().client.get_client(write=True).connection_pool
        # Not through the client: the key names the run of the server that the connection is to.
        connection = pool.get_connection()
        try:
            if self._owed:
                self._pay(connection)
            if group is None:
                return None
            key = _key(connection, group)
            if command == "EVAL":
                script, *rest = arguments
                connection.send_command("EVAL", script, 1, key, *rest)
            else:
                connection.send_command(command, key, *arguments)
            return connection.read_response()
        finally:
            pool.release(connection)

    def _pay(self, connection: Any) -> None:
        """Tell Redis first what it has not been told."""
        with self._lock:
            owed = dict(self._owed)
        connection.send_command("UNLINK", *[_key(connection, group) for group in owed])
        connection.read_response()
        with self._lock:
            for group, number in owed.items():
                # Unless it was written to again in the meantime.
                if self._owed.get(group) == number:
                    del self._owed[group]


def _key(connection: Any, group: str) -> str:
    # What a run left in its file is not the next one's: it may miss what was forgotten since.
    return f"{_PREFIX}:{connection.run_id}:{group}"


figures = Store(lambda: caches["figures"])
