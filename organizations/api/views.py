"""The view below every endpoint that is about one organization's books."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from core.api.errors import Malformed, NotAllowed
from core.api.pagination import Page, page_of
from core.api.throttling import throttle
from core.api.views import SAFE, ApiView, Handler
from organizations.actors import Actor
from organizations.api.callers import Access, Caller, caller_of
from organizations.models import Organization
from organizations.services.idempotency import (
    LONGEST_KEY,
    Answer,
    Claim,
    answer_once,
    fingerprint_of,
)


class OrganizationView(ApiView):
    """Knows who asks and whose books are meant, and answers a repeated request only once.

    `access` says for each method what it takes; a method without a rule is closed to everybody,
    and a test fails on it.
    """

    access: ClassVar[Mapping[str, Access]] = {}

    caller: Caller
    now: datetime

    @property
    def organization(self) -> Organization:
        return self.caller.organization

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    @property
    def today(self) -> date:
        """The date in the organization's time zone."""
        return self.organization.today(self.now)

    def admit(self, request: HttpRequest) -> None:
        self.now = timezone.now()
        self.caller = caller_of(request, self.now)
        throttle(self.caller.id)

    def authorize(self, request: HttpRequest) -> None:
        method = "GET" if request.method == "HEAD" else request.method or ""
        wanted = self.access.get(method)
        if wanted is None or not self.caller.may(wanted):
            raise NotAllowed(self._lacking(wanted))

    def page(
        self, request: HttpRequest, rows: Any, given: Mapping[str, Any], ordering: str
    ) -> Page:
        """One page of `rows`, where `given` is what a `Paged` took."""
        return page_of(
            request,
            rows,
            ordering=ordering,
            page_size=given["page_size"],
            cursor=given.get("cursor"),
        )

    def require(self, permission: str) -> None:
        """Of a person, this permission too: what a request takes can depend on what it says."""
        if not self.caller.has(permission):
            raise NotAllowed(f"You lack the permission {permission} in this organization.")

    def _lacking(self, wanted: Access | None) -> str:
        if wanted is None:
            return "Nobody may do this."
        if self.caller.api_key is not None:
            return f"This key lacks the scope {wanted.scope}."
        named = " or ".join(wanted.permissions)
        return f"You lack the permission {named} in this organization."

    def answer(self, handler: Handler, **kwargs: Any) -> HttpResponseBase:
        key = self.request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None or self.request.method in SAFE:
            return handler(self.request, **kwargs)
        return self._answer_once(key, handler, kwargs)

    def _answer_once(self, key: str, handler: Handler, kwargs: Any) -> HttpResponse:
        if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
            raise Malformed(
                f"An Idempotency-Key has 1 to {LONGEST_KEY} printable ASCII characters.",
                code="invalid_idempotency_key",
                attr="Idempotency-Key",
            )
        request = self.request
        claim = Claim(self.organization.pk, key, self._fingerprint(request))
        answer, is_replayed = answer_once(
            claim,
            lambda: _kept(handler(request, **kwargs)),
            lambda refusal: _kept(self.refused(refusal)),
            self.now,
        )
        response = HttpResponse(
            answer.body, status=answer.status_code, content_type=answer.content_type
        )
        if is_replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    def _fingerprint(self, request: Any) -> str:
        return fingerprint_of(
            self.caller.id.encode(),
            request.method.encode(),
            request.path.encode(),
            request.META.get("QUERY_STRING", "").encode(),
            self.body,
        )


def _kept(response: HttpResponseBase) -> Answer:
    if not isinstance(response, HttpResponse):
        raise TypeError("what changes something is answered whole, not as a stream")
    return Answer(response.status_code, response.headers.get("Content-Type", ""), response.content)
