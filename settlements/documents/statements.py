"""A settlement's statement, as it is sent to the organizer."""

from collections.abc import Iterable
from itertools import islice

from django.urls import reverse

from core.money import format_amount
from invoicing.documents.content import Buyer, Fact, Notice, Sum
from invoicing.documents.parties import present_letterhead
from invoicing.documents.wording import country_name, written_day, written_money
from invoicing.selectors.profile import get_profile
from ledger.errors import ReportTooLong
from settlements.documents.content import KIND, Attempt, Line, SettlementDocument
from settlements.models import Payout, PayoutStatus, SettlementStatus
from settlements.selectors.statements import (
    SettlementStatement,
    StatementLine,
    statement_lines,
)

# About 250 pages; a longer one is for a machine.
MOST_LINES = 10_000

_NO_BREAK = "\u00a0"
_KINDS = {"sale": "Sale", "refund": "Refund", "adjustment": "Adjustment", "fee": "Fee"}


def statement_document(statement: SettlementStatement, form: str) -> SettlementDocument:
    """The document of all lines, for `form` pdf or html.

    Raises:
        ReportTooLong: there are more than 10,000 of them.
    """
    settlement = statement.settlement
    payee = settlement.payee
    lines = list(islice(statement_lines(statement), MOST_LINES + 1))
    if len(lines) > MOST_LINES:
        raise ReportTooLong(report="statement", most=f"{MOST_LINES:,}", format=form)
    return SettlementDocument(
        kind=KIND,
        title="Settlement",
        number=f"{payee.code}-{settlement.sequence}",
        dated=settlement.through,
        letterhead=present_letterhead(statement.organization, get_profile(statement.organization)),
        buyer=Buyer(payee.name, address=_address(payee.country, payee.email), code=payee.code),
        facts=_facts(statement),
        notices=tuple(_notices(statement)),
        notes=_notes(statement),
        currency=statement.currency,
        lines=tuple(_line(line, statement.currency) for line in lines),
        total=_total(statement),
        balances=_balances(statement),
        sums=_sums(statement),
        attempts=tuple(_attempt(payout) for payout in statement.payouts),
    )


def _address(country: str, email: str) -> tuple[str, ...]:
    return tuple(text for text in (country_name(country), email) if text)


def _facts(statement: SettlementStatement) -> tuple[Fact, ...]:
    settlement = statement.settlement
    facts = [
        Fact("Organizer", settlement.payee.code),
        Fact("Settlement", str(settlement.sequence)),
        Fact("Through", written_day(settlement.through)),
        Fact("Lines", f"{settlement.item_count:,}"),
    ]
    if statement.payout_amount:
        facts.insert(3, Fact("Due on", written_day(settlement.due_on)))
    return tuple(facts)


def _notices(statement: SettlementStatement) -> Iterable[Notice]:
    """What has become of it, and whether it ties."""
    if not statement.ties:
        yield Notice(
            "This statement does not tie: its lines are not what the settlement says.", "bad"
        )
    settlement = statement.settlement
    last = statement.payouts[-1] if statement.payouts else None
    if settlement.status == SettlementStatus.PENDING:
        yield Notice("Calculated, and not approved yet.")
    elif settlement.status == SettlementStatus.PROCESSING:
        yield Notice("Approved; the payment is under way.")
    elif last is None:
        yield Notice("There is nothing to be paid.")
    elif last.status == PayoutStatus.PAID and last.paid_on:
        yield Notice(f"Paid on {written_day(last.paid_on)}.", "good")
    else:
        yield Notice(_became(last), "bad")


def _notes(statement: SettlementStatement) -> tuple[str, ...]:
    if statement.carried_on_amount:
        return ("What is below zero is taken off the next settlement.",)
    return ()


def _line(line: StatementLine, currency: str) -> Line:
    def amount(of: int) -> str:
        return format_amount(of, currency) if of else ""

    item = line.line
    of_sale = f"of {line.sale_reference}" if item.kind == "refund" else ""
    details = (item.event, of_sale, item.description)
    return Line(
        day=written_day(item.occurred_on),
        what=_KINDS[item.kind],
        entry=line.entry_reference,
        details=", ".join(text for text in details if text),
        gross=amount(item.total_amount),
        fees=amount(-line.kept_amount),
        tax=amount(-item.tax_amount),
        net=format_amount(item.amount, currency),
        entry_link=_page("ledger_journalentry", item.journal_entry_id),
        sale_link=_page("settlements_sale", item.sale_id) if item.sale_id else "",
    )


def _page(model: str, id: object) -> str:
    """Where the back-office shows a row."""
    return reverse(f"admin:{model}_change", args=[id])


def _total(statement: SettlementStatement) -> Line:
    def amount(of: int) -> str:
        return format_amount(of, statement.currency)

    sums = statement.sums
    return Line(
        day="",
        what="Total",
        entry="",
        details="",
        gross=amount(sums.total_amount),
        fees=amount(-sums.platform_fee - sums.ticket_revenue),
        tax=amount(-sums.tax_amount),
        net=amount(sums.amount),
    )


def _sums(statement: SettlementStatement) -> tuple[Sum, ...]:
    """What makes the total, without what is zero."""
    settlement = statement.settlement
    parts = {
        "Sales": settlement.sales_amount,
        "Refunds": -settlement.refunds_amount,
        "Adjustments": settlement.adjustments_amount,
        "Carried forward": settlement.carried_forward_amount,
        "Held in reserve": -settlement.reserve_held_amount,
        "Released from reserve": settlement.reserve_released_amount,
    }
    told = [
        Sum(label, format_amount(amount, statement.currency))
        for label, amount in parts.items()
        if amount
    ]
    label = "Carried to the next" if statement.carried_on_amount else "Payout"
    total = written_money(settlement.total_amount, statement.currency)
    return (*told, Sum(label, total, strong=True))


def _balances(statement: SettlementStatement) -> tuple[Sum, ...]:
    def amount(of: int) -> str:
        return format_amount(of, statement.currency)

    sums = [
        Sum("Carried forward", amount(statement.settlement.carried_forward_amount)),
        Sum("In reserve before", amount(statement.reserve_before_amount)),
        Sum("Opening balance", amount(statement.opening_amount), strong=True),
        Sum("The lines above", amount(statement.sums.amount)),
        Sum("Payout", amount(-statement.payout_amount)),
        Sum("Closing balance", amount(statement.closing_amount), strong=True),
    ]
    if statement.reserve_after_amount:
        sums.append(Sum("of which in reserve", amount(statement.reserve_after_amount)))
    if statement.carried_on_amount:
        sums.append(Sum("of which carried to the next", amount(statement.carried_on_amount)))
    return tuple(sums)


def _attempt(payout: Payout) -> Attempt:
    return Attempt(
        end_to_end_id=payout.end_to_end_id,
        to=", ".join(text for text in (payout.account_holder, _grouped(payout.iban)) if text),
        status=_became(payout),
        amount=format_amount(payout.amount, payout.currency),
    )


def _became(payout: Payout) -> str:
    if payout.status == PayoutStatus.PAID and payout.paid_on:
        return f"Paid on {written_day(payout.paid_on)}"
    if payout.failed_on:
        verb = "Came back" if payout.status == PayoutStatus.RETURNED else "Failed"
        return f"{verb} on {written_day(payout.failed_on)}: {payout.failure_reason}"
    return "Under way"


def _grouped(iban: str) -> str:
    """As it is printed on paper: IE29 AIBK 9311 5212 3456 78."""
    return _NO_BREAK.join(iban[start : start + 4] for start in range(0, len(iban), 4))
