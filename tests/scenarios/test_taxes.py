"""The tax of four invoices, line by line. Amounts are minor units: 1_00 is 1.00.

London             a café's receipt: prices include 20 % VAT, and a book has none
Charlottetown      GST of 5 %, and PST of 10 % on the price with its GST
London to Dublin   a consultant's invoice: reverse charge beside a taxed dinner
Lyon               a bill for three friends, whose tax does not divide by three
"""

from dataclasses import replace
from decimal import Decimal

from core.rounding import allocate
from invoicing.tax import Category, Line, Rate, Rounding, calculate

VAT = Rate("GB-20", "VAT 20 %", Decimal(20), country="GB", inclusive=True)
BOOKS = Rate("GB-0", "VAT 0 %", Decimal(0), country="GB", inclusive=True, category=Category.ZERO)
GST = Rate("CA-GST", "GST 5 %", Decimal(5), country="CA")
# As Prince Edward Island had it until March 2013: on the price and the GST.
PST = Rate("CA-PE-PST", "PST 10 %", Decimal(10), country="CA", region="PE", compound=True)
REVERSE = Rate(
    "EU-AE", "VAT reverse charge", Decimal(0), country="IE", category=Category.REVERSE_CHARGE
)
TVA = Rate("FR-10", "TVA 10 %", Decimal(10), country="FR")


def test_a_receipt_whose_prices_include_the_tax():
    receipt = calculate(
        [
            Line(Decimal(2), 3_20, rates=(VAT,)),  # 2 coffees at 3.20: 6.40
            Line(Decimal("0.35"), 18_90, rates=(VAT,)),  # 0.35 kg of cake at 18.90: 6.615 → 6.62
            Line(Decimal(1), 9_99, discount_amount=1_00, rates=(BOOKS,)),  # a book, 1.00 off: 8.99
        ]
    )

    # What includes VAT           6.40 + 6.62 = 13.02
    # of which VAT is        13.02 × 20 ÷ 120 =  2.17
    # and net                    13.02 − 2.17 = 10.85
    vat, books = receipt.rates
    assert (vat.taxable_amount, vat.tax_amount) == (10_85, 2_17)
    # The book is taxed at 0 %: it is on the receipt with its amount and no tax.
    assert (books.taxable_amount, books.tax_amount) == (8_99, 0)

    # By line: coffees  6.40 × 20 ÷ 120 = 1.0666…    1.06 and two thirds of a penny
    #          cake     6.62 × 20 ÷ 120 = 1.1033…    1.10 and a third of a penny
    # Whole pennies are 2.16; the one that is missing goes to the larger fraction, the coffees.
    coffees, cake, book = receipt.lines
    assert (coffees.net_amount, coffees.taxes) == (5_33, (1_07,))  # 6.40
    assert (cake.net_amount, cake.taxes) == (5_52, (1_10,))  # 6.62
    assert (book.net_amount, book.taxes) == (8_99, (0,))

    # Net      10.85 + 8.99 = 19.84
    # VAT                      2.17
    # To pay                  22.01 = 6.40 + 6.62 + 8.99, as on the price tags
    assert receipt.subtotal_amount == 19_84
    assert receipt.tax_amount == 2_17
    assert receipt.total_amount == 22_01 == 6_40 + 6_62 + 8_99


def test_a_tax_on_a_tax():
    lobster, delivery = Decimal("3.5"), Decimal(1)
    invoice = calculate(
        [
            Line(lobster, 24_99, rates=(GST, PST)),  # 3.5 lb at 24.99: 87.465 → 87.47
            Line(delivery, 12_50, rates=(GST,)),  # delivery bears GST only: 12.50
        ]
    )

    # Net              87.47 + 12.50 =  99.97
    # GST     5 % of           99.97 =   4.9985   → 5.00
    gst, pst = invoice.rates
    assert (gst.taxable_amount, gst.tax_amount) == (99_97, 5_00)

    # GST on the lobster    5 % of 87.47 = 4.3735
    # GST on the delivery   5 % of 12.50 = 0.625
    # Whole cents are 4.37 and 0.62; the cent that is missing from 5.00 goes to the larger
    # fraction, 0.5 of a cent on the delivery against 0.35 on the lobster.
    by_line = [line.taxes for line in invoice.lines]
    assert [taxes[0] for taxes in by_line] == [4_37, 63]

    # PST is on the lobster and its GST.
    # Shown as taxable:     87.47 + 4.37 = 91.84
    # Worked out exactly:   10 % of (87.47 + 4.3735) = 10 % of 91.8435 = 9.18435 → 9.18
    assert (pst.taxable_amount, pst.tax_amount) == (91_84, 9_18)
    assert by_line == [(4_37, 9_18), (63,)]

    # Net              99.97
    # GST               5.00
    # PST               9.18
    # To pay          114.15
    assert invoice.subtotal_amount == 99_97
    assert invoice.tax_amount == 14_18
    assert invoice.total_amount == 114_15

    # The lobster at a price of 101.03 that includes both, which is 1 + 0.05 + 0.10 × 1.05 = 1.155
    # times the net:
    # Net      101.03 ÷ 1.155     = 87.4718…
    # GST      5 % of 87.4718…    =  4.3735…  → 4.37
    # PST      10 % of 91.8454…   =  9.1845…  → 9.18
    # What the price leaves for the net is 101.03 − 4.37 − 9.18 = 87.48: it takes up what rounding
    # took from the two taxes.
    inside = (replace(GST, inclusive=True), replace(PST, inclusive=True))
    counter = calculate([Line(Decimal(1), 101_03, rates=inside)])
    assert counter.lines[0].taxes == (4_37, 9_18)
    assert counter.subtotal_amount == 87_48
    assert counter.total_amount == 101_03


def test_a_tax_that_the_buyer_owes():
    standard = replace(VAT, inclusive=False)
    invoice = calculate(
        [
            Line(Decimal("12.25"), 140_00, 15_00, rates=(REVERSE,)),  # 12.25 h at 140, 15 off
            Line(Decimal(1), 86_45, rates=(standard,)),  # a dinner in London
        ]
    )

    # Consulting        12.25 × 140.00 = 1,715.00
    # less the discount                    −15.00
    #                                    1,700.00   the buyer accounts for the VAT: none is charged,
    #                                               and the invoice shows on what
    # Dinner                                86.45
    # VAT 20 % of 86.45                     17.29
    consulting, dinner = invoice.rates
    assert consulting.rate.category == "reverse_charge"
    assert (consulting.taxable_amount, consulting.tax_amount) == (1_700_00, 0)
    assert (dinner.taxable_amount, dinner.tax_amount) == (86_45, 17_29)

    # Net       1,700.00 + 86.45 = 1,786.45
    # VAT                             17.29
    # To pay                       1,803.74
    assert invoice.subtotal_amount == 1_786_45
    assert invoice.tax_amount == 17_29
    assert invoice.total_amount == 1_803_74

    # The credit note over all of it is the same page with every sign turned.
    credit_note = calculate(
        [
            Line(Decimal("-12.25"), 140_00, -15_00, rates=(REVERSE,)),
            Line(Decimal(-1), 86_45, rates=(standard,)),
        ]
    )
    assert credit_note.subtotal_amount == -1_786_45
    assert credit_note.tax_amount == -17_29
    assert credit_note.total_amount == -1_803_74


def test_a_remainder_among_three():
    # Three friends share a bill of 50.00 before tax. 50.00 ÷ 3 = 16.6666…: whole cents are
    # 3 × 16.66 = 49.98; the two that are missing go to the first two, as all fractions are equal.
    shares = allocate(50_00, [1, 1, 1])
    assert shares == [16_67, 16_67, 16_66]

    lines = [Line(Decimal(1), share, rates=(TVA,)) for share in shares]
    bill = calculate(lines)

    # TVA    10 % of 50.00                     = 5.00
    # By line     1.667      1.667      1.666
    # whole cents 1.66       1.66       1.66   = 4.98
    # the missing 0.01       0.01                       .7, .7 and .6 of a cent: the largest two
    #             1.67       1.67       1.66   = 5.00
    assert bill.tax_amount == 5_00
    assert [line.taxes for line in bill.lines] == [(1_67,), (1_67,), (1_66,)]

    # Each pays  18.34      18.34      18.32   = 55.00
    assert [line.total_amount for line in bill.lines] == [18_34, 18_34, 18_32]
    assert bill.total_amount == 55_00

    # Rounded line by line each .667 and .666 goes up, and the bill is a cent dearer:
    #             1.67       1.67       1.67   = 5.01
    by_line = calculate(lines, Rounding.LINE)
    assert [line.taxes for line in by_line.lines] == [(1_67,), (1_67,), (1_67,)]
    assert by_line.tax_amount == 5_01
    assert by_line.total_amount == 55_01
