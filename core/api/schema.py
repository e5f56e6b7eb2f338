"""The API's description: what every operation shares is said once, here."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from core.api.components import ALWAYS, ERRORS, OF_A_PATH, OF_A_REFUSAL, OF_A_WRITE

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Up to 255 printable ASCII characters. The same request under the same key is "
    "carried out once; its answer is given again, with `Idempotency-Replayed: true`.",
)
FORMS = ("application/json",)


PATH_PARTS = {
    "id": "The row's id.",
    "account": "The account's code or id.",
    "tax_rate": "The rate's code or id.",
    "customer": "The customer's code or id.",
    "invoice": "The invoice's id or number.",
    "credit_note": "The credit note's id or number.",
    "payee": "The payee's code or id.",
    "event": "The event's code or id.",
    "sale": "The sale's id or reference.",
    "check": "The check's name: `invoices`, `wallets`, `settlements`, …",
}


class ApiSchema(AutoSchema):
    """Adds to each operation what it takes, the idempotency header and the shared errors."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> Any:
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        statuses = [*ALWAYS, *(OF_A_WRITE if self._is_write() else ())]
        if "{" in path or getattr(self.view, "names_rows", False):
            statuses += OF_A_PATH
        if getattr(self.view, "refuses_reads", False):
            statuses += OF_A_REFUSAL
        for status in sorted(statuses):
            name = ERRORS[status][0]
            reference = {"$ref": f"#/components/responses/{name}"}
            operation["responses"].setdefault(status, reference)
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                parameter["description"] = PATH_PARTS[parameter["name"]]
        return operation

    def _is_write(self) -> bool:
        return self.method not in ("GET", "HEAD")

    def get_auth(self) -> list[Any]:
        return [{"apiKey": []}, {"session": []}]

    def get_override_parameters(self) -> list[Any]:
        return [IDEMPOTENCY_KEY] if self._is_write() else []

    def get_summary(self) -> str | None:
        words = super().get_description() or ""
        return words.split("\n\n")[0].replace("\n", " ").rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        words = super().get_description() or ""
        wanted = getattr(self.view, "access", {}).get(self.method)
        if wanted is None:
            return words
        permissions = " or ".join(f"`{name}`" for name in wanted.permissions)
        return f"{words}\n\nTakes the scope `{wanted.scope}`, or of a person {permissions}."

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "tag", "other")]

    def map_parsers(self) -> list[str]:
        return list(FORMS)

    def map_renderers(self, attribute: str) -> list[str]:
        return list(FORMS)


def query(name: str, description: str, kind: Any = OpenApiTypes.STR, **more: Any) -> Any:
    """A query parameter."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **more)


def path_parameter(name: str, description: str, kind: Any = OpenApiTypes.STR) -> Any:
    """A part of the path."""
    return OpenApiParameter(name, kind, OpenApiParameter.PATH, description=description)


def asked(value: Any, name: str = "Request") -> OpenApiExample:
    """An example of a body that is sent."""
    return OpenApiExample(name, value=value, request_only=True)


def answered(value: Any, name: str = "Answer", *status: str) -> OpenApiExample:
    """An example of what comes back."""
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=list(status) or ["200", "201"]
    )
