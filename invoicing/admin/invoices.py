"""Invoices: read, printed, paid, refunded, credited; never edited."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from core.money import format_amount
from invoicing.admin.breakdowns import of_snapshot
from invoicing.admin.credit_forms import CreditForm, items_left
from invoicing.admin.customer_choice import CustomerFilter
from invoicing.admin.documents import Step, sent
from invoicing.admin.figures import (
    BADGES,
    INVOICE_LABELS,
    customer_cell,
    day,
    entry_page,
    figure,
    money,
    page_of,
)
from invoicing.admin.filters import InvoiceStatusFilter
from invoicing.admin.printing import PrintedAdmin
from invoicing.admin.sheets import add_series
from invoicing.admin.step_forms import PayForm, ReasonForm, RefundForm
from invoicing.documents.content import Document
from invoicing.documents.sales import invoice_document
from invoicing.models import (
    DocumentKind,
    FinancialTransaction,
    Invoice,
    InvoiceStatus,
    PaymentMethod,
    TransactionType,
)
from invoicing.selectors.invoices import (
    entries_of,
    get_invoice,
    list_credit_notes,
    list_transactions,
)
from invoicing.services.crediting import credit_invoice, void_invoice
from invoicing.services.payments import record_payment
from invoicing.services.refunds import refund_invoice
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.reading import history_of

PAY = Step("pay", "Take payment", "payments", ("invoicing.record_payment",), "ch-primary")
CREDIT = Step("credit", "Credit", "remove_shopping_cart", ("invoicing.add_creditnote",))
REFUND = Step("refund", "Refund", "undo", ("invoicing.refund_payment",), "ch-danger-quiet")
VOID = Step("void", "Void", "block", ("invoicing.add_creditnote",), "ch-danger-quiet")

REFUND_TEXT = (
    "Money goes back to the customer. As much of the sale as is not credited yet is credited with "
    "it, so that they do not owe it again."
)


@admin.register(Invoice)
class InvoiceAdmin(PrintedAdmin[Invoice]):
    """An invoice never changes: it is paid, credited, refunded."""

    list_display = (
        "number",
        "customer_name",
        "issued_on",
        "due",
        "status_badge",
        "total",
        "open_shown",
    )
    list_filter = (InvoiceStatusFilter, CustomerFilter, ("issued_on", RangeDateFilter))
    # The organization knows which day it is.
    list_select_related = ("customer", "organization")
    search_fields = ("number", "order__reference", "customer__name", "customer__code")
    search_help_text = "Number, the order's reference, or the customer's name or code"
    ordering = ("-issued_on", "-id")
    empty_title = "There are no invoices yet"
    empty_text = "Lock an order, then issue its invoice: it gets the next number."
    steps = (PAY, CREDIT, REFUND, VOID)

    # --- the list ---------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        # A list of a hundred documents need not carry their snapshots.
        return rows.defer("snapshot")

    @display(description="Customer", ordering="customer__name", empty_value="over the counter")
    def customer_name(self, row: Invoice) -> str | None:
        return customer_cell(row.customer)

    @display(description="Due", ordering="due_on")
    def due(self, row: Invoice) -> str:
        if not is_overdue(row):
            return day(row.due_on)
        return format_html(
            '{} <span class="ch-badge ch-bad">Overdue</span>',
            day(row.due_on),
        )

    @display(description="Status", ordering="status", label=INVOICE_LABELS)
    def status_badge(self, row: Invoice) -> str:
        return str(InvoiceStatus(row.status).label)

    @display(description="Total", ordering="total_amount")
    def total(self, row: Invoice) -> str:
        return figure(row.total_amount, row.currency)

    @display(description="Open", ordering="open_amount")
    def open_shown(self, row: Invoice) -> str:
        return figure(row.open_amount, row.currency)

    # --- the page ---------------------------------------------------------------------------------

    def offers(self, row: Invoice, action: str) -> bool:
        if action == PAY.name:
            return bool(row.open_amount > 0)
        if action == REFUND.name:
            return bool(row.paid_amount > row.refunded_amount)
        return bool(row.credited_amount < row.total_amount)

    def row_page(self, request: HttpRequest, row: Invoice) -> HttpResponse:
        organization = organization_of(request)
        invoice = get_invoice(organization, row.pk)
        snapshot: dict[str, Any] = invoice.order.snapshot or {}
        entries: Iterable[Any] = ()
        if self.has_permission_of(request, "ledger.view_journalentry"):
            entries = entries_of(invoice)
        return self.render_page(
            request,
            "admin/invoicing/invoice.html",
            invoice.number,
            row=invoice,
            invoice=invoice,
            status=InvoiceStatus(invoice.status).label,
            badge=BADGES[invoice.status],
            is_overdue=is_overdue(invoice),
            buyer=invoice.snapshot.get("buyer"),
            customer_url=page_of("customer", invoice.customer_id) if invoice.customer_id else "",
            order_url=page_of("order", invoice.order_id),
            amounts=amounts_of(invoice),
            breakdown=of_snapshot(snapshot),
            transactions=[
                transaction_line(one) for one in list_transactions(organization, invoice=invoice)
            ],
            credit_notes=[
                {
                    "url": page_of("creditnote", note.pk),
                    "pdf": page_of("creditnote", note.pk, "pdf"),
                    "note": note,
                    "total": figure(note.total_amount, note.currency),
                }
                for note in list_credit_notes(organization, invoice=invoice)
            ],
            entries=[
                (entry_page(request, entry.pk), entry, figure(entry.total_amount, entry.currency))
                for entry in entries
            ],
            buttons=self.buttons(request, invoice),
            pdf=self.url_of(invoice, "pdf"),
            html=self.url_of(invoice, "html"),
            events=history_of(organization, invoice.pk) if may_read_trail(request) else [],
        )

    def document_of(self, request: HttpRequest, row: Invoice) -> Document:
        return invoice_document(get_invoice(organization_of(request), row.pk))

    # --- steps ------------------------------------------------------------------------------------

    def pay_step(self, request: HttpRequest, row: Invoice) -> HttpResponse:
        left = max(row.open_amount, 0)
        method = PaymentMethod.BANK if row.customer_id else PaymentMethod.CASH
        form = PayForm(
            sent(request), currency=row.currency, initial={"amount": left, "method": method}
        )

        def pay(given: dict[str, Any]) -> tuple[str, str]:
            paid = record_payment(actor=actor_of(request), invoice=row, **given)
            said = f"{paid} is taken, {paid.get_method_display().lower()}."
            return said, self.url_of(row)

        return self.ask(
            request,
            row,
            form,
            pay,
            question=f"Take a payment of {row.number}?",
            what="It is posted at once: the method's account against the receivable.",
            facts=[f"Open: {money(left, row.currency)}"],
            submit="Take the payment",
        )

    def refund_step(self, request: HttpRequest, row: Invoice) -> HttpResponse:
        left = row.paid_amount - row.refunded_amount
        form = RefundForm(sent(request), currency=row.currency, initial={"amount": left})

        def refund(given: dict[str, Any]) -> tuple[str, str]:
            given["method"] = given["method"] or None
            paid = refund_invoice(actor=actor_of(request), invoice=row, **given)
            return f"{paid} is paid out.", self.url_of(row)

        return self.ask(
            request,
            row,
            form,
            refund,
            question=f"Refund {row.number}?",
            what=REFUND_TEXT,
            facts=[f"Can be refunded: {money(left, row.currency)}"],
            submit="Refund",
            danger=True,
        )

    def credit_step(self, request: HttpRequest, row: Invoice) -> HttpResponse:
        organization = organization_of(request)
        invoice = get_invoice(organization, row.pk)
        left = invoice.total_amount - invoice.credited_amount
        form = CreditForm(sent(request), currency=invoice.currency, items=items_left(invoice))
        add_series(form, organization, DocumentKind.CREDIT_NOTE)

        def credit(given: dict[str, Any]) -> tuple[str, str]:
            note = credit_invoice(
                actor=actor_of(request), invoice=invoice, **form.without_quantities()
            )
            said = f"{note} over {money(note.total_amount, note.currency)} is issued."
            return said, page_of("creditnote", note.pk)

        return self.ask(
            request,
            invoice,
            form,
            credit,
            question=f"Credit {invoice.number}?",
            what="A credit note is issued, with a number of its own: by items, or over an amount.",
            facts=[f"Left to credit: {money(left, invoice.currency)}"],
            submit="Issue the credit note",
            template="admin/invoicing/credit.html",
        )

    def void_step(self, request: HttpRequest, row: Invoice) -> HttpResponse:
        left = row.total_amount - row.credited_amount

        def void(given: dict[str, Any]) -> tuple[str, str]:
            note = void_invoice(actor=actor_of(request), invoice=row, **given)
            return f"{row.number} is voided by {note}.", self.url_of(row)

        paid = row.paid_amount - row.refunded_amount
        warned = [f"Paid: {money(paid, row.currency)}. Refund it afterwards."] if paid else []
        return self.ask(
            request,
            row,
            ReasonForm(sent(request)),
            void,
            question=f"Void {row.number}?",
            what="A credit note is issued over all that is left of it. Both stay in the books.",
            facts=[f"Left to credit: {money(left, row.currency)}", *warned],
            submit="Void",
            danger=True,
        )


def is_overdue(invoice: Invoice) -> bool:
    """Whether something is owed that was due before today."""
    return bool(invoice.open_amount > 0 and invoice.due_on < invoice.organization.today())


def amounts_of(invoice: Invoice) -> list[tuple[str, str, str]]:
    """Name, figure and class of what makes up the open amount; what is nothing is left out."""
    currency = invoice.currency
    told = [
        ("Total", invoice.total_amount, True),
        ("Paid", -invoice.paid_amount, False),
        ("Refunded", invoice.refunded_amount, False),
        ("Credited", -invoice.credited_amount, False),
        ("Open" if invoice.open_amount >= 0 else "Owed to the customer", invoice.open_amount, True),
    ]
    return [
        (name, format_amount(amount, currency), "ch-sum" if always else "")
        for name, amount, always in told
        if amount or always
    ]


def transaction_line(row: FinancialTransaction) -> dict[str, Any]:
    """A payment or refund as a row of a document's page."""
    is_payment = row.type == TransactionType.CREDIT
    return {
        "url": page_of("financialtransaction", row.pk),
        "receipt": page_of("financialtransaction", row.pk, "pdf") if is_payment else "",
        "row": row,
        "amount": figure(row.amount if is_payment else -row.amount, row.currency),
    }
