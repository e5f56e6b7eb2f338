"""Sales: what buyers paid, whose it is, and what of it was given back."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin import may
from invoicing.admin.documents import Step, sent
from invoicing.admin.figures import figure, money
from invoicing.models import PaymentMethod
from organizations.admin.base import actor_of, organization_of
from settlements.admin.figures import page_of
from settlements.admin.item_forms import RefundForm, SaleForm, payee_meant
from settlements.admin.items import ItemAdmin, parts_shown
from settlements.admin.row_choice import asked, named
from settlements.admin.sections import SECTIONS
from settlements.models import Event, FeeBearer, Refund, Sale
from settlements.selectors.items import list_refunds
from settlements.services.refunds import record_refund
from settlements.services.sales import SaleDraft, record_sale

REFUND = Step("refund", "Refund", "undo", ("settlements.refund_sale",), "ch-danger-quiet")
MOST_REFUNDS = 100


@admin.register(Sale)
class SaleAdmin(ItemAdmin[Sale]):
    """Recorded by programs mostly; here they are looked through, refunded, and recorded by hand."""

    occurred_on = "sold_on"
    list_display = (
        "sold_on",
        "reference_cut",
        "payee_name",
        "event_code",
        "settlement_link",
        "fee",
        "amount_shown",
        "total",
    )
    list_display_links = ("sold_on", "reference_cut")
    list_filter = (("method", ChoicesDropdownFilter),)
    empty_title = "Nothing has been sold for payees yet"
    empty_text = (
        "Programs record sales over the API. One that they do not know of is recorded here."
    )
    steps = (REFUND,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, "settlements.record_sale")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Fee", ordering="platform_fee")
    def fee(self, row: Sale) -> str:
        return figure(row.platform_fee, row.currency)

    @display(description="To the payee", ordering="organizer_amount")
    def amount_shown(self, row: Sale) -> str:
        return figure(row.organizer_amount, row.currency)

    @display(description="Total", ordering="total_amount")
    def total(self, row: Sale) -> str:
        return figure(row.total_amount, row.currency)

    # --- the page ---------------------------------------------------------------------------------

    def offers(self, row: Sale, action: str) -> bool:
        return bool(row.refunded_amount < row.total_amount)

    def row_page(self, request: HttpRequest, row: Sale) -> HttpResponse:
        organization = organization_of(request)
        refunds = list_refunds(organization, sale=row).order_by("-refunded_on", "-id")
        return self.render_page(
            request,
            "admin/settlements/sale.html",
            f"Sale {row.reference}",
            sale=row,
            amounts=amounts_of(row),
            fee_borne_by=FeeBearer(row.fee_borne_by).label.lower(),
            metadata=sorted(row.metadata.items()),
            refunds=[refund_line(refund) for refund in refunds[:MOST_REFUNDS]],
            **self.shown(request, row),
        )

    # --- writing ----------------------------------------------------------------------------------

    def form_page(self, request: HttpRequest, row: Sale | None) -> HttpResponse:
        """Record a sale."""
        if row is not None:
            raise PermissionDenied
        organization = organization_of(request)
        events = named(Event.objects.of(organization), asked(request, "event"))
        form = SaleForm(
            sent(request),
            organization=organization,
            payee=payee_meant(request, organization),
            initial={
                "event": events[0] if len(events) == 1 else None,
                "sold_on": organization.today(),
                "method": PaymentMethod.CARD,
            },
        )

        def record(given: dict[str, Any]) -> tuple[str, str]:
            sale = record_sale(actor=actor_of(request), draft=draft_of(given))
            owed = money(sale.organizer_amount, sale.currency)
            said = "is there already" if sale.is_replay else "is recorded"
            return f"The sale {sale} {said}: {owed} are owed to the payee.", self.url_of(sale)

        return self.ask(
            request,
            None,
            form,
            record,
            question="Record a sale",
            what="It is posted at once. A sale never changes: a refund takes it back.",
            submit="Record the sale",
            template=SECTIONS,
        )

    def refund_step(self, request: HttpRequest, row: Sale) -> HttpResponse:
        organization = organization_of(request)
        left = row.total_amount - row.refunded_amount
        count = list_refunds(organization, sale=row).count()
        form = RefundForm(
            sent(request),
            currency=row.currency,
            initial={
                "amount": left,
                "reference": f"{row.reference[:130]}-refund-{count + 1}",
                "refunded_on": organization.today(),
            },
        )

        def refund(given: dict[str, Any]) -> tuple[str, str]:
            given["refunded_on"] = given["refunded_on"] or organization.today()
            made = record_refund(actor=actor_of(request), sale=row, **given)
            said = f"{money(made.amount, made.currency)} of {row} are refunded."
            return said, self.url_of(row)

        return self.ask(
            request,
            row,
            form,
            refund,
            question=f"Refund the sale {row.reference}?",
            what="The buyer gets it back by the method that it was paid by, and as much of the "
            "payee's part is taken off what they are owed. If the sale was settled already, the "
            "next settlement takes it off.",
            facts=[f"Left to refund: {money(left, row.currency)}"],
            submit="Refund",
            danger=True,
        )


def draft_of(given: dict[str, Any]) -> SaleDraft:
    payee, event = given["payee"], given["event"]
    return SaleDraft(
        reference=given["reference"],
        payee=payee.pk,
        # By its code, so that a refusal names it as it was typed.
        event=event.code if event else None,
        sold_on=given["sold_on"],
        method=given["method"],
        quantity=given["quantity"],
        currency=payee.currency,
        total_amount=given["total_amount"],
        platform_fee=given["platform_fee"],
        organizer_amount=given["organizer_amount"],
        ticket_revenue=given["ticket_revenue"] or 0,
        tax_amount=given["tax_amount"] or 0,
    )


def amounts_of(sale: Sale) -> list[tuple[str, str, str]]:
    """What the total consists of, and what of it was given back."""
    parts = [
        ("Our own tickets", sale.ticket_revenue),
        ("Platform fee", sale.platform_fee),
        ("Tax", sale.tax_amount),
        ("To the payee", sale.organizer_amount),
    ]
    shown = parts_shown(sale.currency, parts, ("Total", sale.total_amount))
    if sale.refunded_amount:
        left = sale.total_amount - sale.refunded_amount
        shown += parts_shown(sale.currency, [("Refunded", -sale.refunded_amount)], ("Left", left))
    return shown


def refund_line(refund: Refund) -> dict[str, Any]:
    """A refund as a row of its sale's page."""
    return {
        "url": page_of("refund", refund.pk),
        "refund": refund,
        "amount": figure(-refund.amount, refund.currency),
        "payee_amount": figure(refund.payable_amount, refund.currency),
    }
