"""Documents as PDF, set by typst from templates/documents/.

A document reaches typst as the file `document.json` in memory, its pictures beside it. No text is
read as typst's markup, and the only files on disk that a template can reach are the templates.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from typing import Any

import typst

from core.servers import PROJECT
from core.typesetting import fonts
from invoicing.documents.content import SVG, Document, Logo, ReceiptDocument, StatementDocument
from ledger.errors import ReportTooLong

# About 150 pages, which take typst some five seconds; a longer one is for a machine.
MOST_MOVEMENTS = 6_000

_TEMPLATES = PROJECT / "templates" / "documents"
# typst-py takes files in memory that are UTF-8, and only those: a PNG or a JPEG goes inside of an
# SVG with the sides of the template's box, so that nothing has to be written to disk.
_FRAME = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 180"><image width="600" height="180"'
    ' preserveAspectRatio="xMinYMid meet" href="{}"/></svg>'
)


def render_pdf(document: Document) -> bytes:
    """The file; the same document gives the same bytes.

    Raises:
        ReportTooLong: a statement of more than 6,000 movements.
    """
    if isinstance(document, StatementDocument):
        _check_length(document)
    pictures = _pictures(document)
    files = {
        "main.typ": (_TEMPLATES / f"{document.kind}.typ").read_bytes(),
        "base.typ": (_TEMPLATES / "base.typ").read_bytes(),
        "document.json": _as_json(document),
        **pictures,
    }
    return _set(files, datetime.combine(document.dated, time.min, UTC))


def _check_length(statement: StatementDocument) -> None:
    count = sum(len(account.movements) for account in statement.accounts)
    if count > MOST_MOVEMENTS:
        raise ReportTooLong(report="statement", most=f"{MOST_MOVEMENTS:,}", format="pdf")


def try_logo(logo: Logo) -> None:
    """Draw it once, for nobody.

    Raises:
        typst.TypstError: it cannot be drawn.
    """
    _set({"main.typ": b'#image("logo.svg", width: 60mm)', "logo.svg": _as_svg(logo)})


def _set(files: dict[str, bytes], moment: datetime | None = None) -> bytes:
    """The PDF of `main.typ` among these files; `moment` is written into it as its birth.

    Raises:
        typst.TypstError
    """
    # The stubs know no dictionaries of files, which typst-py takes all the same.
    main: Any = files
    pdf = typst.compile(
        main,
        root=_TEMPLATES,
        font_paths=fonts(),
        format="pdf",
        timestamp=moment,
    )
    assert isinstance(pdf, bytes)  # noqa: S101
    return pdf


def _as_json(document: Document) -> bytes:
    content = asdict(document)
    content["letterhead"]["logo"] = "logo.svg" if document.letterhead.logo else None
    content.pop("qr", None)
    return json.dumps(content, ensure_ascii=False, default=str).encode()


def _pictures(document: Document) -> dict[str, bytes]:
    pictures = {}
    if logo := document.letterhead.logo:
        pictures["logo.svg"] = _as_svg(logo)
    if isinstance(document, ReceiptDocument):
        pictures["qr.svg"] = document.qr
    return pictures


def _as_svg(logo: Logo) -> bytes:
    return logo.content if logo.type == SVG else _FRAME.format(logo.data_url).encode()
