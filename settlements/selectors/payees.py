"""Payees and events, one or many."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from ledger.selectors.accounts import as_uuid
from organizations.models import Organization
from organizations.rules import is_storable
from settlements.errors import EventNotFound, PayeeNotFound
from settlements.models import Event, Payee


def get_payee(organization: Organization, name: str | UUID) -> Payee:
    """The payee of this code, or else of this id, with the payable account.

    Raises:
        PayeeNotFound: there is none, or it is another organization's.
    """
    found: Payee | None = _named(Payee.objects.of(organization).select_related("payable"), name)
    if found is None:
        raise PayeeNotFound(payee=ascii(str(name)[:100]))
    return found


def get_event(organization: Organization, name: str | UUID) -> Event:
    """The event of this code, or else of this id, with its payee.

    Raises:
        EventNotFound: there is none, or it is another organization's.
    """
    found: Event | None = _named(Event.objects.of(organization).select_related("payee"), name)
    if found is None:
        raise EventNotFound(event=ascii(str(name)[:100]))
    return found


def list_payees(
    organization: Organization,
    *,
    status: str | None = None,
    currency: str | None = None,
    every: str | None = None,
    search: str | None = None,
) -> QuerySet[Payee]:
    """Payees by code, each with the payable account. `search` is part of a code, name or email."""
    given = {"status": status, "currency": currency, "schedule_every": every}
    payees: QuerySet[Payee] = (
        Payee.objects.of(organization)
        .filter(**{name: value for name, value in given.items() if value is not None})
        .select_related("payable")
    )
    return _searched(payees, search, "code", "name", "email").order_by("code", "id")


def list_events(
    organization: Organization,
    *,
    payee: Payee | None = None,
    since: date | None = None,
    until: date | None = None,
    search: str | None = None,
) -> QuerySet[Event]:
    """Events, the latest first, each with its payee. `since` and `until` are of the days on which
    they end, `search` is part of a code or name."""
    given = {"payee": payee, "ends_on__gte": since, "ends_on__lte": until}
    events: QuerySet[Event] = (
        Event.objects.of(organization)
        .filter(**{name: value for name, value in given.items() if value is not None})
        .select_related("payee")
    )
    return _searched(events, search, "code", "name").order_by("-ends_on", "-id")


def _named(rows: QuerySet[Any], name: str | UUID) -> Any:
    text = str(name)
    if not text or not is_storable(text):
        return None
    by_id = as_uuid(text)
    wanted = Q(code=text) if by_id is None else Q(code=text) | Q(pk=by_id)
    # A code may look like an id; the code is what its keeper meant.
    found = sorted(rows.filter(wanted), key=lambda row: row.code != text)
    return found[0] if found else None


def _searched(rows: QuerySet[Any], search: str | None, *fields: str) -> QuerySet[Any]:
    if not search:
        return rows
    if not is_storable(search):
        return rows.none()
    wanted = Q()
    for field in fields:
        wanted |= Q(**{f"{field}__icontains": search})
    return rows.filter(wanted)
