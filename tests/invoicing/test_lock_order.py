"""The lock of an order: what it computes, freezes and refuses."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.errors import AmountOutOfRange
from invoicing.errors import (
    CustomerInactive,
    InvalidOrder,
    InvalidRevenueAccount,
    OrderCancelled,
    OrderIsEmpty,
    OrderLocked,
    OrderNotFound,
    RegionWithoutCountry,
    ReverseChargeNeedsTaxId,
    TaxRateNotValid,
    UnknownCountry,
    UnknownTaxRate,
)
from invoicing.models import InvoicingProfile, OrderTaxLine
from invoicing.selectors.orders import get_order
from invoicing.services.customers import change_customer
from invoicing.services.orders import cancel_order, create_order, lock, lock_order
from invoicing.services.tax_rates import change_tax_rate, delete_tax_rate
from ledger.services.accounts import archive_account, create_account
from organizations.models import AuditEvent
from organizations.services.auditing import Audit
from organizations.services.settings import change_settings
from tests.invoicing.drafting import DAY, draft, frozen, lindqvist, locked, mug, rate, vat
from tests.invoicing.selling import statements_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)


def amounts(order):
    return order.subtotal_amount, order.tax_amount, order.total_amount


def codes(order):
    return [line.code for line in order.tax_lines.all()]


class TestLock:
    def test_computes_net_tax_and_total(self, acme, as_alice):
        vat(as_alice, "17.5")
        order = draft(as_alice, mug(6, 2_55), mug(1, 10_00, discount_amount=5_00))

        lock_order(actor=as_alice, order=order, country="GB", on=DAY, now=NOW)

        stored = get_order(acme, order.pk)
        assert amounts(stored) == (20_30, 3_55, 23_85)
        assert (stored.status, stored.locked_at, stored.taxed_on) == ("pending", NOW, DAY)
        assert [(i.net_amount, i.tax_amount, i.total_amount) for i in stored.items.all()] == [
            (15_30, 2_68, 17_98),
            (5_00, 87, 5_87),
        ]
        [line] = stored.tax_lines.all()
        assert (line.code, line.percentage) == ("GB-S", Decimal("17.5"))
        assert (line.taxable_amount, line.tax_amount) == (20_30, 3_55)

    def test_writes_down_which_rates_it_applied(self, acme, as_alice):
        vat(as_alice)

        order = locked(as_alice, mug(), mug(tax_codes=[]))

        stored = get_order(acme, order.pk)
        assert [item.tax_codes for item in stored.items.all()] == [["GB-S"], []]
        assert [item.tax_amount for item in stored.items.all()] == [2_00, 0]

    def test_answers_with_what_is_in_the_database(self, acme, as_alice):
        vat(as_alice)
        order = locked(as_alice, mug("1.5", sku="M"), customer=lindqvist(as_alice))

        stored = get_order(acme, order.pk)
        assert values(order) == values(stored)
        assert [values(item) for item in order.items.all()] == [
            values(item) for item in stored.items.all()
        ]
        assert [values(line) for line in order.tax_lines.all()] == [
            values(line) for line in stored.tax_lines.all()
        ]
        assert order.customer == stored.customer

    def test_takes_a_snapshot(self, acme, as_alice):
        vat(as_alice, "17.5", inclusive=True)

        item = mug("1.50", 10_00, sku="M", discount_amount=1, revenue_account="4000")
        order = draft(as_alice, item)

        lock_order(actor=as_alice, order=order, country="GB", region="ENG", on=DAY)

        assert get_order(acme, order.pk).snapshot == {
            "currency": "GBP",
            "country": "GB",
            "region": "ENG",
            "taxed_on": "2026-03-10",
            "rounding": "document",
            "items": [
                {
                    "position": 1,
                    "sku": "M",
                    "description": "Mug",
                    "quantity": "1.5",
                    "unit_amount": 10_00,
                    "discount_amount": 1,
                    "net_amount": 12_76,
                    "tax_amount": 2_23,
                    "total_amount": 14_99,
                    "revenue_account": "4000",
                    "taxes": [{"code": "GB-S", "tax_amount": 2_23}],
                }
            ],
            "tax_lines": [
                {
                    "code": "GB-S",
                    "name": "GB-S",
                    "percentage": "17.5",
                    "country": "GB",
                    "region": "",
                    "category": "standard",
                    "inclusive": True,
                    "compound": False,
                    "taxable_amount": 12_76,
                    "tax_amount": 2_23,
                }
            ],
            "subtotal_amount": 12_76,
            "tax_amount": 2_23,
            "total_amount": 14_99,
        }

    def test_leaves_an_audit_row_and_an_event(self, acme, as_alice):
        vat(as_alice)
        order = locked(as_alice)

        by_action = {event.action: event for event in AuditEvent.objects.of(acme)}
        trail, event = by_action["lock_order"], by_action["order_locked"]
        assert (trail.subject_ids, trail.before) == ([order.pk], {"status": "draft"})
        assert (trail.after["status"], trail.after["total_amount"]) == ("pending", 12_00)
        assert (event.subject_type, event.subject_ids) == ("order", [order.pk])
        assert (event.user, event.occurred_at) == (as_alice.user, trail.occurred_at)
        assert event.facts == {
            "status": "pending",
            "currency": "GBP",
            "country": "GB",
            "region": "",
            "taxed_on": "2026-03-10",
            "subtotal_amount": 10_00,
            "tax_amount": 2_00,
            "total_amount": 12_00,
        }

    def test_rounds_where_the_profile_says(self, acme, as_alice):
        vat(as_alice, "17.5")
        InvoicingProfile.objects.create(organization=acme, rounding="line")

        order = locked(as_alice, mug(1, 10), mug(1, 10), mug(1, 10))

        # 1.75 each: 2 three times by line; 5.25 together, by document.
        assert (order.tax_amount, order.rounding) == (6, "line")
        assert frozen(order)["rounding"] == "line"

    def test_takes_todays_rates_in_the_organizations_time_zone(self, acme, as_alice):
        change_settings(actor=as_alice, time_zone="Europe/Istanbul")
        acme.refresh_from_db()

        order = lock_order(actor=as_alice, order=draft(as_alice), country="GB", now=NOW)

        assert order.taxed_on == date(2026, 3, 11)

    def test_takes_what_is_free(self, as_alice):
        vat(as_alice)

        order = locked(as_alice, mug(1, 0), mug(2, 5_00, discount_amount=10_00))

        assert amounts(order) == (0, 0, 0)
        assert codes(order) == ["GB-S"]

    @pytest.mark.parametrize("currency", ["JPY", "USD", "KWD"])
    def test_counts_in_the_currencys_own_units(self, as_alice, currency):
        vat(as_alice, "10")

        order = locked(as_alice, mug("0.333", 1000), currency=currency)

        assert amounts(order) == (333, 33, 366)

    @pytest.mark.parametrize("count", [1, 100])
    def test_needs_as_many_statements_for_a_hundred_items_as_for_one(self, as_alice, count):
        vat(as_alice)
        rate(as_alice, "LUX", "3")
        item = mug(tax_codes=["GB-S", "LUX"], revenue_account="4000")
        order = draft(as_alice, *[item] * count, customer=lindqvist(as_alice))

        asked = statements_of(lambda: lock_order(actor=as_alice, order=order))

        # Order, items and rates; then items with tax lines, the order, and the trail.
        assert [sql.split()[0] for sql in asked] == [
            "SELECT",
            "SELECT",
            "SELECT",
            "WITH",
            "UPDATE",
            "INSERT",
        ]

    def test_takes_as_many_items_as_an_order_can_have(self, acme, as_alice):
        vat(as_alice, "17.5")

        order = locked(as_alice, *[mug(1, 10)] * 5_000)

        assert amounts(order) == (50_000, 8_750, 58_750)
        assert sum(item["tax_amount"] for item in frozen(order)["items"]) == 8_750


class TestPlace:
    def place(self, as_alice, customer=None, **given):
        order = lock_order(
            actor=as_alice, order=draft(as_alice, customer=customer), on=DAY, **given
        )
        return order.country, order.region

    def test_is_as_given(self, as_alice):
        customer = lindqvist(as_alice)

        assert self.place(as_alice, customer, country="ca", region=" QC ") == ("CA", "QC")

    def test_is_else_the_customers(self, as_alice):
        customer = lindqvist(as_alice, country="CA", region="ON")

        assert self.place(as_alice, customer) == ("CA", "ON")

    def test_is_else_the_organizations_own(self, acme, as_alice):
        change_settings(actor=as_alice, country="DE")
        acme.refresh_from_db()

        assert self.place(as_alice) == ("DE", "")
        assert self.place(as_alice, lindqvist(as_alice, country="")) == ("DE", "")

    def test_is_nowhere_where_nobody_says(self, as_alice):
        assert self.place(as_alice) == ("", "")

    def test_has_the_customers_region_only_in_the_customers_country(self, as_alice):
        customer = lindqvist(as_alice, country="CA", region="ON")

        assert self.place(as_alice, customer, country="US") == ("US", "")
        assert self.place(as_alice, customer, country="CA") == ("CA", "ON")
        assert self.place(as_alice, customer, region="") == ("CA", "")

    @pytest.mark.parametrize("country", ["XX", "England", "G", "GB\x00", "\ud800", "x" * 99])
    def test_exists(self, acme, as_alice, country):
        order = draft(as_alice)

        with pytest.raises(UnknownCountry):
            lock_order(actor=as_alice, order=order, country=country)

        assert is_a_draft(acme, order)

    def test_with_a_region_has_a_country(self, acme, as_alice):
        order = draft(as_alice)

        with pytest.raises(RegionWithoutCountry, match="QC"):
            lock_order(actor=as_alice, order=order, region="QC")

        assert is_a_draft(acme, order)

    @pytest.mark.parametrize("region", ["x" * 21, "\x00"])
    def test_has_a_region_that_can_be_kept(self, acme, as_alice, region):
        order = draft(as_alice)

        with pytest.raises(InvalidOrder, match="region"):
            lock_order(actor=as_alice, order=order, country="GB", region=region)

        assert is_a_draft(acme, order)


class TestRates:
    def test_are_those_of_the_place(self, as_alice):
        vat(as_alice)
        rate(as_alice, "CA-GST", "5", country="CA")
        rate(as_alice, "CA-QC-GST", "5", country="CA", region="QC")
        rate(as_alice, "CA-QC-QST", "9.975", country="CA", region="QC")
        rate(as_alice, "ANY", "1")

        assert codes(locked(as_alice, country="GB")) == ["GB-S"]
        assert codes(locked(as_alice, country="CA")) == ["CA-GST"]
        assert codes(locked(as_alice, country="FR")) == ["ANY"]
        quebec = lock_order(
            actor=as_alice, order=draft(as_alice), country="CA", region="qc", on=DAY
        )
        assert codes(quebec) == ["CA-QC-GST", "CA-QC-QST"]
        assert amounts(quebec) == (10_00, 1_50, 11_50)

    def test_are_none_where_none_hold(self, as_alice):
        vat(as_alice, valid_from=date(2026, 3, 11))

        order = locked(as_alice)

        assert amounts(order) == (10_00, 0, 10_00)
        assert codes(order) == []

    def test_are_those_that_hold_on_the_day(self, as_alice):
        rate(as_alice, "OLD", "15", country="GB", valid_to=date(2026, 3, 9))
        rate(as_alice, "NEW", "20", country="GB", valid_from=DAY, valid_to=DAY)
        rate(as_alice, "OFF", "50", country="GB", active=False)

        assert codes(locked(as_alice)) == ["NEW"]

    def test_that_an_item_names_come_instead(self, as_alice):
        vat(as_alice)
        rate(as_alice, "LUX", "3", country="FR")

        order = locked(as_alice, mug(tax_codes=["LUX"]), mug())

        assert [line.tax_amount for line in order.tax_lines.all()] == [30, 2_00]
        assert codes(order) == ["LUX", "GB-S"]

    @pytest.mark.parametrize(
        ("others", "reason"),
        [
            ({"active": False}, "it is not active"),
            ({"valid_from": date(2026, 3, 11)}, "it is valid from 2026-03-11"),
            ({"valid_to": date(2026, 3, 9)}, "it was valid to 2026-03-09"),
        ],
    )
    def test_that_an_item_names_hold_on_the_day(self, acme, as_alice, others, reason):
        vat(as_alice, **others)
        order = draft(as_alice, mug(), mug(tax_codes=["GB-S"]))

        with pytest.raises(
            TaxRateNotValid, match=f"Item 2: .* GB-S does not hold on 2026-03-10: {reason}"
        ):
            lock_order(actor=as_alice, order=order, country="GB", on=DAY)

        assert is_a_draft(acme, order)

    @pytest.mark.parametrize("code", ["NULL", "null"])
    def test_may_be_called_what_means_nothing_to_the_database(self, acme, as_alice, code):
        vat(as_alice)
        rate(as_alice, code, "5")

        order = locked(as_alice, mug(tax_codes=[code, "GB-S"]))

        assert codes(order) == [code, "GB-S"]
        assert get_order(acme, order.pk).items.get().tax_codes == [code, "GB-S"]

    def test_that_an_item_names_are_still_there(self, acme, as_alice):
        tax_rate = vat(as_alice)
        order = draft(as_alice, mug(), mug(tax_codes=["GB-S"]))
        delete_tax_rate(actor=as_alice, tax_rate=tax_rate)

        with pytest.raises(UnknownTaxRate, match="Item 2: there is no tax rate GB-S"):
            lock_order(actor=as_alice, order=order, country="GB", on=DAY)

        assert is_a_draft(acme, order)

    def test_of_another_organization_count_for_nothing(self, as_alice, as_mallory):
        vat(as_mallory)

        assert codes(locked(as_alice)) == []

    def test_that_charge_nothing_are_written_down_all_the_same(self, as_alice):
        rate(as_alice, "EXP", "0", category="zero")

        [line] = locked(as_alice, country="US").tax_lines.all()

        assert (line.code, line.category) == ("EXP", "zero")
        assert (line.taxable_amount, line.tax_amount) == (10_00, 0)

    def test_under_the_reverse_charge_need_the_customers_vat_id(self, acme, as_alice):
        rate(as_alice, "AE", "0", category="reverse_charge", country="DE")
        customer = lindqvist(as_alice, country="DE")
        order = draft(as_alice, mug(tax_codes=[]), mug(), customer=customer)

        with pytest.raises(ReverseChargeNeedsTaxId, match=r"Item 2 is .* \(AE\)"):
            lock_order(actor=as_alice, order=order)

        assert is_a_draft(acme, order)
        change_customer(actor=as_alice, customer=customer, tax_id="136695976")
        assert codes(lock_order(actor=as_alice, order=order)) == ["AE"]

    def test_under_the_reverse_charge_need_a_customer(self, acme, as_alice):
        rate(as_alice, "AE", "0", category="reverse_charge", country="DE")

        with pytest.raises(ReverseChargeNeedsTaxId):
            locked(as_alice, country="DE")


class TestRefuses:
    def test_an_empty_order(self, acme, as_alice):
        order = create_order(actor=as_alice, currency="GBP", items=[], reference="A-1")

        with pytest.raises(OrderIsEmpty, match="Order A-1 has no items"):
            lock_order(actor=as_alice, order=order, country="GB")

        assert is_a_draft(acme, order)

    def test_a_second_lock(self, acme, as_alice):
        order = locked(as_alice, reference="A-1")

        with pytest.raises(OrderLocked, match="Order A-1 is pending"):
            lock_order(actor=as_alice, order=order, country="FR")

        assert get_order(acme, order.pk).country == "GB"

    def test_a_cancelled_order(self, as_alice):
        order = cancel_order(actor=as_alice, order=draft(as_alice, reference="A-1"))

        with pytest.raises(OrderCancelled, match="A-1"):
            lock_order(actor=as_alice, order=order)

    def test_another_organizations_order(self, acme, as_alice, as_mallory):
        order = draft(as_alice)

        with pytest.raises(OrderNotFound, match=str(order.pk)):
            lock_order(actor=as_mallory, order=order)

        assert is_a_draft(acme, order)

    def test_a_customer_who_became_inactive(self, acme, as_alice):
        customer = lindqvist(as_alice)
        order = draft(as_alice, customer=customer)
        change_customer(actor=as_alice, customer=customer, active=False)

        with pytest.raises(CustomerInactive, match="C-1"):
            lock_order(actor=as_alice, order=order)

        assert is_a_draft(acme, order)

    def test_a_revenue_account_that_was_archived(self, acme, as_alice):
        account = create_account(actor=as_alice, code="4870", name="Mugs", type="revenue")
        order = draft(as_alice, mug(), mug(revenue_account="4870"))
        archive_account(actor=as_alice, account=account)

        with pytest.raises(InvalidRevenueAccount, match="Item 2: 4870"):
            lock_order(actor=as_alice, order=order)

        assert is_a_draft(acme, order)

    def test_a_revenue_account_that_got_children(self, acme, as_alice):
        create_account(actor=as_alice, code="4870", name="Mugs", type="revenue")
        order = draft(as_alice, mug(revenue_account="4870"))
        create_account(actor=as_alice, code="4871", name="Blue", type="revenue", parent="4870")

        with pytest.raises(InvalidRevenueAccount, match="Item 1: 4870"):
            lock_order(actor=as_alice, order=order)

    def test_a_total_beyond_64_bits(self, acme, as_alice):
        vat(as_alice)
        order = draft(as_alice, mug(1, 2**63 - 1))

        with pytest.raises(AmountOutOfRange):
            lock_order(actor=as_alice, order=order, country="GB", on=DAY)

        assert is_a_draft(acme, order)

    @pytest.mark.django_db(transaction=True)
    def test_to_be_half_a_fact(self, as_alice):
        with pytest.raises(RuntimeError):
            lock(Audit(as_alice, "x"), as_alice, draft(as_alice))


class TestAfterTheLock:
    def test_changing_the_rate_changes_nothing(self, acme, as_alice):
        tax_rate = vat(as_alice)
        order = locked(as_alice)
        before = everything_of(acme, order)

        change_tax_rate(
            actor=as_alice, tax_rate=tax_rate, percentage=Decimal(5), name="Other", code="X"
        )

        assert everything_of(acme, order) == before

    def test_deleting_the_rate_changes_nothing(self, acme, as_alice):
        tax_rate = vat(as_alice)
        order = locked(as_alice)
        before = everything_of(acme, order)

        delete_tax_rate(actor=as_alice, tax_rate=tax_rate)

        assert everything_of(acme, order) == before
        assert OrderTaxLine.objects.of(acme).get().percentage == 20


def everything_of(organization, order):
    stored = get_order(organization, order.pk)
    return [
        values(stored),
        [values(item) for item in stored.items.all()],
        [values(line) for line in stored.tax_lines.all()],
    ]


def values(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def is_a_draft(organization, order):
    """Nothing is half locked."""
    stored = get_order(organization, order.pk)
    events = AuditEvent.objects.of(organization).filter(action__in=["lock_order", "order_locked"])
    return (
        stored.status == "draft"
        and amounts(stored) == (0, 0, 0)
        and (stored.country, stored.snapshot, stored.locked_at) == ("", None, None)
        and not any(item.total_amount for item in stored.items.all())
        and not stored.tax_lines.all()
        and not events.exists()
    )
