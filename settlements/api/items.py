"""What sales, refunds and adjustments have in common over HTTP."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from core.api.serializers import Paged, Span, Text
from settlements.api.views import EventName, PayeeName, SettlementsView
from settlements.item_rules import MOST_REFERENCE
from settlements.models import Event, PayeeItem
from settlements.selectors.payees import get_event, get_payee


class Reference(Text):
    """The caller's own name of an item: the very same again under it is answered with what is
    there, something else is refused."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MOST_REFERENCE)
        kwargs.setdefault(
            "help_text",
            "Your own name for it, unique. The same request again gets what is there, with 200.",
        )
        super().__init__(trim_whitespace=False, **kwargs)


class ItemFilters(Paged, Span):
    payee = PayeeName(required=False, help_text="Only this payee's: code or id.")
    event = EventName(required=False, help_text="Only those of this event: code or id.")
    reference = Reference(required=False, help_text="Only the one with this reference.")
    settled = serializers.BooleanField(
        required=False,
        help_text="`true`: only what a settlement has taken in; `false`: what waits for one.",
    )
    settlement = serializers.UUIDField(
        required=False, help_text="Only what this settlement has taken in."
    )


class ItemOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    reference = serializers.CharField()
    payee = serializers.CharField(help_text="The payee's code.")
    event = serializers.CharField(allow_null=True, help_text="The event's code.")
    currency = serializers.CharField()
    settlement = serializers.UUIDField(
        allow_null=True, help_text="That which took it in; null while it waits for one."
    )
    journal_entry = serializers.UUIDField(help_text="What it posted.")
    created_at = serializers.DateTimeField()


class ItemsView(SettlementsView):
    """Knows what the lists of items are narrowed to."""

    names_rows = True

    def filters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What an `ItemFilters` took, as the selectors take it."""
        names = ("since", "until", "reference", "settled", "settlement")
        filters = {name: given[name] for name in names if name in given}
        if "payee" in given:
            filters["payee"] = get_payee(self.organization, given["payee"])
        if "event" in given:
            filters["event"] = get_event(self.organization, given["event"])
        return filters


def item_as_json(item: PayeeItem) -> dict[str, Any]:
    """What every item has; `payee` and `event` are at hand."""
    event: Event | None = item.event
    return {
        "id": item.pk,
        "reference": item.reference,
        "payee": item.payee.code,
        "event": event.code if event else None,
        "currency": item.currency,
        "settlement": item.settlement_id,
        "journal_entry": item.entry_id,
    }


def status_of(item: PayeeItem) -> int:
    """201, and 200 of what was there already."""
    return 200 if item.is_replay else 201
