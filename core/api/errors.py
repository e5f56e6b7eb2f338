"""From what went wrong to an answer: one shape for every error, and a status for each kind."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import ValidationError

from core.api.answers import json_answer
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable

logger = logging.getLogger(__name__)

Problem = dict[str, str | None]

# A refusal of no kind says that the request itself is malformed: MalformedJson, MalformedEntry.
MALFORMED = 400
STATUS_OF: tuple[tuple[type[Refusal], int], ...] = (
    (NotFound, 404),
    (Invalid, 422),
    (Conflict, 409),
    (Forbidden, 403),
    (Unavailable, 503),
)

# Sqlstates after which the same request may well succeed: a lock was not to be had in time, two
# transactions wanted each other's locks, the server has no room or cancelled the statement.
BUSY = frozenset(("55P03", "40P01", "40001", "57014", "53300"))


class ApiError(Exception):
    """A request that is refused before the books are asked."""

    status = 400
    code = "malformed"
    headers: Mapping[str, str] = {}

    def __init__(
        self, detail: str, *, code: str | None = None, attr: str | None = None, **headers: str
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.attr = attr
        self.code = code or self.code
        self.headers = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}


class Malformed(ApiError):
    """400: the request says something that cannot be taken."""


class Unauthenticated(ApiError):
    """401: no credential, or a bad one."""

    status = 401
    code = "not_authenticated"
    headers = {"WWW-Authenticate": 'Api-Key realm="api"'}


class NotAllowed(ApiError):
    """403: a good credential without that scope or permission."""

    status = 403
    code = "permission_denied"


class NoSuchThing(ApiError):
    """404: nothing is here, or nothing that the caller may know of."""

    status = 404
    code = "not_found"


class MethodNotAllowed(ApiError):
    """405: the path is there, the method is not."""

    status = 405
    code = "method_not_allowed"


class InUse(ApiError):
    """409: the same request is being worked on right now."""

    status = 409
    code = "idempotency_key_in_use"


class TooLarge(ApiError):
    """413: the body is larger than this endpoint takes."""

    status = 413
    code = "body_too_large"


class UnsupportedMediaType(ApiError):
    """415: the body is not JSON."""

    status = 415
    code = "unsupported_media_type"


class Unprocessable(ApiError):
    """422: understood and refused, by the API itself."""

    status = 422
    code = "invalid"


class Throttled(ApiError):
    """429: too many requests."""

    status = 429
    code = "throttled"


def error_answer(
    request: HttpRequest,
    status: int,
    problems: Sequence[Problem],
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The one shape of every error."""
    kind = "server_error" if status >= 500 else "client_error"
    content = {
        "type": "validation_error" if status == 400 else kind,
        "errors": problems,
        "request_id": request_id(request),
    }
    return json_answer(content, status, headers)


def request_id(request: HttpRequest) -> str:
    """As the middleware has checked or made it."""
    return str(request.META.get("HTTP_X_REQUEST_ID", ""))


def problem(code: str, detail: str, attr: str | None = None) -> Problem:
    return {"code": code, "detail": detail, "attr": attr}


def answer_to(error: Exception, request: HttpRequest) -> HttpResponse:
    """The answer that an exception stands for; what nobody foresaw is logged and a 500."""
    if isinstance(error, ApiError):
        found = [problem(error.code, error.detail, error.attr)]
        return error_answer(request, error.status, found, error.headers)
    if isinstance(error, Refusal):
        return answer_to_refusal(error, request)
    if isinstance(error, ValidationError):
        return error_answer(request, 400, list(problems_of(error.detail)))
    if isinstance(error, Http404):
        return error_answer(request, 404, [problem("not_found", "There is nothing here.")])
    if isinstance(error, PermissionDenied):
        return error_answer(request, 403, [problem("permission_denied", "You may not do this.")])
    if isinstance(error, RequestDataTooBig):
        return error_answer(request, 413, [problem("body_too_large", str(error))])
    if isinstance(error, OperationalError | InterfaceError):
        return answer_to_lost_database(error, request)
    logger.error("api_request_failed", exc_info=error)
    detail = "Something broke on our side; it has been recorded under this request id."
    return error_answer(request, 500, [problem("internal_error", detail)])


def answer_to_refusal(refusal: Refusal, request: HttpRequest) -> HttpResponse:
    """A refusal in the words of the app that refused."""
    status = status_of(refusal)
    headers = {"Retry-After": "1"} if status == 503 else None
    return error_answer(request, status, refusal_problems(refusal), headers)


def status_of(refusal: Refusal) -> int:
    if _sqlstate(refusal.__cause__) in BUSY:
        return 503
    for kind, status in STATUS_OF:
        if isinstance(refusal, kind):
            return status
    return MALFORMED


def refusal_problems(refusal: Refusal) -> list[Problem]:
    """One problem, or one for each fault that the refusal lists."""
    listed = refusal.facts.get("problems")
    if listed:
        return [problem(p.code, p.detail, p.attr or None) for p in listed]
    return [problem(refusal.code, refusal.message, refusal.attr)]


def answer_to_lost_database(
    error: OperationalError | InterfaceError, request: HttpRequest
) -> HttpResponse:
    """503: the connection went, or a lock could not be had; repeat with the same key."""
    logger.warning("api_database_unavailable", exc_info=error)
    if _sqlstate(error) in BUSY:
        found = problem("busy", "The books are busy; nothing was changed. Try again.")
    elif request.method in ("GET", "HEAD"):
        found = problem("database_unavailable", "The database is away. Try again.")
    else:
        found = problem(
            "outcome_unknown",
            "The database went away, and whether the request was carried out is not known. "
            "Repeat it with the same Idempotency-Key or reference: nothing happens twice.",
        )
    return error_answer(request, 503, [found], {"Retry-After": "1"})


def _sqlstate(error: BaseException | None) -> str | None:
    """PostgreSQL's code for what lies below one of Django's database errors."""
    return getattr(getattr(error, "__cause__", None), "sqlstate", None)


def problems_of(detail: Any, path: str = "") -> Iterator[Problem]:
    """The errors of a serializer, flattened: nested names become a dotted path."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            below = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            yield from problems_of(inner, below)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from problems_of(inner, f"{path}.{index}" if nested and path else path)
    else:
        code = getattr(detail, "code", "invalid")
        yield problem(code, str(detail), path or None)
