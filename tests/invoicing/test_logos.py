"""A logo is a picture and nothing else."""

import zlib
from io import BytesIO

import pytest
from PIL import Image

from invoicing.documents.content import Logo
from invoicing.errors import InvalidLogo
from invoicing.logos import LARGEST, MOST_BYTES, MOST_PIXELS, read_logo
from tests.invoicing.reading import SQUARE


def picture(format: str, size: tuple[int, int] = (40, 20), mode: str = "RGB") -> bytes:
    file = BytesIO()
    Image.new(mode, size, 7).save(file, format)
    return file.getvalue()


def svg(inside: str = "", attributes: str = "") -> bytes:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="0 0 10 10" {attributes}>{inside}<rect width="9" height="9"/></svg>'
    ).encode()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture("PNG"), "image/png"),
        (picture("PNG", mode="P"), "image/png"),
        (picture("PNG", LARGEST), "image/png"),
        (picture("JPEG"), "image/jpeg"),
        (picture("JPEG", mode="CMYK"), "image/jpeg"),
        (SQUARE, "image/svg+xml"),
        (
            b'\xef\xbb\xbf<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn -->\n' + SQUARE,
            "image/svg+xml",
        ),
    ],
)
def test_the_type_is_told_by_the_content(content, kind):
    assert read_logo(content) == Logo(content, kind)


@pytest.mark.parametrize(("format", "mode"), [("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "CMYK")])
def test_a_picture_of_more_pixels_than_paper_can_show_is_scaled_down(format, mode):
    logo = read_logo(picture(format, (MOST_PIXELS, 800), mode))

    with Image.open(BytesIO(logo.content)) as smaller:
        assert smaller.size == (900, 180)
        assert f"image/{(smaller.format or '').lower()}" == logo.type


@pytest.mark.parametrize(
    "inside",
    [
        '<linearGradient id="g"><stop offset="0"/></linearGradient><g fill="url(#g)"/>',
        '<defs><path id="p" d="M0 0h9"/></defs><g><use xlink:href="#p"/></g>',
        '<clipPath id="c"><rect width="5" height="5"/></clipPath><g clip-path="url(#c)"/>',
        "<style>.a { fill: #0b7a75 }</style><path class='a' d='M0 0h9'/>",
        '<title>Acme</title><text style="font-weight: bold">Acme</text>',
        '<metadata><x xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>',
    ],
)
def test_what_drawing_programs_write_is_taken(inside):
    assert read_logo(svg(inside)).type == "image/svg+xml"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"%PDF-1.7",
        b"MZ\x90\x00",
        b"\x1f\x8b\x08" + zlib.compress(SQUARE),
        b"\x89PNG\r\n\x1a\n",
        picture("PNG")[:60],
        picture("JPEG")[:200],
        picture("GIF"),
        picture("BMP"),
        picture("WEBP"),
        picture("PNG") + b"0" * MOST_BYTES,
        picture("PNG", (MOST_PIXELS + 1, 1)),
        picture("JPEG", (1, MOST_PIXELS + 1)),
        b"<html><body>Acme</body></html>",
        b"<svg><rect/></svg>",
        b'<svg xmlns="http://www.w3.org/1999/xhtml"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg"><g></svg>',
        SQUARE.decode().encode("utf-16"),
        b"<svg" + b"\xff",
    ],
)
def test_what_is_no_such_picture_is_refused(content):
    with pytest.raises(InvalidLogo):
        read_logo(content)


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<path d="M0 0" onclick="alert(1)"/>',
        '<path d="M0 0" OnLoad="alert(1)"/>',
        '<animate attributeName="x" to="9"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        '<a href="javascript:alert(1)"><path d="M0 0"/></a>',
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
        '<p xmlns="http://www.w3.org/1999/xhtml">x</p>',
        '<metadata><script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script></metadata>',
        '<image href="http://example.com/a.png"/>',
        '<image xlink:href="file:///etc/passwd"/>',
        '<image href="base.typ"/>',
        '<image href="data:image/png;base64,AAAA"/>',
        '<use href="http://example.com/a.svg#b"/>',
        '<use xlink:href="other.svg#b"/>',
        '<use href=" http://example.com"/>',
        '<path fill="url(http://example.com/a)"/>',
        "<path fill=\"url( 'file:///etc/passwd' )\"/>",
        '<path style="fill: u\\72l(http://example.com)"/>',
        '<path style="fill: URL(//example.com)"/>',
        "<style>@import 'http://example.com/a.css';</style>",
        "<style>path { fill: url(http://example.com/a) }</style>",
        "<style><![CDATA[@im]]><![CDATA[port 'x';]]></style>",
        '<g xml:base="http://example.com/"/>',
        '<filter id="f"><feImage href="http://example.com"/></filter>',
        "<?xml-stylesheet href='http://example.com/a.css'?>",
    ],
)
def test_an_svg_that_could_run_or_fetch_something_is_refused(inside):
    with pytest.raises(InvalidLogo):
        read_logo(svg(inside))


def test_an_svg_with_a_doctype_is_refused_before_its_entities_grow():
    laughs = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "/etc/passwd">]>'

    with pytest.raises(InvalidLogo, match="DOCTYPE"):
        read_logo(laughs.encode() + svg("<title>&b;&x;</title>"))


@pytest.mark.parametrize(
    "inside",
    [
        '<g id="a"/><g id="b"><use href="#a"/><use href="#a"/></g><use href="#b"/>',
        '<symbol id="s"><use href="#s"/></symbol>',
        '<clipPath id="b"><path clip-path="url(#b)" d="M0 0h9"/></clipPath>',
        '<mask id="m"><g><path style="mask: url(#m)" d="M0 0h9"/></g></mask>',
        "<style>path { clip-path: url(#a) }</style>",
        "<g>" * 60 + "</g>" * 60,
        "<path/>" * 6_000,
        '<path id="p"/>' + '<use href="#p"/>' * 300,
    ],
)
def test_an_svg_that_would_grow_without_end_is_refused(inside):
    with pytest.raises(InvalidLogo):
        read_logo(svg(inside))
