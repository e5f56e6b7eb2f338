"""Orders over HTTP: drafted, locked, paid, refunded, cancelled."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema

from core.api.answers import json_answer
from core.api.schema import asked
from invoicing.api import READ, WRITE
from invoicing.api.answers import (
    invoice_as_json,
    order_as_json,
    orders_as_json,
    payment_as_json,
    receipt_as_json,
)
from invoicing.api.invoice_shapes import PaymentInput
from invoicing.api.order_shapes import (
    LOCK_EXAMPLE,
    ORDER_EXAMPLE,
    CancelInput,
    LockInput,
    OrderExpand,
    OrderFilters,
    OrderInput,
    OrderOutput,
    OrderPage,
    OrderPatch,
    item_drafts,
)
from invoicing.api.payment_shapes import (
    REFUND_EXAMPLE,
    OrderPaidOutput,
    OrderRefundedOutput,
    RefundInput,
)
from invoicing.api.views import InvoicingView
from invoicing.models import FinancialTransaction
from invoicing.selectors.customers import get_customer
from invoicing.selectors.invoices import get_invoice
from invoicing.selectors.orders import get_order, list_orders
from invoicing.services.orders import cancel_order, change_order, create_order, lock_order
from invoicing.services.payments import pay_order
from invoicing.services.refunds import refund_order
from organizations.api.callers import access

TAG = "Orders"


class OrderView(InvoicingView):
    tag = TAG
    largest_body = 4_000_000

    def resolved(self, given: dict[str, Any]) -> dict[str, Any]:
        """What a body gave, as the services take it."""
        if "customer" in given:
            given["customer"] = self.customer_named(given["customer"])
        if "items" in given:
            given["items"] = item_drafts(given["items"])
        return given

    def moved(self, transaction: FinancialTransaction, order: UUID) -> dict[str, Any]:
        """The order and its invoice as they stand after money moved."""
        return {
            "order": order_as_json(get_order(self.organization, order)),
            "invoice": invoice_as_json(get_invoice(self.organization, str(transaction.invoice_id))),
        }


class OrderList(OrderView):
    names_rows = True
    access = {
        "GET": access(READ, "invoicing.view_order"),
        "POST": access(WRITE, "invoicing.add_order"),
    }

    @extend_schema(operation_id="list_orders", parameters=[OrderFilters], responses=OrderPage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List orders, the latest first.

        `from` and `to` are the days on which they were made, in the organization's time zone, both
        included. Filters are combined.
        """
        given = self.query(OrderFilters)
        names = ("status", "reference", "since", "until")
        filters = {name: given[name] for name in names if name in given}
        if "customer" in given:
            filters["customer"] = get_customer(self.organization, given["customer"])
        page = self.page(request, list_orders(self.organization, **filters), given, "-created_at")
        return json_answer(page.as_json(orders_as_json(page.rows, given["expand"])))

    @extend_schema(
        operation_id="create_order",
        request=OrderInput,
        responses={201: OrderOutput},
        examples=[asked(ORDER_EXAMPLE)],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Create an order, as a draft.

        It can be changed freely until it is locked, and posts nothing before its invoice.
        """
        self.no_query()
        given = self.resolved(self.read(OrderInput))
        return json_answer(order_as_json(create_order(actor=self.actor, **given)), 201)


class OrderDetail(OrderView):
    access = {
        "GET": access(READ, "invoicing.view_order"),
        "PATCH": access(WRITE, "invoicing.change_order"),
    }

    @extend_schema(operation_id="get_order", parameters=[OrderExpand], responses=OrderOutput)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Read an order."""
        given = self.query(OrderExpand)
        return json_answer(order_as_json(get_order(self.organization, id), given["expand"]))

    @extend_schema(
        operation_id="change_order",
        request=OrderPatch,
        responses=OrderOutput,
        examples=[asked({"customer": "17850"}), asked({"items": ORDER_EXAMPLE["items"]}, "Items")],
    )
    def patch(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Change a draft.

        `items` replaces all of them. What is locked never changes.
        """
        self.no_query()
        changes = self.resolved(self.read(OrderPatch, partial=True))
        order = get_order(self.organization, id)
        return json_answer(order_as_json(change_order(actor=self.actor, order=order, **changes)))


class OrderLock(OrderView):
    access = {"POST": access(WRITE, "invoicing.lock_order")}

    @extend_schema(
        operation_id="lock_order",
        request=LockInput,
        responses=OrderOutput,
        examples=[asked(LOCK_EXAMPLE)],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Lock an order: its amounts and taxes are computed, and never change again.

        Items that name no tax rates get those that hold at the place and on the day. `snapshot`
        keeps everything that was computed; a later change of a rate does not reach it.
        """
        self.no_query()
        given = self.read(LockInput)
        order = get_order(self.organization, id)
        locked = lock_order(actor=self.actor, order=order, now=self.now, **given)
        return json_answer(order_as_json(locked))


class OrderPay(OrderView):
    said_as = {"effective_on": "on"}
    access = {"POST": access(WRITE, "invoicing.record_payment")}

    @extend_schema(
        operation_id="pay_order",
        request=PaymentInput,
        responses={201: OrderPaidOutput},
        examples=[asked({"method": "card", "provider_reference": "ch_3MmlLrLkdIwHu7ix"})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Pay a locked order, in full or in part.

        Issues its invoice first where it has none, in the same transaction.
        """
        self.no_query()
        given = self.read(PaymentInput)
        order = get_order(self.organization, id)
        payment = pay_order(actor=self.actor, order=order, now=self.now, **given)
        content = {
            "payment": payment_as_json(payment),
            **self.moved(payment, id),
            "receipt": receipt_as_json(payment, self.public_root),
        }
        return json_answer(content, 201)


class OrderRefund(OrderView):
    said_as = {"effective_on": "on"}
    access = {"POST": access(WRITE, "invoicing.refund_payment")}

    @extend_schema(
        operation_id="refund_order",
        request=RefundInput,
        responses={201: OrderRefundedOutput},
        examples=[asked(REFUND_EXAMPLE)],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Refund what was paid of an order, in full or in part.

        A credit note goes with it for what the customer would owe again otherwise.
        """
        self.no_query()
        given = self.read(RefundInput)
        order = get_order(self.organization, id)
        refund = refund_order(actor=self.actor, order=order, now=self.now, **given)
        return json_answer({"refund": payment_as_json(refund), **self.moved(refund, id)}, 201)


class OrderCancel(OrderView):
    access = {"POST": access(WRITE, "invoicing.cancel_order")}

    @extend_schema(
        operation_id="cancel_order",
        request=CancelInput,
        responses=OrderOutput,
        examples=[asked({})],
    )
    def post(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Cancel an order that has no invoice.

        One that has is cancelled by voiding the invoice.
        """
        self.no_query()
        self.read(CancelInput)
        order = get_order(self.organization, id)
        cancelled = cancel_order(actor=self.actor, order=order, now=self.now)
        return json_answer(order_as_json(cancelled))
