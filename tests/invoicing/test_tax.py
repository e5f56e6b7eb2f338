"""Tax of a document, figure by figure. Amounts are minor units: 1_00 is 1.00."""

from dataclasses import replace
from decimal import Decimal

import pytest

from core.rounding import allocate
from invoicing.tax import (
    Category,
    Line,
    Rate,
    Rounding,
    calculate,
)

VAT = Rate("GB-17.5", "VAT", Decimal("17.5"))
VAT_20 = Rate("GB-20", "VAT", Decimal(20))
VAT_INSIDE = replace(VAT_20, code="GB-20-IN", inclusive=True)
GST = Rate("CA-GST", "GST", Decimal(5))
QST = Rate("CA-QC-QST", "QST", Decimal("9.975"), compound=True)
EXEMPT = Rate("GB-E", "Exempt", Decimal(0), category=Category.EXEMPT)
ZERO = Rate("GB-Z", "Export", Decimal(0), category=Category.ZERO)
REVERSE = Rate("EU-AE", "Reverse charge", Decimal(0), category=Category.REVERSE_CHARGE)


def line(
    amount: int, *rates: Rate, quantity: str | int | Decimal = 1, discount_amount: int = 0
) -> Line:
    return Line(Decimal(quantity), amount, discount_amount, rates)


def totals(taxed) -> tuple[int, int, int]:
    return taxed.subtotal_amount, taxed.tax_amount, taxed.total_amount


def line_taxes(taxed) -> list[tuple[int, ...]]:
    return [line.taxes for line in taxed.lines]


def by_code(taxed) -> dict[str, tuple[int, int]]:
    """What each rate taxes, and its tax."""
    return {rate.rate.code: (rate.taxable_amount, rate.tax_amount) for rate in taxed.rates}


def negated(line: Line) -> Line:
    return replace(line, quantity=-line.quantity, discount_amount=-line.discount_amount)


class TestAmountOfALine:
    def test_is_quantity_times_price(self):
        assert line(2_55, quantity=6).amount == 15_30

    def test_rounds_half_a_penny_up(self):
        assert line(1_01, quantity="0.5").amount == 51

    def test_takes_the_discount_off_after_rounding(self):
        # 1.5 × 0.33 = 0.495 → 0.50, less 0.10
        assert line(33, quantity="1.5", discount_amount=10).amount == 40

    def test_is_exact_where_decimals_of_28_digits_are_not(self):
        # 30 digits, of which Decimal's usual context keeps 28.
        quantity = "12345678901234567.8901234567890"

        assert line(10**13, quantity=quantity).amount == 123456789012345678901234567890

    def test_falls_below_zero_where_the_discount_is_more(self):
        assert line(1_00, discount_amount=1_50).amount == -50


class TestExclusivePrices:
    def test_add_the_tax(self):
        taxed = calculate([line(100_00, VAT)])

        assert totals(taxed) == (100_00, 17_50, 117_50)
        [only] = taxed.lines
        assert (only.net_amount, only.tax_amount, only.total_amount) == (100_00, 17_50, 117_50)

    def test_round_half_a_penny_of_tax_up(self):
        # 17.5 % of 0.20 is 3.5 pence.
        assert totals(calculate([line(20, VAT)])) == (20, 4, 24)

    def test_leave_less_than_half_a_penny_away(self):
        # 17.5 % of 0.14 is 2.45 pence.
        assert totals(calculate([line(14, VAT)])) == (14, 2, 16)

    def test_take_several_simple_rates_on_the_same_net_amount(self):
        city = Rate("CITY", "City tax", Decimal(2))

        taxed = calculate([line(100_00, VAT_20, city)])

        assert by_code(taxed) == {"GB-20": (100_00, 20_00), "CITY": (100_00, 2_00)}

    def test_tax_what_the_discount_leaves(self):
        taxed = calculate([line(50_00, VAT_20, quantity=2, discount_amount=10_00)])

        assert totals(taxed) == (90_00, 18_00, 108_00)

    def test_tax_a_decimal_quantity(self):
        # 2.375 kg at 1.99 is 4.72625 → 4.73; 17.5 % of it is 0.82775 → 0.83
        assert totals(calculate([line(1_99, VAT, quantity="2.375")])) == (4_73, 83, 5_56)


class TestInclusivePrices:
    def test_hold_the_tax(self):
        # 1.00 ÷ 1.20 = 0.8333…; the tax is 0.1666… → 0.17
        taxed = calculate([line(1_00, VAT_INSIDE)])

        assert totals(taxed) == (83, 17, 1_00)
        assert by_code(taxed) == {"GB-20-IN": (83, 17)}

    def test_share_one_price_between_several_rates(self):
        # 1.12 = 1.00 + 0.05 + 0.07
        gst = replace(GST, inclusive=True)
        pst = Rate("PST", "PST", Decimal(7), inclusive=True)

        taxed = calculate([line(1_12, gst, pst)])

        assert totals(taxed) == (1_00, 12, 1_12)
        assert line_taxes(taxed) == [(5, 7)]

    def test_hold_a_compound_tax(self):
        # 100.00 + 5.00 + 10 % of 105.00 = 115.50
        gst = replace(GST, inclusive=True)
        pst = Rate("PST", "PST", Decimal(10), inclusive=True, compound=True)

        taxed = calculate([line(115_50, gst, pst)])

        assert totals(taxed) == (100_00, 15_50, 115_50)
        assert by_code(taxed) == {"CA-GST": (100_00, 5_00), "PST": (105_00, 10_50)}

    def test_mix_with_exclusive_ones_on_a_line(self):
        # The price of 120.00 holds 20 %; 2 % of the net 100.00 is added.
        city = Rate("CITY", "City tax", Decimal(2))

        taxed = calculate([line(120_00, VAT_INSIDE, city)])

        assert totals(taxed) == (100_00, 22_00, 122_00)
        assert line_taxes(taxed) == [(20_00, 2_00)]

    def test_hold_a_compound_tax_on_one_that_is_added(self):
        # Net 100.00; 5 % is added; 10 % of 105.00 is in the price: 110.50.
        pst = Rate("PST", "PST", Decimal(10), inclusive=True, compound=True)

        taxed = calculate([line(110_50, GST, pst)])

        assert totals(taxed) == (100_00, 15_50, 115_50)
        assert line_taxes(taxed) == [(5_00, 10_50)]

    def test_take_the_discount_off_with_its_tax(self):
        # 12.00 − 6.00 = 6.00, of which 1.00 is tax
        assert totals(calculate([line(12_00, VAT_INSIDE, discount_amount=6_00)])) == (
            5_00,
            1_00,
            6_00,
        )


class TestCompoundRates:
    def test_are_charged_on_the_taxes_before_them(self):
        # 5 % of 100.00 is 5.00; 9.975 % of 105.00 is 10.47375 → 10.47
        taxed = calculate([line(100_00, GST, QST)])

        assert by_code(taxed) == {"CA-GST": (100_00, 5_00), "CA-QC-QST": (105_00, 10_47)}
        assert totals(taxed) == (100_00, 15_47, 115_47)

    def test_come_after_simple_ones_in_whatever_order_they_are_given(self):
        taxed = calculate([line(100_00, QST, GST)])

        assert line_taxes(taxed) == [(10_47, 5_00)]
        assert [rate.rate.code for rate in taxed.rates] == ["CA-QC-QST", "CA-GST"]
        assert by_code(taxed)["CA-QC-QST"] == (105_00, 10_47)

    def test_build_on_each_other_in_the_order_given(self):
        first = Rate("A", "First", Decimal(10), compound=True)
        second = Rate("B", "Second", Decimal(20), compound=True)

        forwards = calculate([line(100_00, first, second)])
        backwards = calculate([line(100_00, second, first)])

        assert by_code(forwards) == {"A": (100_00, 10_00), "B": (110_00, 22_00)}
        assert by_code(backwards) == {"B": (100_00, 20_00), "A": (120_00, 12_00)}

    def test_are_worked_out_on_exact_taxes(self):
        # 5 % of 0.10 is half a penny, shown as 0.01. 50 % of 0.105 is 5.25 pence → 5; of the 0.11
        # that is shown it would be 5.5 → 6.
        half = Rate("HALF", "Half", Decimal(50), compound=True)

        taxed = calculate([line(10, GST, half)])

        assert by_code(taxed) == {"CA-GST": (10, 1), "HALF": (11, 5)}


class TestWhatIsNotTaxed:
    @pytest.mark.parametrize("rate", [EXEMPT, ZERO, REVERSE], ids=lambda rate: rate.category)
    def test_stands_on_the_invoice_with_its_taxable_amount(self, rate):
        taxed = calculate([line(100_00, rate)])

        assert by_code(taxed) == {rate.code: (100_00, 0)}
        assert totals(taxed) == (100_00, 0, 100_00)

    def test_stands_beside_what_is(self):
        taxed = calculate([line(100_00, VAT_20), line(50_00, EXEMPT), line(1_00, EXEMPT)])

        assert by_code(taxed) == {"GB-20": (100_00, 20_00), "GB-E": (51_00, 0)}

    def test_may_have_no_rate_at_all(self):
        taxed = calculate([line(100_00)])

        assert taxed.rates == ()
        assert line_taxes(taxed) == [()]
        assert totals(taxed) == (100_00, 0, 100_00)

    def test_may_be_nothing(self):
        assert totals(calculate([])) == (0, 0, 0)


class TestRounding:
    # 17.5 % of 0.10 is 1.75 pence; of three such lines 5.25.
    THREE = [line(10, VAT)] * 3

    def test_is_of_the_document_unless_said_otherwise(self):
        taxed = calculate(self.THREE)

        assert taxed.tax_amount == 5
        assert line_taxes(taxed) == [(2,), (2,), (1,)]

    def test_of_lines_rounds_each_by_itself(self):
        taxed = calculate(self.THREE, Rounding.LINE)

        assert taxed.tax_amount == 6
        assert line_taxes(taxed) == [(2,), (2,), (2,)]

    def test_is_known_by_its_name_as_well(self):
        assert calculate(self.THREE, "line") == calculate(self.THREE, Rounding.LINE)  # type: ignore[arg-type]

    def test_has_no_third_way(self):
        with pytest.raises(ValueError, match="bankers"):
            calculate(self.THREE, "bankers")  # type: ignore[arg-type]

    def test_places_what_is_left_over_on_the_largest_fraction(self):
        # 1.4 + 3.8 + 1.0 = 6.2 → 6; of 1, 3 and 1 the second gets the one that is left.
        taxed = calculate([line(7, VAT_20), line(19, VAT_20), line(5, VAT_20)])

        assert line_taxes(taxed) == [(1,), (4,), (1,)]

    def test_rounds_each_rate_by_itself(self):
        # 10 × 5 % = 0.5 → 1 and 10 × 17.5 % = 1.75 → 2; together they would be 2.25 → 2
        assert calculate([line(10, GST), line(10, VAT)]).tax_amount == 3

    def test_does_not_change_lines_whose_taxes_are_whole(self):
        taxed = calculate([line(1_00, VAT_20), line(3, VAT_20), line(2_00, VAT_20)])

        assert line_taxes(taxed) == [(20,), (1,), (40,)]

    def test_keeps_large_taxes_that_cancel_out(self):
        # 100.00 sold and a discount of 100.01 on the other line: −0.002 of tax is left, 0 rounded,
        # which says nothing of what the two lines hold.
        taxed = calculate([line(100_00, VAT_20), line(0, VAT_20, discount_amount=100_01)])

        assert taxed.tax_amount == 0
        assert line_taxes(taxed) == [(20_00,), (-20_00,)]

    def test_takes_a_penny_of_the_net_where_the_price_includes_the_tax(self):
        # 3.34 holds 0.55666…, and 3.33 holds 0.555; together 1.66666… → 1.67.
        lines = [line(amount, VAT_INSIDE) for amount in allocate(10_00, [1, 1, 1])]

        taxed = calculate(lines)

        assert [line.amount for line in lines] == [3_34, 3_33, 3_33]
        assert line_taxes(taxed) == [(56,), (56,), (55,)]
        assert [line.net_amount for line in taxed.lines] == [2_78, 2_77, 2_78]
        assert totals(taxed) == (8_33, 1_67, 10_00)


class TestCurrencies:
    """The module counts minor units; how many decimals they stand for is none of its business."""

    @pytest.mark.parametrize(
        ("price", "percentage", "tax"),
        [
            (1_155, "10", 116),  # ¥1,155: 115.5 → ¥116
            (1_154, "10", 115),  # ¥1,154: 115.4 → ¥115
            (10_45, "10", 1_05),  # $10.45: 1.045 → $1.05
            (1_234_567, "5", 61_728),  # KWD 1,234.567: 61.72835 → KWD 61.728
            (1_234_570, "5", 61_729),  # KWD 1,234.570: 61.7285 → KWD 61.729
        ],
    )
    def test_of_0_2_and_3_decimals_round_at_their_last(self, price, percentage, tax):
        rate = Rate("R", "Rate", Decimal(percentage))

        assert totals(calculate([line(price, rate)])) == (price, tax, price + tax)

    def test_without_decimals_hold_their_tax_as_well(self):
        # ¥1,000 with 8 %: 74.07… → ¥74
        rate = Rate("JP", "Consumption tax", Decimal(8), inclusive=True)

        assert totals(calculate([line(1_000, rate)])) == (926, 74, 1_000)


class TestNegativeDocuments:
    LINES = [
        line(20, VAT),
        line(1_99, VAT, VAT_INSIDE, quantity="2.375", discount_amount=13),
        line(33, GST, QST, quantity="0.5"),
        line(7, VAT_INSIDE, QST),
        line(1_00, EXEMPT),
    ]

    @pytest.mark.parametrize("rounding", Rounding)
    def test_mirror_positive_ones(self, rounding):
        invoice = calculate(self.LINES, rounding)
        credit_note = calculate([negated(line) for line in self.LINES], rounding)

        assert totals(credit_note) == tuple(-amount for amount in totals(invoice))
        assert [line.net_amount for line in credit_note.lines] == [
            -line.net_amount for line in invoice.lines
        ]
        assert line_taxes(credit_note) == [
            tuple(-tax for tax in taxes) for taxes in line_taxes(invoice)
        ]
        assert by_code(credit_note) == {
            code: (-taxable, -tax) for code, (taxable, tax) in by_code(invoice).items()
        }

    def test_round_half_a_penny_away_from_zero(self):
        assert totals(calculate([line(20, VAT, quantity=-1)])) == (-20, -4, -24)


class TestRatesOfADocument:
    def test_stand_in_the_order_of_first_use(self):
        taxed = calculate([line(1_00, ZERO), line(1_00, VAT, GST), line(1_00, GST, ZERO)])

        assert [rate.rate for rate in taxed.rates] == [ZERO, VAT, GST]

    def test_are_refused_twice_on_a_line(self):
        with pytest.raises(ValueError, match=r"twice: GB-17\.5, GB-17\.5"):
            calculate([line(1_00, VAT), line(1_00, VAT, VAT)])

    def test_are_refused_where_two_share_a_code(self):
        with pytest.raises(ValueError, match=r"'GB-17\.5'"):
            calculate([line(1_00, VAT), line(1_00, replace(VAT, percentage=Decimal(20)))])

    def test_may_be_read_twice_from_where_they_are_kept(self):
        again = replace(VAT, percentage=Decimal("17.500"))

        assert by_code(calculate([line(1_00, VAT), line(1_00, again)])) == {"GB-17.5": (2_00, 35)}
