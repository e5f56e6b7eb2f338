"""Which names, currencies, countries and time zones an organization can have."""

import re
import zoneinfo
from urllib.parse import urlsplit

from core.money import is_currency
from organizations.errors import (
    InvalidAlertThreshold,
    InvalidCountry,
    InvalidFiscalYearStart,
    InvalidName,
    InvalidSlug,
    InvalidWebhookUrl,
    UnknownCurrency,
    UnknownTimeZone,
)

LONGEST_URL = 500
MOST_MISMATCHES = 2**31 - 1

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,63}")
_COUNTRY = re.compile(r"[A-Z]{2}")


def check_slug(slug: str) -> str:
    """Raises InvalidSlug."""
    if not _SLUG.fullmatch(slug):
        raise InvalidSlug(slug=repr(slug[:80]))
    return slug


def check_name(name: str, most: int) -> str:
    """The name without surrounding white space. Raises InvalidName."""
    name = name.strip()
    if not 1 <= len(name) <= most or not is_storable(name):
        raise InvalidName(most=most)
    return name


def check_currency(currency: str) -> str:
    """Raises UnknownCurrency where ISO 4217 has no such code."""
    if not is_currency(currency):
        raise UnknownCurrency(currency=currency or "''")
    return currency


def check_country(country: str) -> str:
    """An ISO 3166 alphabetic code of two letters, or nothing. Raises InvalidCountry."""
    if country and not _COUNTRY.fullmatch(country):
        raise InvalidCountry(country=repr(country[:20]))
    return country


def check_time_zone(time_zone: str) -> str:
    """Raises UnknownTimeZone."""
    try:
        zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise UnknownTimeZone(time_zone=repr(time_zone[:80])) from None
    return time_zone


def check_fiscal_year_start(month: int) -> int:
    """Raises InvalidFiscalYearStart."""
    if not 1 <= month <= 12:
        raise InvalidFiscalYearStart(month=month)
    return month


def check_webhook_url(url: str) -> str:
    """An http or https address with a host, or nothing. Raises InvalidWebhookUrl."""
    url = url.strip()
    if url and not _is_webhook_url(url):
        raise InvalidWebhookUrl(url=ascii(url[:100]))
    return url


def _is_webhook_url(url: str) -> bool:
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and url.startswith(f"{parts.scheme}://")
        and bool(parts.hostname)
        and "@" not in parts.netloc
        and has_port
    )


def check_alert_threshold(count: int) -> int:
    """Raises InvalidAlertThreshold."""
    if not 0 <= count <= MOST_MISMATCHES:
        raise InvalidAlertThreshold(count=count)
    return count


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can keep a text: it has no NUL and no half of a surrogate pair."""
    return "\x00" not in text and (
        text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
    )
