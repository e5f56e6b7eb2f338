"""What a payee's columns mean: their schedule, their reserve, the platform's fee."""

from typing import TYPE_CHECKING, Any

from invoicing.rules import plain_number
from settlements.fees import FeeBearer, FeePolicy
from settlements.models import Payee
from settlements.schedules import Every, Schedule

if TYPE_CHECKING:
    from settlements.reserves import ReservePolicy


def schedule_of(payee: Payee) -> Schedule:
    return Schedule(
        Every(payee.schedule_every),
        weekday=payee.schedule_weekday,
        day=payee.schedule_day,
        days=payee.schedule_days,
    )


def reserve_of(payee: Payee) -> "ReservePolicy":
    """What is held back of them; nothing, where no column is filled."""
    from settlements.reserves import ReservePolicy

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


def fee_policy_as_json(policy: FeePolicy) -> dict[str, Any]:
    """As the API gives it; `rules.parse_fee_policy` reads it again."""
    return {
        "percentage": plain_number(policy.percentage),
        "per_ticket_amount": policy.per_ticket_amount,
        "borne_by": policy.borne_by.value,
    }
