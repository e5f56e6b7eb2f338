"""What load balancers, orchestrators and Prometheus ask."""

import secrets

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. It asks nobody, so that a lost database restarts no web server."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Requests can be served: the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "away"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' figures, for who knows METRICS_TOKEN."""
    if settings.METRICS_TOKEN:
        expected = f"Bearer {settings.METRICS_TOKEN}"
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(), expected.encode()):
            return HttpResponse("METRICS_TOKEN is needed\n", status=401)
    elif settings.PRODUCTION:
        return HttpResponse("metrics are served when METRICS_TOKEN is set\n", status=404)
    exported: HttpResponse = ExportToDjangoView(request)
    return exported
