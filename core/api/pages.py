"""What the URL conf answers where no view does: errors under /api/ are JSON there as well."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt

from core.api.errors import error_answer, problem

PREFIX = "/api/"


@csrf_exempt
def no_such_route(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """404 for every path under /api/ that leads nowhere."""
    detail = f"There is no route {request.path[:200]}."
    return error_answer(request, 404, [problem("not_found", detail)])


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(PREFIX):
        return error_answer(request, 400, [problem("bad_request", "The request is malformed.")])
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(PREFIX):
        return error_answer(request, 403, [problem("permission_denied", "You may not do this.")])
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    if request.path.startswith(PREFIX):
        return no_such_route(request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    if request.path.startswith(PREFIX):
        detail = "Something broke on our side; it has been recorded under this request id."
        return error_answer(request, 500, [problem("internal_error", detail)])
    return defaults.server_error(request)
