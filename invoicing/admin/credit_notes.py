"""Credit notes: of invoices, and standalone ones for what was sold before these books began."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from core.errors import Refusal
from invoicing.admin.breakdowns import of_credit_note
from invoicing.admin.customer_choice import CustomerFilter
from invoicing.admin.documents import Step, sent
from invoicing.admin.figures import customer_cell, cut, entry_page, figure, link, money, page_of
from invoicing.admin.invoices import transaction_line
from invoicing.admin.printing import PrintedAdmin
from invoicing.admin.sheets import CreditNoteHead, Sheet
from invoicing.admin.step_forms import CreditNoteRefundForm
from invoicing.documents.content import Document
from invoicing.documents.sales import credit_note_document
from invoicing.models import CreditNote, FinancialTransaction, PaymentMethod
from invoicing.selectors.invoices import get_credit_note
from invoicing.services.crediting import issue_credit_note
from invoicing.services.refunds import refund_credit_note
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.once import do_once, go_on
from organizations.admin.reading import history_of

REFUND = Step("refund", "Refund", "undo", ("invoicing.refund_payment",), "ch-danger-quiet")


@admin.register(CreditNote)
class CreditNoteAdmin(PrintedAdmin[CreditNote]):
    """Issued once; one without an invoice stands on the customer's account until refunded."""

    list_display = (
        "number",
        "customer_name",
        "invoice_number",
        "issued_on",
        "reason_cut",
        "total",
        "open_shown",
    )
    list_filter = (CustomerFilter, ("issued_on", RangeDateFilter))
    list_select_related = ("customer", "invoice")
    search_fields = ("number", "reference", "invoice__number", "customer__name", "customer__code")
    search_help_text = "Number, reference, the invoice's number, or the customer's name or code"
    ordering = ("-issued_on", "-id")
    empty_title = "There are no credit notes yet"
    empty_text = (
        "Credit an invoice on its page. What was sold before these books began is credited here, "
        "without an invoice."
    )
    steps = (REFUND,)

    def create(self, request: HttpRequest, form: Any) -> CreditNote:
        raise PermissionDenied("credit notes are issued by the form of their own")

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.defer("snapshot", "invoice__snapshot")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Customer", ordering="customer__name", empty_value="over the counter")
    def customer_name(self, row: CreditNote) -> str | None:
        return customer_cell(row.customer)

    @display(description="Invoice", ordering="invoice__number", empty_value="none")
    def invoice_number(self, row: CreditNote) -> str | None:
        return link(page_of("invoice", row.invoice_id), row.invoice.number) if row.invoice else None

    @display(description="Reason", ordering="reason")
    def reason_cut(self, row: CreditNote) -> str:
        return cut(row.reason)

    @display(description="Total", ordering="total_amount")
    def total(self, row: CreditNote) -> str:
        return figure(row.total_amount, row.currency)

    @display(description="Not refunded", empty_value="–")
    def open_shown(self, row: CreditNote) -> str | None:
        return figure(left_of(row), row.currency) if row.invoice_id is None else None

    # --- pages ------------------------------------------------------------------------------------

    def offers(self, row: CreditNote, action: str) -> bool:
        return row.invoice_id is None and left_of(row) > 0

    def row_page(self, request: HttpRequest, row: CreditNote) -> HttpResponse:
        organization = organization_of(request)
        note = get_credit_note(organization, row.pk)
        rows = FinancialTransaction.objects.of(organization).filter(credit_note_id=note.pk)
        return self.render_page(
            request,
            "admin/invoicing/credit_note.html",
            note.number,
            row=note,
            note=note,
            buyer=note.snapshot.get("buyer"),
            customer_url=page_of("customer", note.customer_id) if note.customer_id else "",
            invoice_url=page_of("invoice", note.invoice_id) if note.invoice_id else "",
            entry_url=entry_page(request, note.entry_id),
            breakdown=of_credit_note(note),
            left=figure(left_of(note), note.currency),
            transactions=[transaction_line(one) for one in rows.order_by("-occurred_on", "-id")],
            buttons=self.buttons(request, note),
            pdf=self.url_of(note, "pdf"),
            html=self.url_of(note, "html"),
            events=history_of(organization, note.pk) if may_read_trail(request) else [],
        )

    def document_of(self, request: HttpRequest, row: CreditNote) -> Document:
        return credit_note_document(get_credit_note(organization_of(request), row.pk))

    def form_page(self, request: HttpRequest, row: CreditNote | None) -> HttpResponse:
        """Issue a credit note that has no invoice."""
        if row is not None:
            raise PermissionDenied
        organization = organization_of(request)
        sheet = Sheet(
            request, organization, CreditNoteHead, initial={"currency": organization.currency}
        )

        def issue() -> tuple[str, str]:
            note = issue_credit_note(
                actor=actor_of(request),
                items=sheet.rows.drafts(),
                **{**sheet.head.cleaned_data, **sheet.place()},
            )
            said = f"{note} over {money(note.total_amount, note.currency)} is issued."
            return said, self.url_of(note)

        if sheet.is_complete():
            try:
                done = do_once(request, issue)
            except Refusal as refusal:
                sheet.refuse(refusal)
            else:
                return go_on(request, done)
        return sheet.render(
            self,
            "New credit note without an invoice",
            what="For what was sold before these books began. To credit an invoice, open it and "
            "choose Credit.",
            submits=[("_issue", "Issue the credit note")],
            back=self.list_url,
        )

    def refund_step(self, request: HttpRequest, row: CreditNote) -> HttpResponse:
        left = left_of(row) if row.invoice_id is None else 0
        form = CreditNoteRefundForm(
            sent(request),
            currency=row.currency,
            initial={"amount": left, "method": PaymentMethod.BANK, "reason": row.reason},
        )

        def refund(given: dict[str, Any]) -> tuple[str, str]:
            paid = refund_credit_note(actor=actor_of(request), credit_note=row, **given)
            return f"{paid} is paid out.", self.url_of(row)

        return self.ask(
            request,
            row,
            form,
            refund,
            question=f"Refund {row.number}?",
            what="What stands on the customer's account is paid out to them.",
            facts=[f"Not refunded: {money(left, row.currency)}"],
            submit="Refund",
            danger=True,
        )


def left_of(credit_note: CreditNote) -> int:
    """What of a standalone credit note has not been paid out."""
    return int(credit_note.total_amount - credit_note.refunded_amount)
