"""Refunds: what buyers got back, who bore it, and which settlement took it off."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display

from invoicing.admin.figures import figure, link
from settlements.admin.figures import page_of
from settlements.admin.items import ItemAdmin, parts_shown
from settlements.models import Refund


@admin.register(Refund)
class RefundAdmin(ItemAdmin[Refund]):
    """Made on the page of their sale."""

    occurred_on = "refunded_on"
    list_display = (
        "refunded_on",
        "reference_cut",
        "sale_link",
        "payee_name",
        "event_code",
        "settlement_link",
        "amount_shown",
        "total",
    )
    list_display_links = ("refunded_on", "reference_cut")
    list_select_related: ClassVar[Any] = ("payee", "event", "settlement", "sale")
    search_fields = ("sale__reference",)
    empty_title = "Nothing has been refunded yet"
    empty_text = "Open a sale to refund it, in part or as a whole."

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Of the sale", ordering="sale__reference")
    def sale_link(self, row: Refund) -> str:
        return link(page_of("sale", row.sale_id), row.sale.reference)

    @display(description="Refunded", ordering="amount")
    def total(self, row: Refund) -> str:
        return figure(-row.amount, row.currency)

    # --- the page ---------------------------------------------------------------------------------

    def row_page(self, request: HttpRequest, row: Refund) -> HttpResponse:
        return self.render_page(
            request,
            "admin/settlements/refund.html",
            f"Refund {row.reference}",
            refund=row,
            sale_url=page_of("sale", row.sale_id),
            amounts=amounts_of(row),
            **self.shown(request, row),
        )


def amounts_of(refund: Refund) -> list[tuple[str, str, str]]:
    """Who bore what of it; below zero, as it was taken off."""
    parts: list[tuple[str, Any]] = [
        ("Our own tickets", -refund.ticket_revenue),
        ("Platform fee", -refund.platform_fee),
        ("Tax", -refund.tax_amount),
        ("From the payee", -refund.organizer_amount),
    ]
    shown = parts_shown(refund.currency, parts, ("Refunded", -refund.amount))
    if refund.kept_fee_amount:
        kept = parts_shown(refund.currency, [], ("Fee that was kept", refund.kept_fee_amount))
        shown += [(name, amount, "") for name, amount, _ in kept]
    return shown
