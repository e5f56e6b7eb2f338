"""The worker killed with `kill -9` in the middle of a task, and the broker emptied: whatever was
to be done is found again in the database, and is done once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psutil
import psycopg
import pytest
from django.db import transaction
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from ledger.models import ReconciliationRun
from ledger.reconciliation import check_names
from organizations.models import JobOutcome, JobRun, OutboxMessage
from organizations.services.alerts import WEBHOOK_TOPIC, raise_alert
from organizations.services.jobs import LOST_AFTER, mark_lost_runs
from organizations.services.outbox import CLAIMED_FOR
from organizations.services.webhooks import new_webhook_secret
from tests.faults.programs import Broker, database_url_of_the_tests, own_broker, wait_for
from tests.organizations.webhooks import webhook_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.all_organizations,
    pytest.mark.django_db(transaction=True),
]

RECONCILE = "ledger.tasks.reconcile_all"
SWEEP = "organizations.tasks.sweep_outbox"


@pytest.fixture
def broker(db, tmp_path) -> Iterator[Broker]:
    with own_broker(tmp_path) as one:
        yield one


@contextmanager
def nobody_records_a_reconciliation() -> Iterator[None]:
    """Whoever would keep a run waits in the middle of it."""
    with psycopg.connect(database_url_of_the_tests()) as other:
        other.execute("LOCK TABLE ledger_reconciliationrun IN EXCLUSIVE MODE")
        yield
        other.rollback()


def runs(**conditions: Any) -> Any:
    return JobRun.objects.filter(name="reconcile", **conditions)


def reconciled() -> Counter[str]:
    """How often each organization was reconciled to the end."""
    done = runs(outcome=JobOutcome.SUCCEEDED).values_list("organization__slug", flat=True)
    return Counter(done)


def stopped_in_the_middle(broker: Broker) -> None:
    """A worker that has begun to reconcile, and is killed."""
    with nobody_records_a_reconciliation():
        broker.start_worker()
        broker.send(RECONCILE)
        wait_for(lambda: runs(outcome=JobOutcome.RUNNING))
        broker.kill_worker()


def test_work_is_done_once_though_worker_and_broker_were_lost(acme, mallory_ltd, broker):
    stopped_in_the_middle(broker)
    broker.forget_everything()

    assert not ReconciliationRun.objects.exists()

    broker.start_worker()
    broker.send(RECONCILE, RECONCILE)
    wait_for(lambda: len(reconciled()) == 2)
    broker.send(RECONCILE)
    wait_until_idle(broker)

    assert reconciled() == {"acme": 1, "mallory-ltd": 1}
    kept = Counter(ReconciliationRun.objects.values_list("organization__slug", "check_name"))
    assert kept == {(slug, name): 1 for slug in reconciled() for name in check_names()}


def test_a_run_whose_worker_was_killed_is_found_lost(acme, broker):
    stopped_in_the_middle(broker)
    later = timezone.now() + LOST_AFTER + timedelta(minutes=1)

    assert mark_lost_runs(acme, later) == 1

    assert runs().get().outcome == JobOutcome.LOST
    alert = OutboxMessage.objects.of(acme).filter(topic=WEBHOOK_TOPIC).get()
    assert alert.payload["name"] == "job_lost"


def test_the_broker_gives_a_killed_workers_task_to_the_next_one(acme, broker):
    broker.settings["CELERY_VISIBILITY_TIMEOUT_S"] = "1"
    stopped_in_the_middle(broker)

    broker.start_worker()

    wait_for(lambda: reconciled() == {"acme": 1})


def test_a_process_of_the_pool_that_is_killed_loses_nothing(acme, broker):
    with nobody_records_a_reconciliation():
        worker = broker.start_worker()
        broker.send(RECONCILE)
        wait_for(lambda: runs(outcome=JobOutcome.RUNNING))
        [child] = psutil.Process(worker.pid).children()
        child.kill()

    wait_for(lambda: reconciled() == {"acme": 1})


def test_alerts_are_posted_though_worker_and_broker_were_lost(acme, broker):
    with webhook_server() as webhook:
        acme.operations_webhook_url = webhook.url
        acme.operations_webhook_secret = new_webhook_secret()
        acme.save()
        webhook.answers = ["silent"]
        alert(acme, 1, 2, 3)
        broker.start_worker()
        broker.send(SWEEP)
        wait_for(lambda: webhook.got)
        broker.kill_worker()
        broker.forget_everything()
        webhook.answers = [204]

        broker.start_worker()
        broker.send(SWEEP)
        wait_for(lambda: waiting(acme).count() == 1)
        # What the killed worker had claimed is its own until the claim has run out.
        claimed_until = waiting(acme).get().next_attempt_at
        assert claimed_until <= timezone.now() + CLAIMED_FOR
        waiting(acme).update(next_attempt_at=timezone.now())
        broker.send(SWEEP)
        wait_for(lambda: not waiting(acme))

    numbers = [content["data"]["facts"]["number"] for content in webhook.contents()]
    first = numbers[0]
    assert Counter(numbers) == Counter([1, 2, 3, first])
    posted = [headers["webhook-id"] for headers, _ in webhook.got]
    assert len(set(posted)) == 3
    assert posted[0] == posted[-1]


def test_a_seeded_schedule_comes_due_and_is_carried_out(acme, broker):
    broker.start_worker()
    started = timezone.now().replace(microsecond=0)
    PeriodicTask.objects.update(last_run_at=started)
    minute, hour, later = (
        started + timedelta(**after)
        for after in ({"seconds": 61}, {"minutes": 61}, {"minutes": 122})
    )

    sent = broker.tick(started, minute, hour, later)

    assert (started.isoformat(), SWEEP) not in sent
    assert (minute.isoformat(), SWEEP) in sent
    assert (minute.isoformat(), RECONCILE) not in sent
    assert [at for at, task in sent if task == RECONCILE] == [hour.isoformat(), later.isoformat()]
    wait_for(lambda: reconciled() == {"acme": 1})
    wait_until_idle(broker)
    assert reconciled() == {"acme": 1}


def alert(organization: Any, *numbers: int) -> None:
    with transaction.atomic():
        for number in numbers:
            raise_alert(organization, "mismatches", message="Off", number=number)


def waiting(organization: Any) -> Any:
    messages = OutboxMessage.objects.of(organization).filter(topic=WEBHOOK_TOPIC)
    return messages.filter(delivered_at__isnull=True)


def wait_until_idle(broker: Broker) -> None:
    """Until nothing is queued, and nothing that was taken is unacknowledged."""
    wait_for(lambda: not broker.waiting())
