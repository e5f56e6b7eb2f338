"""From which account payouts leave: one page."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from core.errors import Refusal
from invoicing.admin.documents import sent
from organizations.admin.base import AuditedAdmin, actor_of, may_read_trail, organization_of
from organizations.admin.once import do_once, go_on, page_name
from settlements.admin.figures import in_groups
from settlements.admin.sections import SectionedForm
from settlements.models import PayoutProfile
from settlements.selectors.profile import get_payout_profile
from settlements.services.profile import save_payout_profile


class ProfileForm(SectionedForm):
    name = forms.CharField(label="Account holder", max_length=70, help_text="As the bank knows it.")
    iban = forms.CharField(label="IBAN", max_length=60, help_text="With or without spaces.")
    bic = forms.CharField(
        label="BIC", max_length=20, required=False, help_text="Where the bank asks for it."
    )


@admin.register(PayoutProfile)
class PayoutProfileAdmin(AuditedAdmin[PayoutProfile]):
    """The chosen organization's and no other; a file for SEPA needs it."""

    def update(self, request: HttpRequest, row: PayoutProfile, form: Any) -> PayoutProfile:
        raise PermissionDenied("the profile is changed by the form of its own")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """There is one page, whether there is a row yet or not."""
        if object_id is None:
            raise PermissionDenied
        self.get_row(request, object_id)
        return HttpResponseRedirect(self.list_url)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        may_change = self.has_change_permission(request)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        profile = get_payout_profile(organization_of(request))
        form = ProfileForm(sent(request), initial=_initial(profile))
        if request.method == "POST" and form.is_valid():
            try:
                done = do_once(request, lambda: self.save(request, form))
            except Refusal as refusal:
                form.refuse(refusal)
            else:
                return go_on(request, done)
        if not may_change:
            for field in form.fields.values():
                field.disabled = True
        return self.render_page(
            request,
            "admin/settlements/profile.html",
            "Payout profile",
            form=form,
            is_set=profile is not None,
            may_change=may_change,
            once=page_name(request),
            history_url=self.url_of(profile, "history")
            if profile and may_read_trail(request)
            else "",
        )

    def save(self, request: HttpRequest, form: ProfileForm) -> tuple[str, str]:
        save_payout_profile(actor=actor_of(request), **form.cleaned_data)
        return (
            "The payout profile is saved. Files that are made from now on name it.",
            self.list_url,
        )


def _initial(profile: PayoutProfile | None) -> dict[str, str]:
    if profile is None:
        return {}
    return {"name": profile.name, "iban": in_groups(profile.iban), "bic": profile.bic}
