"""What was written in a commit is delivered after it: at least once, and no message holds up
another."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from django.utils import timezone

from organizations.models import OutboxMessage
from organizations.services import outbox
from organizations.services.outbox import (
    CLAIMED_FOR,
    KEPT_FOR,
    LONGEST_PAUSE,
    delete_delivered,
    deliver_due,
    enqueue,
    organizations_with_due_messages,
    organizations_with_old_messages,
    pause_after,
    tell_worker_by,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def delivered(monkeypatch):
    """What was delivered of the topic `letter`; one that says `fail` is refused."""
    letters = []

    def deliver(organization, letter):
        letters.append((organization.slug, letter["text"]))
        if letter["text"] == "fail":
            raise OSError("nobody there")

    monkeypatch.setattr(outbox, "_topics", {"letter": deliver})
    return letters


@pytest.fixture
def told(monkeypatch):
    """The organizations of which the worker was told."""
    ids: list[UUID] = []
    monkeypatch.setattr(outbox, "_tell", [])
    tell_worker_by(ids.append)
    return ids


def write(organization, *texts):
    with transaction.atomic():
        messages = [enqueue(organization, "letter", text=text) for text in texts]
    OutboxMessage.objects.of(organization).filter(pk__in=[m.pk for m in messages]).update(
        next_attempt_at=NOW
    )
    return messages


def fresh(message):
    message.refresh_from_db()
    return message


@pytest.mark.django_db(transaction=True)
def test_a_message_belongs_to_a_transaction(acme, delivered):
    with pytest.raises(RuntimeError):
        enqueue(acme, "letter", text="hello")


def test_a_topic_that_nobody_delivers_is_refused(acme, delivered):
    with pytest.raises(KeyError, match="nobody delivers 'lettre'"):
        enqueue(acme, "lettre", text="hello")


def test_the_worker_is_told_once_after_the_commit(
    acme, mallory_ltd, delivered, told, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        write(acme, "one", "two")
        write(mallory_ltd, "three")
        assert told == []

    assert told == [acme.pk, mallory_ltd.pk]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_delivered_and_the_next_is_told(acme, delivered, told):
    def change_ones_mind():
        with transaction.atomic():
            enqueue(acme, "letter", text="never mind")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_ones_mind()

    assert (told, OutboxMessage.objects.of(acme).count()) == ([], 0)

    write(acme, "hello")

    assert told == [acme.pk]


def test_delivers_what_is_due_of_one_organization(acme, mallory_ltd, delivered):
    [message] = write(acme, "hello")
    write(mallory_ltd, "theirs")

    assert deliver_due(acme, most=10, now=NOW) == 1

    assert delivered == [("acme", "hello")]
    assert fresh(message).delivered_at == NOW
    assert deliver_due(acme, most=10, now=NOW + timedelta(days=1)) == 0
    assert list(organizations_with_due_messages(NOW)) == [mallory_ltd]


def test_a_message_that_fails_is_put_off_and_holds_up_nobody(acme, delivered):
    bad, good = write(acme, "fail", "hello")

    assert deliver_due(acme, most=10, now=NOW) == 2

    assert delivered == [("acme", "fail"), ("acme", "hello")]
    assert fresh(good).delivered_at == NOW
    assert (fresh(bad).delivered_at, bad.attempts) == (None, 1)
    assert bad.last_error == "OSError: nobody there"
    assert bad.next_attempt_at == NOW + pause_after(1)


def test_what_has_failed_comes_after_what_is_new(acme, delivered):
    write(acme, "fail")
    deliver_due(acme, most=10, now=NOW)
    write(acme, "new")

    deliver_due(acme, most=1, now=NOW + pause_after(1))

    assert delivered == [("acme", "fail"), ("acme", "new")]


def test_the_pauses_grow_up_to_a_bound():
    assert [pause_after(attempts).total_seconds() for attempts in (1, 2, 3, 4)] == [10, 20, 40, 80]
    assert pause_after(1_000_000) == LONGEST_PAUSE


def test_a_worker_killed_while_it_delivers_leaves_a_message_that_comes_due_again(
    acme, delivered, monkeypatch
):
    [message] = write(acme, "hello")

    def die(organization, letter):
        raise SystemExit

    monkeypatch.setitem(outbox._topics, "letter", die)
    with pytest.raises(SystemExit):
        deliver_due(acme, most=10, now=NOW)
    monkeypatch.undo()
    monkeypatch.setattr(
        outbox, "_topics", {"letter": lambda _, letter: delivered.append(letter["text"])}
    )

    assert deliver_due(acme, most=10, now=NOW + CLAIMED_FOR - SECOND) == 0
    assert deliver_due(acme, most=10, now=NOW + CLAIMED_FOR) == 1
    assert delivered == ["hello"]
    assert fresh(message).attempts == 2


def test_a_message_that_somebody_else_has_taken_since_is_left_to_them(acme, delivered):
    [message] = write(acme, "hello")

    def slow(organization, letter):
        OutboxMessage.objects.of(acme).filter(pk=message.pk).update(attempts=2)

    outbox._topics["letter"] = slow
    deliver_due(acme, most=10, now=NOW)

    assert fresh(message).delivered_at is None


def test_a_topic_that_is_gone_waits_for_the_program_that_knows_it(acme, delivered):
    [message] = write(acme, "hello")
    del outbox._topics["letter"]

    deliver_due(acme, most=10, now=NOW)

    assert fresh(message).delivered_at is None
    assert "nobody delivers the topic 'letter'" in message.last_error


def test_begins_none_when_its_time_is_over(acme, delivered):
    write(acme, "hello")

    assert deliver_due(acme, most=10, within_s=0, now=NOW) == 0


def test_delivers_no_more_than_it_is_asked_to(acme, delivered):
    write(acme, "one", "two", "three")

    assert deliver_due(acme, most=2, now=NOW) == 2
    assert [text for _, text in delivered] == ["one", "two"]


def test_what_was_delivered_a_week_ago_is_deleted(acme, mallory_ltd, delivered):
    write(acme, "one", "two", "fail")
    deliver_due(acme, most=10, now=NOW)
    later = NOW + KEPT_FOR + SECOND

    assert delete_delivered(acme, NOW + KEPT_FOR) == 0
    assert list(organizations_with_old_messages(later)) == [acme]
    assert delete_delivered(acme, later, most=1) == 1
    assert delete_delivered(acme, later) == 1
    assert OutboxMessage.objects.of(acme).get().payload == {"text": "fail"}


def test_a_message_can_be_read_from_its_time_on(acme, delivered):
    with transaction.atomic():
        enqueue(acme, "letter", text="hello")

    assert deliver_due(acme, most=1) == 1
    assert OutboxMessage.objects.of(acme).get().delivered_at <= timezone.now()
