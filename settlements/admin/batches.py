"""Payout batches: the files that asked the bank to pay, kept as they were given out."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin import may
from core.errors import Refusal
from invoicing.admin.documents import DocumentAdmin, worded
from invoicing.admin.figures import figure, money
from invoicing.admin.filters import DaysFilter
from ledger.admin.entries import who
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.once import do_once, go_on, page_name
from organizations.admin.reading import history_of
from settlements.admin.export_forms import MOST_ROWS, ExportForm, Offer, offer_of
from settlements.admin.figures import BADGES, in_groups, page_of
from settlements.models import BatchFormat, PayoutBatch, PayoutBatchItem, PayoutStatus
from settlements.selectors.batches import batch_items, get_batch, get_batch_file
from settlements.selectors.profile import get_payout_profile
from settlements.services.batches import export_batch

CONTENT_TYPES = {
    BatchFormat.PAIN_001.value: "application/xml",
    BatchFormat.CSV.value: "text/csv; charset=utf-8",
}
MOST_ITEMS = 1_000


@admin.register(PayoutBatch)
class PayoutBatchAdmin(DocumentAdmin[PayoutBatch]):
    """Made once, and never changed; asking the bank again takes a reason."""

    list_display = (
        "created_at",
        "file_name",
        "format_name",
        "executes_on",
        "made_by",
        "payout_count",
        "total",
    )
    list_display_links = ("created_at", "file_name")
    list_filter = (("format", ChoicesDropdownFilter), ("created_at", DaysFilter))
    list_select_related = ("created_by", "created_by_key")
    search_fields = (
        "message_id",
        "file_name",
        "content_hash",
        "items__payout__end_to_end_id",
    )
    search_help_text = "Message id, file name, hash, or a payout's end-to-end id"
    ordering = ("-created_at", "-id")
    empty_title = "The bank has not been asked to pay yet"
    empty_text = "Export the approved settlements as a file, and give it to the bank."

    def get_queryset(self, request: HttpRequest) -> Any:
        # A list need not carry the files.
        return super().get_queryset(request).defer("content")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, "settlements.add_payoutbatch")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Format", ordering="format")
    def format_name(self, row: PayoutBatch) -> str:
        return str(BatchFormat(row.format).label)

    @display(description="Made by")
    def made_by(self, row: PayoutBatch) -> str:
        return who(row.created_by, row.created_by_key) or "the system"

    @display(description="Control sum", ordering="control_sum_amount")
    def total(self, row: PayoutBatch) -> str:
        return figure(row.control_sum_amount, row.currency)

    # --- the page ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<uuid:id>/file/",
            self.admin_site.admin_view(self.file_view),
            name="settlements_payoutbatch_file",
        )
        return [own, *super().get_urls()]

    def row_page(self, request: HttpRequest, row: PayoutBatch) -> HttpResponse:
        organization = organization_of(request)
        batch = get_batch(organization, row.pk)
        items = batch_items(organization, batch)[: MOST_ITEMS + 1]
        return self.render_page(
            request,
            "admin/settlements/batch.html",
            batch.file_name,
            row=batch,
            batch=batch,
            format=BatchFormat(batch.format).label,
            control_sum=figure(batch.control_sum_amount, batch.currency),
            made_by=self.made_by(batch),
            items=[item_line(item) for item in items[:MOST_ITEMS]],
            is_cut=batch.payout_count > MOST_ITEMS,
            most=MOST_ITEMS,
            download=self.url_of(batch, "file"),
            events=history_of(organization, batch.pk) if may_read_trail(request) else [],
        )

    def file_view(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """The file, byte by byte as it was given out."""
        row = self.get_row(request, str(id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        batch = get_batch_file(organization_of(request), row.pk)
        response = HttpResponse(bytes(batch.content), content_type=CONTENT_TYPES[batch.format])
        response["Content-Disposition"] = f'attachment; filename="{batch.file_name}"'
        response["Cache-Control"] = "private, no-store"
        return response

    # --- exporting --------------------------------------------------------------------------------

    def form_page(self, request: HttpRequest, row: PayoutBatch | None) -> HttpResponse:
        """Export payouts."""
        if row is not None:
            raise PermissionDenied
        organization = organization_of(request)
        offer = offer_of(organization, request)
        form = ExportForm(request.POST if request.method == "POST" else None, offer=offer)

        def export() -> tuple[str, str]:
            batch = export_batch(actor=actor_of(request), **form.cleaned_data)
            amount = money(batch.control_sum_amount, batch.currency)
            said = f"{batch.payout_count:,} payouts over {amount} are in {batch.file_name}."
            return said, self.url_of(batch)

        if request.method == "POST" and form.is_valid():
            try:
                done = do_once(request, export)
            except Refusal as refusal:
                form.refuse(worded(offer.named(refusal), offer.currency))
            else:
                return go_on(request, done)
        return self.export_page(request, offer, form)

    def export_page(self, request: HttpRequest, offer: Offer, form: ExportForm) -> HttpResponse:
        profile = get_payout_profile(organization_of(request))
        may_set = may(request, "settlements.change_payoutprofile")
        return self.render_page(
            request,
            "admin/settlements/export.html",
            "Export payouts",
            form=form,
            rows=form.rows(),
            offer=offer,
            most=MOST_ROWS,
            profile=profile,
            profile_iban=in_groups(profile.iban) if profile else "",
            may_set_profile=may_set,
            once=page_name(request),
            back=self.list_url,
        )


def item_line(item: PayoutBatchItem) -> dict[str, Any]:
    """A payout as a row of its file's page."""
    payout = item.payout
    settlement = payout.settlement
    return {
        "position": item.position,
        "payee": settlement.payee,
        "settlement_url": page_of("settlement", settlement.pk),
        "settlement": f"No. {settlement.sequence}",
        "payout": payout,
        "iban": in_groups(payout.iban),
        "status": PayoutStatus(payout.status).label,
        "badge": BADGES[payout.status],
        "amount": figure(payout.amount, payout.currency),
    }
