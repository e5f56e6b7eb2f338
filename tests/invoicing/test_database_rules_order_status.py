"""What becomes of an order by what is paid, refunded and credited of its invoice."""

import pytest

from tests.invoicing.raw_sales import RawSales

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawSales:
    return RawSales("acme")


# Steps, what is then paid, refunded and credited, the invoice's status and its order's.
STORIES = {
    "nothing": ([], (0, 0, 0), "open", "pending"),
    "a part": ([("pay", 50)], (50, 0, 0), "partially_paid", "pending"),
    "all": ([("pay", 120)], (120, 0, 0), "paid", "paid"),
    "two parts": ([("pay", 50), ("pay", 70)], (120, 0, 0), "paid", "paid"),
    "bounced": ([("pay", 120), ("bounce", 120)], (0, 0, 0), "open", "pending"),
    "bounced and paid": (
        [("pay", 120), ("bounce", 120), ("pay", 120)],
        (120, 0, 0),
        "paid",
        "paid",
    ),
    "a part bounced": (
        [("pay", 50), ("pay", 70), ("bounce", 70)],
        (50, 0, 0),
        "partially_paid",
        "pending",
    ),
    "credited": ([("credit", 120)], (0, 0, 120), "credited", "cancelled"),
    "a part credited": ([("credit", 60)], (0, 0, 60), "partially_paid", "pending"),
    "a part credited, the rest paid": (
        [("credit", 60), ("pay", 60)],
        (60, 0, 60),
        "paid",
        "paid",
    ),
    "a part paid, all credited": (
        [("pay", 60), ("credit", 120)],
        (60, 0, 120),
        "credited",
        "paid",
    ),
    "a part paid, all credited, refunded": (
        [("pay", 60), ("credit", 120), ("refund", 60)],
        (60, 60, 120),
        "credited",
        "refunded",
    ),
    "paid and a part refunded": (
        [("pay", 120), ("credit", 60), ("refund", 60)],
        (120, 60, 60),
        "paid",
        "partially_refunded",
    ),
    "paid and all refunded": (
        [("pay", 120), ("credit", 120), ("refund", 120)],
        (120, 120, 120),
        "credited",
        "refunded",
    ),
    "refunded in parts": (
        [("pay", 120), ("credit", 60), ("refund", 60), ("credit", 60), ("refund", 60)],
        (120, 120, 120),
        "credited",
        "refunded",
    ),
    "refunded without a credit note": (
        [("pay", 120), ("refund", 120)],
        (120, 120, 0),
        "open",
        "partially_refunded",
    ),
    "all credited, and the payment bounced": (
        [("pay", 120), ("credit", 120), ("bounce", 120)],
        (0, 0, 120),
        "credited",
        "cancelled",
    ),
}


@pytest.mark.parametrize(
    ("steps", "amounts", "status", "order"), STORIES.values(), ids=STORIES.keys()
)
def test_the_order_follows_its_invoice(acme, steps, amounts, status, order):
    invoice = acme.invoice(100, 20)
    payment = None

    for step, amount in steps:
        if step == "pay":
            payment = acme.pay(invoice, amount)
        elif step == "bounce":
            acme.bounce(payment, invoice, amount)
        elif step == "refund":
            acme.refund(invoice, amount)
        else:
            acme.credit(invoice, amount * 5 // 6, amount // 6)

    assert acme.amounts(invoice) == amounts
    paid, refunded, credited = amounts
    assert acme.of("invoice", "status, open_amount", invoice) == (
        status,
        120 - paid + refunded - credited,
    )
    assert acme.order_of(invoice) == order
    paid_at, cancelled_at = acme.of(
        "order", "paid_at, cancelled_at", acme.of("invoice", "order_id", invoice)
    )
    assert (cancelled_at is not None) == (order == "cancelled")
    assert order != "paid" or paid_at
    assert order not in ("pending", "cancelled") or paid_at is None


def test_what_costs_nothing_is_paid_at_once(acme):
    invoice = acme.invoice(0, 0)

    assert acme.of("invoice", "status", invoice) == "paid"
    assert acme.order_of(invoice) == "paid"


def test_a_time_of_payment_stays_while_parts_are_refunded(acme):
    invoice = acme.invoice(100, 20)
    acme.pay(invoice, 120)
    order = acme.of("invoice", "order_id", invoice)
    paid_at = acme.of("order", "paid_at", order)

    acme.refund(invoice, 12)

    assert acme.of("order", "status, paid_at", order) == ("partially_refunded", paid_at)
