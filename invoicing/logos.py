"""Which pictures can be an organization's logo.

A logo is drawn by typst and by readers' browsers, so it may be nothing but a picture: what could
run, be fetched or grow without end is refused here, whatever either of them would do about it.
"""

import re
import warnings
from io import BytesIO
from xml.parsers import expat

from PIL import Image

from invoicing.documents.content import SVG, Logo
from invoicing.errors import InvalidLogo

MOST_BYTES = 200_000
# Of either side: 200 kB can hold a hundred times as many pixels as somebody would draw.
MOST_PIXELS = 4_000
# What the place for it on a sheet can show, at 380 dots an inch; more would only take its time on
# every single document.
LARGEST = (900, 270)

_RASTER = {"PNG": "image/png", "JPEG": "image/jpeg"}


def read_logo(content: bytes) -> Logo:
    """The picture, its type told by its content: PNG, JPEG (both scaled down to `LARGEST`) or SVG.

    Raises:
        InvalidLogo
    """
    if not content:
        raise InvalidLogo(problem="it is empty")
    if len(content) > MOST_BYTES:
        raise InvalidLogo(problem=f"{len(content):,} bytes are more than {MOST_BYTES:,}")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        _check_svg(content)
        return Logo(content, SVG)
    return _read_raster(content)


# --- PNG and JPEG ---------------------------------------------------------------------------------


def _read_raster(content: bytes) -> Logo:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=list(_RASTER)) as picture:
                # Known from the head of the file, before anything is unpacked.
                _check_size(*picture.size)
                picture.load()
                return _scaled_down(picture, content)
    except InvalidLogo:
        raise
    except Exception:  # noqa: BLE001 - Pillow answers broken files in a dozen ways
        raise InvalidLogo(problem="it is no PNG, JPEG or SVG that can be read") from None


def _check_size(width: int, height: int) -> None:
    if max(width, height) > MOST_PIXELS:
        raise InvalidLogo(
            problem=f"{width:,} × {height:,} pixels are more than {MOST_PIXELS:,} on a side"
        )


def _scaled_down(picture: Image.Image, content: bytes) -> Logo:
    kind = str(picture.format)
    if picture.width > LARGEST[0] or picture.height > LARGEST[1]:
        smaller = picture.convert("RGB" if kind == "JPEG" else "RGBA")
        smaller.thumbnail(LARGEST, Image.Resampling.LANCZOS)
        file = BytesIO()
        smaller.save(file, kind, quality=92)
        content = file.getvalue()
    return Logo(content, _RASTER[kind])


# --- SVG ------------------------------------------------------------------------------------------

_MOST_ELEMENTS = 5_000
_MOST_DEPTH = 50
_MOST_USES = 200

_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"}
_PAINT = {"linearGradient", "radialGradient", "stop", "clipPath", "mask", "style"}
_STRUCTURE = {"svg", "g", "defs", "symbol", "use", "title", "desc", "metadata"}
_ELEMENTS = frozenset(_SHAPES | _PAINT | _STRUCTURE)
# What these hold is drawn wherever something refers to them.
_CLIPS = frozenset({"clipPath", "mask"})
_REPEATED = _CLIPS | {"defs", "symbol"}
_CLIPPING = re.compile(r"clip-path|mask", re.IGNORECASE)
# Drawing programs keep their own notes in these; nobody draws them.
_NOTES = re.compile(
    r"http://(www\.)?(inkscape\.org|sodipodi\.sourceforge\.net|w3\.org/1999/02/22-rdf-syntax-ns#|"
    r"purl\.org/dc|creativecommons\.org|web\.resource\.org/cc|ns\.adobe\.com|bohemiancoding\.com)"
)
# Of `url(…)` only what points into the picture itself; and no other way to name anything outside.
_OUTSIDE = re.compile(
    r"url\(\s*['\"]?\s*(?!#)|@import|javascript:|data:|expression\(|\\|image-set\(", re.IGNORECASE
)


def _check_svg(content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError:
        raise InvalidLogo(problem="an SVG has to be in UTF-8") from None
    reader = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    _Drawing(reader)
    try:
        reader.Parse(content, True)
    except expat.ExpatError as error:
        raise InvalidLogo(problem=f"it is no well-formed SVG ({error})") from None


class _Drawing:
    """Looks at an SVG while it is read; each method refuses what it knows."""

    def __init__(self, reader: expat.XMLParserType) -> None:
        # The open elements, and whether something else could refer to them.
        self._path: list[str] = []
        self._named: list[bool] = []
        self._count = self._uses = 0
        # Of <style> the text comes in pieces.
        self._style: list[str] = []
        reader.StartElementHandler = self._start
        reader.EndElementHandler = self._end
        reader.CharacterDataHandler = self._text
        reader.StartDoctypeDeclHandler = self._doctype
        reader.ProcessingInstructionHandler = self._instruction

    def _doctype(self, *_: object) -> None:
        raise InvalidLogo(problem="an SVG with a DOCTYPE is not taken, nor are its entities")

    def _instruction(self, target: str, _: str) -> None:
        raise InvalidLogo(problem=f"an SVG with the instruction <?{target[:40]}> is not taken")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        self._count += 1
        if not self._path and (namespace, local) != (_SVG_NAMESPACE, "svg"):
            raise InvalidLogo(problem=f"it is no SVG: it begins with <{local[:40]}>")
        if self._count > _MOST_ELEMENTS or len(self._path) >= _MOST_DEPTH:
            raise InvalidLogo(problem="the SVG is too large: simplify its paths and groups")
        if namespace == _SVG_NAMESPACE:
            self._check_element(local, attributes)
        elif not _NOTES.match(namespace):
            raise InvalidLogo(problem=f"an SVG with <{local[:40]}> is not taken")
        for attribute, value in attributes.items():
            _check_attribute(attribute.rpartition(" ")[2], value)
        self._path.append(local)
        self._named.append("id" in attributes or local in _REPEATED)

    def _check_element(self, name: str, attributes: dict[str, str]) -> None:
        if name not in _ELEMENTS:
            raise InvalidLogo(problem=f"an SVG with <{name[:40]}> is not taken")
        # A copy of copies of copies draws more than any paper has room for.
        if name == "use":
            self._uses += 1
            if self._uses > _MOST_USES or any(self._named[1:]):
                raise InvalidLogo(problem="an SVG whose <use> can be used itself is not taken")
        elif _CLIPS & set(self._path) and any(map(_clips, attributes.items())):
            raise InvalidLogo(problem="an SVG that clips what it clips with is not taken")

    def _end(self, _: str) -> None:
        self._named.pop()
        if self._path.pop() == "style":
            style = "".join(self._style)
            _check_text("style", style)
            if _CLIPPING.search(style):
                raise InvalidLogo(problem="an SVG that clips by its <style> is not taken")
            self._style = []

    def _text(self, text: str) -> None:
        if self._path[-1:] == ["style"]:
            self._style.append(text)


def _check_attribute(name: str, value: str) -> None:
    if name.lower().startswith("on"):
        raise InvalidLogo(problem=f"an SVG with {name[:40]} is not taken: it could run")
    if name == "base" or (name == "href" and not value.startswith("#")):
        raise InvalidLogo(problem=f"the SVG refers to {value[:60]!a}, which is not in it")
    _check_text(name, value)


def _clips(attribute: tuple[str, str]) -> bool:
    name, value = attribute
    return name in {"clip-path", "mask"} or (
        name == "style" and _CLIPPING.search(value) is not None
    )


def _check_text(name: str, text: str) -> None:
    if _OUTSIDE.search(text):
        raise InvalidLogo(problem=f"the SVG's {name[:40]} refers to something that is not in it")
