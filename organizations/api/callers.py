"""Who asks: a program with an API key, or a person with a session."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import CSRFCheck

from core.api.errors import NotAllowed, Unauthenticated, request_id
from organizations.actors import Actor
from organizations.models import ApiKey, Organization, User
from organizations.permissions import may
from organizations.roles import scope_allows
from organizations.selectors import find_api_key
from organizations.services.keys import touch_api_key

SCHEME = "api-key"


@dataclass(frozen=True, slots=True)
class Access:
    """What a method takes: of a key the scope, of a person any one of the permissions."""

    scope: str
    permissions: tuple[str, ...]


def access(scope: str, *permissions: str) -> Access:
    return Access(scope, permissions)


@dataclass(frozen=True, slots=True)
class Caller:
    """One who has proved who they are, and the books that they ask about."""

    organization: Organization
    actor: Actor
    user: User | None = None
    api_key: ApiKey | None = None

    @property
    def id(self) -> str:
        return f"key:{self.api_key.pk}" if self.api_key else f"user:{self.actor.user_id}"

    def may(self, wanted: Access) -> bool:
        if self.api_key is not None:
            return scope_allows(self.api_key.scopes, wanted.scope)
        return any(self.has(permission) for permission in wanted.permissions)

    def has(self, permission: str) -> bool:
        """Whether a person has the permission; a key has scopes instead, seen to by `may`."""
        return self.api_key is not None or may(self.user, self.organization, permission)


def caller_of(request: HttpRequest, now: datetime) -> Caller:
    """The caller, by `Authorization: Api-Key KEY` or else by the session.

    Raises:
        Unauthenticated, NotAllowed (no CSRF token, or a person without an organization)
    """
    authorization = request.META.get("HTTP_AUTHORIZATION")
    if authorization is not None:
        return _program(request, authorization, now)
    return _person(request)


def _program(request: HttpRequest, authorization: str, now: datetime) -> Caller:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != SCHEME:
        raise Unauthenticated("Authorization must be: Api-Key KEY.", code="authentication_failed")
    api_key = find_api_key(text.strip(), now)
    if api_key is None:
        raise Unauthenticated(
            "This API key is not known, or was revoked, or has expired.",
            code="authentication_failed",
        )
    touch_api_key(api_key, now)
    organization = api_key.organization
    actor = Actor.of_key(organization, api_key, request_id(request), _address(request))
    return Caller(organization, actor, api_key=api_key)


def _person(request: Any) -> Caller:
    membership = getattr(request, "membership", None)
    if membership is None:
        if getattr(request, "user", None) is not None and request.user.is_authenticated:
            raise NotAllowed("You belong to no organization.", code="no_organization")
        raise Unauthenticated("Send Authorization: Api-Key KEY, or sign in.")
    _enforce_csrf(request)
    user: User = request.user
    organization: Organization = membership.organization
    actor = Actor.of_user(organization, user, request_id(request), _address(request))
    return Caller(organization, actor, user=user)


def _enforce_csrf(request: HttpRequest) -> None:
    # What a browser sends by itself proves nothing about who wrote the request.
    check = CSRFCheck(lambda request: None)  # type: ignore[arg-type]
    check.process_request(request)
    reason = check.process_view(request, _nothing, (), {})
    if reason:
        raise NotAllowed(f"CSRF check failed: {reason}", code="csrf_failed")


def _nothing(request: HttpRequest) -> HttpResponse:
    """Stands for a view without exceptions from the check."""
    return HttpResponse()


def _address(request: HttpRequest) -> str | None:
    return request.META.get("REMOTE_ADDR") or None
