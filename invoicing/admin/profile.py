"""How the organization appears on its documents, with its logo: one page."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from core.errors import Refusal
from core.forms import PageForm
from invoicing.models import InvoicingProfile, Paper
from invoicing.selectors.profile import get_profile
from invoicing.services.profile import change_profile, set_logo
from organizations.admin.base import AuditedAdmin, actor_of, organization_of

ROUNDINGS = [
    ("document", "Per document, by rate (EN 16931)"),
    ("line", "Per line"),
]


class ProfileForm(PageForm):
    """Everything but the logo."""

    legal_name = forms.CharField(
        max_length=200, required=False, help_text="Empty: the organization's name."
    )
    tax_id = forms.CharField(label="VAT id", max_length=40, required=False)
    address = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    email = forms.CharField(max_length=254, required=False)
    phone = forms.CharField(max_length=40, required=False)
    website = forms.CharField(max_length=200, required=False)
    footer = forms.CharField(
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Printed below every document: how to pay, where the company is registered.",
    )
    paper = forms.ChoiceField(choices=Paper.choices)
    rounding = forms.ChoiceField(
        label="Tax is rounded",
        choices=ROUNDINGS,
        help_text="Counts for orders that are locked from now on.",
    )
    payment_terms_days = forms.IntegerField(
        label="Payment terms (days)",
        min_value=0,
        max_value=365,
        help_text="For customers that have none of their own.",
    )


class LogoForm(PageForm):
    """A new logo, or none."""

    logo = forms.FileField(
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/svg+xml"}),
        help_text="PNG, JPEG or SVG.",
    )


@admin.register(InvoicingProfile)
class InvoicingProfileAdmin(AuditedAdmin[InvoicingProfile]):
    """The chosen organization's profile and no other; without a row, the defaults."""

    def update(self, request: HttpRequest, row: InvoicingProfile, form: Any) -> InvoicingProfile:
        raise PermissionDenied("the profile is changed by the form of its own")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("logo/", wrap(self.logo_view), name="invoicing_invoicingprofile_logo"),
        ]
        return own + list(super().get_urls())

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
        organization = organization_of(request)
        if not self.has_view_permission(request):
            raise PermissionDenied
        profile = get_profile(organization)
        may_change = self.has_change_permission(request)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        form = ProfileForm(
            initial={name: getattr(profile, name) for name in ProfileForm.base_fields}
        )
        logo_form = LogoForm()
        if request.method == "POST" and "_logo" in request.POST:
            logo_form = LogoForm(request.POST, request.FILES)
            if self.take_logo(request, logo_form):
                return HttpResponseRedirect(self.list_url)
        elif request.method == "POST":
            form = ProfileForm(request.POST)
            if self.take(request, form):
                return HttpResponseRedirect(self.list_url)
        if not may_change:
            for field in form.fields.values():
                field.disabled = True
        return self.render_page(
            request,
            "admin/invoicing/profile.html",
            "Invoicing profile",
            form=form,
            logo_form=logo_form,
            logo_url=self.logo_url(profile),
            may_change=may_change,
            history_url=self.history_url(request, profile),
        )

    def take(self, request: HttpRequest, form: ProfileForm) -> bool:
        """Write what the form says; False where it is refused, and the form says why."""
        if not form.is_valid():
            return False
        try:
            change_profile(actor=actor_of(request), **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
            return False
        messages.success(request, "The profile is saved. Documents of today on show it.")
        return True

    def take_logo(self, request: HttpRequest, form: LogoForm) -> bool:
        """Put a new logo in the place of the old one, or take it away."""
        removing = request.POST["_logo"] == "remove"
        if not form.is_valid():
            return False
        sent = form.cleaned_data["logo"]
        if sent is None and not removing:
            form.add_error("logo", "Choose a file.")
            return False
        try:
            set_logo(actor=actor_of(request), content=None if removing else sent.read())
        except Refusal as refusal:
            form.refuse(refusal)
            return False
        messages.success(request, "The logo is removed." if removing else "The logo is saved.")
        return True

    def logo_url(self, profile: InvoicingProfile) -> str:
        """With the time of the last change, so that a new logo is fetched."""
        if not profile.logo:
            return ""
        page = reverse("admin:invoicing_invoicingprofile_logo")
        return f"{page}?{profile.updated_at:%Y%m%d%H%M%S%f}"

    def history_url(self, request: HttpRequest, profile: InvoicingProfile) -> str:
        exists = not profile._state.adding
        if exists and self.has_permission_of(request, "organizations.view_auditevent"):
            return self.url_of(profile, "history")
        return ""

    def logo_view(self, request: HttpRequest) -> HttpResponse:
        profile = get_profile(organization_of(request))
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not profile.logo:
            raise Http404("There is no logo.")
        response = HttpResponse(bytes(profile.logo), content_type=profile.logo_type)
        # A picture in a page, and nothing that is opened by itself.
        response["Content-Disposition"] = "attachment"
        response["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        )
        response["Cache-Control"] = "private, max-age=3600"
        return response
