"""The frame of sales, refunds and adjustments: lists to look through, and pages that only show."""

from typing import Any, ClassVar, TypeVar

from django.http import HttpRequest
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from core.money import format_amount
from invoicing.admin.documents import DocumentAdmin
from invoicing.admin.figures import cut, entry_page, figure
from organizations.admin.base import may_read_trail, organization_of
from organizations.admin.reading import history_of
from settlements.admin.figures import (
    event_cell,
    page_of,
    payee_cell,
    settlement_cell,
    settlement_name,
)
from settlements.admin.filters import SettledFilter
from settlements.admin.row_choice import EventFilter, PayeeFilter
from settlements.models import PayeeItem

Item = TypeVar("Item", bound=PayeeItem)


class ItemAdmin(DocumentAdmin[Item]):
    """What adds to a payee's balance or takes off it. Recorded once, never edited."""

    occurred_on: ClassVar[str]
    list_select_related: ClassVar[Any] = ("payee", "event", "settlement")
    search_help_text = "Reference, or the payee's or the event's code or name"

    def get_search_fields(self, request: HttpRequest) -> Any:
        return (
            "reference",
            "payee__code",
            "payee__name",
            "event__code",
            "event__name",
            *self.search_fields,
        )

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (
            PayeeFilter,
            EventFilter,
            (self.occurred_on, RangeDateFilter),
            SettledFilter,
            *self.list_filter,
        )

    def get_ordering(self, request: HttpRequest) -> Any:
        return (f"-{self.occurred_on}", "-id")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Reference", ordering="reference")
    def reference_cut(self, row: Item) -> str:
        return cut(row.reference)

    @display(description="Payee", ordering="payee__name")
    def payee_name(self, row: Item) -> str:
        return payee_cell(row.payee)

    @display(description="Event", ordering="event__code", empty_value="–")
    def event_code(self, row: Item) -> str | None:
        return event_cell(row.event)

    @display(description="Settlement", empty_value="not yet")
    def settlement_link(self, row: Item) -> str | None:
        return settlement_cell(row.settlement)

    @display(description="To the payee")
    def amount_shown(self, row: Any) -> str:
        return figure(row.payable_amount, row.currency)

    # --- the page ---------------------------------------------------------------------------------

    def shown(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the pages of all items have."""
        settlement = row.settlement
        return {
            "row": row,
            "payee": row.payee,
            "payee_url": page_of("payee", row.payee_id),
            "event": row.event,
            "event_url": page_of("event", row.event_id) if row.event_id else "",
            "settlement": settlement,
            "settlement_name": settlement_name(settlement) if settlement else "",
            "settlement_url": page_of("settlement", settlement.pk) if settlement else "",
            "entry_url": entry_page(request, row.entry_id),
            "buttons": self.buttons(request, row),
            "events": history_of(organization_of(request), row.pk)
            if may_read_trail(request)
            else [],
        }


def parts_shown(
    currency: str, parts: list[tuple[str, int]], total: tuple[str, int]
) -> list[tuple[str, str, str]]:
    """Name, figure and class of what makes up a total; a part that is nothing is left out."""
    return [
        *((name, format_amount(amount, currency), "") for name, amount in parts if amount),
        (total[0], format_amount(total[1], currency), "ch-sum"),
    ]
