"""Serializers that take nothing for granted: no unknown fields, no "12" for 12, no 1.0 for 1."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from core.strict_json import Numeral

MOST_MINOR_UNITS = 2**63 - 1
MOST_DIGITS = 30
_TOO_LARGE = 10**MOST_DIGITS

_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class StrictSerializer(serializers.Serializer[Any]):
    """An object whose fields are all known."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValidationError({"non_field_errors": ["Expected an object."]}, code="invalid")
        taken = {name for name, field in self.fields.items() if not field.read_only}
        unknown = [str(name) for name in data if name not in taken]
        if unknown:
            detail = ErrorDetail("There is no such field.", code="unknown_field")
            raise ValidationError({name[:100]: [detail] for name in sorted(unknown)[:20]})
        return super().to_internal_value(data)


class Text(serializers.CharField):
    """Text, and not a number that could be written as one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """An integer as JSON spells one: no text, no 1.0, no true."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class MinorUnits(Whole):
    """Money: an integer of minor units that fits into 64 bits."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", -MOST_MINOR_UNITS)
        kwargs.setdefault("max_value", MOST_MINOR_UNITS)
        super().__init__(**kwargs)


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string", "pattern": r"^-?[0-9]{1,18}(\.[0-9]{1,12})?$"},
            {"type": "number"},
        ]
    }
)
class Exact(serializers.Field[Any, Any, Any, Any]):
    """A decimal number that is no amount of money, as text or as a JSON number, digit by digit as
    it was written."""

    default_error_messages = {
        "invalid": 'Expected a decimal number such as "1.5", not {given}.',
        "max_digits": "A number has at most {most} digits here, not {got}.",
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, Numeral):
            data = data.text
        elif type(data) is int:
            # Python spells no integer of more than some thousand digits.
            data = str(data) if abs(data) < _TOO_LARGE else str(_TOO_LARGE)
        if not isinstance(data, str) or not _DECIMAL.fullmatch(data):
            self.fail("invalid", given=json.dumps(data, ensure_ascii=False)[:60])
        digits = len(data) - data.count("-") - data.count(".")
        if digits > MOST_DIGITS:
            self.fail("max_digits", most=MOST_DIGITS, got=digits)
        return Decimal(data)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Day(serializers.DateField):
    """A date as 2010-12-31; none of the other forms that ISO 8601 has."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _ISO_DATE.fullmatch(value):
            self.fail("invalid", format="2010-12-31")
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="2010-12-31, and a day that exists")


class Moment(serializers.DateTimeField):
    """A moment in ISO 8601 with its offset from UTC: without one nobody knows when it was."""

    default_error_messages = {
        "naive": "A moment needs its offset from UTC: 2010-12-31T12:00:00Z.",
        "overflow": "This moment is out of range.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not _ISO_DATE.match(value) or len(value) < 16:
            self.fail("invalid", format="2010-12-31T12:00:00Z")
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="2010-12-31T12:00:00Z")
        if found.tzinfo is None:
            self.fail("naive")
        if not 1900 <= found.year <= 2199:
            self.fail("overflow")
        # PostgreSQL takes no offset beyond ±15:59, Python any below a day.
        return found.astimezone(UTC)


class CurrencyCode(serializers.RegexField):
    """An ISO 4217 code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"^[A-Z]{3}$", **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not re.fullmatch(r"[A-Z]{3}", data):
            self.fail("invalid")
        return data


class Span(StrictSerializer):
    """`from` and `to`, both days included, as `since` and `until`."""

    def get_fields(self) -> Any:
        fields = super().get_fields()
        fields["from"] = Day(source="since", required=False, help_text="The first day.")
        fields["to"] = Day(source="until", required=False, help_text="The last day.")
        return fields

    def validate(self, attrs: Any) -> Any:
        since, until = attrs.get("since"), attrs.get("until")
        if since and until and since > until:
            raise ValidationError({"from": ["It lies after `to`."]}, code="invalid")
        return attrs


class Paged(StrictSerializer):
    """What every list takes."""

    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`.")
    page_size = serializers.IntegerField(
        required=False, min_value=1, max_value=500, default=100, help_text="Up to 500."
    )
