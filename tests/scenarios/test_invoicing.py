"""Seven sales and what they leave in the books, journal by journal. 1_00 is 1.00.

London             a shop's invoice whose prices include 20 % VAT
Charlottetown      GST of 5 %, and PST of 10 % on the price with its GST
London to Dublin   a consultant's invoice under the reverse charge
Leeds              half of an invoice is paid, a part of the rest credited
Leeds, in April    an invoice of March refunded after March was closed
Lyon               a bill for three friends, whose tax does not divide by three
Leeds, twice       an invoice voided before it was paid, and a cheque that bounced
"""

from datetime import date

import pytest

from invoicing.models import CreditNote, OrderItem
from invoicing.selectors.invoices import entries_of
from invoicing.services.customers import create_customer
from ledger.errors import BooksClosed
from ledger.selectors.reports import trial_balance
from ledger.services.periods import close_books
from tests.invoicing.selling import Till, fresh, item, refused

pytestmark = pytest.mark.django_db

CASH, BANK, RECEIVABLE, TAX, SALES, RETURNS = "1000", "1010", "1100", "2200", "4000", "4080"
DELIVERY = "4020"


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


def journal_of(invoice):
    """Every entry of an invoice: its date, what it says, and its lines as (account, debit, credit,
    what for)."""
    return [
        (
            entry.effective_on,
            entry.description,
            [(li.account.code, li.debit, li.credit, li.description) for li in entry.lines.all()],
        )
        for entry in entries_of(invoice)
    ]


def balances(acme, as_of):
    """The trial balance: (account, debit, credit)."""
    report = trial_balance(acme, as_of=as_of)
    assert report.ties
    return [(row.code, row.debit, row.credit) for block in report.currencies for row in block.rows]


def test_prices_that_include_the_tax(acme, till):
    day = date(2026, 3, 2)
    till.rate("GB-20", "20", country="GB", inclusive=True)

    invoice = till.invoice(
        item(3_20, "GB-20", quantity="2", description="Mugs"),  #   6.40
        item(9_99, "GB-20", discount_amount=1_00, description="Tray"),  # 8.99
        on=day,
    )

    # On the tags           6.40 + 8.99 = 15.39
    # of which VAT is  15.39 × 20 ÷ 120 =  2.565, half a penny up: 2.57
    # and net              15.39 − 2.57 = 12.82
    assert journal_of(invoice) == [
        (
            day,
            "Invoice INV-2026-00001",
            [
                #  account     debit  credit
                (RECEIVABLE, 15_39, 0, "INV-2026-00001"),
                (SALES, 0, 12_82, "GB-20"),
                (TAX, 0, 2_57, "GB-20"),
            ],
        )
    ]
    assert balances(acme, day) == [(RECEIVABLE, 15_39, 0), (TAX, 0, 2_57), (SALES, 0, 12_82)]


def test_a_tax_on_a_tax(acme, till):
    day = date(2026, 3, 3)
    till.rate("CA-GST", "5", country="CA")
    till.rate("CA-PE-PST", "10", country="CA", region="PE", compound=True)

    invoice = till.invoice(
        item(18_00, "CA-GST", "CA-PE-PST", quantity="3.5", description="Lobster"),  # 63.00
        item(12_00, "CA-GST", revenue_account=DELIVERY, description="Delivery"),  #   12.00
        on=day,
    )

    # GST on everything                 75.00 × 5 % = 3.75
    # PST on the lobster and its GST    66.15 × 10 % = 6.615, half a cent up: 6.62
    assert journal_of(invoice) == [
        (
            day,
            "Invoice INV-2026-00001",
            [
                (RECEIVABLE, 85_37, 0, "INV-2026-00001"),
                (SALES, 0, 63_00, "CA-GST, CA-PE-PST"),
                (DELIVERY, 0, 12_00, "CA-GST"),
                (TAX, 0, 3_75, "CA-GST"),
                (TAX, 0, 6_62, "CA-PE-PST"),
            ],
        )
    ]
    assert balances(acme, day) == [
        (RECEIVABLE, 85_37, 0),
        (TAX, 0, 10_37),
        (SALES, 0, 63_00),
        (DELIVERY, 0, 12_00),
    ]


def test_a_reverse_charge(acme, till):
    day = date(2026, 3, 4)
    till.rate("GB-20", "20", country="GB")
    till.rate("EU-AE", "0", country="IE", category="reverse_charge")
    murphy = create_customer(actor=till.actor, name="Murphy Ltd", country="IE", tax_id="IE6388047V")

    invoice = till.invoice(
        item(1_200_00, "EU-AE", description="Advice"),
        item(80_00, "GB-20", description="Dinner"),
        on=day,
        customer=murphy,
    )

    # Mr Murphy's company owes the tax on the advice to the Irish state: it is on the invoice with
    # what it would be charged on, and posts nothing.
    lines = [
        (line.code, line.taxable_amount, line.tax_amount) for line in invoice.order.tax_lines.all()
    ]
    assert lines == [("EU-AE", 1_200_00, 0), ("GB-20", 80_00, 16_00)]
    assert journal_of(invoice) == [
        (
            day,
            "Invoice INV-2026-00001, Murphy Ltd",
            [
                (RECEIVABLE, 1_296_00, 0, "INV-2026-00001"),
                (SALES, 0, 1_200_00, "EU-AE"),
                (SALES, 0, 80_00, "GB-20"),
                (TAX, 0, 16_00, "GB-20"),
            ],
        )
    ]
    assert balances(acme, day) == [
        (RECEIVABLE, 1_296_00, 0),
        (TAX, 0, 16_00),
        (SALES, 0, 1_280_00),
    ]


def test_a_partial_payment_and_then_a_credit_note(acme, till):
    till.rate("GB-20", "20", country="GB")
    invoice = till.invoice(
        item(10_00, "GB-20", quantity="20", description="Plates"), on=date(2026, 3, 5)
    )  #                                        200.00 and 40.00 tax

    till.pay(invoice, 120_00, on=date(2026, 3, 12))
    #     open   240.00 − 120.00 = 120.00
    till.credit_items(invoice, (1, "5"), reason="5 plates were chipped", on=date(2026, 3, 16))
    #     5 plates at 10.00, and 20 % of that     60.00
    #     open   120.00 − 60.00 = 60.00
    till.pay(invoice, on=date(2026, 3, 20))

    assert journal_of(invoice) == [
        (
            date(2026, 3, 5),
            "Invoice INV-2026-00001",
            [
                (RECEIVABLE, 240_00, 0, "INV-2026-00001"),
                (SALES, 0, 200_00, "GB-20"),
                (TAX, 0, 40_00, "GB-20"),
            ],
        ),
        (
            date(2026, 3, 12),
            "Payment of INV-2026-00001, bank",
            [(BANK, 120_00, 0, "INV-2026-00001"), (RECEIVABLE, 0, 120_00, "INV-2026-00001")],
        ),
        (
            date(2026, 3, 16),
            "Credit note CN-2026-00001 to INV-2026-00001",
            [
                (RETURNS, 50_00, 0, "GB-20"),
                (TAX, 10_00, 0, "GB-20"),
                (RECEIVABLE, 0, 60_00, "CN-2026-00001"),
            ],
        ),
        (
            date(2026, 3, 20),
            "Payment of INV-2026-00001, bank",
            [(BANK, 60_00, 0, "INV-2026-00001"), (RECEIVABLE, 0, 60_00, "INV-2026-00001")],
        ),
    ]
    now = fresh(invoice)
    assert (now.status, now.paid_amount, now.credited_amount) == ("paid", 180_00, 60_00)
    assert fresh(invoice.order).status == "paid"
    assert balances(acme, date(2026, 3, 19)) == [
        (BANK, 120_00, 0),
        (RECEIVABLE, 60_00, 0),  #   240 − 120 − 60
        (TAX, 0, 30_00),  #          40 − 10
        (SALES, 0, 200_00),
        (RETURNS, 50_00, 0),
    ]
    assert balances(acme, date(2026, 3, 31)) == [
        (BANK, 180_00, 0),
        (TAX, 0, 30_00),
        (SALES, 0, 200_00),
        (RETURNS, 50_00, 0),
    ]


def test_a_refund_after_the_month_was_closed(acme, as_carol, till):
    till.rate("GB-20", "20", country="GB")
    march, april = date(2026, 3, 31), date(2026, 4, 7)
    invoice = till.invoice(item(300_00, "GB-20", description="Lamp"), on=date(2026, 3, 9))
    till.pay(invoice, on=date(2026, 3, 10), method="cash")
    close_books(actor=as_carol, through=march)
    as_it_was = balances(acme, march)

    with refused(BooksClosed, acme):
        till.refund(invoice, 120_00, reason="the shade was torn", on=march)
    till.refund(invoice, 120_00, reason="the shade was torn", on=april)

    # The sale stays in March. April takes back 100.00 of it, and the 20.00 tax with them.
    assert journal_of(invoice)[2:] == [
        (
            april,
            "Credit note CN-2026-00001 to INV-2026-00001",
            [
                (RETURNS, 100_00, 0, "GB-20"),
                (TAX, 20_00, 0, "GB-20"),
                (RECEIVABLE, 0, 120_00, "CN-2026-00001"),
            ],
        ),
        (
            april,
            "Refund of INV-2026-00001, cash",
            [(RECEIVABLE, 120_00, 0, "INV-2026-00001"), (CASH, 0, 120_00, "INV-2026-00001")],
        ),
    ]
    assert (
        balances(acme, march)
        == as_it_was
        == [
            (CASH, 360_00, 0),
            (TAX, 0, 60_00),
            (SALES, 0, 300_00),
        ]
    )
    assert balances(acme, april) == [
        (CASH, 240_00, 0),
        (TAX, 0, 40_00),
        (SALES, 0, 300_00),
        (RETURNS, 100_00, 0),
    ]
    assert fresh(invoice.order).status == "partially_refunded"


def test_what_three_friends_leave_over(acme, till):
    day = date(2026, 3, 6)
    till.rate("FR-10", "10", country="FR")

    invoice = till.invoice(
        *[item(33_35, "FR-10", description=f"Menu of {who}") for who in ("Ana", "Ben", "Cleo")],
        on=day,
    )

    # Tax on the bill    100.05 × 10 % = 10.005, half a cent up: 10.01
    # and on each menu   33.35 × 10 % = 3.335, of which 3 × 3.33 leave two cents; all fractions
    # are equal, so Ana and Ben, who come first, bear one each.
    items = OrderItem.objects.of(acme).filter(order=invoice.order).order_by("position")
    assert [(i.net_amount, i.tax_amount, i.total_amount) for i in items] == [
        (33_35, 3_34, 36_69),
        (33_35, 3_34, 36_69),
        (33_35, 3_33, 36_68),
    ]
    # Each menu is taken back for what it was charged, if one after the other.
    for position in (1, 2, 3):
        till.credit_items(invoice, (position, "1"), on=day)
    notes = CreditNote.objects.of(acme).order_by("sequence")
    assert [note.total_amount for note in notes] == [36_69, 36_69, 36_68]
    assert balances(acme, day) == [(SALES, 0, 100_05), (RETURNS, 100_05, 0)]
    assert fresh(invoice.order).status == "cancelled"


def test_an_invoice_voided_and_a_cheque_that_bounced(acme, till):
    till.rate("GB-20", "20", country="GB")
    wrong = till.invoice(item(50_00, "GB-20"), on=date(2026, 3, 9))
    right = till.invoice(item(60_00, "GB-20"), on=date(2026, 3, 9))

    till.void(wrong, reason="made out to the wrong firm", on=date(2026, 3, 10))
    cheque = till.pay(right, on=date(2026, 3, 11), provider_reference="cheque 17")
    till.reverse(cheque, on=date(2026, 3, 18))

    assert journal_of(wrong)[1:] == [
        (
            date(2026, 3, 10),
            "Credit note CN-2026-00001 to INV-2026-00001",
            [
                (RETURNS, 50_00, 0, "GB-20"),
                (TAX, 10_00, 0, "GB-20"),
                (RECEIVABLE, 0, 60_00, "CN-2026-00001"),
            ],
        )
    ]
    assert journal_of(right)[2:] == [
        (
            date(2026, 3, 18),
            "Payment of INV-2026-00002 taken back, bank",
            [(RECEIVABLE, 72_00, 0, "INV-2026-00002"), (BANK, 0, 72_00, "INV-2026-00002")],
        )
    ]
    assert (fresh(wrong).status, fresh(wrong.order).status) == ("credited", "cancelled")
    assert (fresh(right).status, fresh(right.order).status) == ("open", "pending")
    assert balances(acme, date(2026, 3, 31)) == [
        (RECEIVABLE, 72_00, 0),
        (TAX, 0, 12_00),
        (SALES, 0, 110_00),
        (RETURNS, 50_00, 0),
    ]
