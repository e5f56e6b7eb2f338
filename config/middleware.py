"""What every request passes on its way in and out."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from uuid_utils.compat import uuid7

from config import health

GetResponse = Callable[[HttpRequest], HttpResponseBase]

# What a caller may name a request: it is written into logs and audit rows.
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")


PROBES = {"/healthz": health.alive, "/readyz": health.ready, "/metrics": health.metrics}


class ProbesMiddleware:
    """Answer those who watch the program before anything else is asked of them.

    They come over plain HTTP and call each process by its address, which is no allowed host; and
    a log of their every visit would hide the others.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = PROBES.get(request.path_info, self.get_response)
        return answer(request)


class RequestIdMiddleware:
    """Give each request an id, the caller's own where it is a sane one, and say it back."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else str(uuid7())
        # In META as django-structlog looks there.
        request.META["HTTP_X_REQUEST_ID"] = request_id

        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response


class AdminScriptsMiddleware:
    """Let the admin's scripts do what ADMIN_SCRIPT_SOURCES grants, and nobody else's."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path.startswith(reverse("admin:index")):
            # Read by the content security policy's own middleware, further out.
            response._csp_update = {  # type: ignore[attr-defined]
                "script-src": settings.ADMIN_SCRIPT_SOURCES
            }
        return response
