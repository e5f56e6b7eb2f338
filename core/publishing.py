"""Sending a task to the worker from a request, which does not wait for a broker that is away.

Only for what is found again in the database: a task that could not be sent is gone.
"""

from typing import Any

import structlog
from celery.app.task import Task
from kombu.pools import producers

from core.read_through.back_off import BackOff

# For the connection, and then for each answer of the broker.
PATIENCE_S = 0.1
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0

_SHORT: dict[str, Any] = {
    "redis": {
        "socket_connect_timeout": PATIENCE_S,
        "socket_timeout": PATIENCE_S,
        "max_retries": 0,
        "connect_retries_timeout": PATIENCE_S,
    },
    "amqp": {
        "read_timeout": PATIENCE_S,
        "write_timeout": PATIENCE_S,
        "max_retries": 0,
        "connect_retries_timeout": PATIENCE_S,
    },
}

logger = structlog.get_logger(__name__)


# Of this process.
_back_off = BackOff(FIRST_PAUSE_S, LONGEST_PAUSE_S)


def publish(task: "Task[..., Any]", *arguments: Any, **options: Any) -> bool:
    """Send the task, within a fifth of a second; whether the broker has it.

    A broker that was away is left alone for a while: 1 s, 2 s … up to 30 s.
    """
    if not _back_off.admits():
        return False
    try:
        with _producer(task) as producer:
            task.apply_async(arguments, producer=producer, retry=False, **options)
    except Exception as error:  # noqa: BLE001 - what was to be done is committed, whatever is said
        _back_off.failed()
        logger.warning("broker_away", task=task.name, error=f"{type(error).__name__}: {error}")
        return False
    _back_off.answered()
    return True


def _producer(task: "Task[..., Any]") -> Any:
    scheme = "amqp" if task.app.conf.broker_url.startswith(("amqp", "pyamqp")) else "redis"
    connection = task.app.connection_for_write(
        connect_timeout=PATIENCE_S, transport_options=_SHORT[scheme]
    )
    return producers[connection].acquire(block=True, timeout=PATIENCE_S)
