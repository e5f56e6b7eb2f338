"""Settle all payees of an organization whose time has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from core.db.rows import as_instance, columns_of
from core.errors import Refusal
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.jobs import recorded_job
from settlements.errors import (
    BelowMinimumPayout,
    NothingToSettle,
    PayeeSuspended,
    SettledAlready,
)
from settlements.models import Payee, PayeeStatus, Settlement
from settlements.policies import schedule_of
from settlements.schedules import Every, is_due, last_day_over, latest_event_end
from settlements.services.settling import calculate_settlement

NAME = "run settlements"

logger = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a payee whose time had come."""

    SETTLED = "settled"
    CARRIED = "carried"  # settled, and nothing to pay: below zero is carried forward
    WAITING = "waiting"  # below the minimum payout
    NOTHING = "nothing"  # somebody else has settled it meanwhile
    SUSPENDED = "suspended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DuePayee:
    """A payee that is to be settled, through which day."""

    payee: Payee
    through: date


@dataclass(frozen=True, slots=True)
class PayeeRun:
    """What a run did about one payee. `amount` is the settlement's total, or what waits."""

    payee: str
    name: str
    through: date
    outcome: Outcome
    currency: str
    amount: int | None = None
    item_count: int | None = None
    settlement_id: UUID | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "payee": self.payee,
            "through": self.through.isoformat(),
            "outcome": self.outcome.value,
            "amount": self.amount,
            "currency": self.currency,
            "settlement": str(self.settlement_id) if self.settlement_id else None,
            "reason": self.reason,
        }


@dataclass(slots=True)
class SettlementRun:
    """What a run did, payee by payee. `through` is the last day that could be settled."""

    organization: Organization
    through: date
    payees: list[PayeeRun] = field(default_factory=list)

    def of(self, outcome: Outcome) -> list[PayeeRun]:
        return [payee for payee in self.payees if payee.outcome == outcome]

    @property
    def counts(self) -> dict[str, int]:
        return {outcome.value: len(self.of(outcome)) for outcome in Outcome}

    @property
    def failed(self) -> list[PayeeRun]:
        return self.of(Outcome.FAILED)


def run_settlements(
    organization: Organization,
    *,
    through: date | None = None,
    actor: Actor | None = None,
    now: datetime | None = None,
) -> SettlementRun:
    """Settle every payee that is due, each in a transaction of its own.

    Without `through`, what is over in the organization's time zone counts: through yesterday. One
    payee's refusal or failure stops no other. May run twice, also at once, and may be killed at
    any point: what it has not settled is still due. `actor` is who asked for it, if not the clock:
    they have prepared what is settled, and approve none of it.
    """
    now = now or timezone.now()
    through = through or last_day_over(now, organization.time_zone)
    actor = actor or Actor.system(organization, NAME)
    return _run(actor, through, now, due_payees(organization, through))


def _run(actor: Actor, through: date, now: datetime, due: Sequence[DuePayee]) -> SettlementRun:
    run = SettlementRun(actor.organization, through)
    for each in due:
        run.payees.append(_settle(actor, each, now))
    return run


def due_payees(organization: Organization, through: date) -> list[DuePayee]:
    """The active payees of whom a period has ended and something is open, by code; two statements
    for however many."""
    over = [
        DuePayee(payee, cutoff)
        for payee, last_through in _scheduled_payees(organization)
        if (cutoff := is_due(schedule_of(payee), last_through=last_through, through=through))
    ]
    with_something = _with_something_open(organization, over)
    return [due for due in over if due.payee.pk in with_something]


def organizations_to_settle() -> QuerySet[Organization]:
    """Those that have payees who are settled by the clock."""
    scheduled = Payee.objects.filter(
        organization_id=OuterRef("pk"), status=PayeeStatus.ACTIVE
    ).exclude(schedule_every=Every.MANUAL)
    return Organization.objects.filter(Exists(scheduled)).order_by("slug")


def run_recorded(
    organization: Organization,
    *,
    through: date | None = None,
    actor: Actor | None = None,
    now: datetime | None = None,
) -> SettlementRun:
    """The same as a job: its record has the counts, and whom it could not settle as mismatches,
    which raise an alert. Where nobody is due there is no record."""
    now = now or timezone.now()
    through = through or last_day_over(now, organization.time_zone)
    due = due_payees(organization, through)
    if not due:
        return SettlementRun(organization, through)
    with recorded_job(organization, NAME, now=now) as job:
        run = _run(actor or Actor.system(organization, NAME), through, now, due)
        job.count(**run.counts)
        job.mismatch([payee.as_json() for payee in run.failed], len(run.failed))
    return run


def _settle(actor: Actor, due: DuePayee, now: datetime) -> PayeeRun:
    try:
        settlement = calculate_settlement(
            actor=actor, payee=due.payee, through=due.through, now=now
        )
    except BelowMinimumPayout as waits:
        return _told(due, Outcome.WAITING, amount=waits.total, reason=waits.message)
    except (NothingToSettle, SettledAlready) as nothing:
        return _told(due, Outcome.NOTHING, reason=nothing.message)
    except PayeeSuspended as suspended:
        return _told(due, Outcome.SUSPENDED, reason=suspended.message)
    except Refusal as refusal:
        return _failed(actor, due, refusal, refusal.message)
    except Exception as error:  # noqa: BLE001  # whatever it is, the others are settled
        if isinstance(error, DatabaseError):
            # If it was the connection that broke, the next payee gets a new one.
            connection.close_if_unusable_or_obsolete()
        return _failed(actor, due, error, f"{type(error).__name__}: {error}")
    return _settled(due, settlement)


def _settled(due: DuePayee, settlement: Settlement) -> PayeeRun:
    outcome = Outcome.SETTLED if settlement.total_amount > 0 else Outcome.CARRIED
    return _told(
        due,
        outcome,
        amount=settlement.total_amount,
        item_count=settlement.item_count,
        settlement_id=settlement.pk,
    )


def _failed(actor: Actor, due: DuePayee, error: Exception, reason: str) -> PayeeRun:
    logger.error(
        "payee_not_settled",
        organization=actor.organization.slug,
        payee=due.payee.code,
        through=due.through.isoformat(),
        exc_info=error,
    )
    return _told(due, Outcome.FAILED, reason=reason)


def _told(due: DuePayee, outcome: Outcome, **facts: Any) -> PayeeRun:
    payee = due.payee
    return PayeeRun(payee.code, payee.name, due.through, outcome, payee.currency, **facts)


def _scheduled_payees(organization: Organization) -> list[tuple[Payee, date | None]]:
    """The active payees that are settled by the clock, each with its last settlement's day."""
    with connection.cursor() as cursor:
        cursor.execute(_SCHEDULED, {"organization": organization.pk})
        return [(as_instance(Payee, row[:-1]), row[-1]) for row in cursor.fetchall()]


def _with_something_open(organization: Organization, over: Sequence[DuePayee]) -> set[UUID]:
    """Those of whom there is an item, or a reserve to be released, through their day."""
    if not over:
        return set()
    parameters: dict[str, Any] = {
        "organization": organization.pk,
        "payees": [due.payee.pk for due in over],
        "through": [due.through for due in over],
        "event_ends": list(_event_ends(over)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_WITH_SOMETHING_OPEN, parameters)
        return {id for (id,) in cursor.fetchall()}


def _event_ends(over: Sequence[DuePayee]) -> Iterable[date | None]:
    return (latest_event_end(schedule_of(due.payee), due.through) for due in over)


_SCHEDULED = f"""
SELECT {columns_of(Payee, "p")},
       (SELECT s.through FROM settlements_settlement s
         WHERE s.organization_id = p.organization_id AND s.payee_id = p.id
         ORDER BY s.sequence DESC LIMIT 1)
  FROM settlements_payee p
 WHERE p.organization_id = %(organization)s AND p.status = 'active'
   AND p.schedule_every <> 'manual'
 ORDER BY p.code"""


def _an_open(table: str, day: str) -> str:
    return f"""EXISTS (
   SELECT FROM {table} i
    WHERE i.organization_id = %(organization)s AND i.payee_id = d.payee
      AND i.settlement_id IS NULL AND i.{day} <= d.through
      AND (d.event_ends IS NULL OR i.event_id IS NULL OR EXISTS (
            SELECT FROM settlements_event e
             WHERE e.organization_id = %(organization)s AND e.id = i.event_id
               AND e.ends_on <= d.event_ends)))"""


# A floor's holds have no day: they are released where the payee's floor is lower than they are.
_WITH_SOMETHING_OPEN = f"""
SELECT d.payee
  FROM unnest(%(payees)s::uuid[], %(through)s::date[], %(event_ends)s::date[])
         AS d (payee, through, event_ends)
 WHERE {_an_open("settlements_sale", "sold_on")}
    OR {_an_open("settlements_refund", "refunded_on")}
    OR {_an_open("settlements_adjustment", "adjusted_on")}
    OR EXISTS (
   SELECT FROM settlements_settlement r
    WHERE r.organization_id = %(organization)s AND r.payee_id = d.payee
      AND r.reserve_held_amount > 0 AND r.reserve_released_by_id IS NULL
      AND r.reserve_release_on <= d.through)
    OR (
   SELECT sum(r.reserve_held_amount) FROM settlements_settlement r
    WHERE r.organization_id = %(organization)s AND r.payee_id = d.payee
      AND r.reserve_held_amount > 0 AND r.reserve_released_by_id IS NULL
      AND r.reserve_release_on IS NULL)
     > (SELECT coalesce(p.reserve_floor_amount, 0) FROM settlements_payee p
         WHERE p.organization_id = %(organization)s AND p.id = d.payee)"""
