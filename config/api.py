"""The API's root: its routes, its description and the page that shows it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from core.api.pages import no_such_route
from core.api.views import ApiView


@cache
def described() -> Any:
    """The description of every operation: written once in a process's life."""
    generator: Any = SchemaGenerator  # untyped
    return generator().get_schema(public=True)


@cache
def rendered(form: str) -> bytes:
    renderer = OpenApiYamlRenderer() if form == "yaml" else OpenApiJsonRenderer()
    return bytes(renderer.render(described(), renderer_context={}))


class SchemaView(ApiView):
    """The OpenAPI description, as JSON or with `?format=yaml` as YAML; open to everybody."""

    schema = None
    is_public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        form = "yaml" if request.GET.get("format") == "yaml" else "json"
        content_type = "application/yaml" if form == "yaml" else "application/json"
        return HttpResponse(rendered(form), content_type=content_type)


class DocumentationView(SpectacularSwaggerSplitView):
    """Swagger UI from our own files: pages here run no script of another's."""

    is_public = True
    url = "/api/v1/schema"
    permission_classes = [AllowAny]
    authentication_classes = ()


urlpatterns = [
    path("schema", SchemaView.as_view(), name="schema"),
    path("docs", DocumentationView.as_view(), name="docs"),
    path("", include("organizations.urls")),
    path("", include("ledger.urls")),
    path("", include("invoicing.urls")),
    path("", include("settlements.urls")),
    path("", include("analytics.urls")),
    re_path("", no_such_route),
]
