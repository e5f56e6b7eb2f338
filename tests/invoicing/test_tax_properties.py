"""What is so of the tax of any document, held against a second way to work it out."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from core.rounding import round_half_up
from invoicing.tax import Line, Rate, Rounding, Taxed, calculate

HALF = Fraction(1, 2)

percentages = st.one_of(
    st.sampled_from([Decimal(text) for text in ("0", "5", "7.7", "9.975", "17.5", "20", "100")]),
    st.decimals(0, 100, places=5),
)
quantities = st.one_of(
    st.integers(-20, 20).map(Decimal), st.decimals(-10_000, 10_000, places=4, allow_nan=False)
)
# Small ones, whose fractions tie and cancel, and large ones.
amounts = st.one_of(st.integers(0, 50), st.integers(0, 10**12))
roundings = st.sampled_from(Rounding)


@st.composite
def rate_sets(draw: st.DrawFn) -> tuple[Rate, ...]:
    """Up to four rates, each under a code of its own."""
    return tuple(
        Rate(
            code,
            code,
            draw(percentages),
            inclusive=draw(st.booleans()),
            compound=draw(st.booleans()),
        )
        for code in "ABCD"[: draw(st.integers(0, 4))]
    )


@st.composite
def documents(draw: st.DrawFn) -> list[Line]:
    """Lines of any sign, each with some of the document's rates in any order."""
    rates = draw(rate_sets())
    some_rates = st.permutations(rates).flatmap(
        lambda shuffled: st.integers(0, len(shuffled)).map(lambda count: tuple(shuffled[:count]))
    )
    return draw(
        st.lists(st.builds(Line, quantities, amounts, amounts, some_rates), min_size=0, max_size=8)
    )


def exact_taxes(line: Line) -> dict[str, Fraction]:
    """By code; from the definition, by charging a net amount of 1 step by step."""
    price = with_tax = Fraction(1)
    taxes: dict[str, Fraction] = {}
    for rate in [r for r in line.rates if not r.compound] + [r for r in line.rates if r.compound]:
        taxes[rate.code] = Fraction(rate.percentage) / 100 * (with_tax if rate.compound else 1)
        with_tax += taxes[rate.code]
        price += taxes[rate.code] if rate.inclusive else 0
    return {code: tax * line.amount / price for code, tax in taxes.items()}


def exact_totals(lines: Sequence[Line]) -> dict[str, Fraction]:
    totals: dict[str, Fraction] = {}
    for line in lines:
        for code, tax in exact_taxes(line).items():
            totals[code] = totals.get(code, Fraction()) + tax
    return totals


def tax_by_code(taxed: Taxed) -> dict[str, int]:
    return {rate.rate.code: rate.tax_amount for rate in taxed.rates}


def figures(taxed: Taxed) -> list[int]:
    """All of them, in a fixed order."""
    return [
        taxed.subtotal_amount,
        taxed.tax_amount,
        taxed.total_amount,
        *(amount for line in taxed.lines for amount in (line.net_amount, *line.taxes)),
        *(amount for rate in taxed.rates for amount in (rate.taxable_amount, rate.tax_amount)),
    ]


@given(documents(), roundings)
def test_parts_add_up_to_the_whole(lines, rounding):
    taxed = calculate(lines, rounding)

    assert taxed.subtotal_amount == sum(line.net_amount for line in taxed.lines)
    assert taxed.tax_amount == sum(line.tax_amount for line in taxed.lines)
    assert taxed.total_amount == taxed.subtotal_amount + taxed.tax_amount
    assert taxed.total_amount == sum(line.total_amount for line in taxed.lines)
    placed = dict.fromkeys(tax_by_code(taxed), 0)
    for line, result in zip(lines, taxed.lines, strict=True):
        for rate, tax in zip(line.rates, result.taxes, strict=True):
            placed[rate.code] += tax
    assert placed == tax_by_code(taxed)


@given(documents(), roundings)
def test_a_line_costs_its_price_and_the_taxes_that_are_added(lines, rounding):
    taxed = calculate(lines, rounding)

    for line, result in zip(lines, taxed.lines, strict=True):
        taxes = list(zip(line.rates, result.taxes, strict=True))
        included = sum(tax for rate, tax in taxes if rate.inclusive)
        added = sum(tax for rate, tax in taxes if not rate.inclusive)
        assert result.net_amount + included == line.amount
        assert result.total_amount == line.amount + added


@given(documents())
def test_of_a_document_each_rate_is_rounded_once(lines):
    taxed = calculate(lines, Rounding.DOCUMENT)

    exact = exact_totals(lines)
    assert tax_by_code(taxed) == {code: round_half_up(tax) for code, tax in exact.items()}
    assert all(abs(tax - exact[code]) <= HALF for code, tax in tax_by_code(taxed).items())


@given(documents())
def test_of_a_document_no_line_is_1_away_from_its_exact_tax(lines):
    taxed = calculate(lines, Rounding.DOCUMENT)

    for line, result in zip(lines, taxed.lines, strict=True):
        for rate, tax in zip(line.rates, result.taxes, strict=True):
            assert abs(tax - exact_taxes(line)[rate.code]) < 1


@given(documents())
def test_of_lines_each_tax_is_rounded(lines):
    taxed = calculate(lines, Rounding.LINE)

    for line, result in zip(lines, taxed.lines, strict=True):
        exact = exact_taxes(line)
        assert list(result.taxes) == [round_half_up(exact[rate.code]) for rate in line.rates]


@given(documents())
def test_an_exclusive_simple_rate_is_its_percentage_of_the_taxable_amount(lines):
    lines = [
        replace(line, rates=tuple(replace(r, inclusive=False, compound=False) for r in line.rates))
        for line in lines
    ]

    # EN 16931 BR-CO-17, to the letter.
    for rate in calculate(lines).rates:
        exact = rate.taxable_amount * Fraction(rate.rate.percentage) / 100
        assert rate.tax_amount == round_half_up(exact)


@given(documents(), roundings)
def test_the_taxable_amount_is_the_lines_nets_and_for_compound_rates_the_taxes_before(
    lines, rounding
):
    taxed = calculate(lines, rounding)

    for total in taxed.rates:
        expected = 0
        for line, result in zip(lines, taxed.lines, strict=True):
            if total.rate not in line.rates:
                continue
            expected += result.net_amount
            at = line.rates.index(total.rate)
            for position, rate in enumerate(line.rates):
                is_before = not rate.compound or position < at
                if total.rate.compound and is_before and position != at:
                    expected += result.taxes[position]
        assert total.taxable_amount == expected


@given(documents(), roundings)
def test_negative_documents_mirror_positive_ones(lines, rounding):
    mirrored = [
        replace(line, quantity=-line.quantity, discount_amount=-line.discount_amount)
        for line in lines
    ]

    assert figures(calculate(mirrored, rounding)) == [
        -amount for amount in figures(calculate(lines, rounding))
    ]


@given(documents().flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))))
def test_the_order_of_lines_does_not_change_a_documents_totals(orders):
    first, second = (calculate(lines) for lines in orders)

    assert tax_by_code(first) == tax_by_code(second)
    assert first.subtotal_amount == second.subtotal_amount
    assert first.total_amount == second.total_amount


@given(percentages, st.lists(st.tuples(quantities, amounts, amounts), max_size=8), roundings)
def test_inclusive_and_exclusive_agree(percentage, priced, rounding):
    exclusive = Rate("R", "Added", percentage)
    inclusive = replace(exclusive, inclusive=True)
    added = calculate(
        [Line(quantity, amount, discount, (exclusive,)) for quantity, amount, discount in priced],
        rounding,
    )

    # The gross amounts as prices that include the tax.
    held = calculate(
        [Line(Decimal(1), line.total_amount, rates=(inclusive,)) for line in added.lines], rounding
    )

    assert (held.subtotal_amount, held.tax_amount) == (added.subtotal_amount, added.tax_amount)
    assert held.total_amount == added.total_amount
    if rounding is Rounding.LINE:
        assert held.lines == added.lines
