"""How tests read a document back, and documents that need no books."""

from datetime import date
from io import BytesIO
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import zxingcpp
from pypdf import PdfReader

from invoicing.documents.content import (
    Buyer,
    Fact,
    Item,
    Letterhead,
    Logo,
    SalesDocument,
    Sum,
    TaxRow,
)

SQUARE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">'
    b'<rect width="10" height="10" fill="#0b7a75"/></svg>'
)


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, as one line of words."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def text_of(pdf: bytes) -> str:
    return " ".join(pages_of(pdf))


def size_of(pdf: bytes) -> tuple[int, int]:
    """Width and height of the first page, in points."""
    box = PdfReader(BytesIO(pdf)).pages[0].mediabox
    return round(box.width), round(box.height)


def qr_of(pdf: bytes) -> str:
    """What the QR code on the first page says to a camera."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil()
    [code] = zxingcpp.read_barcodes(picture)
    return str(code.text)


def items(count: int, **others: Any) -> tuple[Item, ...]:
    return tuple(
        Item(str(number), f"Teapot {number} of all", "1", "10.00", "10.00", rates="20 %", **others)
        for number in range(1, count + 1)
    )


def sale(count: int = 1, **others: Any) -> SalesDocument:
    """An invoice of so many teapots at 10.00."""
    letterhead = Letterhead("Acme Ltd", ("12 High Street", "London"), "GB123456789")
    given: dict[str, Any] = {
        "kind": "invoice",
        "title": "Invoice",
        "number": "INV-2026-00042",
        "dated": date(2026, 3, 10),
        "letterhead": letterhead,
        "buyer": Buyer("Lindqvist AB"),
        "facts": (Fact("Invoice number", "INV-2026-00042"),),
        "currency": "GBP",
        "items": items(count),
        "taxes": (TaxRow("VAT", "20 %", f"{count * 10:,}.00", f"{count * 2:,}.00"),),
        "sums": (Sum("Total", f"GBP\u00a0{count * 12:,}.00", strong=True),),
    }
    return SalesDocument(**{**given, **others})


def headed(**letterhead: Any) -> SalesDocument:
    """An invoice of one teapot with this at its head."""
    return sale(letterhead=Letterhead(**{"name": "Acme Ltd", **letterhead}))


def square_logo() -> Logo:
    return Logo(SQUARE, "image/svg+xml")
