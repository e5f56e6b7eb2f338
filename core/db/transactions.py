"""Who opens a transaction: the use case, once, and everything below joins it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

_shared = ContextVar("_shared", default=False)


@contextmanager
def use_case_transaction() -> Iterator[None]:
    """The transaction of one use case: opened here, committed at the end of the block.

    Inside `shared_transaction` it joins that one instead, so that a stored answer or a second
    fact commits with it. Anywhere else an outer transaction is a mistake (RuntimeError): a use
    case that returns must have committed.
    """
    if _shared.get():
        with transaction.atomic(savepoint=False):
            yield
    else:
        with transaction.atomic(durable=True):
            yield


@contextmanager
def shared_transaction() -> Iterator[None]:
    """One transaction for several use cases, or for one and what must commit with it."""
    if _shared.get():
        with transaction.atomic(savepoint=False):
            yield
        return
    with transaction.atomic(durable=True):
        token = _shared.set(True)
        try:
            yield
        finally:
            _shared.reset(token)


def require_transaction() -> None:
    """A part writes inside its caller's transaction; without one it would be half a fact.

    Raises:
        RuntimeError: no transaction is open.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("this writes a part of a business fact and needs a transaction")
