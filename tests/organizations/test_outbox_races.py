"""Several workers at one outbox: they share it, and nothing is delivered twice."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from organizations.models import OutboxMessage
from organizations.services import outbox
from organizations.services.outbox import deliver_due, enqueue

pytestmark = pytest.mark.django_db(transaction=True)

WORKERS, MESSAGES = 4, 60


@pytest.fixture
def delivered(monkeypatch):
    """The numbers that were delivered, each with its thread."""
    numbers: list[tuple[int, int]] = []

    def deliver(organization, payload):
        time.sleep(0.002)
        numbers.append((payload["number"], threading.get_ident()))

    monkeypatch.setattr(outbox, "_topics", {"letter": deliver})
    return numbers


def test_workers_share_the_messages(acme, delivered):
    with transaction.atomic():
        for number in range(MESSAGES):
            enqueue(acme, "letter", number=number)
    ready = threading.Barrier(WORKERS)

    def work(_):
        try:
            ready.wait(10)
            return deliver_due(acme, most=MESSAGES)
        finally:
            connection.close()

    with ThreadPoolExecutor(WORKERS) as workers:
        tried = sum(workers.map(work, range(WORKERS)))

    assert tried == MESSAGES
    assert Counter(number for number, _ in delivered) == Counter(range(MESSAGES))
    assert len({thread for _, thread in delivered}) == WORKERS
    assert not OutboxMessage.objects.of(acme).filter(delivered_at__isnull=True).exists()
