"""Payments and refunds: a list to look through, receipts, and taking a payment back."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from invoicing.admin.customer_choice import CustomerFilter
from invoicing.admin.documents import Step, sent
from invoicing.admin.figures import BADGES, customer_cell, entry_page, figure, link, money, page_of
from invoicing.admin.printing import PrintedAdmin
from invoicing.admin.step_forms import ReasonForm
from invoicing.documents.content import Document
from invoicing.documents.receipts import receipt_document
from invoicing.models import FinancialTransaction, TransactionStatus, TransactionType
from invoicing.selectors.invoices import get_transaction
from invoicing.services.payments import reverse_payment
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.reading import history_of

TYPE_LABELS = {
    TransactionType.CREDIT.label: "success",
    TransactionType.DEBIT.label: "danger",
    TransactionType.REFUND.label: "warning",
}
TAKE_BACK = Step(
    "take_back", "Take back", "undo", ("invoicing.reverse_payment",), "ch-danger-quiet"
)


@admin.register(FinancialTransaction)
class FinancialTransactionAdmin(PrintedAdmin[FinancialTransaction]):
    """What came in and went out again. Payments are taken on the page of their invoice."""

    list_display = (
        "occurred_on",
        "type_badge",
        "document",
        "customer_name",
        "method_name",
        "provider_reference",
        "state",
        "amount_shown",
    )
    list_filter = (
        ("type", ChoicesDropdownFilter),
        ("status", ChoicesDropdownFilter),
        ("method", ChoicesDropdownFilter),
        CustomerFilter,
        ("occurred_on", RangeDateFilter),
    )
    list_select_related = ("customer", "invoice", "credit_note")
    search_fields = (
        "provider_reference",
        "invoice__number",
        "credit_note__number",
        "customer__name",
        "customer__code",
    )
    search_help_text = "The provider's reference, a document's number, or the customer"
    ordering = ("-occurred_on", "-id")
    empty_title = "Nothing has been paid yet"
    empty_text = "Take a payment on the page of its order or its invoice."
    steps = (TAKE_BACK,)

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        return rows.defer("invoice__snapshot", "credit_note__snapshot")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="What", ordering="type", label=TYPE_LABELS)
    def type_badge(self, row: FinancialTransaction) -> str:
        return str(row.get_type_display())

    @display(description="Of")
    def document(self, row: FinancialTransaction) -> str:
        return link(*document_of(row))

    @display(description="Customer", ordering="customer__name", empty_value="over the counter")
    def customer_name(self, row: FinancialTransaction) -> str | None:
        return customer_cell(row.customer)

    @display(description="Method", ordering="method")
    def method_name(self, row: FinancialTransaction) -> str:
        return str(row.get_method_display())

    @display(description="State", label={"Taken back": "danger"})
    def state(self, row: FinancialTransaction) -> str | None:
        return "Taken back" if row.status == TransactionStatus.REVERSED else None

    @display(description="Amount", ordering="amount")
    def amount_shown(self, row: FinancialTransaction) -> str:
        return figure(signed(row), row.currency)

    # --- the page ---------------------------------------------------------------------------------

    def offers(self, row: FinancialTransaction, action: str) -> bool:
        return row.type == TransactionType.CREDIT and row.status == TransactionStatus.COMPLETED

    def row_page(self, request: HttpRequest, row: FinancialTransaction) -> HttpResponse:
        organization = organization_of(request)
        found = get_transaction(organization, row.pk)
        reversal = FinancialTransaction.objects.of(organization).filter(reverses_id=row.pk).first()
        document_url, number = document_of(found)
        is_payment = found.type == TransactionType.CREDIT
        return self.render_page(
            request,
            "admin/invoicing/transaction.html",
            f"{found.get_type_display()} of {number}",
            row=found,
            transaction=found,
            number=number,
            document_url=document_url,
            badge=BADGES[found.status] if is_payment else "ch-warn",
            amount=figure(signed(found), found.currency),
            customer_url=page_of("customer", found.customer_id) if found.customer_id else "",
            entry_url=entry_page(request, found.entry_id),
            reversal_url=self.url_of(reversal) if reversal else "",
            reverses_url=self.url_of(found.reverses_id) if found.reverses_id else "",
            pdf=self.url_of(found, "pdf") if is_payment else "",
            html=self.url_of(found, "html") if is_payment else "",
            buttons=self.buttons(request, found),
            events=history_of(organization, found.pk) if may_read_trail(request) else [],
        )

    def document_of(self, request: HttpRequest, row: FinancialTransaction) -> Document:
        if row.type != TransactionType.CREDIT:
            raise Http404("Only a payment has a receipt.")
        payment = get_transaction(organization_of(request), row.pk)
        return receipt_document(payment, base_url=request.build_absolute_uri("/"))

    def take_back_step(self, request: HttpRequest, row: FinancialTransaction) -> HttpResponse:
        def take_back(given: dict[str, Any]) -> tuple[str, str]:
            reverse_payment(actor=actor_of(request), payment=row, **given)
            return "The payment is taken back; its invoice is open again.", self.url_of(row)

        return self.ask(
            request,
            row,
            ReasonForm(sent(request)),
            take_back,
            question=f"Take back the payment of {money(row.amount, row.currency)}?",
            what="For money that never came: a cheque that bounced, a direct debit returned. Its "
            "mirror image is posted, and the invoice is open again. To give money back that did "
            "come, refund the invoice instead.",
            submit="Take back",
            danger=True,
        )


def document_of(row: FinancialTransaction) -> tuple[str, str]:
    """Page and number of what was paid or refunded."""
    if row.invoice is not None:
        return page_of("invoice", row.invoice_id), row.invoice.number
    note = row.credit_note
    return page_of("creditnote", row.credit_note_id), note.number if note else ""


def signed(row: FinancialTransaction) -> int:
    """Above zero where money came in."""
    return int(row.amount if row.type == TransactionType.CREDIT else -row.amount)
