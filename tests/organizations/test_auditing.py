"""The trail that a use case leaves: one statement, in its own transaction, or nothing."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from core.db import uuid7
from core.errors import Conflict
from organizations.actors import Actor
from organizations.models import AuditEvent
from organizations.services.auditing import atomic_use_case

pytestmark = pytest.mark.django_db


def trail(organization):
    return list(AuditEvent.objects.of(organization).exclude(action="create_organization"))


@pytest.fixture
def audit_inserts():
    """The statements that write to the trail."""
    asked: list[str] = []

    def listen(execute, sql, *arguments):
        if "INSERT INTO organizations_auditevent" in sql:
            asked.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(listen):
        yield asked


def test_writes_what_was_done_and_what_came_about_by_one_statement(acme, alice, audit_inserts):
    actor = Actor.of_user(acme, alice, request_id="r-1", ip_address="10.0.0.7")
    before = len(trail(acme))

    with atomic_use_case(actor, "pay_everything") as audit:
        audit(acme, alice, before={"open": 5}, after={"open": 0}, note="all")
        audit.event("everything_paid", acme, amount=5)
        audit.record("invoice", [uuid7(), uuid7()])
        assert not audit_inserts

    assert len(audit_inserts) == 1
    done, came_about, recorded = sorted(trail(acme), key=lambda event: event.id)[before:]
    assert (done.action, done.subject_type) == ("pay_everything", "organization")
    assert (done.subject_ids, done.facts) == ([acme.pk, alice.pk], {"note": "all"})
    assert (done.before, done.after) == ({"open": 5}, {"open": 0})
    assert (came_about.action, came_about.subject_ids) == ("everything_paid", [acme.pk])
    assert (came_about.before, came_about.after, came_about.facts) == (None, None, {"amount": 5})
    assert (recorded.action, recorded.subject_type) == ("pay_everything", "invoice")
    assert len(recorded.subject_ids) == 2
    for event in (done, came_about, recorded):
        assert (event.user, event.actor_name) == (alice, "Alice")
        assert (event.request_id, event.ip_address) == ("r-1", "10.0.0.7")


def test_that_records_nothing_writes_nothing(acme, system, audit_inserts):
    with atomic_use_case(system, "look"):
        pass

    assert not audit_inserts


def test_that_fails_leaves_nothing(acme, system):
    before = len(trail(acme))

    def fail():
        with atomic_use_case(system, "pay") as audit:
            audit.event("paid", acme)
            audit.write()
            raise Conflict

    with pytest.raises(Conflict):
        fail()

    assert len(trail(acme)) == before


def test_an_event_may_have_facts_of_any_name(acme, system):
    with atomic_use_case(system, "do") as audit:
        audit.event("done", acme, name="x", subject="y")

    event = AuditEvent.objects.of(acme).get(action="done")
    assert event.facts == {"name": "x", "subject": "y"}


def test_keeps_numbers_exact_and_days_in_iso(acme, system):
    moment = datetime(2026, 3, 10, 12, tzinfo=UTC)
    with atomic_use_case(system, "do") as audit:
        audit.event(
            "done",
            acme,
            amount=2**62 + 1,
            rate=Decimal("17.50"),
            on=date(2026, 3, 10),
            at=moment,
            ids=(acme.pk,),
            nothing=None,
            sure=True,
        )

    assert AuditEvent.objects.of(acme).get(action="done").facts == {
        "amount": 2**62 + 1,
        "rate": "17.50",
        "on": "2026-03-10",
        "at": "2026-03-10T12:00:00+00:00",
        "ids": [str(acme.pk)],
        "nothing": None,
        "sure": True,
    }
