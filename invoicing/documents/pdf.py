"""Documents as PDF, set by typst from templates/documents/.

A document reaches typst as the file `document.json` in memory, its pictures beside it. No text is
read as typst's markup, and the only files on disk that a template can reach are the templates.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime, time
from functools import cache
from typing import Any

import typst

from core.servers import PROJECT
from invoicing.documents.content import Document, Logo, ReceiptDocument

_TEMPLATES = PROJECT / "templates" / "documents"
_LOGO_FILES = {"image/png": "logo.png", "image/jpeg": "logo.jpg", "image/svg+xml": "logo.svg"}


def render_pdf(document: Document) -> bytes:
    """The file; the same document gives the same bytes."""
    pictures = _pictures(document)
    files = {
        "main.typ": (_TEMPLATES / f"{document.kind}.typ").read_bytes(),
        "base.typ": (_TEMPLATES / "base.typ").read_bytes(),
        "document.json": _as_json(document),
        **pictures,
    }
    return _set(files, datetime.combine(document.dated, time.min, UTC))


def try_logo(logo: Logo) -> None:
    """Draw it once, for nobody.

    Raises:
        typst.TypstError: it cannot be drawn.
    """
    name = _LOGO_FILES[logo.type]
    _set({"main.typ": f'#image("{name}", width: 6cm)'.encode(), name: logo.content})


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
        font_paths=_fonts(),
        format="pdf",
        timestamp=moment,
    )
    assert isinstance(pdf, bytes)  # noqa: S101
    return pdf


def _as_json(document: Document) -> bytes:
    content = asdict(document)
    logo = document.letterhead.logo
    content["letterhead"]["logo"] = _LOGO_FILES[logo.type] if logo else None
    content.pop("qr", None)
    return json.dumps(content, ensure_ascii=False, default=str).encode()


def _pictures(document: Document) -> dict[str, bytes]:
    pictures = {}
    if logo := document.letterhead.logo:
        pictures[_LOGO_FILES[logo.type]] = logo.content
    if isinstance(document, ReceiptDocument):
        pictures["qr.svg"] = document.qr
    return pictures


@cache
def _fonts() -> typst.Fonts:
    """Those that typst brings along, and all of this machine; looked for once in a process."""
    return typst.Fonts()
