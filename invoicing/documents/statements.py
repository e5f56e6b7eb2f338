"""A customer's statement, as it is sent to them."""

from core.money import format_amount
from invoicing.documents.content import Account, Buyer, Fact, Movement, StatementDocument
from invoicing.documents.parties import present_buyer, present_letterhead
from invoicing.documents.wording import written_day
from invoicing.open_items import Aged, Bucket
from invoicing.selectors.ageing import WALK_IN
from invoicing.selectors.profile import get_profile
from invoicing.selectors.statements import Movement as Moved
from invoicing.selectors.statements import Statement, StatementOfCurrency


def statement_document(statement: Statement) -> StatementDocument:
    """Opening, movements with the running balance, closing, and how old the open part is."""
    organization, customer = statement.organization, statement.customer
    return StatementDocument(
        kind="statement",
        title="Statement of account",
        number=(customer.code or customer.name) if customer else WALK_IN,
        dated=statement.until,
        letterhead=present_letterhead(organization, get_profile(organization)),
        buyer=present_buyer(customer) if customer else Buyer(WALK_IN),
        facts=_facts(statement),
        notes=_notes(statement),
        accounts=tuple(_account(statement, part) for part in statement.currencies),
    )


def _facts(statement: Statement) -> tuple[Fact, ...]:
    since = written_day(statement.since) if statement.since else "the beginning"
    facts = [Fact("From", since), Fact("To", written_day(statement.until))]
    if statement.customer and statement.customer.code:
        facts.insert(0, Fact("Customer number", statement.customer.code))
    return tuple(facts)


def _notes(statement: Statement) -> tuple[str, ...]:
    if not statement.currencies:
        return ("There is nothing on this account.",)
    if any(part.closing_amount < 0 for part in statement.currencies):
        return ("A balance below zero is in your favour.",)
    return ()


def _account(statement: Statement, part: StatementOfCurrency) -> Account:
    def amount(of: int) -> str:
        return format_amount(of, part.currency)

    return Account(
        currency=part.currency,
        opening=Movement(
            day=written_day(statement.since) if statement.since else "",
            what="Opening balance",
            balance=amount(part.opening_amount),
        ),
        movements=tuple(_movement(moved, part.currency) for moved in part.movements),
        closing=Movement(
            day=written_day(statement.until),
            what="Closing balance",
            charged=amount(part.debit_amount),
            settled=amount(part.credit_amount),
            balance=amount(part.closing_amount),
        ),
        ageing=_ageing(part.aged, part.currency),
    )


def _movement(moved: Moved, currency: str) -> Movement:
    due = f"due {written_day(moved.due_on)}" if moved.due_on else ""
    return Movement(
        day=written_day(moved.occurred_on),
        what=moved.kind.label,
        number=moved.number,
        details=", ".join(text for text in (moved.description, due) if text),
        charged=format_amount(moved.debit, currency) if moved.debit else "",
        settled=format_amount(moved.credit, currency) if moved.credit else "",
        balance=format_amount(moved.balance, currency),
    )


def _ageing(aged: Aged, currency: str) -> tuple[Fact, ...]:
    """By bucket; what is owed to the customer counts against the others."""
    told = [bucket for bucket in Bucket if bucket is not Bucket.UNAPPLIED or aged.unapplied_amount]
    return tuple(
        Fact(
            bucket.label,
            format_amount(
                -aged.amount(bucket) if bucket is Bucket.UNAPPLIED else aged.amount(bucket),
                currency,
            ),
        )
        for bucket in told
    )
