"""Feature flags: which capability is on for which organizations."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from organizations.admin.people import ForOperators
from organizations.models import FeatureFlag


@admin.register(FeatureFlag)
class FeatureFlagAdmin(ForOperators):
    """Rolled out organization by organization, then to everyone; switched off the same way."""

    list_display = ("name", "everyone", "named", "note")
    list_filter = ("everyone",)
    search_fields = ("name", "note")
    ordering = ("name",)
    fields = ("name", "note", "everyone", "organizations")
    filter_horizontal = ("organizations",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeatureFlag]:
        flags: QuerySet[FeatureFlag] = super().get_queryset(request)
        return flags.prefetch_related("organizations")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A flag that no program asks for any more is only in the way."""
        return bool(request.user.is_superuser)

    @display(description="Organizations")
    def named(self, flag: FeatureFlag) -> str:
        return ", ".join(sorted(organization.slug for organization in flag.organizations.all()))
