"""For any order: its parts add up, and its snapshot says all that its amounts follow from."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing.models import InvoicingProfile, Order
from invoicing.selectors.customers import get_customer
from invoicing.selectors.orders import get_order
from invoicing.selectors.tax_rates import get_tax_rate
from invoicing.services.orders import ItemDraft, add_locked_order, create_order, lock_order
from invoicing.services.tax_rates import change_tax_rate, delete_tax_rate
from invoicing.tax import Line, Rate, Rounding, calculate
from organizations.actors import Actor
from organizations.services.auditing import atomic_use_case
from tests.fixtures import make_organization
from tests.invoicing.drafting import DAY, frozen, lindqvist, rate

pytestmark = pytest.mark.django_db

RATES: dict[str, tuple[str, dict[str, Any]]] = {
    "VAT": ("20", {"country": "GB"}),
    "LOW": ("17.5", {"inclusive": True}),
    "GST": ("5", {"country": "CA"}),
    "PST": ("9.97500", {"country": "CA", "compound": True}),
    "TINY": ("0.00001", {"inclusive": True, "compound": True}),
    "ZERO": ("0", {"category": "zero"}),
    "EXEMPT": ("0", {"category": "exempt", "country": "FR"}),
    "REVERSE": ("0", {"category": "reverse_charge", "country": "DE"}),
}

quantities = st.decimals(
    min_value=Decimal("0.000001"), max_value=Decimal(100_000), places=6
) | st.integers(1, 1000).map(Decimal)


@st.composite
def items(draw: st.DrawFn) -> ItemDraft:
    quantity = draw(quantities)
    unit_amount = draw(st.integers(0, 10**6) | st.sampled_from([0, 1, 99, 10**9]))
    most = Line(quantity, unit_amount).amount
    return ItemDraft(
        description=draw(st.sampled_from(["Mug", "Tea “Ceylon”, loose", "杯\\ {x}"])),
        quantity=quantity,
        unit_amount=unit_amount,
        discount_amount=draw(st.integers(0, most)),
        tax_codes=draw(
            st.none() | st.lists(st.sampled_from(sorted(RATES)), unique=True, max_size=4)
        ),
        revenue_account=draw(st.sampled_from([None, "4000", "4020"])),
    )


orders = st.fixed_dictionaries(
    {
        "items": st.lists(items(), min_size=1, max_size=6),
        "country": st.sampled_from(["GB", "CA", "FR", "DE", "JP"]),
        "rounding": st.sampled_from(["document", "line"]),
    }
)

any_order = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def actor(db: None) -> Actor:
    """Somebody who sells under all of RATES, to a business."""
    actor = Actor.system(make_organization("acme", "Acme Ltd"))
    for code, (percentage, others) in RATES.items():
        rate(actor, code, percentage, **others)
    lindqvist(actor, tax_id="DE136695976")
    return actor


def lock_any(actor: Actor, asked: dict[str, Any]) -> Order:
    """Locked, and read back from the database."""
    InvoicingProfile.objects.update_or_create(
        organization=actor.organization, defaults={"rounding": asked["rounding"]}
    )
    customer = get_customer(actor.organization, "C-1")
    order = create_order(actor=actor, currency="GBP", items=asked["items"], customer=customer)
    lock_order(actor=actor, order=order, country=asked["country"], on=DAY)
    return get_order(actor.organization, order.pk)


@any_order
@given(asked=orders)
def test_the_parts_add_up(actor, asked):
    order = lock_any(actor, asked)

    lines = order.items.all()
    taxes = order.tax_lines.all()
    assert order.total_amount == order.subtotal_amount + order.tax_amount
    assert sum(item.net_amount for item in lines) == order.subtotal_amount
    assert sum(item.tax_amount for item in lines) == order.tax_amount
    assert sum(item.total_amount for item in lines) == order.total_amount
    assert sum(tax.tax_amount for tax in taxes) == order.tax_amount
    for tax in taxes:
        by_item = [
            part["tax_amount"]
            for item in frozen(order)["items"]
            for part in item["taxes"]
            if part["code"] == tax.code
        ]
        assert sum(by_item) == tax.tax_amount
    assert min((item.net_amount for item in lines), default=0) >= 0


@any_order
@given(asked=orders)
def test_the_snapshot_equals_what_is_computed_from_it_alone(actor, asked):
    snapshot = frozen(lock_any(actor, asked))

    rates = {line["code"]: frozen_rate(line) for line in snapshot["tax_lines"]}
    lines = [
        Line(
            Decimal(item["quantity"]),
            item["unit_amount"],
            item["discount_amount"],
            tuple(rates[tax["code"]] for tax in item["taxes"]),
        )
        for item in snapshot["items"]
    ]
    taxed = calculate(lines, Rounding(snapshot["rounding"]))

    assert (taxed.subtotal_amount, taxed.tax_amount, taxed.total_amount) == (
        snapshot["subtotal_amount"],
        snapshot["tax_amount"],
        snapshot["total_amount"],
    )
    for line, item in zip(taxed.lines, snapshot["items"], strict=True):
        assert (line.net_amount, line.tax_amount, line.total_amount) == (
            item["net_amount"],
            item["tax_amount"],
            item["total_amount"],
        )
        assert list(line.taxes) == [tax["tax_amount"] for tax in item["taxes"]]
    assert [(r.rate.code, r.taxable_amount, r.tax_amount) for r in taxed.rates] == [
        (line["code"], line["taxable_amount"], line["tax_amount"]) for line in snapshot["tax_lines"]
    ]


@any_order
@given(asked=orders)
def test_the_snapshot_says_what_the_rows_say(actor, asked):
    order = lock_any(actor, asked)

    snapshot = frozen(order)
    assert [
        (
            item.position,
            item.description,
            item.quantity,
            item.unit_amount,
            item.discount_amount,
            item.net_amount,
            item.tax_amount,
            item.tax_codes,
            item.revenue_account.code if item.revenue_account else None,
        )
        for item in order.items.all()
    ] == [
        (
            item["position"],
            item["description"],
            Decimal(item["quantity"]),
            item["unit_amount"],
            item["discount_amount"],
            item["net_amount"],
            item["tax_amount"],
            [tax["code"] for tax in item["taxes"]],
            item["revenue_account"],
        )
        for item in snapshot["items"]
    ]
    for line, said in zip(order.tax_lines.all(), snapshot["tax_lines"], strict=True):
        for name, value in said.items():
            expected = Decimal(value) if name == "percentage" else value
            assert getattr(line, name) == expected


@any_order
@given(asked=orders)
def test_sold_at_once_it_is_what_it_is_drafted_and_locked(actor, asked):
    locked = lock_any(actor, asked)
    customer = get_customer(actor.organization, "C-1")

    with atomic_use_case(actor, "sell") as audit:
        sold = add_locked_order(
            audit,
            actor,
            currency="GBP",
            items=asked["items"],
            customer=customer,
            country=asked["country"],
            on=DAY,
        )

    stored = get_order(actor.organization, sold.pk)
    assert rows_of(sold) == rows_of(stored)
    own = {"id", "order_id", "created_at", "locked_at"}
    assert [without(row, own) for row in rows_of(stored)] == [
        without(row, own) for row in rows_of(locked)
    ]


@settings(any_order, max_examples=15)
@given(asked=orders, deleted=st.booleans())
def test_no_change_of_a_rate_reaches_what_was_locked(actor, asked, deleted):
    order = lock_any(actor, asked)
    before = rows_of(order)
    used = [line.code for line in order.tax_lines.all()]
    code = used[0] if used else "VAT"
    tax_rate = get_tax_rate(actor.organization, code)

    if deleted:
        delete_tax_rate(actor=actor, tax_rate=tax_rate)
    else:
        change_tax_rate(
            actor=actor,
            tax_rate=tax_rate,
            percentage=Decimal(50),
            category="standard",
            inclusive=not tax_rate.inclusive,
            name="Another",
        )

    assert rows_of(get_order(actor.organization, order.pk)) == before
    # For the next example.
    if deleted:
        percentage, others = RATES[code]
        rate(actor, code, percentage, **others)


def rows_of(order: Order) -> list[Any]:
    rows = [order, *order.items.all(), *order.tax_lines.all()]
    return [
        {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        for row in rows
    ]


def without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def frozen_rate(line: dict[str, Any]) -> Rate:
    named = {name: line[name] for name in ("code", "name", "country", "region", "category")}
    plain = Rate(percentage=Decimal(line["percentage"]), **named)
    return replace(plain, inclusive=line["inclusive"], compound=line["compound"])
