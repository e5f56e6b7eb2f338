"""PDFs hold together, whatever is written in them."""

from dataclasses import replace

import pypdfium2  # type: ignore[import-untyped]
import pytest

from core.servers import PROJECT
from invoicing.documents.content import Buyer, Item, TaxRow
from invoicing.documents.pdf import render_pdf
from tests.invoicing.reading import (
    headed,
    items,
    pages_of,
    sale,
    size_of,
    square_logo,
    text_of,
)

MARKUP = (
    r"#read(\"/base.typ\") $x^2$ *bold* _soft_ [b] <label> @ref \ `raw` = head // gone #panic()"
)
A4, LETTER = (595, 842), (612, 792)


def named(description: str) -> tuple[Item, ...]:
    return (replace(items(1)[0], description=description),)


def test_the_same_document_gives_the_same_bytes():
    assert render_pdf(sale(3)) == render_pdf(sale(3))


def test_a_short_invoice_has_one_page_and_says_so():
    [page] = pages_of(render_pdf(sale(8)))

    assert page.endswith("Page 1 of 1")


@pytest.mark.parametrize(("paper", "size"), [("a4", A4), ("us-letter", LETTER)])
def test_the_paper_is_the_organizations_choice(paper, size):
    assert size_of(render_pdf(headed(paper=paper))) == size


def test_an_invoice_of_500_items_repeats_the_head_of_its_table_and_numbers_its_pages():
    pages = pages_of(render_pdf(sale(500)))

    assert len(pages) > 10
    for number, page in enumerate(pages, start=1):
        assert page.count("Description") == 1
        assert page.endswith(f"Page {number} of {len(pages)}")
    text = " ".join(pages)
    assert all(f"Teapot {number} of all" in text for number in range(1, 501))


@pytest.mark.parametrize("count", range(24, 34))
def test_the_total_never_stands_on_a_page_without_items(count):
    *_, last = pages_of(render_pdf(sale(count)))

    assert f"Teapot {count} of all" in last
    assert f"Teapot {count - 1} of all" in last
    assert f"GBP {count * 12}.00" in last


def test_what_looks_like_markup_is_text():
    document = sale(
        items=named(MARKUP),
        buyer=Buyer(MARKUP, (MARKUP,)),
        notes=(MARKUP,),
        taxes=(TaxRow(MARKUP, "20 %", "1", "1"),),
    )

    text = text_of(render_pdf(document)).replace("\u200b", "")

    assert text.count(" ".join(MARKUP.split())) == 5
    assert "What invoices, credit notes" not in text


def test_a_word_without_end_stays_in_its_column():
    pdf = render_pdf(sale(items=named("W" * 500), buyer=Buyer("M" * 200)))

    page = pypdfium2.PdfDocument(pdf)[0]
    text = page.get_textpage()
    right = max(text.get_charbox(i)[2] for i in range(text.count_chars()))
    assert right < page.get_width() - 40


def test_a_long_description_wraps_and_is_whole():
    words = " ".join(f"word{number}" for number in range(80))

    assert words in text_of(render_pdf(sale(items=named(words))))


@pytest.mark.parametrize("name", ["Παπαδόπουλος & Υιοί Α.Ε.", "ООО «Ромашка»", "Żółć Łódź ßøþ"])
def test_greek_cyrillic_and_latin_letters_can_be_read_back(name):
    assert name in text_of(render_pdf(sale(buyer=Buyer(name), items=named(name))))


@pytest.mark.parametrize(
    "name",
    [
        "شركة الخليج للتجارة",
        "חברה בע״מ 12 (ABC)",
        "有限会社 山田商店",
        "บริษัท จำกัด",
        "ኢትዮጵያ",
        "👩‍👩‍👧‍👦 🫠",
        "\u202egnp.exe",
        "a\u0301\u0301\u0301" * 50,
        "\x01\x7f\u2028\ufffe",
    ],
)
def test_letters_that_no_font_may_have_break_nothing(name):
    document = sale(buyer=Buyer(name, (name,)), items=named(name), notes=(name,))

    assert "GBP 12.00" in text_of(render_pdf(document))


def test_a_long_footer_takes_its_room_from_the_page_and_covers_nothing():
    footer = tuple(f"Line {number} of how to pay" for number in range(5))

    short, long = (
        render_pdf(sale(40)),
        render_pdf(replace(sale(40), letterhead=replace(sale().letterhead, footer=footer))),
    )

    assert len(pages_of(long)[0]) < len(pages_of(short)[0]) + sum(map(len, footer)) + 10
    assert all(line in page for line in footer for page in pages_of(long))


def test_a_footer_of_many_lines_is_run_together():
    footer = tuple(f"Line {number}" for number in range(120))

    assert "Line 1 · Line 2" in pages_of(render_pdf(headed(footer=footer)))[0]


def test_a_logo_is_drawn():
    with_logo, without = (
        pypdfium2.PdfDocument(render_pdf(headed(logo=logo)))[0].render(scale=1).to_pil()
        for logo in (square_logo(), None)
    )

    teal = (11, 122, 117)
    assert teal in {colour for _, colour in with_logo.getcolors(1 << 20) or ()}
    assert teal not in {colour for _, colour in without.getcolors(1 << 20) or ()}


def test_as_many_rates_as_there_are_go_over_to_the_next_page():
    rates = tuple(TaxRow(f"Rate {number}", "1 %", "1.00", "0.01") for number in range(150))

    text = text_of(render_pdf(sale(2, taxes=rates)))

    assert "Rate 0 " in text
    assert "Rate 149 " in text


def test_templates_read_nothing_but_their_data():
    for template in (PROJECT / "templates" / "documents").glob("*.typ"):
        source = template.read_text()
        assert "read(" not in source
        assert "eval(" not in source
