"""Files for the bank: of approved settlements, kept as they were, never a second time unsaid."""

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.errors import Refusal
from organizations.actors import Actor
from organizations.models import AuditEvent
from settlements.errors import (
    AlreadyExported,
    BatchSettlementNotProcessing,
    EmptyPayoutBatch,
    InvalidIban,
    InvalidPayoutBatch,
    MixedCurrencies,
    PayeeHasNoIban,
    PayeeSuspended,
    PayoutProfileMissing,
    SepaNeedsEuro,
    SettlementRepeated,
    UnknownSettlement,
)
from settlements.models import PayoutBatch, PayoutBatchItem, Settlement
from settlements.selectors.waiting import payouts_under_way
from settlements.services.batches import export_batch
from settlements.services.profile import save_payout_profile
from tests.settlements.market import CUTOFF, IBAN, OTHER_IBAN, Market, at_once, outcomes

# A Wednesday; the Friday and the Monday after it are Good Friday and Easter Monday.
NOW = datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
DEBTOR = {"name": "Market Ltd", "iban": OTHER_IBAN}


def approved(market: Market, code: str = "ana", total: int = 100_00, **others: Any) -> Settlement:
    """Of a payee of this code, over nine tenths of the total."""
    payee = market.payee(code, **({"iban": IBAN} | others))
    market.sell(payee, total)
    return market.approve(market.settle(payee))


def export(
    market: Market, *settlements: Settlement, format: str = "pain.001", **others: Any
) -> PayoutBatch:
    given = {"debtor": DEBTOR if format == "pain.001" else None, "now": NOW, **others}
    return export_batch(
        actor=market.preparer, settlements=[s.pk for s in settlements], format=format, **given
    )


def refused(market: Market, kind: type[Refusal], *settlements: Settlement, **others: Any) -> Any:
    with pytest.raises(kind) as refusal:
        export(market, *settlements, **others)
    assert not PayoutBatch.objects.of(market.organization).exists()
    return refusal.value


def test_keeps_the_file_with_its_sum_count_and_hash(market: Market) -> None:
    first, second = approved(market, "ana", 100_00), approved(market, "bela", 50_05)

    batch = PayoutBatch.objects.of(market.organization).get(pk=export(market, first, second).pk)

    content = bytes(batch.content)
    assert batch.content_hash == hashlib.sha256(content).hexdigest()
    assert (batch.payout_count, batch.control_sum_amount) == (
        2,
        first.total_amount + second.total_amount,
    )
    assert (batch.currency, batch.format, batch.executes_on) == (
        "EUR",
        "pain.001",
        date(2026, 4, 1),
    )
    assert batch.file_name.startswith("market-payouts-2026-04-01-")
    assert batch.file_name.endswith(".xml")
    assert batch.message_id == batch.pk.hex
    assert batch.message_id.encode() in content
    assert batch.created_by_id == market.prepares.pk


def test_asks_for_the_payouts_in_the_order_given(market: Market) -> None:
    first, second = approved(market, "ana"), approved(market, "bela")

    batch = export(market, second, first)

    items = PayoutBatchItem.objects.of(market.organization).filter(batch_id=batch.pk)
    asked = [item.payout.settlement_id for item in items.order_by("position")]
    assert asked == [second.pk, first.pk]
    ids = re.findall(rb"<EndToEndId>(.*?)</EndToEndId>", bytes(batch.content))
    assert ids == [f"{s.pk.hex}-1".encode() for s in (second, first)]


def test_leaves_an_audit_row(market: Market) -> None:
    batch = export(market, approved(market))

    event = AuditEvent.objects.of(market.organization).get(action="export_payouts")
    assert event.subject_ids == [batch.pk]
    assert event.after["content_hash"] == batch.content_hash
    assert event.after["control_sum_amount"] == 90_00
    assert event.after["exported_before"] == []


def test_the_payout_profile_pays_unless_a_debtor_is_named(market: Market) -> None:
    save_payout_profile(actor=market.approver, name="Market Ltd", iban=OTHER_IBAN)
    settlement = approved(market)

    batch = export(market, settlement, debtor=None)

    assert OTHER_IBAN.encode() in bytes(batch.content)


def test_without_either_pain001_is_refused_and_csv_is_not(market: Market) -> None:
    settlement = approved(market)

    refused(market, PayoutProfileMissing, settlement, debtor=None)

    assert export(market, settlement, format="csv").payout_count == 1


# --- Once -----------------------------------------------------------------------------------------


def test_a_second_export_needs_a_reason(market: Market) -> None:
    settlement = approved(market)
    first = export(market, settlement)

    with pytest.raises(AlreadyExported) as refusal:
        export(market, settlement, format="csv", reason="  ")

    assert refusal.value.facts == {
        "payout": f"{settlement.pk.hex}-1",
        "batch": first.message_id,
    }
    assert PayoutBatch.objects.of(market.organization).count() == 1


def test_with_a_reason_it_leaves_an_audit_row_that_says_so(market: Market) -> None:
    settlement, other = approved(market, "ana"), approved(market, "bela")
    export(market, settlement)

    again = export(market, settlement, other, reason="The bank lost the file")

    event = AuditEvent.objects.of(market.organization).get(
        action="export_payouts", subject_ids__contains=[again.pk]
    )
    assert event.after["reason"] == "The bank lost the file"
    assert event.after["exported_before"] == [f"{settlement.pk.hex}-1"]


def test_a_new_attempt_is_another_payout(market: Market) -> None:
    settlement = approved(market)
    export(market, settlement)

    again = market.retry(market.fail(settlement))
    batch = export(market, again)

    assert f"{settlement.pk.hex}-2".encode() in bytes(batch.content)


@pytest.mark.django_db(transaction=True)
def test_of_two_exports_at_once_one_wins(market: Market) -> None:
    settlements = [approved(market, code) for code in ("ana", "bela", "cleo")]

    results = at_once(
        lambda: export(market, *settlements),
        lambda: export(market, *reversed(settlements)),
        lambda: export(market, *settlements[1:], format="csv"),
    )

    assert outcomes(results) == ["AlreadyExported", "AlreadyExported", "done"]
    assert PayoutBatch.objects.of(market.organization).count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_fails_meanwhile_is_not_exported_afterwards(market: Market) -> None:
    settlement = approved(market)

    results = at_once(lambda: export(market, settlement), lambda: market.fail(settlement))

    batches = PayoutBatch.objects.of(market.organization)
    assert outcomes(results) in (["done", "done"], ["BatchSettlementNotProcessing", "done"])
    assert batches.count() == outcomes(results).count("done") - 1


# --- What is refused ------------------------------------------------------------------------------


def test_refuses_an_empty_batch(market: Market) -> None:
    refused(market, EmptyPayoutBatch)


def test_refuses_a_settlement_named_twice(market: Market) -> None:
    settlement = approved(market)

    assert refused(market, SettlementRepeated, settlement, settlement).settlement == settlement.pk


def test_refuses_more_than_a_file_holds(market: Market) -> None:
    with pytest.raises(InvalidPayoutBatch) as refusal:
        export_batch(
            actor=market.preparer, settlements=[uuid4() for _ in range(10_001)], format="csv"
        )

    assert refusal.value.attr == "settlements"


def test_refuses_one_that_nobody_has_approved(market: Market) -> None:
    payee = market.payee(iban=IBAN)
    market.sell(payee)
    settlement = market.settle(payee)

    refusal = refused(market, BatchSettlementNotProcessing, settlement)

    assert (refusal.settlement, refusal.status) == (settlement.pk, "pending")


def test_refuses_one_that_is_paid(market: Market) -> None:
    settlement = market.pay(approved(market))

    assert refused(market, BatchSettlementNotProcessing, settlement).status == "completed"


def test_refuses_one_that_failed_and_was_not_tried_again(market: Market) -> None:
    settlement = market.fail(approved(market))

    assert refused(market, BatchSettlementNotProcessing, settlement).status == "failed"


def test_refuses_one_whose_payee_was_suspended_after_its_approval(market: Market) -> None:
    settlement = approved(market)
    market.suspend(settlement.payee)

    refusal = refused(market, PayeeSuspended, settlement, format="csv")

    assert refusal.payee == "ana"
    assert not payouts_under_way(market.organization).exists()


def test_refuses_one_with_nothing_to_pay(market: Market) -> None:
    payee = market.payee(iban=IBAN)
    market.adjust(payee, -5_00)

    assert refused(market, BatchSettlementNotProcessing, market.settle(payee)).status == "completed"


def test_refuses_a_settlement_that_is_not_there(market: Market) -> None:
    with pytest.raises(UnknownSettlement):
        export_batch(actor=market.preparer, settlements=[uuid4()], format="csv", now=NOW)


def test_refuses_another_organizations_settlement(market: Market, as_mallory: Actor) -> None:
    settlement = approved(market)

    with pytest.raises(UnknownSettlement):
        export_batch(actor=as_mallory, settlements=[settlement.pk], format="csv", now=NOW)


def dollars(market: Market) -> None:
    """Accounts in which a payee can be paid in dollars."""
    from ledger.services.accounts import create_account

    for code, role, kind in (
        ("2121", "organizer_payable", "liability"),
        ("1021", "card_clearing", "asset"),
        ("4111", "platform_fees", "revenue"),
    ):
        create_account(
            actor=market.approver, code=code, name=code, type=kind, currency="USD", role=role
        )


def test_refuses_mixed_currencies(market: Market) -> None:
    dollars(market)
    euros, others = approved(market, "ana"), approved(market, "bob", currency="USD")

    refusal = refused(market, MixedCurrencies, euros, others, format="csv")

    assert refusal.currencies == ["EUR", "USD"]


def test_refuses_pain001_in_another_currency_and_takes_csv(market: Market) -> None:
    dollars(market)
    settlement = approved(market, "bob", currency="USD")

    assert refused(market, SepaNeedsEuro, settlement).currency == "USD"

    assert b",90.00,USD," in bytes(export(market, settlement, format="csv").content)


def test_refuses_pain001_for_a_payee_without_an_iban_and_takes_csv(market: Market) -> None:
    settlement = approved(market, iban="")

    assert refused(market, PayeeHasNoIban, settlement).payee == "ana"

    assert export(market, settlement, format="csv").payout_count == 1


def test_refuses_pain001_for_an_iban_outside_of_sepa(market: Market) -> None:
    settlement = approved(market, iban="BR1800360305000010009795493C1")

    assert "outside of SEPA" in refused(market, InvalidPayoutBatch, settlement).message


def test_refuses_pain001_for_more_than_one_payment_moves(market: Market) -> None:
    settlement = approved(market, total=2_000_000_000_00)

    refusal = refused(market, InvalidPayoutBatch, settlement)

    assert "more than one SEPA payment" in refusal.message


@pytest.mark.parametrize(
    ("debtor", "kind"),
    [
        ({"name": "", "iban": OTHER_IBAN}, InvalidPayoutBatch),
        ({"name": "🎪", "iban": OTHER_IBAN}, InvalidPayoutBatch),
        ({"name": "Market Ltd"}, InvalidPayoutBatch),
        ({"name": "Market Ltd", "iban": OTHER_IBAN, "id": "1"}, InvalidPayoutBatch),
        ({"name": "Market Ltd", "iban": "DE89370400440532013001"}, InvalidIban),
    ],
)
def test_refuses_a_debtor_that_cannot_pay(
    market: Market, debtor: dict[str, str], kind: type[Refusal]
) -> None:
    refused(market, kind, approved(market), debtor=debtor)


def test_refuses_a_format_that_there_is_not(market: Market) -> None:
    assert (
        "'mt940'" in refused(market, InvalidPayoutBatch, approved(market), format="mt940").message
    )


# --- The day --------------------------------------------------------------------------------------


def test_is_executed_on_the_next_bank_day(market: Market) -> None:
    good_friday = datetime(2026, 4, 3, 9, tzinfo=UTC)

    assert export(market, approved(market), now=good_friday).executes_on == date(2026, 4, 7)


@pytest.mark.parametrize("day", [date(2026, 4, 3), date(2026, 4, 5), date(2026, 4, 6)])
def test_refuses_a_day_on_which_no_bank_pays(market: Market, day: date) -> None:
    refusal = refused(market, InvalidPayoutBatch, approved(market), executes_on=day)

    assert refusal.message == (f"executes_on: {day} is no bank day; the next is 2026-04-07.")


def test_refuses_a_day_that_has_passed(market: Market) -> None:
    yesterday = NOW.date() - timedelta(days=1)

    refused(market, InvalidPayoutBatch, approved(market), executes_on=yesterday)


def test_the_organizations_time_zone_decides_which_day_it_is(market: Market) -> None:
    # In Dublin it is 00:30 on the second already: summer time.
    night = datetime(2026, 4, 1, 23, 30, tzinfo=UTC)

    batch = export(market, approved(market), now=night)

    assert batch.executes_on == date(2026, 4, 2)
    assert b"<CreDtTm>2026-04-02T00:30:00</CreDtTm>" in bytes(batch.content)


def test_pays_with_the_bank_details_of_the_attempt(market: Market) -> None:
    settlement = approved(market)
    market.change(settlement.payee, iban=OTHER_IBAN, bic="")

    assert IBAN.encode() in bytes(export(market, settlement).content)


def test_the_cut_off_and_the_number_stand_in_the_remittance(market: Market) -> None:
    batch = export(market, approved(market))

    assert f"<Ustrd>Settlement 1 through {CUTOFF} Market Ltd</Ustrd>".encode() in bytes(
        batch.content
    )
