"""Ask the bank to pay: files of payouts, each kept as it was given out."""

import hashlib
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from schwifty import IBAN

from core.db.rows import insert_row
from invoicing.rules import text_problem
from ledger.drafts import FIRST_DATE, LAST_DATE
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case
from settlements.bank_days import SEPA_CURRENCY, next_bank_day
from settlements.errors import (
    AlreadyExported,
    BatchSettlementNotProcessing,
    EmptyPayoutBatch,
    InvalidPayoutBatch,
    MixedCurrencies,
    PayeeHasNoIban,
    PayeeSuspended,
    PayoutProfileMissing,
    SepaNeedsEuro,
    SettlementRepeated,
    UnknownSettlement,
)
from settlements.models import (
    BatchFormat,
    PayeeStatus,
    Payout,
    PayoutBatch,
    PayoutBatchItem,
    PayoutStatus,
    Settlement,
)
from settlements.payout_files import Debtor, PayoutFile, PayoutOrder, write_csv, write_pain001
from settlements.payout_files.content import MOST_PAYOUTS, sepa_text
from settlements.payout_files.pain001 import MOST_CENTS
from settlements.rules import check_bic, check_iban
from settlements.selectors.profile import get_payout_profile
from settlements.services.profile import MOST_NAME

_WRITERS = {BatchFormat.PAIN_001: write_pain001, BatchFormat.CSV: write_csv}
_ENDINGS = {BatchFormat.PAIN_001: "xml", BatchFormat.CSV: "csv"}
_DEBTOR = ("name", "iban", "bic")


def export_batch(
    *,
    actor: Actor,
    settlements: Sequence[UUID],
    format: str,
    executes_on: date | None = None,
    reason: str = "",
    debtor: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> PayoutBatch:
    """Write the payouts under way of these settlements into one file, in the order given.

    The bank pays on `executes_on`, a bank day: the next one, unless it is given. `debtor` (name,
    iban, bic) pays instead of the organization's payout profile. A payout that an earlier file
    holds needs a `reason`.

    Raises:
        EmptyPayoutBatch, SettlementRepeated, InvalidPayoutBatch, InvalidIban, InvalidBic
        UnknownSettlement, BatchSettlementNotProcessing, MixedCurrencies, AlreadyExported
        PayeeSuspended: no money is sent to them, also if it was approved before.
        SepaNeedsEuro, PayeeHasNoIban, PayoutProfileMissing: of a pain.001 file only.
    """
    wanted = _check_settlements(settlements)
    kind = _check_format(format)
    reason = _check_reason(reason)
    now = now or timezone.now()
    organization = actor.organization
    with atomic_use_case(actor, "export_payouts") as audit:
        payouts = _lock_payouts(organization, wanted)
        [currency] = _currencies(payouts)
        again = _exported_before(organization, payouts, reason)
        batch = PayoutBatch(
            organization=organization,
            format=kind,
            currency=currency,
            executes_on=_bank_day(organization, currency, executes_on, now),
            reason=reason,
            created_by_id=actor.user_id,
            created_by_key_id=actor.api_key_id,
        )
        # Its own id, so that no two messages have the same.
        batch.message_id = batch.pk.hex
        _write(batch, payouts, _debtor(organization, kind, debtor), now)
        _insert(batch, payouts)
        audit(
            batch,
            after={
                "message_id": batch.message_id,
                "format": batch.format,
                "currency": currency,
                "payout_count": batch.payout_count,
                "control_sum_amount": batch.control_sum_amount,
                "executes_on": batch.executes_on,
                "content_hash": batch.content_hash,
                "reason": reason,
                "exported_before": again,
            },
        )
    return batch


# --- What is asked for ----------------------------------------------------------------------------


def _check_settlements(settlements: Sequence[UUID]) -> list[UUID]:
    if not settlements:
        raise EmptyPayoutBatch
    if len(settlements) > MOST_PAYOUTS:
        raise InvalidPayoutBatch(
            field="settlements",
            problem=f"a file holds at most {MOST_PAYOUTS:,} payouts, not {len(settlements):,}",
        )
    seen: set[UUID] = set()
    for settlement in settlements:
        if settlement in seen:
            raise SettlementRepeated(settlement=settlement)
        seen.add(settlement)
    return list(settlements)


def _check_format(format: str) -> BatchFormat:
    if format not in BatchFormat.values:
        known = " or ".join(BatchFormat.values)
        raise InvalidPayoutBatch(field="format", problem=f"it is {known}, not {format[:40]!r}")
    return BatchFormat(format)


def _check_reason(reason: str) -> str:
    problem = text_problem(reason, most=500)
    if problem is not None:
        raise InvalidPayoutBatch(field="reason", problem=problem)
    return reason.strip()


def _bank_day(
    organization: Organization, currency: str, executes_on: date | None, now: datetime
) -> date:
    """The day given, or else the next bank day; of euro one on which TARGET is open."""
    today = organization.today(now)
    is_euro = currency == SEPA_CURRENCY
    wanted = executes_on or today
    if not max(today, FIRST_DATE) <= wanted <= LAST_DATE:
        raise InvalidPayoutBatch(
            field="executes_on", problem=f"{wanted} is not a day from {today} to {LAST_DATE}"
        )
    open_day = next_bank_day(wanted, organization.country, sepa=is_euro)
    if executes_on is not None and open_day != executes_on:
        raise InvalidPayoutBatch(
            field="executes_on", problem=f"{executes_on} is no bank day; the next is {open_day}"
        )
    return open_day


def _debtor(
    organization: Organization, kind: BatchFormat, given: Mapping[str, Any] | None
) -> Debtor | None:
    """Who pays; CSV does not say."""
    profile = get_payout_profile(organization)
    if given is not None:
        debtor = _check_debtor(given)
    elif profile is not None:
        debtor = Debtor(profile.name, profile.iban, profile.bic)
    elif kind == BatchFormat.PAIN_001:
        raise PayoutProfileMissing
    else:
        return None
    if kind == BatchFormat.PAIN_001 and not sepa_text(debtor.name, MOST_NAME):
        raise InvalidPayoutBatch(
            field="debtor", problem=f"banks have no letters for its name, {debtor.name}"
        )
    return debtor


def _check_debtor(given: Mapping[str, Any]) -> Debtor:
    unknown = [str(name) for name in given if name not in _DEBTOR]
    problem = f"there is no {unknown[0][:40]!r}" if unknown else None
    name = given.get("name", "")
    problem = problem or text_problem(name, least=1, most=MOST_NAME)
    iban = check_iban(given.get("iban", ""))
    problem = problem or (None if iban else "its IBAN is missing")
    if problem is not None:
        raise InvalidPayoutBatch(field="debtor", problem=problem)
    return Debtor(name.strip(), iban, check_bic(given.get("bic", ""), iban))


# --- Payouts --------------------------------------------------------------------------------------


def _lock_payouts(organization: Organization, wanted: Sequence[UUID]) -> list[Payout]:
    """The payouts under way of these settlements, in that order, with settlement and payee.

    Locked before anything else is read, so that of two files that race one sees the other.
    """
    locked = (
        Payout.objects.of(organization)
        .filter(settlement_id__in=wanted, status=PayoutStatus.INITIATED)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    under_way: dict[UUID, Payout] = {payout.settlement_id: payout for payout in locked}
    rows = Settlement.objects.of(organization).filter(pk__in=wanted).select_related("payee")
    found: dict[UUID, Settlement] = {settlement.pk: settlement for settlement in rows}
    for id in wanted:
        if id not in found:
            raise UnknownSettlement(settlement=id)
        if id not in under_way:
            raise BatchSettlementNotProcessing(settlement=id, status=found[id].status)
        if found[id].payee.status != PayeeStatus.ACTIVE:
            raise PayeeSuspended(payee=found[id].payee.code)
        under_way[id].settlement = found[id]
    return [under_way[id] for id in wanted]


def _currencies(payouts: Sequence[Payout]) -> list[str]:
    """The one currency that all are in."""
    currencies = sorted({payout.currency for payout in payouts})
    if len(currencies) > 1:
        raise MixedCurrencies(currencies=currencies)
    return currencies


def _exported_before(
    organization: Organization, payouts: Sequence[Payout], reason: str
) -> list[str]:
    """Those that an earlier file holds; without a reason there must be none."""
    earlier = dict(
        PayoutBatchItem.objects.of(organization)
        .filter(payout_id__in=[payout.pk for payout in payouts])
        .order_by("batch__created_at")
        .values_list("payout_id", "batch__message_id")
    )
    again = [payout for payout in payouts if payout.pk in earlier]
    if again and not reason:
        raise AlreadyExported(payout=again[0].end_to_end_id, batch=earlier[again[0].pk])
    return [payout.end_to_end_id for payout in again]


def _write(
    batch: PayoutBatch, payouts: Sequence[Payout], debtor: Debtor | None, now: datetime
) -> None:
    """Make the file, and note its sum, count and hash."""
    organization = batch.organization
    if batch.format == BatchFormat.PAIN_001:
        _check_sepa(batch.currency, payouts)
    file = PayoutFile(
        message_id=batch.message_id,
        created_at=now.astimezone(zoneinfo.ZoneInfo(organization.time_zone)),
        executes_on=batch.executes_on,
        currency=batch.currency,
        orders=[_order(organization, payout) for payout in payouts],
        debtor=debtor,
    )
    content = _WRITERS[BatchFormat(batch.format)](file)
    batch.payout_count = len(file.orders)
    batch.control_sum_amount = file.control_sum
    batch.content = content
    batch.content_hash = hashlib.sha256(content).hexdigest()
    ending = _ENDINGS[BatchFormat(batch.format)]
    batch.file_name = (
        f"{organization.slug}-payouts-{batch.executes_on}-{batch.message_id[-8:]}.{ending}"
    )


def _check_sepa(currency: str, payouts: Sequence[Payout]) -> None:
    if currency != SEPA_CURRENCY:
        raise SepaNeedsEuro(currency=currency)
    for payout in payouts:
        payee = payout.settlement.payee
        if not payout.iban:
            raise PayeeHasNoIban(payee=payee.code)
        problem = None
        if not IBAN(payout.iban, allow_invalid=True).in_sepa_zone:
            problem = f"the IBAN of payee {payee.code} is of {payout.iban[:2]}, outside of SEPA"
        elif payout.amount > MOST_CENTS:
            problem = f"what payee {payee.code} gets is more than one SEPA payment can move"
        if problem is not None:
            raise InvalidPayoutBatch(field="settlements", problem=problem)


def _order(organization: Organization, payout: Payout) -> PayoutOrder:
    settlement = payout.settlement
    return PayoutOrder(
        end_to_end_id=payout.end_to_end_id,
        payee=settlement.payee.code,
        account_holder=payout.account_holder or settlement.payee.name,
        iban=payout.iban,
        bic=payout.bic,
        amount=payout.amount,
        remittance=(
            f"Settlement {settlement.sequence} through {settlement.through:%Y-%m-%d} "
            f"{organization.name}"
        ),
    )


def _insert(batch: PayoutBatch, payouts: Sequence[Payout]) -> None:
    """The batch and what it asks for, by one statement: its triggers compare the two."""
    items = [
        PayoutBatchItem(
            organization=batch.organization, batch=batch, payout=payout, position=position
        )
        for position, payout in enumerate(payouts, start=1)
    ]
    insert_row(batch, ("created_at",), items)
