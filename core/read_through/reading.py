"""Read through: from Redis, or computed by one while the others wait a moment."""

import json
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import transaction

from core.read_through import store as stores
from core.read_through.store import CacheAway, Store

logger = logging.getLogger(__name__)

T = TypeVar("T")

WAIT_S = 1.0
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """How a figure is written to Redis and read back: JSON values, and no pickles."""

    dump: Callable[[T], Any]
    load: Callable[[Any], T]


class ReadThrough(Generic[T]):
    """Figures of one kind, each of one organization.

    A group is what is forgotten together, and a figure is one of a group: `snapshot:<event>` and
    a day, `cash` and a user. Both are part of the key, behind the organization.
    """

    def __init__(
        self, kind: str, kept: Kept[T], *, store: Store | None = None, wait_s: float = WAIT_S
    ) -> None:
        self._kind, self._kept, self._store, self._wait_s = kind, kept, store, wait_s

    @property
    def store(self) -> Store:
        return self._store or stores.figures

    def read(
        self,
        organization_id: UUID,
        group: str,
        figure: str,
        compute: Callable[[], T],
        *,
        keep: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """The figure as Redis has it, or as `compute` finds it, which is then kept if `keep` says
        so.

        Inside a transaction it is always computed: there one sees what nobody else may see yet.
        """
        if transaction.get_connection().in_atomic_block:
            return compute()
        key = self.group(organization_id, group)
        try:
            found = self._kept_or_claimed(key, figure)
        except CacheAway:
            return compute()
        if isinstance(found, str):
            return self._fill(key, figure, found, compute, keep)
        if found is None:
            # Whoever computes it takes too long.
            return compute()
        try:
            return self._kept.load(json.loads(found))
        except (ValueError, TypeError, KeyError) as error:
            logger.warning("figure_unreadable", exc_info=error)
            self.forget(organization_id, [group])
            return compute()

    def forget(self, organization_id: UUID, groups: Iterable[str]) -> None:
        """Drop these groups: now if Redis answers, and before this process asks it anything else
        if not."""
        with suppress(CacheAway):
            self.forget_surely(organization_id, groups)

    def forget_surely(self, organization_id: UUID, groups: Iterable[str]) -> None:
        """The same for the outbox, which tries again.

        Raises:
            CacheAway
        """
        self.store.forget([self.group(organization_id, group) for group in groups])

    def forget_after_commit(self, organization_id: UUID, groups: Iterable[str]) -> None:
        """Drop these groups when what changed them is committed, before the caller hears of it."""
        transaction.on_commit(partial(self.forget, organization_id, list(groups)), robust=True)

    def group(self, organization_id: UUID, group: str) -> str:
        return f"{organization_id}:{self._kind}:{group}"

    def _kept_or_claimed(self, key: str, figure: str) -> bytes | str | None:
        """What is kept; or the token under which the caller shall compute it; or None.

        Raises:
            CacheAway
        """
        kept = self.store.get(key, figure)
        if kept is not None:
            return kept
        token, pause_s = uuid4().hex, _FIRST_PAUSE_S
        deadline = time.monotonic() + self._wait_s
        while True:
            claimed = self.store.claim(key, figure, token)
            if isinstance(claimed, bytes):
                return claimed
            if claimed:
                return token
            if time.monotonic() >= deadline:
                return None
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _fill(
        self,
        key: str,
        figure: str,
        token: str,
        compute: Callable[[], T],
        keep: Callable[[T], bool],
    ) -> T:
        is_kept = False
        try:
            found = compute()
            if keep(found):
                with suppress(CacheAway):
                    self.store.fill(key, figure, token, _as_bytes(self._kept.dump(found)))
                is_kept = True
            return found
        finally:
            if not is_kept:
                # Whether nothing is there or it failed, the next one need not wait for the lease.
                with suppress(CacheAway):
                    self.store.give_up(key, figure, token)


def _as_bytes(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
