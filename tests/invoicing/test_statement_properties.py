"""Whatever happened to invoices, and on whatever day one looks: statements, ageing and the ledger's
receivable agree, and the reconciliation finds nothing."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import uuid7
from core.errors import Refusal
from invoicing.models import CreditNote, Customer, FinancialTransaction, Invoice
from invoicing.selectors.ageing import ageing
from invoicing.selectors.reconciliation import check_invoices
from invoicing.selectors.statements import customer_statement
from invoicing.services.crediting import issue_credit_note
from invoicing.services.customers import create_customer
from invoicing.services.refunds import refund_credit_note
from ledger.selectors.balances import balance_at
from organizations.actors import Actor
from organizations.models import Organization
from tests.fixtures import make_organization
from tests.invoicing.selling import DAY, RECEIVABLE, Till, item

# What happens, to which of the rows that there are, on which of a hundred days, over how much.
happenings = st.tuples(
    st.sampled_from(
        [
            "invoice",
            "invoice",
            "pay",
            "pay",
            "reverse",
            "refund",
            "credit",
            "void",
            "note",
            "payout",
        ]
    ),
    st.integers(0, 9),
    st.integers(0, 99),
    st.integers(1, 200),
)


@dataclass
class History:
    """Facts in any order of days: payments before their invoice, refunds before the payment."""

    till: Till
    customers: list[Customer | None]
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[FinancialTransaction] = field(default_factory=list)
    notes: list[CreditNote] = field(default_factory=list)

    def happen(self, what: str, which: int, day: date, amount: int) -> None:
        """What is refused leaves nothing behind."""
        try:
            getattr(self, what)(which, day, amount)
        except (Refusal, IndexError, ZeroDivisionError):
            return

    def invoice(self, which: int, day: date, amount: int) -> None:
        customer = self.customers[which % len(self.customers)]
        due_on = day + timedelta(amount % 60)
        order = self.till.order(item(amount), on=day, customer=customer)
        self.invoices.append(self.till.issue(order, day, due_on=due_on))

    def pay(self, which: int, day: date, amount: int) -> None:
        invoice = self.invoices[which % len(self.invoices)]
        self.payments.append(self.till.pay(invoice, amount, on=day))

    def reverse(self, which: int, day: date, amount: int) -> None:
        self.till.reverse(self.payments[which % len(self.payments)], on=day)

    def refund(self, which: int, day: date, amount: int) -> None:
        self.till.refund(self.invoices[which % len(self.invoices)], amount, on=day)

    def credit(self, which: int, day: date, amount: int) -> None:
        self.till.credit(self.invoices[which % len(self.invoices)], amount, on=day)

    def void(self, which: int, day: date, amount: int) -> None:
        self.till.void(self.invoices[which % len(self.invoices)], on=day)

    def note(self, which: int, day: date, amount: int) -> None:
        self.notes.append(
            issue_credit_note(
                actor=self.till.actor,
                currency="GBP",
                items=[item(amount)],
                reason="old sale",
                customer=self.customers[which % len(self.customers)],
                on=day,
            )
        )

    def payout(self, which: int, day: date, amount: int) -> None:
        refund_credit_note(
            actor=self.till.actor,
            credit_note=self.notes[which % len(self.notes)],
            method="bank",
            reason="old sale",
            amount=amount,
            on=day,
        )


@pytest.mark.django_db
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    facts=st.lists(happenings, min_size=1, max_size=25),
    days=st.lists(st.integers(-1, 101), min_size=2, max_size=4),
)
def test_statements_ageing_and_ledger_agree_on_any_day(facts: list[Any], days: list[int]) -> None:
    organization = make_organization(f"acme-{uuid7().hex}", "Acme Ltd")
    till = Till(Actor.system(organization))
    named = [create_customer(actor=till.actor, name=name) for name in ("Ada", "Bea")]
    history = History(till, [*named, None])
    for what, which, day, amount in facts:
        history.happen(what, which, DAY + timedelta(day), amount)

    since, *others = (DAY + timedelta(day) for day in days)
    for day in [since, *others, DAY + timedelta(101)]:
        check_agreement(organization, history.customers, min(since, day), day)
    result = check_invoices(organization)
    assert result.passed, [finding.message for finding in result.findings]


def check_agreement(
    organization: Organization, customers: list[Customer | None], since: date, until: date
) -> None:
    """On the last day, and for the statement's opening on the eve of the first one."""
    owed = aged(organization, until)
    owed_before = aged(organization, since - timedelta(1))
    receivable = balance_at(organization, RECEIVABLE, until)
    closings = {}
    for customer in customers:
        found = customer_statement(organization, customer, since=since, until=until, currency="GBP")
        [part] = found.currencies
        key = customer.pk if customer else None
        closings[key] = part.closing_amount
        assert part.opening_amount == owed_before.get(key, 0)
        assert part.closing_amount == owed.get(key, 0)
        assert part.opening_amount + sum(m.amount for m in part.movements) == part.closing_amount
        assert found.ties
    assert sum(closings.values()) == sum(owed.values()) == receivable


def aged(organization: Organization, day: date) -> dict[Any, int]:
    """{customer: total}; the ageing says itself that it ties to the ledger."""
    found = ageing(organization, as_of=day)
    assert found.ties
    return {
        row.customer_id: row.amounts.total_amount for part in found.currencies for row in part.rows
    }
