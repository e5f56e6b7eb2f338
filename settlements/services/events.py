"""Events: made and changed. What is sold for a payee is sold for one of theirs, or for none."""

from datetime import date
from typing import Any
from uuid import UUID

from invoicing.rules import shown, text_problem
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case, save_changed
from settlements.errors import (
    EventNotFound,
    EventPayeeIsFixed,
    InvalidEvent,
    PayeeNotFound,
    UnknownPayee,
)
from settlements.models import Event, Payee
from settlements.rules import code_problem, day_problem
from settlements.selectors.payees import get_payee

FIELDS = ("code", "name", "payee", "ends_on")
_COLUMNS = ("code", "name", "ends_on")


def create_event(
    *, actor: Actor, code: str, name: str, payee: Payee | str | UUID, ends_on: date
) -> Event:
    """A new event of a payee, whose code or id serves too. `ends_on` is its last day.

    Raises:
        InvalidEvent, UnknownPayee, EventCodeTaken
    """
    event = Event(organization=actor.organization, code=code, name=name, ends_on=ends_on)
    _check(event)
    with atomic_use_case(actor, "create_event") as audit:
        event.payee = _payee(actor.organization, payee)
        event.save(force_insert=True)
        audit(event, after={**_as_audited(event), "payee": event.payee.code})
    return event


def change_event(*, actor: Actor, event: Event, **changes: Any) -> Event:
    """Change the fields that are given (`FIELDS`); a change to what is there already is none.

    Raises:
        EventNotFound: it is gone, or another organization's.
        EventPayeeIsFixed: another payee.
        As create_event does.
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"an event has no {', '.join(sorted(unknown))} to change")
    with atomic_use_case(actor, "change_event") as audit:
        row = _locked(actor.organization, event)
        if "payee" in changes and _payee(actor.organization, changes["payee"]) != row.payee:
            raise EventPayeeIsFixed(event=row.code)
        before = _as_audited(row)
        for name in _COLUMNS:
            setattr(row, name, changes.get(name, getattr(row, name)))
        _check(row)
        save_changed(audit, row, before, _as_audited(row))
    return row


def _check(event: Event) -> None:
    """Raises InvalidEvent."""
    problems = {
        "code": code_problem(event.code),
        "name": text_problem(event.name, least=1, most=200),
        "ends_on": day_problem(event.ends_on),
    }
    for field, problem in problems.items():
        if problem is not None:
            raise InvalidEvent(field=field, problem=problem)
    event.name = event.name.strip()


def _payee(organization: Organization, payee: Payee | str | UUID) -> Payee:
    """Raises UnknownPayee."""
    try:
        return get_payee(organization, payee.pk if isinstance(payee, Payee) else payee)
    except PayeeNotFound:
        name = payee.code if isinstance(payee, Payee) else payee
        raise UnknownPayee(payee=shown(name)) from None


def _locked(organization: Organization, event: Event) -> Event:
    rows = Event.objects.of(organization).select_related("payee")
    row: Event | None = (
        rows.select_for_update(of=("self",), no_key=True).filter(pk=event.pk).first()
    )
    if row is None:
        raise EventNotFound(event=event.code)
    return row


def _as_audited(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _COLUMNS}
