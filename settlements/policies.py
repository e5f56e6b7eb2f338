"""What a payee's columns mean: their schedule, their reserve, the platform's fee."""

from datetime import date, timedelta
from typing import Any

from invoicing.rules import plain_number
from settlements import reserves, schedules
from settlements.fees import FeeBearer, FeePolicy
from settlements.models import Payee, PayeeStatus
from settlements.reserves import ReservePolicy
from settlements.schedules import Every, Schedule


def schedule_of(payee: Payee) -> Schedule:
    return Schedule(
        Every(payee.schedule_every),
        weekday=payee.schedule_weekday,
        day=payee.schedule_day,
        days=payee.schedule_days,
    )


def reserve_of(payee: Payee) -> ReservePolicy:
    """What is held back of them; nothing, where no column is filled."""
    return ReservePolicy(
        percentage=payee.reserve_percentage,
        days=payee.reserve_days,
        floor_amount=payee.reserve_floor_amount,
    )


def fee_policy_of(payee: Payee) -> FeePolicy:
    return FeePolicy(
        percentage=payee.fee_percentage,
        per_ticket_amount=payee.fee_per_ticket_amount,
        borne_by=FeeBearer(payee.fee_borne_by),
    )


def next_cutoff_on(payee: Payee, today: date) -> date | None:
    """The last day of the payee's period that is running; None where people or events decide, and
    of one who is suspended."""
    if payee.status != PayeeStatus.ACTIVE:
        return None
    return schedules.next_cutoff(schedule_of(payee), today - timedelta(days=1))


def terms_as_json(payee: Payee) -> dict[str, Any]:
    """The three as the API gives them and takes them; a reserve that holds nothing is None."""
    return {
        "schedule": schedules.as_json(schedule_of(payee)),
        "reserve": reserves.as_json(reserve_of(payee)) or None,
        "fee_policy": fee_policy_as_json(fee_policy_of(payee)),
    }


def fee_policy_as_json(policy: FeePolicy) -> dict[str, Any]:
    """As the API gives it; `rules.parse_fee_policy` reads it again."""
    return {
        "percentage": plain_number(policy.percentage),
        "per_ticket_amount": policy.per_ticket_amount,
        "borne_by": policy.borne_by.value,
    }
