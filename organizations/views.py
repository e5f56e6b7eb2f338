"""The pages of a signed-in user that are not the admin's."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from organizations.errors import OrganizationNotFound
from organizations.services.choosing import choose_organization


@require_POST
@login_required
def switch_organization(request: HttpRequest) -> HttpResponse:
    """POST `organization` (a slug) and `next`: go on in another organization's books."""
    slug = request.POST.get("organization", "")
    try:
        choose_organization(request, slug)
    except OrganizationNotFound as refusal:
        raise Http404(refusal.message) from refusal
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    ):
        target = "admin:index"
    return redirect(target)
