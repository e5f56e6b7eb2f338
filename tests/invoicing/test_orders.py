"""Draft orders: written, changed, cancelled, and what they refuse."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.db import uuid7
from core.errors import AmountOutOfRange
from invoicing.errors import (
    CustomerInactive,
    InvalidItem,
    InvalidOrder,
    InvalidRevenueAccount,
    OrderCancelled,
    OrderHasAnInvoice,
    OrderLocked,
    OrderNotFound,
    OrderReferenceTaken,
    TaxRateRepeated,
    TooManyItems,
    UnknownCustomer,
    UnknownTaxRate,
)
from invoicing.models import Customer, Order, OrderItem
from invoicing.selectors.orders import get_order, list_orders
from invoicing.services.customers import change_customer
from invoicing.services.issuing import issue_invoice
from invoicing.services.orders import add_order, cancel_order, change_order, create_order
from ledger.services.accounts import archive_account, create_account
from organizations.errors import UnknownCurrency
from organizations.models import AuditEvent
from organizations.services.auditing import Audit
from tests.invoicing.drafting import DAY, draft, lindqvist, locked, mug, vat
from tests.invoicing.selling import statements_of

pytestmark = pytest.mark.django_db

MOST = 2**63 - 1


class TestCreateOrder:
    def test_writes_a_draft_with_its_items_in_their_order(self, acme, as_alice):
        customer = lindqvist(as_alice)
        vat(as_alice)

        order = create_order(
            actor=as_alice,
            currency="GBP",
            customer=customer,
            reference=" 536365 ",
            metadata={"shop": "Leeds \\u0000"},
            items=[
                mug(6, 2_55, sku="85123A", discount_amount=30),
                mug("0.125", 1_00, tax_codes=["GB-S"], revenue_account="4000"),
            ],
        )

        order = get_order(acme, order.pk)
        assert (order.status, order.currency, order.reference) == ("draft", "GBP", "536365")
        assert (order.customer, order.metadata) == (customer, {"shop": "Leeds \\u0000"})
        first, second = order.items.all()
        assert (first.sku, first.quantity, first.unit_amount) == ("85123A", Decimal(6), 2_55)
        assert (first.discount_amount, first.tax_codes, first.revenue_account) == (30, None, None)
        assert (second.position, second.quantity) == (2, Decimal("0.125"))
        assert (second.tax_codes, account_of(second)) == (["GB-S"], "4000")

    def test_answers_with_what_is_in_the_database(self, acme, as_alice):
        order = draft(as_alice, mug(3), mug(), customer=lindqvist(as_alice))

        stored = get_order(acme, order.pk)
        assert order.created_at == stored.created_at
        assert [vars_of(item) for item in order.items.all()] == [
            vars_of(item) for item in stored.items.all()
        ]

    def test_leaves_an_audit_row(self, acme, as_alice):
        order = draft(as_alice, reference="A-1")

        event = AuditEvent.objects.of(acme).get(action="create_order")
        assert (event.subject_ids, event.user) == ([order.pk], as_alice.user)
        assert event.after == {
            "reference": "A-1",
            "customer": None,
            "currency": "GBP",
            "items": 1,
        }

    def test_may_be_empty_until_it_is_locked(self, acme, as_alice):
        order = create_order(actor=as_alice, currency="GBP", items=[])

        assert list(get_order(acme, order.pk).items.all()) == []

    def test_takes_an_item_that_is_given_away(self, as_alice):
        [item] = draft(as_alice, mug(2, 10_00, discount_amount=20_00)).items.all()

        assert item.discount_amount == 20_00

    def test_takes_a_quantity_with_zeros_behind_it(self, as_alice):
        [item] = draft(as_alice, mug("6.0000000000")).items.all()

        item.refresh_from_db()
        assert item.quantity == 6

    def test_keeps_text_in_any_script_and_with_any_sign(self, acme, as_alice):
        told = """{"\\ 'كوب' 杯 NULL \t, %s"""

        order = draft(as_alice, mug(description=told, sku='"'))

        [item] = get_order(acme, order.pk).items.all()
        assert (item.description, item.sku) == (told, '"')

    @pytest.mark.parametrize("count", [1, 100])
    def test_needs_as_many_statements_for_a_hundred_items_as_for_one(self, as_alice, count):
        vat(as_alice)
        customer = lindqvist(as_alice)
        items = [mug(tax_codes=["GB-S"])] * count

        asked = statements_of(lambda: draft(as_alice, *items, customer=customer))

        assert [what(sql) for sql in asked] == ["WITH o AS", "INSERT INTO organizations_auditevent"]


class TestRefuses:
    @pytest.mark.parametrize(
        "quantity",
        ["0", "-1", "-0.000001", "NaN", "sNaN", "Infinity", "-Infinity", "0.0000001", "1e12",
         "1" * 40, "1e999999", "1e-999999", "1.1234567", 2.5, True, None],
    )  # fmt: skip
    def test_a_quantity_that_is_none(self, acme, as_alice, quantity):
        with pytest.raises(InvalidItem) as refused:
            draft(as_alice, mug(), mug(quantity))

        assert refused.value.position == 2
        spelt = str(Decimal(quantity)) if isinstance(quantity, str) else str(quantity)
        assert spelt in refused.value.message
        assert nothing_is_written(acme)

    @pytest.mark.parametrize("price", [-1, MOST + 1, 10**40, 9.99, Decimal(5), True, "10", None])
    def test_a_price_that_is_none(self, acme, as_alice, price):
        with pytest.raises(InvalidItem) as refused:
            draft(as_alice, mug(1, price))

        assert str(price)[:40] in refused.value.message
        assert nothing_is_written(acme)

    @pytest.mark.parametrize(
        ("item", "problem"),
        [
            (mug(3, 10_00, discount_amount=30_01), "3001 is more than the item's 3000"),
            (mug("0.5", 1, discount_amount=2), "2 is more than the item's 1"),
            (mug(discount_amount=-1), "-1"),
            (mug(description=" "), "neither a description nor a SKU"),
            (mug(description="x" * 501), "501 characters"),
            (mug(description="a\x00b"), r"a\\x00b"),
            (mug(description="a\ud800b"), "cannot be kept"),
            (mug(sku="s" * 101), "101 characters"),
            (mug(sku="\x00"), "the SKU"),
            (mug(sku="A\n1"), "the SKU: .* control character"),
            (mug(description="a\x1b[2Jb"), "the description: .* control character"),
            (mug(description="\u200b"), "the description: .* shows nothing"),
            (mug(description=None), "None is no text"),
            (mug(tax_codes="GB-S"), "list"),
            (mug(tax_codes=[f"R{n}" for n in range(51)]), "at most 50"),
        ],
    )
    def test_an_item_that_is_none(self, acme, as_alice, item, problem):
        with pytest.raises(InvalidItem, match=f"Item 2: .*{problem}"):
            draft(as_alice, mug(), item)

        assert nothing_is_written(acme)

    @pytest.mark.parametrize(
        "items",
        [
            [mug(2, MOST)],
            [mug("1.5", MOST, discount_amount=MOST)],
            [mug(1, MOST), mug(1, 1)],
        ],
    )
    def test_amounts_beyond_64_bits(self, acme, as_alice, items):
        with pytest.raises(AmountOutOfRange):
            draft(as_alice, *items)

        assert nothing_is_written(acme)

    def test_more_items_than_an_order_has(self, acme, as_alice):
        with pytest.raises(TooManyItems, match="5000 items, not 5001"):
            draft(as_alice, *[mug()] * 5_001)

        assert nothing_is_written(acme)

    @pytest.mark.parametrize("code", ["XX", "gb-s", "", "GB S", "a\x00", "x" * 51, '"}', None])
    def test_an_unknown_rate(self, acme, as_alice, code):
        vat(as_alice)

        with pytest.raises(UnknownTaxRate) as refused:
            draft(as_alice, mug(tax_codes=["GB-S"]), mug(tax_codes=["GB-S", code]))

        assert refused.value.position == 2
        assert nothing_is_written(acme)

    def test_another_organizations_rate(self, acme, as_alice, as_mallory):
        vat(as_mallory)

        with pytest.raises(UnknownTaxRate, match="GB-S"):
            draft(as_alice, mug(tax_codes=["GB-S"]))

        assert nothing_is_written(acme)

    def test_a_rate_that_is_named_twice(self, acme, as_alice):
        vat(as_alice)

        with pytest.raises(TaxRateRepeated, match="Item 1 names the tax rate GB-S twice"):
            draft(as_alice, mug(tax_codes=["GB-S", "GB-S"]))

        assert nothing_is_written(acme)

    def test_another_organizations_customer(self, acme, as_alice, as_mallory):
        stranger = lindqvist(as_mallory)

        with pytest.raises(UnknownCustomer, match=str(stranger.pk)):
            draft(as_alice, customer=stranger)

        assert nothing_is_written(acme)

    def test_a_customer_who_is_gone(self, acme, as_alice):
        gone = Customer(organization=acme, name="Gone", id=uuid7())

        with pytest.raises(UnknownCustomer, match=str(gone.pk)):
            draft(as_alice, customer=gone)

        assert nothing_is_written(acme)

    def test_an_inactive_customer(self, acme, as_alice):
        customer = change_customer(actor=as_alice, customer=lindqvist(as_alice), active=False)

        with pytest.raises(CustomerInactive, match="C-1"):
            draft(as_alice, customer=customer)

        assert nothing_is_written(acme)

    @pytest.mark.parametrize("currency", ["XXL", "XXX", "XTS", "gbp", "", "GB\x00", None])
    def test_an_unknown_currency(self, acme, as_alice, currency):
        with pytest.raises(UnknownCurrency):
            draft(as_alice, currency=currency)

        assert nothing_is_written(acme)

    @pytest.mark.parametrize("reference", ["x" * 101, "a\x00b", "a\x1bb", "\u200d", None, 7])
    def test_a_reference_that_cannot_be_kept(self, acme, as_alice, reference):
        with pytest.raises(InvalidOrder, match="reference"):
            draft(as_alice, reference=reference)

        assert nothing_is_written(acme)

    @pytest.mark.parametrize(
        "metadata",
        [{"a": "\x00"}, {"a\x00": 1}, {"a": float("nan")}, {"a": {1}}, {"a": "x" * 20_001},
         {"a": "\ud800"}, json.loads('{"a":' * 600 + "1" + "}" * 600), ["a"], "a"],
    )  # fmt: skip
    def test_metadata_that_cannot_be_kept(self, acme, as_alice, metadata):
        with pytest.raises(InvalidOrder, match="metadata"):
            draft(as_alice, metadata=metadata)

        assert nothing_is_written(acme)

    def test_a_reference_that_is_taken(self, acme, as_alice):
        draft(as_alice, reference="A, 1")

        with pytest.raises(OrderReferenceTaken, match="A, 1 is taken"):
            draft(as_alice, reference="A, 1")

        assert Order.objects.of(acme).count() == 1

    def test_no_reference_as_often_as_one_likes(self, acme, as_alice):
        draft(as_alice)
        draft(as_alice)

        assert Order.objects.of(acme).count() == 2

    def test_a_reference_is_taken_in_its_organization_only(self, acme, as_alice, as_mallory):
        draft(as_mallory, reference="A-1")

        draft(as_alice, reference="A-1")

        assert Order.objects.of(acme).get().reference == "A-1"


class TestRevenueAccount:
    @pytest.mark.parametrize("account", ["1000", "9999", "a\x00", "x" * 300])
    def test_is_one_of_revenue(self, acme, as_alice, account):
        with pytest.raises(InvalidRevenueAccount) as refused:
            draft(as_alice, mug(), mug(revenue_account=account))

        assert refused.value.position == 2
        assert nothing_is_written(acme)

    def test_is_kept_in_the_orders_currency(self, acme, as_alice):
        create_account(actor=as_alice, code="4870", name="Euros", type="revenue", currency="EUR")

        with pytest.raises(InvalidRevenueAccount, match=r"4870 .* in GBP"):
            draft(as_alice, mug(revenue_account="4870"))

        assert draft(as_alice, mug(revenue_account="4870"), currency="EUR").currency == "EUR"

    def test_is_active(self, acme, as_alice):
        account = create_account(actor=as_alice, code="4870", name="Old", type="revenue")
        archive_account(actor=as_alice, account=account)

        with pytest.raises(InvalidRevenueAccount, match="4870"):
            draft(as_alice, mug(revenue_account="4870"))

    def test_has_no_children(self, acme, as_alice):
        create_account(actor=as_alice, code="4870", name="All", type="revenue")
        create_account(actor=as_alice, code="4871", name="One", type="revenue", parent="4870")

        with pytest.raises(InvalidRevenueAccount, match="4870"):
            draft(as_alice, mug(revenue_account="4870"))

    def test_is_the_organizations_own(self, as_alice, as_mallory):
        account = create_account(actor=as_mallory, code="4870", name="Hers", type="revenue")

        with pytest.raises(InvalidRevenueAccount, match=str(account.pk)):
            draft(as_alice, mug(revenue_account=account.pk))

    def test_may_be_named_by_its_id(self, as_alice):
        account = create_account(actor=as_alice, code="4870", name="Mugs", type="revenue")

        order = draft(
            as_alice, mug(revenue_account=account.pk), mug(revenue_account=str(account.pk))
        )

        assert [item.revenue_account for item in order.items.all()] == [account, account]


class TestAddOrder:
    @pytest.mark.django_db(transaction=True)
    def test_is_a_part_of_a_transaction(self, as_alice):
        with pytest.raises(RuntimeError):
            add_order(Audit(as_alice, "x"), as_alice, currency="GBP", items=[mug()])


class TestChangeOrder:
    def test_replaces_the_items(self, acme, as_alice):
        order = draft(as_alice, mug(1), mug(2), mug(3))

        changed = change_order(actor=as_alice, order=order, items=[mug(7), mug(8)])

        stored = get_order(acme, order.pk)
        assert [item.quantity for item in stored.items.all()] == [7, 8]
        assert [item.pk for item in changed.items.all()] == [item.pk for item in stored.items.all()]

    def test_changes_only_what_is_given(self, acme, as_alice):
        customer = lindqvist(as_alice)
        order = draft(as_alice, mug(4), customer=customer, reference="A", metadata={"a": 1})

        change_order(actor=as_alice, order=order, reference="B")

        stored = get_order(acme, order.pk)
        assert (stored.reference, stored.customer, stored.metadata) == ("B", customer, {"a": 1})
        assert [item.quantity for item in stored.items.all()] == [4]

    def test_takes_the_customer_away(self, acme, as_alice):
        order = draft(as_alice, customer=lindqvist(as_alice))

        change_order(actor=as_alice, order=order, customer=None)

        assert get_order(acme, order.pk).customer is None

    def test_leaves_an_audit_row_with_before_and_after(self, acme, as_alice):
        order = draft(as_alice, mug(1), reference="A")

        change_order(actor=as_alice, order=order, items=[mug("1.50")], reference="A")

        event = AuditEvent.objects.of(acme).get(action="change_order")
        [[before], [after]] = event.before["items"], event.after["items"]
        assert (before["quantity"], after["quantity"]) == ("1", "1.5")
        assert set(event.after) == {"items"}

    def test_that_changes_nothing_leaves_none(self, acme, as_alice):
        order = draft(as_alice, mug(1))

        change_order(actor=as_alice, order=order, items=[mug(1)], currency="GBP")

        assert not AuditEvent.objects.of(acme).filter(action="change_order").exists()

    def test_keeps_revenue_accounts_in_the_orders_currency(self, acme, as_alice):
        order = draft(as_alice, mug(revenue_account="4000"))

        with pytest.raises(InvalidRevenueAccount, match=r"4000 .* in EUR"):
            change_order(actor=as_alice, order=order, currency="EUR")

        assert get_order(acme, order.pk).currency == "GBP"

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"items": [mug(0)]}, InvalidItem),
            ({"items": [mug(tax_codes=["XX"])]}, UnknownTaxRate),
            ({"currency": "XXL"}, UnknownCurrency),
            ({"reference": "\x00"}, InvalidOrder),
            ({"metadata": []}, InvalidOrder),
            ({"reference": "taken"}, OrderReferenceTaken),
        ],
    )
    def test_refuses_what_a_new_order_would_and_changes_nothing(
        self, acme, as_alice, changes, refusal
    ):
        draft(as_alice, reference="taken")
        order = draft(as_alice, mug(5), reference="A")

        with pytest.raises(refusal):
            change_order(actor=as_alice, order=order, **changes)

        stored = get_order(acme, order.pk)
        assert (stored.reference, stored.currency) == ("A", "GBP")
        assert [item.quantity for item in stored.items.all()] == [5]

    def test_refuses_another_organizations_customer(self, acme, as_alice, as_mallory):
        order = draft(as_alice)

        with pytest.raises(UnknownCustomer):
            change_order(actor=as_alice, order=order, customer=lindqvist(as_mallory))

        assert get_order(acme, order.pk).customer is None

    def test_refuses_what_is_locked(self, acme, as_alice):
        order = locked(as_alice, reference="A-1")

        with pytest.raises(OrderLocked, match="Order A-1 is pending"):
            change_order(actor=as_alice, order=order, items=[mug(2)])

        assert [item.quantity for item in get_order(acme, order.pk).items.all()] == [1]

    def test_refuses_what_is_cancelled(self, as_alice):
        order = cancel_order(actor=as_alice, order=draft(as_alice, reference="A-1"))

        with pytest.raises(OrderCancelled, match="A-1"):
            change_order(actor=as_alice, order=order, reference="B")

    def test_does_not_find_another_organizations_order(self, as_alice, as_mallory):
        order = draft(as_alice)

        with pytest.raises(OrderNotFound, match=str(order.pk)):
            change_order(actor=as_mallory, order=order, reference="mine")

    def test_knows_what_can_change(self, as_alice):
        with pytest.raises(TypeError, match="status"):
            change_order(actor=as_alice, order=draft(as_alice), status="paid")


class TestCancelOrder:
    NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)

    @pytest.mark.parametrize("make", [draft, locked])
    def test_gives_up_what_was_not_invoiced(self, acme, as_alice, make):
        order = make(as_alice)

        cancelled = cancel_order(actor=as_alice, order=order, now=self.NOW)

        stored = get_order(acme, order.pk)
        assert (stored.status, stored.cancelled_at) == ("cancelled", self.NOW)
        assert cancelled.status == "cancelled"
        event = AuditEvent.objects.of(acme).get(action="cancel_order")
        assert (event.before, event.after) == (
            {"status": order.status},
            {"status": "cancelled"},
        )

    def test_refuses_a_second_time(self, as_alice):
        order = cancel_order(actor=as_alice, order=draft(as_alice, reference="A-1"))

        with pytest.raises(OrderCancelled, match="A-1"):
            cancel_order(actor=as_alice, order=order)

    def test_refuses_what_was_invoiced(self, acme, as_alice):
        order = locked(as_alice, reference="A-1")
        issue_invoice(actor=as_alice, order=order, issued_on=DAY)

        with pytest.raises(OrderHasAnInvoice, match="Order A-1 has been invoiced"):
            cancel_order(actor=as_alice, order=order)

        assert get_order(acme, order.pk).status == "pending"

    def test_does_not_find_another_organizations_order(self, as_alice, as_mallory):
        order = draft(as_alice)

        with pytest.raises(OrderNotFound):
            cancel_order(actor=as_mallory, order=order)


class TestSelectors:
    @pytest.mark.parametrize("name", ["nothing", "", "a\x00", "0" * 36])
    def test_there_is_no_such_order(self, acme, name):
        with pytest.raises(OrderNotFound):
            get_order(acme, name)

    def test_another_organizations_order_is_as_good_as_none(self, mallory_ltd, as_alice):
        order = draft(as_alice)

        with pytest.raises(OrderNotFound, match=str(order.pk)):
            get_order(mallory_ltd, order.pk)

    def test_an_order_comes_with_all_that_belongs_to_it(
        self, acme, as_alice, django_assert_num_queries
    ):
        vat(as_alice)
        order = locked(as_alice, mug(revenue_account="4000"), customer=lindqvist(as_alice))

        with django_assert_num_queries(3):
            found = get_order(acme, order.pk)
            assert str(found.customer) == "Lindqvist & Co (C-1)"
            assert [account_of(item) for item in found.items.all()] == ["4000"]
            assert [line.code for line in found.tax_lines.all()] == ["GB-S"]

    def test_orders_are_listed_by_status_customer_reference_and_day(self, acme, as_alice):
        customer = lindqvist(as_alice)
        first = draft(as_alice, reference="A")
        second = locked(as_alice, customer=customer)
        today = acme.today()

        assert list(list_orders(acme)) == [second, first]
        assert list(list_orders(acme, status="draft")) == [first]
        assert list(list_orders(acme, customer=customer)) == [second]
        assert list(list_orders(acme, reference="A")) == [first]
        assert list(list_orders(acme, since=today, until=today)) == [second, first]
        assert list(list_orders(acme, until=DAY)) == []

    def test_a_list_holds_nothing_of_others(self, mallory_ltd, as_alice):
        draft(as_alice)

        assert list(list_orders(mallory_ltd)) == []


def what(sql):
    return " ".join(sql.split()[:3])


def account_of(item):
    return item.revenue_account.code


def nothing_is_written(organization):
    return not (
        Order.objects.of(organization).exists()
        or OrderItem.objects.of(organization).exists()
        or AuditEvent.objects.of(organization).filter(subject_type="order").exists()
    )


def vars_of(item):
    return {field.attname: getattr(item, field.attname) for field in item._meta.concrete_fields}
