"""How tests of settlements sell, settle and pay: in euro, for an organization that is a market.

`market` sells for organizers from Dublin; Petra prepares its settlements, Anton approves them.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import count
from threading import Barrier
from typing import Any, TypeVar

from django.db import connection, connections

from core.errors import Refusal
from ledger.models import JournalEntry
from ledger.selectors.balances import balance_at
from organizations.actors import Actor
from organizations.models import Organization, User
from settlements.models import Adjustment, Event, Payee, Refund, Sale, Settlement
from settlements.services.adjustments import record_adjustment
from settlements.services.events import create_event
from settlements.services.payees import change_payee, create_payee
from settlements.services.refunds import record_refund
from settlements.services.sales import SaleDraft, record_sale
from settlements.services.settling import (
    approve_settlement,
    calculate_settlement,
    discard_settlement,
    fail_settlement,
    pay_settlement,
    retry_settlement,
)

DAY = date(2026, 3, 10)
LATER = date(2026, 3, 20)
CUTOFF = date(2026, 3, 31)

BANK, CARD, PAYABLE, TAX = "1010", "1020", "2120", "2200"
TICKETS, FEES, OTHER_INCOME, EXPENSES = "4100", "4110", "4900", "6000"

# Two that are valid, and nobody's.
IBAN, OTHER_IBAN = "IE29AIBK93115212345678", "DE89370400440532013000"

Line = tuple[str, int, int]
_Row = TypeVar("_Row", bound=Any)
_Result = TypeVar("_Result")


class Market:
    """Does everything through the services. 10 % of a sale are the platform's fee, where a test
    does not say. References are counted: `sale-1`, `refund-1`."""

    def __init__(self, organization: Organization, prepares: User, approves: User) -> None:
        self.organization = organization
        self.prepares = prepares
        self.approves = approves
        self.preparer = Actor.of_user(organization, prepares)
        self.approver = Actor.of_user(organization, approves)
        self.system = Actor.system(organization)
        self._numbers = count(1)

    def payee(self, code: str = "ana", **others: Any) -> Payee:
        """An organizer, settled by hand, without fee policy or reserve."""
        given = {"name": code.title(), "currency": "EUR", **others}
        return create_payee(actor=self.preparer, code=code, **given)

    def change(self, payee: Payee, **changes: Any) -> Payee:
        return change_payee(actor=self.preparer, payee=payee, **changes)

    def suspend(self, payee: Payee) -> Payee:
        return self.change(payee, status="suspended")

    def event(
        self, payee: Payee, code: str = "concert", ends_on: date = DAY, **others: Any
    ) -> Event:
        given = {"name": code.title(), **others}
        return create_event(actor=self.preparer, code=code, payee=payee, ends_on=ends_on, **given)

    def sell(
        self,
        payee: Payee,
        total: int = 100_00,
        fee: int | None = None,
        *,
        on: date = DAY,
        event: Event | None = None,
        reference: str = "",
        actor: Actor | None = None,
        now: Any = None,
        **others: Any,
    ) -> Sale:
        """A sale by card; `fee` is the platform's, a tenth unless it is given. What else a
        SaleDraft takes may be given: `platform_fee=None` leaves the parts to the policy."""
        draft = replace(
            self.draft(payee, total, fee, on=on, event=event, reference=reference), **others
        )
        return record_sale(actor=actor or self.preparer, draft=draft, now=now)

    def draft(
        self,
        payee: Payee,
        total: int = 100_00,
        fee: int | None = None,
        *,
        on: date = DAY,
        event: Event | None = None,
        reference: str = "",
        **others: Any,
    ) -> SaleDraft:
        """The draft of such a sale."""
        given: dict[str, Any] = {
            "reference": reference or f"sale-{next(self._numbers)}",
            "payee": payee.pk,
            "event": event.pk if event else None,
            "sold_on": on,
            "method": "card",
            "total_amount": total,
            "currency": payee.currency,
            "platform_fee": total // 10 if fee is None else fee,
        }
        return SaleDraft(**(given | others))

    def record(self, seller: Payee, /, **given: Any) -> Sale:
        """A sale that says just what is given, be it another payee or an empty reference."""
        return record_sale(actor=self.preparer, draft=replace(self.draft(seller), **given))

    def refund(
        self,
        sale: Sale,
        amount: int | None = None,
        *,
        fee: str = "return",
        on: date = LATER,
        reference: str = "",
        actor: Actor | None = None,
        **others: Any,
    ) -> Refund:
        return record_refund(
            actor=actor or self.preparer,
            sale=sale,
            reference=reference or f"refund-{next(self._numbers)}",
            refunded_on=on,
            amount=amount,
            fee=fee,
            **others,
        )

    def adjust(
        self,
        payee: Payee,
        amount: int,
        *,
        on: date = DAY,
        reason: str = "agreed by telephone",
        reference: str = "",
        actor: Actor | None = None,
        **others: Any,
    ) -> Adjustment:
        return record_adjustment(
            actor=actor or self.preparer,
            payee=payee.pk,
            amount=amount,
            reason=reason,
            adjusted_on=on,
            reference=reference or f"adjustment-{next(self._numbers)}",
            **others,
        )

    def settle(
        self, payee: Payee, through: date = CUTOFF, actor: Actor | None = None, **others: Any
    ) -> Settlement:
        return calculate_settlement(
            actor=actor or self.preparer, payee=payee, through=through, **others
        )

    def discard(self, settlement: Settlement) -> None:
        discard_settlement(actor=self.preparer, settlement=settlement)

    def approve(
        self, settlement: Settlement, actor: Actor | None = None, **others: Any
    ) -> Settlement:
        return approve_settlement(actor=actor or self.approver, settlement=settlement, **others)

    def pay(self, settlement: Settlement, on: date = CUTOFF, **others: Any) -> Settlement:
        return pay_settlement(actor=self.preparer, settlement=settlement, paid_on=on, **others)

    def fail(
        self, settlement: Settlement, reason: str = "account closed", **others: Any
    ) -> Settlement:
        return fail_settlement(actor=self.preparer, settlement=settlement, reason=reason, **others)

    def retry(self, settlement: Settlement, **others: Any) -> Settlement:
        return retry_settlement(actor=self.preparer, settlement=settlement, **others)

    def paid(self, payee: Payee, through: date = CUTOFF) -> Settlement:
        """Settled through a day, approved and paid on it."""
        return self.pay(self.approve(self.settle(payee, through)), through)

    def owed(self, on: date = date.max) -> int:
        """What the ledger says that all payees of the usual account are owed."""
        return self.balance(PAYABLE, on)

    def balance(self, account: str, on: date = date.max) -> int:
        """On the account's normal side."""
        return balance_at(self.organization, account, on=on)


def fresh(row: _Row) -> _Row:
    """The row as it now stands in the database."""
    return type(row).objects.of(row.organization_id).get(pk=row.pk)  # type: ignore[no-any-return]


def lines_of(item: Sale | Refund | Adjustment) -> list[Line]:
    """(account, debit, credit) of an item's entry, in the order of its lines."""
    entry = JournalEntry.objects.of(item.organization_id).get(pk=item.entry_id)
    return [(line.account.code, line.debit, line.credit) for line in entry.lines.all()]


def at_once(*works: Callable[[], _Result]) -> list[_Result | Refusal]:
    """What each gives or refuses, all of them begun at one moment, each on its own connection."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], _Result]) -> _Result | Refusal:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return work()
        except Refusal as refusal:
            return refusal
        finally:
            # Django keeps one for each thread; nobody else would close it.
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def outcomes(results: list[Any]) -> list[str]:
    """The kinds of refusal, and `done` for what was done, in alphabetical order."""
    return sorted(type(r).__name__ if isinstance(r, Refusal) else "done" for r in results)


def amounts(row: Any, *names: str) -> Mapping[str, int]:
    """amounts(settlement, "total_amount", …) as one dictionary, to be compared at once."""
    return {name: getattr(row, name) for name in names}
