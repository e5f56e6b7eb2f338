"""Recording a sale: what it posts, what it refuses, and what a second one of the same gives."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django.db import connection

from ledger.errors import BooksClosed, RoleUnfilled
from ledger.models import JournalEntry
from ledger.selectors.accounts import get_account
from ledger.selectors.integrity import verify_books
from ledger.services.accounts import archive_account, create_account
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from settlements.errors import (
    CurrencyMismatch,
    FeeAboveSale,
    InvalidSale,
    PartsDoNotAddUp,
    UnknownEvent,
    UnknownPayee,
)
from settlements.models import Sale
from tests.invoicing.selling import refused, statements_of
from tests.settlements.market import (
    BANK,
    CARD,
    DAY,
    FEES,
    LATER,
    PAYABLE,
    TAX,
    TICKETS,
    lines_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

# The id of no row.
NOBODY = UUID("0190d1a2-7c00-7b3a-8b1e-5f0c9a4d2e61")


@pytest.fixture
def ana(market):
    return market.payee()


def by_policy(market, payee, total, **others):
    """A sale whose parts are left to the payee's fee policy."""
    return market.sell(payee, total, platform_fee=None, **others)


class TestPosting:
    def test_a_sale_is_owed_to_its_payee_less_the_fee(self, market, ana):
        sale = market.sell(ana, 100_00, fee=10_00)

        assert lines_of(sale) == [(CARD, 100_00, 0), (FEES, 0, 10_00), (PAYABLE, 0, 90_00)]
        assert market.owed() == 90_00
        assert verify_books(market.organization).ties

    def test_each_part_has_a_line(self, market, ana):
        sale = market.sell(ana, 150_00, fee=10_00, ticket_revenue=30_00, tax_amount=20_00)

        assert lines_of(sale) == [
            (CARD, 150_00, 0),
            (TICKETS, 0, 30_00),
            (FEES, 0, 10_00),
            (TAX, 0, 20_00),
            (PAYABLE, 0, 90_00),
        ]

    def test_a_part_of_zero_has_none(self, market, ana):
        assert lines_of(market.sell(ana, 100, fee=100)) == [(CARD, 100, 0), (FEES, 0, 100)]
        assert lines_of(market.sell(ana, 100, fee=0)) == [(CARD, 100, 0), (PAYABLE, 0, 100)]

    @pytest.mark.parametrize(
        ("method", "account"),
        [
            ("cash", "1000"),
            ("bank", BANK),
            ("card", CARD),
            ("mobile_money", "1030"),
            ("wallet", "2100"),
        ],
    )
    def test_the_method_says_which_account_is_debited(self, market, ana, method, account):
        sale = market.sell(ana, 100, method=method)

        assert lines_of(sale)[0] == (account, 100, 0)

    def test_the_entry_names_the_sale(self, market, ana):
        sale = market.sell(ana, reference="tickets-1", on=LATER)

        entry = JournalEntry.objects.of(market.organization).get(pk=sale.entry_id)
        assert (entry.reference, entry.reference_type, entry.reference_id) == (
            "sale:tickets-1",
            "sale",
            "tickets-1",
        )
        assert (entry.effective_on, entry.description) == (LATER, "Sale tickets-1, ana")
        assert entry.maker == market.prepares

    def test_a_payee_with_an_account_of_their_own_is_owed_there(self, market):
        market_actor = market.preparer
        create_account(actor=market_actor, code="2121", name="Zoe", type="liability", parent="21")
        zoe = market.payee("zoe", payable="2121")

        sale = market.sell(zoe, 100, fee=10)

        assert lines_of(sale)[-1] == ("2121", 0, 90)

    def test_the_largest_amount_that_fits_is_taken(self, market, ana):
        sale = market.sell(ana, 2**63 - 1, fee=0)

        assert market.owed() == sale.total_amount == 2**63 - 1

    def test_a_suspended_payee_still_sells(self, market, ana):
        market.suspend(ana)

        assert market.sell(ana, 100, fee=10).organizer_amount == 90


class TestParts:
    @pytest.mark.parametrize(
        ("given", "parts"),
        [
            ({"platform_fee": 10, "organizer_amount": 90}, (10, 90)),
            ({"platform_fee": 10}, (10, 90)),
            ({"platform_fee": None, "organizer_amount": 90}, (10, 90)),
            ({"platform_fee": None, "organizer_amount": 0}, (100, 0)),
            ({"platform_fee": 100}, (100, 0)),
        ],
    )
    def test_what_is_missing_is_the_rest(self, market, ana, given, parts):
        sale = market.sell(ana, 100, **given)

        assert (sale.platform_fee, sale.organizer_amount) == parts

    def test_a_fee_of_the_organizers_comes_out_of_the_price(self, market):
        fee = {"percentage": "10", "per_ticket_amount": 50}
        bob = market.payee("bob", fee_policy=fee)

        sale = by_policy(market, bob, 100_00, quantity=2, tax_amount=20_00)

        assert (sale.platform_fee, sale.organizer_amount) == (9_00, 71_00)
        assert sale.fee_borne_by == "organizer"

    def test_a_fee_of_the_buyers_is_on_top_of_the_price(self, market):
        bob = market.payee("bob", fee_policy={"percentage": "10", "borne_by": "buyer"})

        sale = by_policy(market, bob, 110_00)

        assert (sale.platform_fee, sale.organizer_amount) == (10_00, 100_00)
        assert sale.fee_borne_by == "buyer"

    def test_without_a_policy_there_is_no_fee(self, market, ana):
        assert by_policy(market, ana, 100).platform_fee == 0

    @pytest.mark.parametrize(
        ("given", "parts"),
        [
            ({"platform_fee": 10, "organizer_amount": 89}, 99),
            ({"platform_fee": 10, "organizer_amount": 91}, 101),
            ({"platform_fee": 101}, 101),
            ({"platform_fee": 50, "tax_amount": 51}, 101),
            ({"platform_fee": None, "tax_amount": 60, "ticket_revenue": 41}, 101),
            ({"platform_fee": 2**63 - 1, "organizer_amount": 2**63 - 1}, 2**64 - 2),
        ],
    )
    def test_those_that_do_not_add_up_are_refused(self, market, ana, given, parts):
        with refused(PartsDoNotAddUp, market.organization) as caught:
            market.sell(ana, 100, **given)

        assert (caught.value.parts, caught.value.total) == (parts, 100)
        assert str(parts) in caught.value.message

    def test_a_fee_above_the_sale_is_refused(self, market):
        bob = market.payee("bob", fee_policy={"per_ticket_amount": 101})

        with refused(FeeAboveSale, market.organization) as caught:
            by_policy(market, bob, 100)

        assert (caught.value.fee, caught.value.available) == (101, 100)


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"total_amount": 0}, "total_amount"),
            ({"total_amount": -1}, "total_amount"),
            ({"total_amount": 2**63}, "total_amount"),
            ({"total_amount": 1.0}, "total_amount"),
            ({"total_amount": True}, "total_amount"),
            ({"total_amount": "100"}, "total_amount"),
            ({"platform_fee": -1}, "platform_fee"),
            ({"platform_fee": 0.5}, "platform_fee"),
            ({"organizer_amount": False}, "organizer_amount"),
            ({"tax_amount": None}, "tax_amount"),
            ({"ticket_revenue": -5}, "ticket_revenue"),
            ({"quantity": 0}, "quantity"),
            ({"quantity": 2**31}, "quantity"),
            ({"quantity": 1.5}, "quantity"),
            ({"method": "barter"}, "method"),
            ({"method": ["card"]}, "method"),
            ({"sold_on": date(1899, 12, 31)}, "sold_on"),
            ({"sold_on": date(2200, 1, 1)}, "sold_on"),
            ({"sold_on": datetime(2026, 3, 10, tzinfo=UTC)}, "sold_on"),
            ({"sold_on": "2026-03-10"}, "sold_on"),
            ({"reference": ""}, "reference"),
            ({"reference": " a"}, "reference"),
            ({"reference": "a\0"}, "reference"),
            ({"reference": "a\x1b[31m"}, "reference"),
            ({"reference": "a\u2028b"}, "reference"),
            ({"reference": "\u200b"}, "reference"),
            ({"reference": "\ud800"}, "reference"),
            ({"reference": "a" * 181}, "reference"),
            ({"reference": 5}, "reference"),
            ({"metadata": []}, "metadata"),
            ({"metadata": {"x": "y" * 20_000}}, "metadata"),
            ({"metadata": {"x": float("nan")}}, "metadata"),
            ({"metadata": {"x": "\0"}}, "metadata"),
            ({"metadata": {"x": object()}}, "metadata"),
        ],
    )
    def test_what_cannot_be_is_refused_at_its_field(self, market, ana, given, field):
        with refused(InvalidSale, market.organization) as caught:
            market.record(ana, **given)

        assert caught.value.attr == field

    @pytest.mark.parametrize("currency", ["USD", "eur", "", "\0"])
    def test_a_currency_other_than_the_payees(self, market, ana, currency):
        with refused(CurrencyMismatch, market.organization) as caught:
            market.sell(ana, currency=currency)

        assert (caught.value.payee, caught.value.expected) == ("ana", "EUR")

    @pytest.mark.parametrize("payee", ["nobody", "", "\0", "\ud800", NOBODY, str(NOBODY)])
    def test_a_payee_that_is_not_there(self, market, ana, payee):
        with refused(UnknownPayee, market.organization):
            market.record(ana, payee=payee)

    @pytest.mark.parametrize("event", ["nothing", "\0", NOBODY, "theirs"])
    def test_an_event_that_is_not_there_or_another_payees(self, market, ana, event):
        market.event(market.payee("bob"), "theirs")

        with refused(UnknownEvent, market.organization):
            market.record(ana, event=event)

    def test_rows_of_another_organization(self, market, ana, as_mallory):
        with refused(UnknownPayee, market.organization):
            market.sell(ana, actor=as_mallory)

    def test_a_day_in_closed_books(self, market, ana):
        close_books(actor=market.system, through=DAY)

        with refused(BooksClosed, market.organization):
            market.sell(ana, on=DAY)
        assert market.sell(ana, on=LATER).entry_id

    def test_a_currency_for_which_the_method_has_no_account(self, market):
        create_account(
            actor=market.preparer,
            code="2122",
            name="Owed in dollars",
            type="liability",
            parent="21",
            currency="USD",
        )
        zoe = market.payee("zoe", currency="USD", payable="2122")

        with refused(RoleUnfilled, market.organization) as caught:
            market.sell(zoe)

        assert (caught.value.role, caught.value.currency) == ("card_clearing", "USD")

    def test_a_method_whose_account_is_archived(self, market, ana):
        card = get_account(market.organization, CARD)
        archive_account(actor=market.approver, account=card)

        with refused(RoleUnfilled, market.organization):
            market.sell(ana)


class TestNames:
    @pytest.mark.parametrize("by", ["code", "id", "text"])
    def test_payee_and_event_are_named_by_code_or_id(self, market, ana, by):
        event = market.event(ana)
        names = {
            "code": ("ana", "concert"),
            "id": (ana.pk, event.pk),
            "text": (str(ana.pk), event.pk.hex),
        }

        payee, name = names[by]
        sale = market.record(ana, payee=payee, event=name)

        assert (sale.payee_id, sale.event_id) == (ana.pk, event.pk)

    def test_a_code_that_looks_like_an_id_is_a_code(self, market, ana):
        other = market.payee(str(ana.pk))

        assert market.record(ana, payee=str(ana.pk)).payee_id == other.pk


def test_is_recorded_in_the_audit_trail(market, ana):
    sale = market.sell(ana, reference="s")

    [event] = AuditEvent.objects.of(market.organization).filter(action="record_sale")
    assert (event.subject_type, event.subject_ids) == ("sale", [sale.pk])
    assert (event.user_id, event.actor_name) == (market.prepares.pk, "Petra")
    assert event.after == {
        "reference": "s",
        "payee": "ana",
        "event": None,
        "sold_on": "2026-03-10",
        "method": "card",
        "total_amount": 100_00,
        "platform_fee": 10_00,
        "organizer_amount": 90_00,
        "currency": "EUR",
    }


def test_takes_three_statements_however_much_there_is(market, ana):
    """The facts, the posting, the row, the audit trail."""
    few = statements_of(lambda: market.sell(ana, tax_amount=1, ticket_revenue=1))
    event = market.event(ana)
    for number in range(5):
        market.payee(f"other-{number}")
        market.sell(ana, event=event)

    many = statements_of(lambda: market.sell(ana, event=event))

    assert len(few) == len(many) == 3


def test_the_entry_is_in_the_transaction_of_the_sale(market, ana):
    """A sale that the database refuses leaves no entry behind."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE settlements_sale ADD CONSTRAINT never CHECK (quantity < 5)")
    try:
        with pytest.raises(Exception, match="never"):
            market.sell(ana, quantity=5, reference="s")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE settlements_sale DROP CONSTRAINT never")

    assert not Sale.objects.of(market.organization).exists()
    assert not JournalEntry.objects.of(market.organization).filter(reference="sale:s").exists()
