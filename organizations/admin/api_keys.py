"""API keys: made, shown once, revoked."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html, format_html_join
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import BooksForm
from core.forms import DateTimeInput, dress
from organizations.admin.base import AuditedAdmin, actor_of
from organizations.models import ApiKey
from organizations.roles import SCOPES
from organizations.services.keys import create_api_key, revoke_api_key

STATE_LABELS = {"valid": "success", "expired": "warning", "revoked": "danger"}


class ApiKeyForm(BooksForm):
    """What a new key may do, and until when."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {what}") for scope, what in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "ch-checks"}),
        help_text="Give a program what it needs and no more. Writing does not include reading.",
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at")
        field_classes = {"expires_at": forms.DateTimeField}
        widgets = {"expires_at": DateTimeInput}
        help_texts = {
            "name": "Which program has it, such as “Web shop”.",
            "expires_at": "In UTC. Empty: it is valid until it is revoked.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


@admin.register(ApiKey)
class ApiKeyAdmin(AuditedAdmin[ApiKey]):
    """Keys are made and revoked, never edited."""

    form = ApiKeyForm
    list_display = ("name", "key", "scope_list", "state", "created_at", "expires_at", "last_used")
    ordering = ("-created_at",)
    search_fields = ("name", "prefix")
    fields = ("name", "scopes", "expires_at")
    readonly = (
        "name",
        "key",
        "scope_list",
        "state",
        "created_at",
        "created_by",
        "expires_at",
        "revoked_at",
        "last_used",
    )
    actions_detail = ("revoke",)
    empty_title = "No program has a key yet"
    empty_text = "Make one for each program that reads or writes these books over the API."

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.readonly if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return self.readonly if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "organizations.change_apikey")

    def offers(self, row: ApiKey, action: str) -> bool:
        return row.revoked_at is None

    @display(description="Key")
    def key(self, row: ApiKey) -> str:
        return format_html("<code>ch_{}_…</code>", row.prefix)

    @display(description="Scopes")
    def scope_list(self, row: ApiKey) -> str:
        return format_html_join(" ", '<code class="ch-tag">{}</code>', ([s] for s in row.scopes))

    @display(description="State", label=STATE_LABELS)
    def state(self, row: ApiKey) -> str:
        return state_of(row, timezone.now())

    @display(description="Last used", ordering="last_used_at", empty_value="never")
    def last_used(self, row: ApiKey) -> datetime | None:
        return row.last_used_at

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """One way to save: the next page shows the key."""
        once = {"show_save_and_continue": False, "show_save_and_add_another": False}
        return super().changeform_view(
            request, object_id, form_url, {**once, **(extra_context or {})}
        )

    def create(self, request: HttpRequest, form: Any) -> ApiKey:
        api_key, text = create_api_key(actor=actor_of(request), **form.cleaned_data)
        request.new_key_text = text  # type: ignore[attr-defined]
        return api_key

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the key in this answer and never again: it is stored nowhere, not in the session
        either."""
        response = self.render_page(
            request,
            "admin/organizations/apikey/created.html",
            f"The key of {obj.name}",
            key=request.new_key_text,  # type: ignore[attr-defined]
            row=obj,
            back=self.list_url,
        )
        add_never_cache_headers(response)
        return response

    @action(
        description="Revoke",
        icon="block",
        variant=ActionVariant.DANGER,
        permissions=["revoke"],
    )
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)

        def revoke() -> str:
            revoke_api_key(actor=actor_of(request), api_key=row)
            return f"The key {row.name} is revoked."

        return self.confirm(
            request,
            row,
            revoke,
            question=f"Revoke the key {row.name}?",
            what="Every request with it will be refused from now on. This cannot be undone.",
            submit="Revoke",
            danger=True,
            then=self.list_url,
        )


def state_of(row: ApiKey, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= now:
        return "expired"
    return "valid"
