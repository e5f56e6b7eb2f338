"""Answers: JSON, with money as integers, moments in UTC and dates in ISO."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse

JSON = "application/json"


def json_answer(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """An answer of `content`, which may hold ids, dates, moments and decimals."""
    return HttpResponse(dumps(content), content_type=JSON, status=status, headers=headers)


def dumps(content: Any) -> str:
    return _encoder.encode(content)


def moment(value: datetime | None) -> str | None:
    """A moment as every answer spells it: UTC, with a Z."""
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        # A decimal is a rate or a percentage, and as text it stays exact.
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form here")


_encoder = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
)
