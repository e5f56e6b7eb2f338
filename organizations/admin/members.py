"""Who belongs to the organization, and as what."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import BooksForm
from core.forms import dress
from organizations.admin.base import AuditedAdmin, actor_of
from organizations.models import Membership, Role, User
from organizations.services.members import add_member, change_role, remove_member

ROLES = {
    Role.OWNER: "everything, and alone the people, the keys and the settings",
    Role.CONTROLLER: "approves, voids, closes",
    Role.ACCOUNTANT: "prepares and posts entries",
    Role.CASHIER: "records cash",
    Role.AUDITOR: "reads everything, changes nothing",
}


class MemberForm(BooksForm):
    """A member's role; of a new one also who it is."""

    person = forms.CharField(
        label="User name or e-mail address",
        max_length=254,
        help_text="Somebody who can sign in already.",
    )
    role = forms.ChoiceField(
        choices=[(role, f"{role.label}: {what}") for role, what in ROLES.items()]
    )

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.fields.pop("person", None)
        dress(self)

    def clean_person(self) -> User:
        named = self.cleaned_data["person"].strip()
        found = list(User.objects.filter(Q(username=named) | Q(email__iexact=named))[:2])
        exact = [user for user in found if user.username == named]
        if exact or len(found) == 1:
            return (exact or found)[0]
        if found:
            raise forms.ValidationError(f"Several people have the address {named}: name the user.")
        raise forms.ValidationError(
            f"There is no user {named}. Whoever operates this installation makes users."
        )


@admin.register(Membership)
class MembershipAdmin(AuditedAdmin[Membership]):
    """Members are added, change their role, and leave; their row stays."""

    form = MemberForm
    list_display = ("member", "email", "role_badge", "state", "created_at", "last_login")
    list_filter = ("role", "is_active")
    list_select_related = ("user",)
    ordering = ("user__username",)
    search_fields = ("user__username", "user__email", "user__first_name", "user__last_name")
    actions_detail = ("deactivate",)

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        return ("member", "email", "role", "state", "created_at") if obj else ("person", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> Any:
        return ("member", "email", "state", "created_at") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.is_active)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_deactivate_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "organizations.delete_membership")

    def offers(self, row: Membership, action: str) -> bool:
        return row.is_active

    @display(description="Member", ordering="user__username")
    def member(self, row: Membership) -> str:
        name = row.user.get_full_name()
        return f"{name} ({row.user.username})" if name else row.user.username

    @display(description="E-mail address", ordering="user__email", empty_value="none")
    def email(self, row: Membership) -> str:
        return row.user.email

    @display(description="Role", ordering="role", label=True)
    def role_badge(self, row: Membership) -> str:
        return row.get_role_display()

    @display(description="State", label={"active": "success", "left": "danger"})
    def state(self, row: Membership) -> str:
        return "active" if row.is_active else "left"

    @display(description="Last sign-in", ordering="user__last_login", empty_value="never")
    def last_login(self, row: Membership) -> Any:
        return row.user.last_login

    def create(self, request: HttpRequest, form: Any) -> Membership:
        given = form.cleaned_data
        return add_member(actor=actor_of(request), user=given["person"], role=given["role"])

    def update(self, request: HttpRequest, row: Membership, form: Any) -> Membership:
        return change_role(actor=actor_of(request), user=row.user, role=form.cleaned_data["role"])

    @action(
        description="End membership",
        icon="person_off",
        variant=ActionVariant.DANGER,
        permissions=["deactivate"],
    )
    def deactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)

        def remove() -> str:
            remove_member(actor=actor_of(request), user=row.user)
            return f"{row.user.display_name} no longer belongs here."

        return self.confirm(
            request,
            row,
            remove,
            question=f"End the membership of {row.user.display_name}?",
            what="They will no longer see these books. What they did stays in the audit trail.",
            submit="End membership",
            danger=True,
            then=self.list_url,
        )
