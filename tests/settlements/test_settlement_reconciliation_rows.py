"""The check `settlements` finds settlements that are not what their items and payouts say, and
files for the bank that are not what they were."""

import pytest

from settlements.models import PayoutBatch
from tests.settlements.story import Force, Story

# --- Settlements ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ("item_count = 9", {"settlement_item_count_is_off"}),
        (
            "sales_amount = sales_amount + 1, adjustments_amount = adjustments_amount - 1",
            {"settlement_sales_are_off", "settlement_adjustments_are_off"},
        ),
        (
            "refunds_amount = refunds_amount + 1, adjustments_amount = adjustments_amount + 1",
            {"settlement_refunds_are_off", "settlement_adjustments_are_off"},
        ),
        (
            (
                "reserve_held_amount = reserve_held_amount + 1,"
                " reserve_released_amount = reserve_released_amount + 1"
            ),
            {"settlement_reserve_released_is_off"},
        ),
        ("status = 'failed'", {"settlement_status_is_off"}),
        ("sequence = 7", {"settlement_before_is_missing", "settlement_carried_forward_is_off"}),
        ("through = '2026-04-29'", {"settlement_holds_a_later_item"}),
        ("currency = 'USD'", {"settlement_currency_is_off"}),
    ],
)
def test_finds_a_changed_settlement(
    story: Story, by_force: Force, change: str, problems: set[str]
) -> None:
    by_force(f"UPDATE settlements_settlement SET {change} WHERE id = %s", story.second.pk)

    assert problems <= story.problems()
    for problem in problems:
        assert any(f.name.startswith("ana ") for f in story.findings() if f.problem == problem)


def test_finds_an_item_of_another_payee(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_sale SET settlement_id = %s WHERE id = %s",
        story.third.pk,
        story.belas.pk,
    )

    finding = story.named("settlement_holds_another_payees_item")
    assert (finding.expected, finding.got) == (str(story.ana.pk), str(story.bela.pk))
    assert "payee_position_is_off" in story.problems()


def test_finds_an_item_that_a_settlement_lost(story: Story, by_force: Force) -> None:
    by_force("UPDATE settlements_sale SET settlement_id = NULL WHERE id = %s", story.sale.pk)

    assert story.problems() == {
        "payee_position_is_off",
        "settlement_item_count_is_off",
        "settlement_sales_are_off",
    }


def test_finds_a_refunded_amount_that_is_off(story: Story, by_force: Force) -> None:
    by_force("UPDATE settlements_sale SET refunded_amount = 1 WHERE id = %s", story.sale.pk)

    [finding] = story.findings()
    assert finding.message == ("sale:T-1 says that 1 EUR were refunded; its refunds make 9000")


def test_finds_a_carried_forward_amount_that_is_off(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_settlement SET carried_forward_amount = -5,"
        " adjustments_amount = adjustments_amount + 5 WHERE id = %s",
        story.second.pk,
    )

    finding = story.named("settlement_carried_forward_is_off")
    assert (finding.name, finding.expected, finding.got) == ("ana 2", "0", "-5")


def test_finds_a_settlement_that_goes_back(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_settlement SET through = '2026-01-31' WHERE id = %s", story.third.pk
    )

    finding = story.named("settlement_goes_back")
    assert (finding.name, finding.expected, finding.got) == ("ana 3", "2026-04-30", "2026-01-31")


def test_finds_a_settlement_that_is_gone(story: Story, by_force: Force) -> None:
    by_force("DELETE FROM settlements_settlement WHERE id = %s", story.first.pk)

    assert "settlement_before_is_missing" in story.problems()
    assert "payee_position_is_off" in story.problems()


def test_finds_a_reserve_released_by_the_wrong_settlement(story: Story, by_force: Force) -> None:
    by_force(
        "UPDATE settlements_settlement SET reserve_released_by_id = %s WHERE id = %s",
        story.first.pk,
        story.first.pk,
    )

    finding = story.named("settlement_reserve_is_released_wrongly")
    assert (finding.name, finding.got) == ("ana 1", "ana 1 through 2026-03-31")


def test_finds_a_missing_attempt(story: Story, by_force: Force) -> None:
    by_force("DELETE FROM settlements_payout WHERE id = %s", story.payout(1).pk)

    finding = story.named("settlement_attempts_have_a_gap")
    assert (finding.expected, finding.got) == ("2", "1")


# --- Files for the bank ---------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["batch", "csv"])
def test_finds_a_file_that_was_changed(story: Story, by_force: Force, which: str) -> None:
    batch: PayoutBatch = getattr(story, which)
    amount = f"{batch.control_sum_amount // 100}.{batch.control_sum_amount % 100:02}"
    content = bytes(batch.content).replace(amount.encode(), b"9999.99")
    by_force("UPDATE settlements_payoutbatch SET content = %s WHERE id = %s", content, batch.pk)

    assert story.problems() == {"batch_file_sum_is_off", "batch_hash_is_off"}
    finding = story.named("batch_file_sum_is_off")
    assert (finding.name, finding.expected, finding.got) == (
        batch.message_id,
        "999999",
        str(batch.control_sum_amount),
    )


@pytest.mark.parametrize(
    ("change", "problems"),
    [
        ("payout_count = 2", {"batch_payout_count_is_off", "batch_file_count_is_off"}),
        ("control_sum_amount = 1", {"batch_control_sum_is_off", "batch_file_sum_is_off"}),
        ("content_hash = repeat('0', 64)", {"batch_hash_is_off"}),
        (
            "content = '\\xff00fe'",
            {"batch_file_count_is_off", "batch_file_sum_is_off", "batch_hash_is_off"},
        ),
    ],
)
def test_finds_a_changed_batch(
    story: Story, by_force: Force, change: str, problems: set[str]
) -> None:
    by_force(f"UPDATE settlements_payoutbatch SET {change} WHERE id = %s", story.batch.pk)

    assert story.problems() == problems


def test_finds_a_payout_that_left_its_batch(story: Story, by_force: Force) -> None:
    by_force("DELETE FROM settlements_payoutbatchitem WHERE batch_id = %s", story.csv.pk)

    assert story.problems() == {"batch_payout_count_is_off", "batch_control_sum_is_off"}
