"""Which texts, codes, countries and numbers invoicing takes."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pycountry
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core import strict_json
from core.text import is_unseen
from invoicing.errors import RegionWithoutCountry, UnknownCountry
from organizations.rules import is_storable

MOST_METADATA = 20_000
MOST_TERMS_DAYS = 365
MOST_REGION = 20

_CODE = re.compile(r"[A-Za-z0-9.:_-]{1,50}")
_WORD = re.compile(r"[A-Za-z0-9.:_@+-]+")
# Unicode's category Cc; then without what sets lines and columns apart.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def is_code(code: object) -> bool:
    """Whether it can be the code of a rate or a customer."""
    return isinstance(code, str) and _CODE.fullmatch(code) is not None


def check_country(country: str) -> str:
    """The ISO 3166 code in capitals, or nothing.

    Raises:
        UnknownCountry
    """
    code = country.strip().upper()
    if code and code not in _countries():
        raise UnknownCountry(country=shown(country))
    return code


def check_region(region: str, country: str) -> str:
    """A part of a country, as its tax rates name it.

    Raises:
        RegionWithoutCountry
    """
    region = region.strip()
    if region and not country:
        raise RegionWithoutCountry(region=shown(region))
    return region


@cache
def _countries() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries)


def text_problem(text: object, *, least: int = 0, most: int, has_lines: bool = False) -> str | None:
    """What is wrong with a text that has to have `least` to `most` characters; None if nothing.

    White space around it does not count. `has_lines`: it may have several lines, and tabs.
    """
    if not isinstance(text, str):
        return f"{shown(text)} is no text"
    if len(text) > most:
        return f"a text of {len(text)} characters is longer than {most}"
    if not is_storable(text):
        return f"{shown(text)} holds a character that cannot be kept"
    inner = text.strip()
    if len(inner) < least:
        return "it is missing"
    if (_CONTROL_IN_LINES if has_lines else _CONTROL).search(inner):
        return f"{shown(text)} holds a control character"
    if inner and is_unseen(inner):
        return f"{shown(text)} shows nothing"
    return None


def email_problem(email: str) -> str | None:
    """What is wrong with an email address, or none at all; None if nothing."""
    if email:
        try:
            validate_email(email)
        except ValidationError:
            return f"{shown(email)} is no email address"
    return None


def terms_problem(days: object) -> str | None:
    """What is wrong with the days in which an invoice is to be paid; None if nothing."""
    if isinstance(days, int) and is_whole(days) and 0 <= days <= MOST_TERMS_DAYS:
        return None
    return f"terms are 0 to {MOST_TERMS_DAYS} days, not {shown(days)}"


def metadata_problem(metadata: object) -> str | None:
    """What is wrong with an object of the caller's own; None if nothing."""
    if not isinstance(metadata, Mapping):
        return f"{shown(metadata)} is no object"
    try:
        text = json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return "it holds what JSON does not know"
    if len(text) > MOST_METADATA:
        return f"{len(text)} characters are more than {MOST_METADATA}"
    try:
        strict_json.loads(text.encode())
    except strict_json.MalformedJson as malformed:
        return str(malformed.reason)
    return None


def shown(value: object) -> str:
    """A value as it can stand in a message: short, quoted unless it is one plain word."""
    text = str(value)
    text = text if _WORD.fullmatch(text) else ascii(text)
    return text if len(text) <= 60 else text[:57] + "..."


def plain_number(number: Decimal) -> str:
    """A decimal as people write it: 6 instead of 6.000000, 100 instead of 1E+2."""
    return format(number.normalize(), "f")


def is_whole(number: Any) -> bool:
    """Whether it is an int, and not a truth value."""
    return isinstance(number, int) and not isinstance(number, bool)
