"""Bring documents of a sales file into the books, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.db import require_transaction
from invoicing.imports.books import (
    Booked,
    Debt,
    booked_cancellations,
    booked_sales,
    customers_by_code,
    debt_of,
    goods_of,
    references_taken,
)
from invoicing.imports.cancelling import cancelled_invoice
from invoicing.imports.documents import Omission, SalesDocument
from invoicing.imports.sample_payments import SamplePayment
from invoicing.imports.tally import Tally
from invoicing.models import CreditNote, Customer, Invoice, PaymentMethod, TaxRate
from invoicing.services.crediting import credit_invoice, issue_credit_note
from invoicing.services.customers import add_customers
from invoicing.services.issuing import issue
from invoicing.services.locking import lock_invoice
from invoicing.services.orders import ItemDraft, add_locked_order
from invoicing.services.paying import PaymentDraft, pay, pay_all
from invoicing.services.refunds import refund_credit_note
from organizations.actors import Actor
from organizations.services.auditing import Audit


@dataclass(frozen=True, slots=True)
class Sale:
    """A document, and the rate that it bears."""

    document: SalesDocument
    rate: TaxRate


Step = Sale | SamplePayment


class Booking:
    """What the books know of some documents and payments, and what is added to them.

    Made anew in each transaction: what is rolled back must not be remembered.
    """

    def __init__(
        self, audit: Audit, actor: Actor, currency: str, steps: Sequence[Step], *, settle: bool
    ) -> None:
        """With `settle` a customer is refunded what is credited beyond their debt."""
        require_transaction()
        self.tally = Tally()
        self._audit = audit
        self._due: list[tuple[Invoice, SamplePayment]] = []
        self._actor = actor
        self._organization = actor.organization
        self._currency = currency
        self._settle = settle
        self._look_up(
            [step.document for step in steps if isinstance(step, Sale)],
            [step for step in steps if isinstance(step, SamplePayment)],
        )

    def _look_up(
        self, documents: Sequence[SalesDocument], payments: Sequence[SamplePayment]
    ) -> None:
        """As many statements for a hundred documents as for one."""
        numbers = [document.number for document in documents]
        paying = [payment.number for payment in payments]
        self._booked = booked_sales(self._organization, [*numbers, *paying])
        self._booked |= booked_cancellations(self._organization, numbers)
        self._find_customers(documents)
        self._paid = references_taken(
            self._organization, [payment.provider_reference for payment in payments]
        )
        self._credited = {
            number
            for number, booked in self._booked.items()
            if booked.invoice and booked.invoice.credited_amount
        }

    def _find_customers(self, documents: Sequence[SalesDocument]) -> None:
        """Those of the documents; who is new is made, where a document will be."""
        self._customers = customers_by_code(
            self._organization, {document.customer for document in documents}
        )
        missing = {
            document.customer: document
            for document in reversed(documents)
            if document.customer not in self._customers and document.number not in self._booked
        }
        missing.pop("", None)
        new = [
            Customer(
                organization=self._organization,
                code=code,
                name=f"Customer {code}",
                country=document.country,
            )
            for code, document in missing.items()
        ]
        if new:
            add_customers(self._audit, new)
        self._customers |= {customer.code: customer for customer in new}
        self.tally.customers = len(new)

    def book(self, step: Step) -> Omission | None:
        """An omission where the books have another document under that number. Payments wait for
        the next document, or for `settle_due`.

        Raises:
            Refusal: the books do not take it; nothing of the transaction may stay.
        """
        if isinstance(step, SamplePayment):
            self._pay(step)
            return None
        self.settle_due()
        document = step.document
        found = self._booked.get(document.number)
        if found is not None:
            return self._compare(document, found)
        customer = self._customers.get(document.customer)
        if document.is_cancellation:
            self._take_back(step, customer)
        else:
            self._sell(step, customer)
        return None

    def _compare(self, document: SalesDocument, found: Booked) -> Omission | None:
        customer = self._customers.get(document.customer)
        if found.day is None:
            return document.refused(
                "not_invoiced", "there is an order of this number, not invoiced"
            )
        if not found.says_the_same(document, customer):
            return document.refused(
                "number_taken",
                "another document is in the books under this number; in the file, all lines of"
                " a document have to follow each other",
            )
        self.tally.there_already += 1
        return None

    def _sell(self, sale: Sale, customer: Customer | None) -> None:
        """A walk-in pays at once, in cash."""
        document = sale.document
        order = add_locked_order(
            self._audit,
            self._actor,
            currency=self._currency,
            items=_items(sale),
            customer=customer,
            reference=document.number,
            # As the file names it: some places are abroad, and no country.
            metadata={"country": document.lines[0].country},
            country=document.country or None,
            on=document.day,
        )
        invoice = issue(self._audit, self._actor, order, issued_on=document.day)
        if customer is None:
            paid = PaymentDraft(PaymentMethod.CASH, on=document.day)
            pay(self._audit, self._actor, invoice, paid)
        self._remember(document, customer, invoice)
        self.tally.invoices += 1
        self.tally.payments += not customer

    def _take_back(self, sale: Sale, customer: Customer | None) -> None:
        document = sale.document
        debt = debt_of(self._organization, customer, self._currency) if customer else Debt()
        cancelled = None
        if customer and debt.has_open_invoices:
            cancelled = cancelled_invoice(self._organization, document, customer, sale.rate)
        if cancelled:
            credit_invoice(
                actor=self._actor,
                invoice=cancelled.invoice,
                items=cancelled.items,
                reason=_reason(document),
                reference=document.number,
                on=document.day,
            )
            self._credited.add(cancelled.invoice.order.reference)
        else:
            self._give_credit(sale, customer, debt)
        self._remember(document, customer)
        self.tally.credit_notes += 1

    def _give_credit(self, sale: Sale, customer: Customer | None, debt: Debt) -> None:
        """To the customer's good; a walk-in has it back at once, in cash."""
        document = sale.document
        note = issue_credit_note(
            actor=self._actor,
            currency=self._currency,
            items=_items(sale),
            reason=_reason(document),
            customer=customer,
            reference=document.number,
            country=document.country or None,
            on=document.day,
        )
        if customer is None:
            self._refund(note, PaymentMethod.CASH, note.total_amount)
        elif self._settle:
            self._refund(note, PaymentMethod.BANK, note.total_amount - debt.owed_amount)

    def _refund(self, note: CreditNote, method: PaymentMethod, amount: int) -> None:
        if amount <= 0:
            return
        refund_credit_note(
            actor=self._actor,
            credit_note=note,
            method=method,
            reason=f"Nothing left to set {note.reference} against",
            amount=amount,
            on=note.issued_on,
        )
        self.tally.refunds += 1

    def _pay(self, payment: SamplePayment) -> None:
        """In full; not what did not come in, nor what was credited or paid otherwise."""
        booked = self._booked.get(payment.number)
        if booked is None or booked.invoice is None or booked.invoice.open_amount <= 0:
            return
        if payment.number in self._credited or payment.provider_reference in self._paid:
            return
        self._due.append((booked.invoice, payment))

    def settle_due(self) -> None:
        """Record the payments that have been found due, together."""
        if not self._due:
            return
        locked = [
            (lock_invoice(self._organization, invoice.pk), payment)
            for invoice, payment in sorted(self._due, key=lambda due: due[0].order_id)
        ]
        pay_all(
            self._audit,
            self._actor,
            [
                (
                    invoice,
                    PaymentDraft(
                        PaymentMethod.BANK,
                        provider_reference=payment.provider_reference,
                        on=payment.day,
                    ),
                )
                for invoice, payment in locked
            ],
        )
        self.tally.payments += len(self._due)
        self._due = []

    def _remember(
        self, document: SalesDocument, customer: Customer | None, invoice: Invoice | None = None
    ) -> None:
        """The same number may come once more, or its payment, before this transaction ends."""
        self._booked[document.number] = Booked(
            document.day, customer.pk if customer else None, goods_of(document), invoice
        )


def _items(sale: Sale) -> list[ItemDraft]:
    return [
        ItemDraft(
            description=line.description,
            quantity=abs(line.quantity),
            unit_amount=line.unit_amount,
            sku=line.sku,
            tax_codes=(sale.rate.code,),
        )
        for line in sale.document.lines
    ]


def _reason(document: SalesDocument) -> str:
    return f"Cancellation {document.number}"
