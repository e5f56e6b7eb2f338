"""The marketplace, step by step: sell for organizers, settle the week, pay them, hold it against
the ledger. Running it again changes nothing and finds the same figures.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rich.table import Table

from core.errors import Refusal
from core.money import format_amount
from demo.checks import Check, Checks
from demo.figures import count_entries
from demo.market import (
    CURRENCY,
    FEE_PERCENTAGE,
    MINIMUM_PAYOUT,
    NEW_IBAN,
    ORGANIZERS,
    PAID_AGAIN_ON,
    PAID_ON,
    RETURNED,
    RETURNED_CODE,
    RETURNED_ON,
    RETURNED_REASON,
    SETTLED_AT,
    WEEK_ENDS_ON,
    controller_of,
    event_code,
    open_market,
)
from demo.market_expected import ExpectedMarket
from demo.output import Output
from ledger.models import AccountRole
from ledger.reconciliation import run_checks
from ledger.selectors.accounts import account_by_role
from ledger.selectors.balances import balance_at
from ledger.selectors.integrity import verify_books
from organizations.actors import Actor
from organizations.models import Organization
from settlements.documents import render_pdf, statement_document
from settlements.models import (
    PayoutBatch,
    PayoutBatchItem,
    PayoutStatus,
    Settlement,
    SettlementStatus,
)
from settlements.selectors.items import get_sale
from settlements.selectors.payees import get_payee
from settlements.selectors.positions import payee_balances
from settlements.selectors.settlements import list_settlements
from settlements.selectors.statements import (
    SettlementStatement,
    settlement_statement,
    statement_lines,
)
from settlements.services.batches import export_batch
from settlements.services.payees import change_payee
from settlements.services.refunds import record_refund
from settlements.services.running import run_settlements
from settlements.services.sales import SaleDraft, record_sale
from settlements.services.settling import (
    approve_settlement,
    fail_settlement,
    pay_settlement,
    retry_settlement,
)


@dataclass
class MarketJob:
    """One run of the second half of the demo; `folder` takes the files."""

    expected: ExpectedMarket
    checks: Checks
    output: Output
    folder: Path

    def run(self) -> None:
        self.sell()
        self.settle_the_week()
        self.pay()
        self.take_back_and_pay_again()
        self.show_a_statement()
        self.reconcile()

    @cached_property
    def market(self) -> Organization:
        return open_market()

    @cached_property
    def actor(self) -> Actor:
        return Actor.system(self.market, "demo")

    @cached_property
    def controller(self) -> Actor:
        return controller_of(self.market)

    def check(self, name: str, *, expected: object, got: object, is_money: bool = False) -> Check:
        check = self.checks.add(name, expected=expected, got=got, is_money=is_money)
        self.output.check(check)
        return check

    def sell(self) -> None:
        self.output.step(
            "Sell for organizers",
            f"The invoices of the last two days once more, as a marketplace ({self.market.slug},"
            f" {CURRENCY}): each country is an organizer, each of its days an event, and"
            f" {FEE_PERCENTAGE} % of each sale is the platform's. A cancellation refunds sales of"
            " its organizer.",
        )
        before = count_entries(self.market)
        for sold in self.expected.sales:
            record_sale(
                actor=self.actor,
                draft=SaleDraft(
                    reference=sold.number,
                    payee=sold.organizer,
                    event=event_code(sold.organizer, sold.day),
                    sold_on=sold.day,
                    method=sold.method,
                    total_amount=sold.total,
                    currency=CURRENCY,
                    quantity=sold.quantity,
                ),
            )
        self._refund()
        sales, refunds = self.expected.sales, self.expected.returns
        new = count_entries(self.market) - before
        told = f"{len(sales)} sales and {len(refunds)} refunds: {new} new"
        self.output.say(f"{told}, {len(sales) + len(refunds) - new} there already")
        for role, name, amount in (
            (AccountRole.CARD_CLEARING, "taken by card", self.expected.taken("card")),
            (AccountRole.CASH, "taken in cash", self.expected.taken("cash")),
            (AccountRole.PLATFORM_FEES, "the platform's fees", self.expected.fees),
        ):
            self.check(name, expected=amount, got=self._balance(role), is_money=True)

    def _refund(self) -> None:
        for note in self.expected.cancellations:
            for given in note.returns:
                record_refund(
                    actor=self.actor,
                    sale=get_sale(self.market, given.sale),
                    reference=f"{note.number}-{given.sale}",
                    refunded_on=note.day,
                    amount=given.amount,
                    reason=f"Cancellation {note.number}",
                )

    def settle_the_week(self) -> None:
        self.output.step(
            "Settle the week",
            f"Weekly, through Sunday {WEEK_ENDS_ON}; run on Monday, as the clock does, and run"
            " again. Of the United Kingdom 5 % are held in reserve for 30 days; nobody is paid"
            f" less than {format_amount(MINIMUM_PAYOUT, CURRENCY)}.",
        )
        for _ in range(2):
            run = run_settlements(self.market, through=WEEK_ENDS_ON, now=SETTLED_AT)
        self.check("settled by the second run", expected=0, got=run.counts["settled"])
        self.check("organizers who could not be settled", expected=0, got=run.counts["failed"])
        made = self._settlements()
        payouts = self.expected.payouts()
        self.check("settlements", expected=len(payouts), got=len(made))
        for code, amount in payouts.items():
            got = int(made[code].total_amount) if code in made else None
            self.check(made[code].payee.name, expected=amount, got=got, is_money=True)
        held = {code: int(s.reserve_held_amount) for code, s in made.items()}
        reserves = sum(self.expected.reserves().values())
        self.check("held in reserve", expected=reserves, got=sum(held.values()), is_money=True)

    def pay(self) -> None:
        self.output.step(
            "Approve, export, pay",
            f"Somebody else approves; one file asks the bank to pay all of them on {PAID_ON}.",
        )
        pending = [s for s in self._settlements().values() if s.status == SettlementStatus.PENDING]
        for settlement in pending:
            approve_settlement(actor=self.controller, settlement=settlement, now=SETTLED_AT)
        if pending:
            export_batch(
                actor=self.controller,
                settlements=[settlement.pk for settlement in pending],
                format="pain.001",
                executes_on=PAID_ON,
                now=SETTLED_AT,
            )
            for settlement in pending:
                pay_settlement(actor=self.controller, settlement=settlement, paid_on=PAID_ON)
        batch = self._batches()[0]
        self._write(batch.file_name, bytes(batch.content))
        payouts = self.expected.payouts()
        self.check("payouts in the file", expected=len(payouts), got=batch.payout_count)
        self.check(
            "its control sum",
            expected=sum(payouts.values()),
            got=int(batch.control_sum_amount),
            is_money=True,
        )
        self.check("paying one again", expected="settlement_already_paid", got=self._pay_again())

    def _pay_again(self) -> str:
        """The code of the refusal."""
        settlement = self._settlements()["germany"]
        try:
            pay_settlement(actor=self.controller, settlement=settlement, paid_on=PAID_ON)
        except Refusal as refusal:
            return refusal.code
        return "paid"

    def take_back_and_pay_again(self) -> None:
        settlement = self._settlements()[RETURNED]
        name = settlement.payee.name
        self.output.step(
            "A payout comes back",
            f"The bank returns what was sent to {name}: {RETURNED_REASON.lower()}. It is owed"
            " again, until a second attempt reaches their new account.",
        )
        if settlement.payouts.count() == 1:
            self._fail_and_retry(settlement)
        made = self._settlements()[RETURNED]
        attempts = [
            (payout.attempt, payout.status, payout.iban) for payout in made.payouts.order_by("pk")
        ]
        first = next(organizer.iban for organizer in ORGANIZERS if organizer.code == RETURNED)
        self.check(
            "attempts at paying it",
            expected="1 returned, 2 paid",
            got=", ".join(f"{attempt} {status}" for attempt, status, _ in attempts),
        )
        self.check(
            "each to the account of its time",
            expected=True,
            got=[iban for *_, iban in attempts] == [first, NEW_IBAN],
        )
        self.check("files for the bank", expected=2, got=len(self._batches()))
        self.check("it is", expected=SettlementStatus.COMPLETED.value, got=str(made.status))

    def _fail_and_retry(self, settlement: Settlement) -> None:
        fail_settlement(
            actor=self.controller,
            settlement=settlement,
            reason=RETURNED_REASON,
            failure_code=RETURNED_CODE,
            failed_on=RETURNED_ON,
        )
        change_payee(actor=self.actor, payee=get_payee(self.market, RETURNED), iban=NEW_IBAN)
        again = retry_settlement(actor=self.controller, settlement=settlement, now=SETTLED_AT)
        export_batch(
            actor=self.controller,
            settlements=[again.pk],
            format="pain.001",
            executes_on=PAID_AGAIN_ON,
            now=SETTLED_AT,
        )
        pay_settlement(actor=self.controller, settlement=again, paid_on=PAID_AGAIN_ON)

    def show_a_statement(self) -> None:
        settlement = self._settlements()[RETURNED]
        statement = settlement_statement(self.market, settlement)
        self.output.step(
            "An organizer's statement",
            f"{settlement.payee.name}, from opening to closing balance; each line names its entry.",
        )
        self.output.show(_drawn(statement))
        self.check("the statement ties", expected=True, got=statement.ties)
        for code, made in self._settlements().items():
            pdf = render_pdf(statement_document(settlement_statement(self.market, made), "pdf"))
            self._write(f"settlement-{code}.pdf", pdf)

    def reconcile(self) -> None:
        self.output.step(
            "Hold it against the ledger",
            f"What each organizer is owed at the end of {PAID_AGAIN_ON}, by what becomes of it,"
            " and what the ledger says.",
        )
        balances = payee_balances(self.market, as_of=PAID_AGAIN_ON)
        table = Table(box=None)
        table.add_column("Organizer")
        for name in ("Unsettled", "Reserve", "Awaiting payout", "Open", "In the ledger"):
            table.add_column(name, justify="right")
        for position in balances.positions:
            if not position.open_amount and not position.ledger_amount:
                continue
            amounts = (
                position.unsettled_amount,
                position.reserve_amount,
                position.awaiting_payout_amount,
                position.open_amount,
                position.ledger_amount,
            )
            figures = (format_amount(a, CURRENCY) if a else "" for a in amounts)
            table.add_row(position.payee.name, *figures)
        self.output.show(table)
        owed = sum(self.expected.owed().values()) - sum(self.expected.payouts().values())
        self.check(
            "owed to organizers",
            expected=owed,
            got=self._balance(AccountRole.ORGANIZER_PAYABLE),
            is_money=True,
        )
        self.check("every organizer ties", expected=True, got=balances.ties)
        verified = verify_books(self.market)
        for result in [*verified.checks, *run_checks(self.market, ["settlements"])]:
            for finding in result.findings:
                self.output.say(finding.message)
            if not result.passed or result.name == "settlements":
                self.check(result.name.replace("_", " "), expected=True, got=result.passed)
        self.check("the books verify", expected=True, got=verified.ties)

    def _settlements(self) -> dict[str, Settlement]:
        """The first of each payee by its code, as they now are: the clock goes on to settle."""
        rows = list_settlements(self.market).filter(sequence=1).order_by("payee__code")
        return {settlement.payee.code: settlement for settlement in rows}

    def _batches(self) -> list[PayoutBatch]:
        first = PayoutBatchItem.objects.of(self.market).filter(payout__settlement__sequence=1)
        batches = PayoutBatch.objects.of(self.market).filter(pk__in=first.values("batch"))
        return list(batches.order_by("pk"))

    def _balance(self, role: str) -> int:
        account = account_by_role(self.market, role)
        return balance_at(self.market, account.code, on=PAID_AGAIN_ON)

    def _write(self, name: str, content: bytes) -> None:
        folder = self.folder / "market"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def _drawn(statement: SettlementStatement) -> Table:
    """The statement in the width of the screen; the files in the folder have all of it."""
    table = Table(box=None)
    for name in ("Date", "", "Entry"):
        table.add_column(name)
    for name in ("Gross", "Fee", "Net", "Balance"):
        table.add_column(name, justify="right")

    def told(amount: int) -> str:
        return format_amount(amount, statement.currency)

    balance = statement.opening_amount
    table.add_row("", "Opening balance", "", "", "", "", told(balance))
    for line in statement_lines(statement):
        item, balance = line.line, line.balance
        table.add_row(
            str(item.occurred_on),
            item.kind.capitalize(),
            line.entry_reference,
            told(item.total_amount),
            told(-item.platform_fee),
            told(item.amount),
            told(balance),
        )
    for payout in statement.payouts:
        table.add_row(
            str(payout.paid_on), f"Payout {payout.attempt}", "", "", "", told(-payout.amount)
        )
        if payout.status == PayoutStatus.RETURNED:
            told_why = payout.failure_reason
            table.add_row(str(payout.failed_on), "came back", told_why, "", "", told(payout.amount))
    closing = told(statement.closing_amount)
    table.add_row("", "Closing balance", "", "", "", "", closing, style="bold")
    return table
