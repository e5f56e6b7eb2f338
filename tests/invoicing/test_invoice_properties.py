"""Random sequences of everything that happens to invoices, against plain arithmetic.

After each step the ledger's receivable is what the documents say is owed; a refusal leaves every
row as it was; what can be refused is refused if and only if plain arithmetic says so.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.db import uuid7
from core.errors import Refusal
from invoicing.errors import InvalidCreditNote, ItemOverCredit, NothingToCredit
from invoicing.models import CreditNote, FinancialTransaction, Invoice
from invoicing.services.crediting import issue_credit_note
from invoicing.services.refunds import refund_credit_note
from ledger.selectors.balances import balance_at
from ledger.selectors.integrity import verify_books
from organizations.actors import Actor
from tests.fixtures import make_organization
from tests.invoicing.selling import BANK, DAY, RECEIVABLE, TAX, Till, fresh, item, state_of

prices = st.integers(0, 400)
# Of what is possible: eighths of it, or one more than that. Mostly sound, or little would happen.
shares = st.tuples(st.integers(0, 8), st.sampled_from([0, 0, 0, 1]))
quantities = st.sampled_from(["1", "2", "3", "0.5", "2.25"])
rates = st.sampled_from([("VAT",), ("LOW",), ("INCL",), ("GST", "PST"), ("ZERO",)])
lines = st.lists(st.tuples(prices, quantities, rates), min_size=1, max_size=3)
which = st.integers(0, 3)


def share_of(most: int, share: tuple[int, int]) -> int:
    eighths, more = share
    return max(1, most * eighths // 8 + more)


@dataclass
class Plain:
    """What plain arithmetic knows of an invoice."""

    invoice: Invoice
    paid: int = 0
    refunded: int = 0
    credited: int = 0
    payments: list[FinancialTransaction] = field(default_factory=list)

    @property
    def owed(self) -> int:
        return int(self.invoice.total_amount) - self.credited - self.paid + self.refunded

    @property
    def left(self) -> int:
        """What is not credited yet."""
        return int(self.invoice.total_amount) - self.credited


class Sales(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.organization = make_organization(f"acme-{uuid7().hex}"[:60], "Acme Ltd")
        self.till = Till(Actor.system(self.organization))
        self.till.rate("LOW", "17.5")
        self.till.rate("INCL", "20", inclusive=True)
        self.till.rate("GST", "5")
        self.till.rate("PST", "9.975", compound=True)
        self.till.rate("ZERO", "0")
        self.invoices: list[Plain] = []
        self.notes: list[CreditNote] = []

    def pick(self, index: int) -> Plain:
        """One of the latest: with many there would be little that happens twice to one."""
        latest = self.invoices[-3:]
        return latest[index % len(latest)]

    @property
    def paid(self) -> list[Plain]:
        """The latest of which something is paid and not refunded."""
        return [plain for plain in self.invoices if plain.paid > plain.refunded][-3:]

    def attempt(self, expected: bool, work: Any) -> Any:
        """Do it; whether it is refused is expected, and a refusal changes nothing."""
        before = state_of(self.organization)
        try:
            done = work()
        except Refusal:
            done = None
            assert state_of(self.organization) == before
        assert (done is not None) == expected
        return done

    # --- What happens ---------------------------------------------------------------------------

    @initialize(sold=lines)
    def begin(self, sold: Any) -> None:
        self.issue(sold)

    @rule(sold=lines)
    def issue(self, sold: Any) -> None:
        items = [item(price, *codes, quantity=quantity) for price, quantity, codes in sold]
        self.invoices.append(Plain(self.till.invoice(*items)))

    @rule(index=which, share=st.none() | shares)
    def pay(self, index: int, share: Any) -> None:
        plain = self.pick(index)
        amount = share and share_of(max(plain.owed, 0), share)
        wanted = amount or plain.owed

        payment = self.attempt(
            0 < wanted <= plain.owed, lambda: self.till.pay(plain.invoice, amount)
        )

        if payment:
            plain.paid += wanted
            plain.payments.append(payment)

    @precondition(lambda self: self.paid)
    @rule(index=which, payment=which)
    def take_back(self, index: int, payment: int) -> None:
        plain = self.paid[index % len(self.paid)]
        taken = plain.payments[payment % len(plain.payments)]
        fits = taken.amount <= plain.paid - plain.refunded and fresh(taken).status == "completed"

        if self.attempt(fits, lambda: self.till.reverse(taken)):
            plain.paid -= taken.amount

    @precondition(lambda self: self.paid)
    @rule(index=which, share=st.none() | shares)
    def refund(self, index: int, share: Any) -> None:
        plain = self.paid[index % len(self.paid)]
        refundable = plain.paid - plain.refunded
        amount = share and share_of(refundable, share)
        wanted = amount or refundable

        if self.attempt(0 < wanted <= refundable, lambda: self.till.refund(plain.invoice, amount)):
            owed_before = plain.owed
            plain.refunded += wanted
            # Nobody comes to owe what they get back.
            plain.credited += max(0, plain.owed - max(owed_before, 0))

    @rule(index=which, share=shares)
    def credit(self, index: int, share: Any) -> None:
        plain = self.pick(index)
        amount = share_of(plain.left, share)

        if self.attempt(amount <= plain.left, lambda: self.till.credit(plain.invoice, amount)):
            plain.credited += amount

    @rule(index=which, items=st.dictionaries(st.integers(1, 3), quantities, min_size=1))
    def credit_items(self, index: int, items: Any) -> None:
        """How much quantities come to is not said here; only what it can never exceed."""
        plain = self.pick(index)
        before = state_of(self.organization)
        try:
            note = self.till.credit_items(plain.invoice, *items.items())
        except (ItemOverCredit, NothingToCredit, InvalidCreditNote):
            assert state_of(self.organization) == before
            return
        assert 0 < note.total_amount <= plain.left
        assert [line.quantity for line in note.items.all()] == [*map(Decimal, items.values())]
        plain.credited += note.total_amount

    @rule(index=which)
    def void(self, index: int) -> None:
        plain = self.pick(index)

        note = self.attempt(plain.left > 0, lambda: self.till.void(plain.invoice))

        if note:
            assert note.total_amount == plain.left
            plain.credited += note.total_amount

    @rule(price=st.integers(1, 400))
    def give_credit(self, price: int) -> None:
        self.notes.append(
            issue_credit_note(
                actor=self.till.actor,
                currency="GBP",
                items=[item(price)],
                reason="sold last year",
                on=DAY,
            )
        )

    @precondition(lambda self: self.notes)
    @rule(index=which, share=shares)
    def pay_out(self, index: int, share: Any) -> None:
        note = fresh(self.notes[index % len(self.notes)])
        amount = share_of(note.total_amount - note.refunded_amount, share)

        self.attempt(
            amount <= note.total_amount - note.refunded_amount,
            lambda: refund_credit_note(
                actor=self.till.actor,
                credit_note=note,
                method="bank",
                reason="sold last year",
                amount=amount,
                on=DAY,
            ),
        )

    # --- What always holds ----------------------------------------------------------------------

    @invariant()
    def documents_say_what_arithmetic_says(self) -> None:
        for plain in self.invoices:
            now = fresh(plain.invoice)
            assert (now.paid_amount, now.refunded_amount, now.credited_amount) == (
                plain.paid,
                plain.refunded,
                plain.credited,
            )
            assert now.open_amount == plain.owed

    @invariant()
    def the_ledger_says_what_the_documents_say(self) -> None:
        notes = [fresh(note) for note in self.notes]
        owed = sum(plain.owed for plain in self.invoices)
        owed -= sum(note.total_amount - note.refunded_amount for note in notes)
        assert balance_at(self.organization, RECEIVABLE) == owed
        money = sum(plain.paid - plain.refunded for plain in self.invoices)
        assert balance_at(self.organization, BANK) == money - sum(n.refunded_amount for n in notes)
        charged = sum(plain.invoice.tax_amount for plain in self.invoices)
        credited = sum(
            CreditNote.objects.of(self.organization).values_list("tax_amount", flat=True)
        )
        assert balance_at(self.organization, TAX) == charged - credited

    @invariant()
    def what_is_credited_of_a_rate_is_within_what_it_charged(self) -> None:
        for plain in self.invoices:
            if plain.credited != plain.invoice.total_amount or not plain.credited:
                continue
            notes = CreditNote.objects.of(self.organization).filter(invoice=plain.invoice)
            for sold in plain.invoice.order.tax_lines.all():
                taken = [line for note in notes for line in note.tax_lines.filter(code=sold.code)]
                assert sum(line.tax_amount for line in taken) == sold.tax_amount
                assert sum(line.taxable_amount for line in taken) == sold.taxable_amount

    def teardown(self) -> None:
        assert verify_books(self.organization).ties


@pytest.mark.slow
@pytest.mark.django_db
def test_receivable_is_what_is_owed_whatever_happens():
    run_state_machine_as_test(
        Sales,
        settings=settings(
            max_examples=40,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # What is found is short already; making it shorter would take minutes.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )
