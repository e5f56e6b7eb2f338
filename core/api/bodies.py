"""What comes in: the body, whole and within its limit, and what it says."""

from typing import Any

from django.http import HttpRequest

from core.api.errors import Malformed, TooLarge, UnsupportedMediaType
from core.strict_json import MalformedJson, loads

CHUNK = 65_536


def read_body(request: HttpRequest, most: int) -> bytes:
    """The body's bytes, at most `most` of them.

    Django's own limit (DATA_UPLOAD_MAX_MEMORY_SIZE) is one for all; here each endpoint has its.

    Raises:
        TooLarge, Malformed
    """
    length = request.META.get("CONTENT_LENGTH")
    try:
        if length:
            return _read_sized(request, int(length), most)
        if request.META.get("wsgi.input_terminated"):
            return _read_chunked(request, most)
    except OSError:
        # Django's UnreadablePostError is one, and so is what gunicorn raises.
        raise _cut_short() from None
    except ValueError:
        raise Malformed("Content-Length is no number.", code="invalid_header") from None
    return b""


def _read_sized(request: HttpRequest, length: int, most: int) -> bytes:
    if length > most:
        raise _too_large(most)
    body = request.read(length)
    if len(body) < length:
        raise _cut_short()
    return body


def _read_chunked(request: HttpRequest, most: int) -> bytes:
    # Without a length Django reads nothing; the server says where the body ends.
    stream = request.META["wsgi.input"]
    body = bytearray()
    while chunk := stream.read(CHUNK):
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {most:,} bytes that are taken here.")


def _cut_short() -> Malformed:
    return Malformed("The body ended before it was complete.", code="body_cut_short")


def parse_body(request: HttpRequest, body: bytes) -> Any:
    """The body as strict JSON; no body at all reads as an empty object.

    Raises:
        UnsupportedMediaType, Malformed
    """
    if not body:
        return {}
    media_type = (request.content_type or "").lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType(
            f"The body must be application/json, not {media_type[:100] or 'of no type'}."
        )
    try:
        return loads(body)
    except MalformedJson as error:
        raise Malformed(error.message, code="malformed_json") from None
