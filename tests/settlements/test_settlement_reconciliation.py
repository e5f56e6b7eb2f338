"""The check `settlements` finds every way in which payees' accounts and books can differ, and names
the row with both figures."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.settlement_volume import fill_sales
from core.db import uuid7
from ledger.drafts import credit, debit
from ledger.reconciliation import check_names, run_checks
from ledger.services.entries import void_entry
from organizations.models import Organization
from settlements.models import (
    Sale,
)
from settlements.selectors.payees import get_payee
from settlements.selectors.reconciliation import check_settlements
from tests.fixtures import Post
from tests.settlements.market import DAY, EXPENSES, PAYABLE, Market
from tests.settlements.story import APRIL, MARCH, MAY, Force, Story

# --- What ties ------------------------------------------------------------------------------------


def test_is_one_of_the_registered_checks(story: Story) -> None:
    assert "settlements" in check_names()
    [result] = run_checks(story.organization, ["settlements"])
    assert result.passed


@pytest.mark.parametrize("day", [DAY - timedelta(days=1), DAY, MARCH, APRIL, MAY, date(2030, 1, 1)])
def test_ties_on_every_day(story: Story, day: date) -> None:
    assert story.findings(day) == []


def test_ties_with_nothing_in_it(market_ltd: Organization) -> None:
    assert check_settlements(market_ltd).passed


def test_takes_the_same_number_of_statements_for_any_number_of_rows(story: Story) -> None:
    with CaptureQueriesContext(connection) as queries:
        check_settlements(story.organization)

    assert len(queries) == 7


def test_another_organizations_rows_are_its_own_business(
    story: Story, mallory_ltd: Organization, by_force: Force
) -> None:
    by_force("UPDATE settlements_sale SET refunded_amount = 1 WHERE id = %s", story.sale.pk)

    assert check_settlements(mallory_ltd).passed
    assert not check_settlements(story.organization).passed


# --- The ledger -----------------------------------------------------------------------------------


def test_names_a_posting_by_hand(story: Story, post: Post) -> None:
    entry = post(
        debit(EXPENSES, 5_00),
        credit(PAYABLE, 5_00),
        organization=story.organization,
        reference="by-hand",
        on=APRIL,
    )

    [finding] = story.findings()

    assert (finding.problem, finding.id, finding.name) == (
        "line_is_of_no_item",
        str(entry.pk),
        "by-hand",
    )
    assert finding.message == (
        "by-hand posts 500 EUR on 2120, and belongs to no sale, refund, adjustment or payout"
    )
    assert story.findings(MARCH) == []
    assert len(story.findings(APRIL)) == 1


def test_a_posting_by_hand_that_was_voided_is_nothing(story: Story, post: Post) -> None:
    entry = post(
        debit(EXPENSES, 5_00), credit(PAYABLE, 5_00), organization=story.organization, on=APRIL
    )
    void_entry(actor=story.market.approver, entry=entry, on=MAY, reason="mistaken")

    assert story.findings() == []
    assert [f.problem for f in story.findings(APRIL)] == ["line_is_of_no_item"]


def test_finds_a_changed_line_of_a_sale(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE ledger_journalline SET credit = credit - 100"
        " WHERE entry_id = %s AND account_id = %s",
        story.sale.entry_id,
        story.ana.payable_id,
    )

    assert story.problems() == {"payee_position_is_off", "sale_payable_is_off"}
    finding = story.named("sale_payable_is_off")
    assert (finding.name, finding.row, finding.id) == ("sale:T-1", "sale", str(story.sale.pk))
    assert (finding.expected, finding.got) == (
        str(story.sale.organizer_amount),
        str(story.sale.organizer_amount - 1_00),
    )
    assert story.named("payee_position_is_off").name == "ana"


def test_finds_a_line_moved_to_another_account(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE ledger_journalline SET account_id = (SELECT id FROM ledger_account"
        " WHERE organization_id = %s AND code = '2200') WHERE entry_id = %s AND account_id = %s",
        story.organization.pk,
        story.belas.entry_id,
        story.bela.payable_id,
    )

    assert story.problems() == {"payee_position_is_off", "sale_payable_is_off"}
    assert story.named("payee_position_is_off").message == (
        "payee bela is owed 2700 EUR by items, reserves and payouts; the ledger says 0"
    )


@pytest.mark.parametrize(
    ("change", "problem", "expected", "got"),
    [
        ("status = 'voided'", "sale_is_not_posted", "posted sale:T-1", "voided sale:T-1"),
        ("reference = 'x'", "sale_is_not_posted", "posted sale:T-1", "posted x"),
        ("effective_on = '2026-03-11'", "sale_date_is_off", "2026-03-10", "2026-03-11"),
        ("total_amount = 1", "sale_total_is_off", "10000", "1"),
        ("currency = 'USD'", "sale_currency_is_off", "EUR EUR", "EUR USD"),
    ],
)
def test_finds_a_changed_entry(
    story: Story, by_force: Force, change: str, problem: str, expected: str, got: str
) -> None:
    by_force(f"UPDATE ledger_journalentry SET {change} WHERE id = %s", story.sale.entry_id)

    assert story.problems() == {problem}
    finding = story.named(problem)
    assert (finding.name, finding.expected, finding.got) == ("sale:T-1", expected, got)


def test_finds_an_entry_that_is_gone(story: Story, by_force: Force) -> None:
    by_force("DELETE FROM ledger_journalline WHERE entry_id = %s", story.belas.entry_id)
    by_force("DELETE FROM ledger_journalentry WHERE id = %s", story.belas.entry_id)

    assert "sale_is_not_posted" in story.problems()
    assert story.named("sale_is_not_posted").message == (
        "sale:T-2 should be in the journal as posted sale:T-2; there is no entry"
    )


def test_names_an_entry_whose_sale_is_gone(story: Story, by_force: Force) -> None:
    by_force("DELETE FROM settlements_sale WHERE id = %s", story.belas.pk)

    assert [(f.problem, f.name, f.got) for f in story.findings()] == [
        ("line_is_of_no_item", "sale:T-2", "2700")
    ]


def test_finds_a_sale_whose_fee_is_not_what_was_earned(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_sale SET platform_fee = 200, tax_amount = 100 WHERE id = %s",
        story.belas.pk,
    )

    assert story.problems() == {"sale_revenue_is_off"}
    finding = story.named("sale_revenue_is_off")
    assert (finding.expected, finding.got) == ("200", "300")


def test_finds_a_changed_refund(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_refund SET amount = amount + 1, organizer_amount = organizer_amount + 1"
        " WHERE id = %s",
        story.refund.pk,
    )

    assert story.problems() == {
        "refund_total_is_off",
        "refund_payable_is_off",
        "sale_refunded_amount_is_off",
        "settlement_refunds_are_off",
    }


def test_finds_a_changed_adjustment(story: Story, by_force: Force) -> None:
    by_force("UPDATE settlements_adjustment SET amount = 1 WHERE id = %s", story.adjustment.pk)

    assert story.problems() == {
        "adjustment_total_is_off",
        "adjustment_payable_is_off",
        "adjustment_account_is_off",
        "settlement_adjustments_are_off",
    }


def test_finds_an_adjustment_on_another_account(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_adjustment SET account_id = %s WHERE id = %s",
        story.ana.payable_id,
        story.adjustment.pk,
    )

    assert story.problems() == {"adjustment_account_is_off"}


def test_finds_an_adjustment_of_another_day(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_adjustment SET adjusted_on = adjusted_on - 1 WHERE id = %s",
        story.adjustment.pk,
    )

    assert story.problems() == {"adjustment_date_is_off"}
    assert "payee_position_is_off" in {
        finding.problem for finding in story.findings(APRIL - timedelta(days=1))
    }


def test_finds_a_payout_of_another_amount(story: Story, by_force: Force) -> None:
    by_force("UPDATE settlements_payout SET amount = 1 WHERE id = %s", story.payout(2).pk)

    assert story.problems() == {
        "payee_position_is_off",
        "payout_total_is_off",
        "payout_payable_is_off",
        "settlement_payout_is_off",
    }
    assert story.named("payout_total_is_off").name == f"payout:{story.payout(2).end_to_end_id}"


def test_finds_a_payout_of_another_day(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_payout SET paid_on = paid_on - 1 WHERE id = %s", story.payout(2).pk
    )

    assert story.problems() == {"payout_date_is_off"}


def test_finds_a_return_without_its_entry(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_payout SET return_entry_id = %s WHERE id = %s",
        uuid7(),
        story.payout(1).pk,
    )

    assert story.problems() == {
        "payee_position_is_off",
        "line_is_of_no_item",
        "payout_is_not_posted",
        "payout_payable_is_off",
    }


# --- Volume ---------------------------------------------------------------------------------------


def test_names_the_one_sale_that_is_off_among_thousands(market: Market, by_force: Force) -> None:
    fill_sales(market.organization, 3_000, payees=3)
    market.settle(get_payee(market.organization, "payee-1"), APRIL)
    assert check_settlements(market.organization).findings == []
    sale = Sale.objects.of(market.organization).get(reference="sale-1234")

    by_force("UPDATE ledger_journalentry SET total_amount = 1 WHERE id = %s", sale.entry_id)

    [finding] = check_settlements(market.organization).findings
    assert finding.name == "sale:sale-1234"


def test_counts_what_it_has_no_room_to_name(market: Market, by_force: Force) -> None:
    fill_sales(market.organization, 1_500, payees=1)
    by_force(
        "UPDATE ledger_journalentry SET effective_on = effective_on + 1 WHERE reference ~ '^sale:'"
    )

    result = check_settlements(market.organization)

    assert result.mismatch_count == 1_500
    assert len(result.findings) == 1_000
    assert not result.passed
