"""The check `invoices`: what documents say, against the ledger and against their own parts."""

from invoicing.selectors.reconciliation import statements
from ledger.reconciliation import MOST_FINDINGS, CheckResult
from ledger.selectors.integrity.findings import Problem, Question, find
from organizations.models import Organization


def _against_ledger(row: str, fact: str) -> Problem:
    return Problem(row, f"{{name}} says {{expected}} {{detail}} {fact}; the ledger says {{got}}")


def _against_parts(row: str, fact: str, parts: str) -> Problem:
    return Problem(row, f"{{name}} says {{expected}} {{detail}} {fact}; {parts} make {{got}}")


def _kept(fact: str) -> Problem:
    return Problem(
        "document", f"{{name}} keeps {{got}} {{detail}} as {fact}; the rows make {{expected}}"
    )


# In the order in which findings are shown.
_QUESTIONS = (
    Question(
        statements.INVOICES,
        {
            "issued_amount_is_off": _against_ledger("invoice", "was charged"),
            "revenue_is_off": _against_ledger("invoice", "was charged without tax"),
            "tax_is_off": _against_ledger("invoice", "is its tax"),
            "paid_amount_is_off": _against_ledger("invoice", "was paid"),
            "refunded_amount_is_off": _against_ledger("invoice", "was refunded"),
            "credited_amount_is_off": _against_ledger("invoice", "was credited"),
        },
    ),
    Question(
        statements.CREDIT_NOTES,
        {
            "credit_note_amount_is_off": _against_ledger("credit note", "was credited"),
            "credit_note_revenue_is_off": _against_ledger(
                "credit note", "was credited without tax"
            ),
            "credit_note_tax_is_off": _against_ledger("credit note", "is its tax"),
            "credit_note_refunded_amount_is_off": _against_ledger("credit note", "was refunded"),
        },
    ),
    Question(
        statements.ENTRIES,
        {
            "document_is_not_posted": Problem(
                "document", "{name} should be in the journal as {expected}; there is {got}"
            ),
            "entry_has_no_document": Problem(
                "journal entry", "{name} posts {got} {detail}, and there is no such document"
            ),
        },
    ),
    Question(
        statements.CONTROL,
        {
            "control_account_is_off": Problem(
                "account",
                "the documents on account {name} leave {expected} {detail} open; its balance is "
                "{got}",
            ),
        },
    ),
    Question(
        statements.KEPT,
        {
            "kept_paid_amount_is_off": _kept("paid"),
            "kept_refunded_amount_is_off": _kept("refunded"),
            "kept_credited_amount_is_off": _kept("credited"),
            "payment_status_is_off": Problem(
                "payment", "a payment of {detail} on {name} is {got} and should be {expected}"
            ),
        },
    ),
    Question(
        statements.PARTS,
        {
            "order_subtotal_is_off": _against_parts("order", "without tax", "its items"),
            "order_tax_of_items_is_off": _against_parts("order", "of tax", "its items"),
            "order_tax_lines_are_off": _against_parts("order", "of tax", "its tax lines"),
            "credit_note_subtotal_is_off": _against_parts(
                "credit note", "without tax", "its items"
            ),
            "credit_note_tax_of_items_is_off": _against_parts("credit note", "of tax", "its items"),
            "credit_note_tax_lines_are_off": _against_parts(
                "credit note", "of tax", "its tax lines"
            ),
            "invoice_is_not_its_order": Problem(
                "invoice", "{name} is over {got}; its order {detail} is over {expected}"
            ),
            "order_status_is_off": Problem(
                "order", "{name} is {got} and by its invoice {detail} should be {expected}"
            ),
        },
    ),
    Question(
        statements.NUMBERS,
        {
            "numbers_have_a_gap": Problem(
                "document", "{name} ({detail}) has the number {got}; {expected} is missing"
            ),
            "counter_is_off": Problem(
                "number counter",
                "the counter {name} ({detail}) stands at {got}; the last number is {expected}",
            ),
        },
    ),
)


def check_invoices(organization: Organization) -> CheckResult:
    """Every document against the ledger and its own parts, in seven statements, however many
    there are; nothing is written."""
    found, counts = find(_QUESTIONS, organization)
    findings = [
        finding
        for question in _QUESTIONS
        for problem in question.problems
        for finding in found.get(problem, [])
    ]
    return CheckResult("invoices", findings[:MOST_FINDINGS], sum(counts.values()))
