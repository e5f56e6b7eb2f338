"""Orders: written as drafts, locked, invoiced, paid; from the lock on they are only read."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.errors import Refusal
from invoicing.admin.breakdowns import Preview, of_snapshot, preview_of
from invoicing.admin.customer_choice import CustomerFilter, named
from invoicing.admin.documents import Button, DocumentAdmin, NoForm, Step, sent
from invoicing.admin.figures import (
    BADGES,
    ORDER_LABELS,
    customer_cell,
    figure,
    link,
    money,
    page_of,
    place,
)
from invoicing.admin.filters import DaysFilter
from invoicing.admin.invoices import REFUND_TEXT
from invoicing.admin.item_forms import MOST_ROWS
from invoicing.admin.sheets import OrderHead, Sheet, add_series
from invoicing.admin.step_forms import IssueForm, LockForm, PayForm, RefundForm
from invoicing.models import DocumentKind, Invoice, Order, OrderStatus, PaymentMethod
from invoicing.selectors.orders import get_order
from invoicing.services.issuing import issue_invoice
from invoicing.services.orders import cancel_order, change_order, create_order, lock_order
from invoicing.services.orders.places import place_of_sale
from invoicing.services.payments import pay_order
from invoicing.services.refunds import refund_order
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.reading import history_of

LOCK = Step("lock", "Lock", "lock", ("invoicing.lock_order",), "ch-primary")
ISSUE = Step("issue", "Issue invoice", "receipt_long", ("invoicing.issue_invoice",), "ch-primary")
PAY = Step("pay", "Pay", "payments", ("invoicing.record_payment",))
REFUND = Step("refund", "Refund", "undo", ("invoicing.refund_payment",), "ch-danger-quiet")
CANCEL = Step("cancel", "Cancel", "block", ("invoicing.cancel_order",), "ch-danger-quiet")


@admin.register(Order)
class OrderAdmin(DocumentAdmin[Order]):
    """A draft is edited freely; the lock computes its taxes and freezes it."""

    list_display = (
        "created_at",
        "named",
        "customer_name",
        "status_badge",
        "invoice_number",
        "total",
    )
    list_display_links = ("created_at", "named")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        CustomerFilter,
        ("created_at", DaysFilter),
    )
    list_select_related = ("customer",)
    search_fields = ("reference", "customer__name", "customer__code")
    search_help_text = "Reference, or the customer's name or code"
    ordering = ("-created_at", "-id")
    empty_title = "There are no orders yet"
    empty_text = (
        "Write the first one: to whom, and what is sold. It stays a draft until it is locked."
    )
    steps = (LOCK, ISSUE, PAY, REFUND, CANCEL)

    def create(self, request: HttpRequest, form: Any) -> Order:
        raise PermissionDenied("orders are written by the form of their own")

    def update(self, request: HttpRequest, row: Order, form: Any) -> Order:
        raise PermissionDenied("orders are edited by the form of their own")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or obj.status == OrderStatus.DRAFT
        )

    # --- the list ---------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        # A list of a hundred orders need not carry their snapshots.
        invoices = Invoice.objects.only("order", "number")
        return rows.defer("snapshot").prefetch_related(Prefetch("invoices", invoices))

    @display(description="Order", ordering="reference")
    def named(self, row: Order) -> str:
        return row.name

    @display(description="Customer", ordering="customer__name", empty_value="over the counter")
    def customer_name(self, row: Order) -> str | None:
        return customer_cell(row.customer)

    @display(description="Status", ordering="status", label=ORDER_LABELS)
    def status_badge(self, row: Order) -> str:
        return str(row.get_status_display())

    @display(description="Invoice", empty_value="–")
    def invoice_number(self, row: Order) -> str | None:
        invoice = next(iter(row.invoices.all()), None)
        return link(page_of("invoice", invoice.pk), invoice.number) if invoice else None

    @display(description="Total", ordering="total_amount", empty_value="not computed yet")
    def total(self, row: Order) -> str | None:
        return figure(row.total_amount, row.currency) if row.locked_at else None

    # --- pages ------------------------------------------------------------------------------------

    def offers(self, row: Order, action: str) -> bool:
        invoice = invoice_of(row)
        if action == LOCK.name:
            return row.status == OrderStatus.DRAFT
        if action == ISSUE.name:
            return row.status == OrderStatus.PENDING and invoice is None
        if action == PAY.name:
            return row.status == OrderStatus.PENDING and (
                invoice is None or invoice.open_amount > 0
            )
        if action == REFUND.name:
            return invoice is not None and invoice.paid_amount > invoice.refunded_amount
        return row.status in (OrderStatus.DRAFT, OrderStatus.PENDING) and invoice is None

    def row_page(self, request: HttpRequest, row: Order) -> HttpResponse:
        organization = organization_of(request)
        order = get_order(organization, row.pk)
        invoice = invoice_of(order)
        preview, problem = self.preview(request, order)
        breakdown = preview.breakdown if preview else None
        if order.snapshot:
            breakdown = of_snapshot(order.snapshot)
        return self.render_page(
            request,
            "admin/invoicing/order.html",
            str(order),
            row=order,
            order=order,
            badge=BADGES.get(order.status, ""),
            customer_url=page_of("customer", order.customer_id) if order.customer_id else "",
            where=place(order.country, order.region),
            invoice=invoice,
            invoice_url=page_of("invoice", invoice.pk) if invoice else "",
            breakdown=breakdown,
            preview=preview,
            preview_place=place(preview.country, preview.region) if preview else "",
            problem=problem,
            buttons=self.buttons(request, order),
            is_too_long=order.status == OrderStatus.DRAFT and len(order.items.all()) > MOST_ROWS,
            most=MOST_ROWS,
            events=history_of(organization, order.pk) if may_read_trail(request) else [],
        )

    def buttons(self, request: HttpRequest, row: Order) -> list[Button]:
        """With the way to the form, after what comes next."""
        offered = super().buttons(request, row)
        if self.has_change_permission(request, row) and len(row.items.all()) <= MOST_ROWS:
            offered.insert(1, Button("Edit", "edit", "?edit"))
        return offered

    def preview(self, request: HttpRequest, order: Order) -> tuple[Preview | None, str]:
        """What a draft would come to today; where it cannot be locked, why."""
        if order.status != OrderStatus.DRAFT or not order.items.all():
            return None, ""
        try:
            return preview_of(organization_of(request), order), ""
        except Refusal as refusal:
            return None, refusal.message

    def form_page(self, request: HttpRequest, row: Order | None) -> HttpResponse:
        """Write an order, or edit a draft."""
        organization = organization_of(request)
        order = get_order(organization, row.pk) if row else None
        sheet = Sheet(
            request,
            organization,
            OrderHead,
            initial=self.initial_head(request, order),
            items=order.items.all() if order else (),
        )
        if sheet.is_complete():
            try:
                written = self.write(request, order, sheet)
            except Refusal as refusal:
                sheet.refuse(refusal)
            else:
                locking = "_lock" in request.POST
                return HttpResponseRedirect(self.url_of(written, "lock" if locking else "change"))
        return sheet.render(
            self,
            f"Edit order {order.name}" if order else "New order",
            row=order,
            submits=self.submits(request),
            back=self.url_of(order) if order else self.list_url,
        )

    def submits(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The buttons below the form; the first one is what Enter does."""
        save = [("_save", "Save draft")]
        if self.has_permission_of(request, *LOCK.permissions):
            return [("_lock", "Save and lock…"), *save]
        return save

    def initial_head(self, request: HttpRequest, order: Order | None) -> dict[str, Any]:
        if order is not None:
            return {name: getattr(order, name) for name in ("customer", "currency", "reference")}
        organization = organization_of(request)
        asked = request.GET.get("customer", "").replace("\x00", "")
        found = named(organization, asked) if asked else []
        return {
            "currency": organization.currency,
            "customer": found[0] if len(found) == 1 else None,
        }

    def write(self, request: HttpRequest, order: Order | None, sheet: Sheet) -> Order:
        given = {**sheet.head.cleaned_data, "items": sheet.rows.drafts()}
        if order is None:
            written = create_order(actor=actor_of(request), **given)
        else:
            written = change_order(actor=actor_of(request), order=order, **given)
        messages.success(request, f"{written} is saved as a draft.")
        return written

    # --- steps ------------------------------------------------------------------------------------

    def lock_step(self, request: HttpRequest, row: Order) -> HttpResponse:
        organization = organization_of(request)
        order = get_order(organization, row.pk)
        preview, problem = self.preview(request, order)
        country, region = place_of_sale(organization, order.customer, None, None)
        form = LockForm(
            sent(request),
            initial={"country": country, "region": region, "on": organization.today()},
        )

        def lock(given: dict[str, Any]) -> tuple[str, str]:
            if not given["country"]:
                given["country"], given["region"] = None, given["region"] or None
            locked = lock_order(actor=actor_of(request), order=order, **given)
            total = money(locked.total_amount, locked.currency)
            return f"{locked} is locked: it comes to {total}.", self.url_of(locked)

        return self.ask(
            request,
            order,
            form,
            lock,
            question=f"Lock order {order.name}?",
            what="Its taxes are computed for the place and the day, and from then on nothing about "
            "it changes. Then it can be invoiced and paid.",
            facts=[*self.foreseen(order, preview), *([problem] if problem else [])],
            submit="Lock",
        )

    def foreseen(self, order: Order, preview: Preview | None) -> list[str]:
        if preview is None:
            return []
        total, tax = preview.breakdown.total, preview.breakdown.tax
        where = place(preview.country, preview.region)
        return [f"For {where}, today, it comes to {total} {order.currency}, with {tax} of tax."]

    def issue_step(self, request: HttpRequest, row: Order) -> HttpResponse:
        organization = organization_of(request)
        form = IssueForm(sent(request), initial={"issued_on": organization.today()})
        add_series(form, organization, DocumentKind.INVOICE)

        def issue(given: dict[str, Any]) -> tuple[str, str]:
            invoice = issue_invoice(actor=actor_of(request), order=row, **given)
            return f"{invoice} is issued.", page_of("invoice", invoice.pk)

        return self.ask(
            request,
            row,
            form,
            issue,
            question=f"Issue the invoice of order {row.name}?",
            what=f"It gets the next number, and {money(row.total_amount, row.currency)} are owed. "
            "An invoice never changes; a credit note corrects it.",
            submit="Issue",
        )

    def pay_step(self, request: HttpRequest, row: Order) -> HttpResponse:
        invoice = invoice_of(row)
        open_amount = invoice.open_amount if invoice else row.total_amount
        method = PaymentMethod.BANK if row.customer_id else PaymentMethod.CASH
        form = PayForm(
            sent(request),
            currency=row.currency,
            initial={"amount": max(open_amount, 0), "method": method},
        )

        def pay(given: dict[str, Any]) -> tuple[str, str]:
            paid = pay_order(actor=actor_of(request), order=row, **given)
            said = f"{paid} is taken, {paid.get_method_display().lower()}."
            return said, page_of("invoice", paid.invoice_id)

        return self.ask(
            request,
            row,
            form,
            pay,
            question=f"Take a payment of order {row.name}?",
            what="It is posted at once."
            if invoice
            else "Its invoice is issued first, dated the day of the payment.",
            facts=[f"Open: {money(open_amount, row.currency)}"],
            submit="Take the payment",
        )

    def refund_step(self, request: HttpRequest, row: Order) -> HttpResponse:
        invoice = invoice_of(row)
        left = invoice.paid_amount - invoice.refunded_amount if invoice else 0
        form = RefundForm(sent(request), currency=row.currency, initial={"amount": left})

        def refund(given: dict[str, Any]) -> tuple[str, str]:
            given["method"] = given["method"] or None
            paid = refund_order(actor=actor_of(request), order=row, **given)
            said = f"{paid} is paid out."
            return said, page_of("invoice", paid.invoice_id)

        return self.ask(
            request,
            row,
            form,
            refund,
            question=f"Refund order {row.name}?",
            what=REFUND_TEXT,
            facts=[f"Can be refunded: {money(left, row.currency)}"],
            submit="Refund",
            danger=True,
        )

    def cancel_step(self, request: HttpRequest, row: Order) -> HttpResponse:
        def cancel(given: dict[str, Any]) -> tuple[str, str]:
            cancelled = cancel_order(actor=actor_of(request), order=row)
            return f"{cancelled} is cancelled.", self.url_of(cancelled)

        return self.ask(
            request,
            row,
            NoForm(sent(request)),
            cancel,
            question=f"Cancel order {row.name}?",
            what="Nothing can be done with it any more. It stays in the list.",
            submit="Cancel the order",
            danger=True,
        )


def invoice_of(order: Order) -> Invoice | None:
    """The invoice of an order, looked up once for each instance."""
    if "_invoice" not in vars(order):
        rows = Invoice.objects.of(order.organization_id).filter(order_id=order.pk)
        order._invoice = rows.first()  # type: ignore[attr-defined]
    found: Invoice | None = order._invoice  # type: ignore[attr-defined]
    return found
