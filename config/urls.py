"""Where everything is."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from core.api import pages
from invoicing.views import confirm
from organizations.views import switch_organization

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("organizations/switch", switch_organization, name="switch-organization"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("config.api")),
    re_path("^api/", pages.no_such_route),
    # Whatever stands behind it, so that a damaged address gets the page that says so.
    re_path(r"^r/(?P<token>[\s\S]*)\Z", confirm, name="receipt"),
]

handler400 = pages.bad_request
handler403 = pages.forbidden
handler404 = pages.not_found
handler500 = pages.server_error
