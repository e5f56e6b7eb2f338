"""API keys: made, used, revoked."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from organizations.actors import Actor
from organizations.errors import ApiKeyNotFound, ExpiryInThePast, NoScopes, UnknownScope
from organizations.keys import key_text, new_prefix, new_secret, secret_hash
from organizations.models import ApiKey, ApiKeyPrefix
from organizations.roles import SCOPES
from organizations.rules import check_name
from organizations.services.auditing import atomic_use_case

# Last use is told to the minute, so that a busy key does not write a row per request.
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def create_api_key(
    *,
    actor: Actor,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    now: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is kept nowhere: show it once.

    Raises:
        InvalidName, NoScopes, UnknownScope, ExpiryInThePast
    """
    name = check_name(name, most=100)
    scopes = _check_scopes(scopes)
    if expires_at is not None and expires_at <= (now or timezone.now()):
        raise ExpiryInThePast(expires_at=expires_at.isoformat())
    secret = new_secret()
    with atomic_use_case(actor, "create_api_key") as audit:
        api_key = ApiKey.objects.create(
            organization=actor.organization,
            name=name,
            prefix=new_prefix(),
            secret_hash=secret_hash(secret),
            scopes=scopes,
            created_by=actor.user,
            expires_at=expires_at,
        )
        ApiKeyPrefix.objects.create(
            prefix=api_key.prefix, organization=actor.organization, key_id=api_key.pk
        )
        audit(api_key, after=_as_audited(api_key))
    return api_key, key_text(api_key.prefix, secret)


def revoke_api_key(*, actor: Actor, api_key: ApiKey, now: datetime | None = None) -> ApiKey:
    """End a key, for ever; one that is revoked already stays as it is.

    Raises:
        ApiKeyNotFound: the key is another organization's.
    """
    with atomic_use_case(actor, "revoke_api_key") as audit:
        rows = ApiKey.objects.of(actor.organization).select_for_update(no_key=True)
        key: ApiKey | None = rows.filter(pk=api_key.pk).first()
        if key is None:
            raise ApiKeyNotFound(api_key=str(api_key.pk))
        if key.revoked_at is None:
            before = _as_audited(key)
            key.revoked_at = now or timezone.now()
            key.save(update_fields=["revoked_at"])
            audit(key, before=before, after=_as_audited(key))
    return key


def touch_api_key(api_key: ApiKey, now: datetime) -> bool:
    """Note that the key was used, at most once a minute; whether it was noted now."""
    stale = now - USE_IS_NOTED_EVERY
    if api_key.last_used_at is not None and api_key.last_used_at > stale:
        return False
    rows = ApiKey.objects.of(api_key.organization_id).filter(pk=api_key.pk)
    unused = rows.filter(Q(last_used_at__isnull=True) | Q(last_used_at__lte=stale))
    api_key.last_used_at = now
    return bool(unused.update(last_used_at=now))


def _check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes without repetitions, in the order given."""
    wanted = list(dict.fromkeys(scopes))
    known = ", ".join(SCOPES)
    if not wanted:
        raise NoScopes(known=known)
    for scope in wanted:
        if scope not in SCOPES:
            raise UnknownScope(scope=repr(scope), known=known)
    return wanted


def _as_audited(api_key: ApiKey) -> dict[str, object]:
    names = ("name", "prefix", "scopes", "expires_at", "revoked_at")
    return {name: getattr(api_key, name) for name in names}
