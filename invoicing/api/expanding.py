"""`expand`: related rows whole instead of their ids, where a second call would always follow."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

_ID = {"type": "string", "format": "uuid"}


def _id_or(component: str) -> dict[str, Any]:
    return {
        "oneOf": [_ID, {"$ref": f"#/components/schemas/{component}"}],
        "nullable": True,
        "description": "The id; the row itself where `expand` names it.",
    }


@extend_schema_field(_id_or("CustomerOutput"))
class CustomerOrId(serializers.Field[Any, Any, Any, Any]):
    """In the description of answers only."""


@extend_schema_field(_id_or("OrderOutput"))
class OrderOrId(serializers.Field[Any, Any, Any, Any]):
    """In the description of answers only."""


@extend_schema_field(_id_or("InvoiceOutput"))
class InvoiceOrId(serializers.Field[Any, Any, Any, Any]):
    """In the description of answers only."""


class Expand(serializers.RegexField):
    """Names of members to give whole, with commas between; read as a set."""

    def __init__(self, *names: str, **kwargs: Any) -> None:
        one = "|".join(names)
        listed = " and ".join(f"`{name}`" for name in names)
        what = f"Give {listed} whole instead of as ids: names with commas between."
        super().__init__(
            rf"^({one})(,({one}))*$",
            **{"required": False, "default": "", "help_text": what, **kwargs},
        )

    def run_validation(self, data: Any = empty) -> Any:
        value = super().run_validation(data)
        return frozenset(value.split(",")) if value else frozenset()
