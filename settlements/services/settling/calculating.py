"""Calculate a settlement: what is owed to a payee through a day, less what is held back."""

from datetime import date, datetime

from django.utils import timezone

from ledger.drafts import LAST_DATE
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case
from settlements.bank_days import SEPA_CURRENCY, next_bank_day
from settlements.errors import (
    BelowMinimumPayout,
    CutoffInTheFuture,
    ImplausibleCutoff,
    NothingToSettle,
    PayeeSuspended,
    SettledAlready,
    SettlementsBusy,
)
from settlements.models import Payee, PayeeStatus, Settlement, SettlementStatus
from settlements.policies import reserve_of
from settlements.reserves import SettlementFigures, settlement_figures
from settlements.rules import day_problem
from settlements.services.settling.counting import Open, count_open, take_items
from settlements.services.settling.locking import lock_payee

# How often it counts again because something was sold meanwhile.
MOST_COUNTS = 10
_ONE_DAY = date.resolution


def calculate_settlement(
    *, actor: Actor, payee: Payee, through: date, now: datetime | None = None
) -> Settlement:
    """Settle what is open of a payee through a day. What there is to pay waits for its approval;
    where nothing is, the settlement is completed, and what it is below zero is carried forward.

    Takes one lock, the payee's, for which new sales do not wait, and as many statements for one
    item as for a million.

    Raises:
        PayeeNotFound, PayeeSuspended, ImplausibleCutoff, SettledAlready, NothingToSettle
        CutoffInTheFuture: nothing could be settled again before that day.
        BelowMinimumPayout: the items wait.
        SettlementsBusy: items kept coming in, dated on or before that day.
    """
    now = now or timezone.now()
    _check_cutoff(through, today=actor.organization.today(now))
    with atomic_use_case(actor, "calculate_settlement") as audit:
        locked = lock_payee(actor.organization, payee.pk)
        if locked.status != PayeeStatus.ACTIVE:
            raise PayeeSuspended(payee=locked.code)
        settlement = _settle(actor, locked, through, now)
        settlement.payee = locked
        audit(
            settlement,
            after={
                "payee": locked.code,
                "sequence": settlement.sequence,
                "through": through,
                "item_count": settlement.item_count,
                "total_amount": settlement.total_amount,
                "currency": settlement.currency,
                "status": settlement.status,
            },
        )
    return settlement


def _check_cutoff(through: date, *, today: date) -> None:
    if day_problem(through) is not None:
        raise ImplausibleCutoff(through=str(through))
    if through > today:
        raise CutoffInTheFuture(through=str(through), today=str(today))


def _settle(actor: Actor, payee: Payee, through: date, now: datetime) -> Settlement:
    due_on = _due_on(actor.organization, payee, through, now)
    for _ in range(MOST_COUNTS):
        counted = count_open(payee, through)
        figures = _figures(payee, counted, through)
        drafted = _drafted(actor, payee, counted, figures, now)
        drafted.through, drafted.due_on = through, due_on
        made = take_items(drafted, payee, counted, figures.released)
        if made is not None:
            return made
    raise SettlementsBusy(payee=payee.code)


def _figures(payee: Payee, counted: Open, through: date) -> SettlementFigures:
    """What the open items come to.

    Raises:
        SettledAlready, NothingToSettle, BelowMinimumPayout
    """
    if counted.last_through is not None and through < counted.last_through:
        raise SettledAlready(
            payee=payee.code, before=str(counted.last_through), through=str(through)
        )
    net_sales = counted.sales_amount - counted.refunds_amount
    figures = settlement_figures(
        reserve_of(payee),
        through=through,
        items_amount=net_sales + counted.adjustments_amount,
        sales_amount=net_sales,
        carried_forward_amount=min(counted.last_total_amount, 0),
        holds=counted.holds,
    )
    if counted.item_count == 0 and not figures.released:
        raise NothingToSettle(payee=payee.code, through=str(through))
    if 0 < figures.total_amount < payee.minimum_payout_amount:
        raise BelowMinimumPayout(
            payee=payee.code,
            total=figures.total_amount,
            minimum=payee.minimum_payout_amount,
            currency=payee.currency,
        )
    return figures


def _drafted(
    actor: Actor, payee: Payee, counted: Open, figures: SettlementFigures, now: datetime
) -> Settlement:
    has_payout = figures.total_amount > 0
    return Settlement(
        organization_id=payee.organization_id,
        payee_id=payee.pk,
        sequence=counted.last_sequence + 1,
        currency=payee.currency,
        status=SettlementStatus.PENDING if has_payout else SettlementStatus.COMPLETED,
        item_count=counted.item_count,
        sales_amount=counted.sales_amount,
        refunds_amount=counted.refunds_amount,
        adjustments_amount=counted.adjustments_amount,
        carried_forward_amount=figures.carried_forward_amount,
        reserve_held_amount=figures.reserve_held_amount,
        reserve_released_amount=figures.reserve_released_amount,
        total_amount=figures.total_amount,
        reserve_release_on=figures.release_on,
        prepared_by_id=actor.user_id,
        prepared_by_key_id=actor.api_key_id,
        prepared_at=now,
    )


def _due_on(organization: Organization, payee: Payee, through: date, now: datetime) -> date:
    """The first bank day on which it can be paid: after the day on which it is calculated, and
    after the last day that it takes in.

    Raises:
        ImplausibleCutoff: there is none that the books know of.
    """
    country = payee.country or organization.country
    first = max(through, organization.today(now)) + _ONE_DAY
    due_on = next_bank_day(first, country, sepa=payee.currency == SEPA_CURRENCY)
    if due_on > LAST_DATE:
        raise ImplausibleCutoff(through=str(through))
    return due_on
