"""The check `settlements`: what payees are owed and were paid, against the ledger and itself."""

from datetime import date

from ledger.reconciliation import MOST_FINDINGS, CheckResult
from ledger.selectors.integrity.findings import Problem, Question, find
from organizations.models import Organization
from settlements.selectors.positions import position_parameters
from settlements.selectors.reconciliation import statements


def _postings(kind: str, *others: str) -> dict[str, Problem]:
    """What can be off between an item or a payout and its entry."""
    sentences = {
        "is_not_posted": "{name} should be in the journal as {expected}; there is {got}",
        "currency_is_off": "{name} of payee {detail} should be in {expected}; it is in {got}",
        "date_is_off": "{name} is of {expected}; its entry is of {got}",
        "total_is_off": "{name} says {expected} {detail}; its entry is over {got}",
        "payable_is_off": (
            "{name} adds {expected} {detail} to what the payee is owed; its entry adds {got}"
        ),
        "revenue_is_off": "{name} earns {expected} {detail}; its entry earns {got}",
        "account_is_off": (
            "{name} takes {expected} {detail} from the account that it names; its entry takes {got}"
        ),
    }
    facts = ("is_not_posted", "currency_is_off", "date_is_off", "total_is_off", "payable_is_off")
    return {f"{kind}_{fact}": Problem(kind, sentences[fact]) for fact in (*facts, *others)}


def _items(fact: str) -> Problem:
    return Problem(
        "settlement",
        f"settlement {{name}} says {{got}} {{detail}} {fact}; its items make {{expected}}",
    )


def _batch(sentence: str) -> Problem:
    return Problem("payout batch", f"payout batch {{name}} {sentence}")


def _settlement(sentence: str) -> Problem:
    return Problem("settlement", f"settlement {{name}} {sentence}")


# In the order in which findings are shown.
_QUESTIONS = (
    Question(
        statements.POSITION,
        {
            "payee_position_is_off": Problem(
                "payee",
                "payee {name} is owed {expected} {detail} by items, reserves and payouts; the "
                "ledger says {got}",
            ),
        },
    ),
    Question(
        statements.STRAYS,
        {
            "line_is_of_no_item": Problem(
                "journal entry",
                "{name} posts {got} {detail}, and belongs to no sale, refund, adjustment or payout",
            ),
        },
    ),
    Question(
        statements.POSTINGS,
        {
            **_postings("sale", "revenue_is_off"),
            **_postings("refund", "revenue_is_off"),
            **_postings("adjustment", "account_is_off"),
            **_postings("payout"),
        },
    ),
    Question(
        statements.ITEMS,
        {
            "settlement_item_count_is_off": _settlement(
                "says that it took in {got} items; {expected} name it"
            ),
            "settlement_sales_are_off": _items("of sales"),
            "settlement_refunds_are_off": _items("of refunds"),
            "settlement_adjustments_are_off": _items("of adjustments"),
            "settlement_reserve_released_is_off": _settlement(
                "says that it releases {got} {detail}; the reserves that name it make {expected}"
            ),
            "settlement_total_is_off": _settlement(
                "says that its total is {got} {detail}; its parts make {expected}"
            ),
            "settlement_currency_is_off": _settlement("is in {got}; its payee is in {expected}"),
            "settlement_holds_a_later_item": _settlement(
                "goes through {got} and took in an item of {expected}"
            ),
            "settlement_holds_another_payees_item": _settlement(
                "is of payee {expected} and took in an item of payee {got}"
            ),
            "sale_refunded_amount_is_off": Problem(
                "sale", "{name} says that {got} {detail} were refunded; its refunds make {expected}"
            ),
        },
    ),
    Question(
        statements.STATUSES,
        {
            "settlement_status_is_off": _settlement(
                "is {got} and by its payouts should be {expected}"
            ),
            "settlement_attempts_have_a_gap": _settlement(
                "has {got} payouts; the last is attempt {expected}"
            ),
            "settlement_payout_is_off": _settlement(
                "is over {expected} {detail}; a payout of it is over {got}"
            ),
            "settlement_is_paid_twice": _settlement(
                "has {got} payouts that are paid or under way; there may be {expected}"
            ),
        },
    ),
    Question(
        statements.CHAIN,
        {
            "settlement_before_is_missing": _settlement(
                "follows none with the number before; {expected} is missing"
            ),
            "settlement_goes_back": _settlement(
                "goes through {got}; the one before went through {expected}"
            ),
            "settlement_carried_forward_is_off": _settlement(
                "carries {got} {detail} forward; the one before left {expected}"
            ),
            "settlement_reserve_is_released_wrongly": _settlement(
                "holds {detail}, to be released by {expected}; it was released by {got}"
            ),
        },
    ),
    Question(
        statements.BATCHES,
        {
            "batch_payout_count_is_off": _batch("says {got} payouts; it asks for {expected}"),
            "batch_control_sum_is_off": _batch("says {got} {detail}; its payouts make {expected}"),
            "batch_file_count_is_off": _batch("says {got} payouts; its file has {expected}"),
            "batch_file_sum_is_off": _batch("says {got} {detail}; its file makes {expected}"),
            "batch_hash_is_off": _batch("says that its file's hash is {got}; it is {expected}"),
        },
    ),
)


def check_settlements(organization: Organization, as_of: date | None = None) -> CheckResult:
    """Every payee, item, settlement, payout and bank file, in seven statements, however many there
    are; nothing is written.

    `as_of`: what payees were owed at the end of that day, and what had been posted by then. All
    other findings are of now.
    """
    found, counts = find(_QUESTIONS, organization, **position_parameters(as_of))
    findings = [
        finding
        for question in _QUESTIONS
        for problem in question.problems
        for finding in found.get(problem, [])
    ]
    return CheckResult("settlements", findings[:MOST_FINDINGS], sum(counts.values()))
