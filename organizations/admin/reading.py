"""Audit events as people read them: what was done, to what, and which values changed how."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.urls import reverse
from django.utils.text import capfirst

from core.money import format_amount, is_currency
from organizations.models import AuditEvent, Organization

MOST_EVENTS = 200
MOST_LINES = 50
FIRST_NAMES = ("reference", "code", "name", "user", "kind", "amount", "total_amount", "currency")


@dataclass(frozen=True, slots=True)
class Change:
    """One value before and after; empty text where there was or is none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Event:
    """One audit event with its changes spelled out."""

    event: AuditEvent
    what: str
    changes: list[Change]

    @property
    def reason(self) -> str:
        return str(self.event.facts.get("reason") or "")


def read(event: AuditEvent) -> Event:
    return Event(event, spoken(event.action), changes_of(event))


def history_of(organization: Organization, subject_id: UUID) -> list[Event]:
    """What was done to one row, newest first."""
    return read_all(
        AuditEvent.objects.of(organization)
        .filter(subject_ids__contains=[subject_id])
        .order_by("-occurred_at", "-id")[:MOST_EVENTS]
    )


def read_all(events: Iterable[AuditEvent]) -> list[Event]:
    return [read(event) for event in events]


def spoken(name: str) -> str:
    """close_books → Close books."""
    return name.replace("_", " ").strip().capitalize().replace(" api ", " API ")


def spoken_subject(subject_type: str) -> str:
    """journalentry → Journal entry, as the model calls itself."""
    for model in admin.site._registry:
        if model._meta.model_name == subject_type:
            return str(capfirst(model._meta.verbose_name))
    return spoken(subject_type)


def changes_of(event: AuditEvent) -> list[Change]:
    """Every value that differs, and every further fact."""
    before, after = event.before or {}, event.after or {}
    names = sorted({**before, **after}, key=_weight)
    changes = [
        Change(spoken(name), shown(name, before), shown(name, after))
        for name in names
        if name not in before or name not in after or before[name] != after[name]
    ]
    facts = {name: value for name, value in event.facts.items() if name != "reason"}
    return changes + [Change(spoken(name), "", shown(name, facts)) for name in facts]


def shown(name: str, values: Mapping[str, Any]) -> str:
    """One value as text; an amount in its currency's own decimals."""
    value = values.get(name)
    currency = values.get("currency")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    is_amount = name == "amount" or name.endswith("_amount")
    if is_amount and isinstance(value, int) and isinstance(currency, str) and is_currency(currency):
        return f"{format_amount(value, currency)} {currency}"
    if isinstance(value, list):
        lines = [_inner(inner) for inner in value[:MOST_LINES]]
        more = len(value) - MOST_LINES
        return "\n".join([*lines, f"and {more} more"] if more > 0 else lines)
    return _inner(value)


def _inner(value: Any) -> str:
    """A line of an entry has a debit or a credit; the zero on its other side says nothing."""
    if isinstance(value, dict):
        said = {
            name: inner
            for name, inner in value.items()
            if not (name in ("debit", "credit") and inner == 0)
        }
        return ", ".join(f"{name} {inner}" for name, inner in said.items())
    return str(value)


def _weight(name: str) -> tuple[int, str]:
    """What a row is called comes first: PostgreSQL keeps no order of its own in JSON."""
    return (FIRST_NAMES.index(name) if name in FIRST_NAMES else len(FIRST_NAMES)), name


def subject_url(event: AuditEvent) -> str:
    """The page of the row that an event is about, where there is exactly one and it has a page."""
    if len(event.subject_ids) != 1:
        return ""
    for model in admin.site._registry:
        if model._meta.model_name == event.subject_type:
            view = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
            return reverse(view, args=[event.subject_ids[0]])
    return ""
