"""How tests of invoicing's services sell: for Acme, in GBP, at 20 % where nothing else is said."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from core.errors import Refusal
from invoicing.models import CreditNote, FinancialTransaction, Invoice, Order
from invoicing.services.crediting import CreditItem, credit_invoice, void_invoice
from invoicing.services.issuing import issue_invoice
from invoicing.services.orders import ItemDraft, cancel_order, create_order, lock_order
from invoicing.services.payments import record_payment, reverse_payment
from invoicing.services.refunds import refund_invoice
from invoicing.services.tax_rates import create_tax_rate
from ledger.models import JournalEntry
from organizations.actors import Actor
from organizations.models import Organization

DAY = date(2026, 3, 10)
LATER = date(2026, 3, 20)

CASH, BANK, RECEIVABLE, TAX, SALES, RETURNS = "1000", "1010", "1100", "2200", "4000", "4080"
DELIVERY = "4020"

Line = tuple[str, int, int]


class Till:
    """Sells for one actor. 100.00 net and 20.00 tax, where a test does not say."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.organization: Organization = actor.organization
        self.rate("VAT", "20")

    def rate(self, code: str, percentage: str, **others: Any) -> None:
        create_tax_rate(
            actor=self.actor, code=code, name=code, percentage=Decimal(percentage), **others
        )

    def draft(self, *items: ItemDraft, currency: str = "GBP", **others: Any) -> Order:
        return create_order(
            actor=self.actor, currency=currency, items=items or [item(100_00)], **others
        )

    def order(self, *items: ItemDraft, on: date = DAY, **others: Any) -> Order:
        """A locked order."""
        return lock_order(actor=self.actor, order=self.draft(*items, **others), on=on)

    def cancel(self, order: Order) -> Order:
        return cancel_order(actor=self.actor, order=order)

    def issue(self, order: Order, on: date = DAY, **others: Any) -> Invoice:
        return issue_invoice(actor=self.actor, order=order, issued_on=on, **others)

    def invoice(self, *items: ItemDraft, on: date = DAY, **others: Any) -> Invoice:
        return self.issue(self.order(*items, on=on, **others), on)

    def pay(
        self, invoice: Invoice, amount: int | None = None, *, on: date = DAY, **others: Any
    ) -> FinancialTransaction:
        others = {"method": "bank", **others}
        return record_payment(actor=self.actor, invoice=invoice, amount=amount, on=on, **others)

    def reverse(self, payment: FinancialTransaction, on: date = DAY) -> FinancialTransaction:
        return reverse_payment(actor=self.actor, payment=payment, reason="bounced", on=on)

    def refund(
        self, invoice: Invoice, amount: int | None = None, *, on: date = DAY, **others: Any
    ) -> FinancialTransaction:
        others = {"reason": "sent back", **others}
        return refund_invoice(actor=self.actor, invoice=invoice, amount=amount, on=on, **others)

    def credit(
        self, invoice: Invoice, amount: int | None = None, *, on: date = DAY, **others: Any
    ) -> CreditNote:
        others = {"reason": "too dear", **others}
        return credit_invoice(actor=self.actor, invoice=invoice, amount=amount, on=on, **others)

    def credit_items(
        self, invoice: Invoice, *items: tuple[int, str], on: date = DAY, **others: Any
    ) -> CreditNote:
        """credit_items(invoice, (1, "2")): two of the item at position 1."""
        wanted = [CreditItem(position, Decimal(quantity)) for position, quantity in items]
        return self.credit(invoice, items=wanted, on=on, **others)

    def void(self, invoice: Invoice, on: date = DAY, **others: Any) -> CreditNote:
        others = {"reason": "never delivered", **others}
        return void_invoice(actor=self.actor, invoice=invoice, on=on, **others)


def item(unit_amount: int, *codes: str, quantity: str = "1", **others: Any) -> ItemDraft:
    """An item under the rate VAT, unless other rates are named."""
    given = {"description": "Teapot", "tax_codes": list(codes) or ["VAT"], **others}
    return ItemDraft(quantity=Decimal(quantity), unit_amount=unit_amount, **given)


def fresh(row: Any) -> Any:
    """The row as it now stands in the database."""
    return type(row).objects.of(row.organization_id).get(pk=row.pk)


def lines_of(row: Any) -> list[Line]:
    """(account, debit, credit) of a document's entry, in the order of its lines."""
    entry = JournalEntry.objects.of(row.organization_id).get(pk=row.entry_id)
    return [(line.account.code, line.debit, line.credit) for line in entry.lines.all()]


def state_of(organization: Organization) -> dict[str, list[str]]:
    """Every row of an organization, for a test in which nothing may change."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.table_name FROM information_schema.columns c
                WHERE c.table_schema = 'public' AND c.column_name = 'organization_id'
                ORDER BY 1"""
        )
        tables = [name for (name,) in cursor.fetchall()]
        state = {}
        for table in tables:
            cursor.execute(
                f"SELECT t::text FROM {table} t WHERE organization_id = %s ORDER BY 1",
                [organization.pk],
            )
            state[table] = [row for (row,) in cursor.fetchall()]
    return state


@contextmanager
def refused(kind: type[Refusal], organization: Organization) -> Iterator[Any]:
    """The block is refused, and every row of the organization is as it was."""
    before = state_of(organization)
    with pytest.raises(kind) as caught:
        yield caught
    assert state_of(organization) == before


def statements_of(work: Callable[[], Any]) -> list[str]:
    """The SQL that the work sends, without BEGIN and COMMIT."""
    asked: list[str] = []

    def listen(execute: Any, sql: str, *arguments: Any) -> Any:
        asked.append(" ".join(sql.split())[:120])
        return execute(sql, *arguments)

    with connection.execute_wrapper(listen):
        work()
    return [sql for sql in asked if "SAVEPOINT" not in sql]


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What each thread's work returned or was refused with; all of them start together."""
    start = Barrier(count)

    def run_one(number: int) -> Any:
        try:
            connection.ensure_connection()
            start.wait(30)
            return work(number)
        except Refusal as refusal:
            return refusal
        finally:
            # Django keeps one for each thread; nobody else would close it.
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run_one, range(count)))
