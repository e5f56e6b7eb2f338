"""QR codes as SVG: drawn in a PDF, or put into a page as it is (no style, no script)."""

from io import BytesIO

import segno

# White modules around the code, as ISO/IEC 18004 wants them.
_QUIET = 4


def qr_code(content: str) -> bytes:
    """The smallest code that holds `content` and can still be read with 15 % of it covered."""
    code = segno.make_qr(content, error="m", boost_error=False)
    drawing = BytesIO()
    code.save(
        drawing,
        kind="svg",
        border=_QUIET,
        xmldecl=False,
        svgclass=None,
        lineclass=None,
        omitsize=True,
        title="QR code",
        nl=False,
    )
    return drawing.getvalue()
