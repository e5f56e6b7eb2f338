"""What can be done with a settlement: approve, discard, pay, fail, try again."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from core.errors import Refusal
from core.forms import PageForm
from invoicing.admin.documents import DocumentAdmin, NoForm, Step, sent
from invoicing.admin.figures import day, money
from ledger.admin.entries import who
from organizations.admin.base import actor_of, organization_of
from organizations.admin.once import do_once, go_on
from settlements.admin.figures import in_groups
from settlements.admin.settlement_forms import FailForm, PayForm
from settlements.models import Payee, Settlement, SettlementStatus
from settlements.services.settling import (
    approve_settlement,
    discard_settlement,
    fail_settlement,
    pay_settlement,
    retry_settlement,
)

APPROVE = Step(
    "approve", "Approve", "check_circle", ("settlements.approve_settlement",), "ch-primary"
)
PAY = Step("pay", "Record as paid", "payments", ("settlements.pay_settlement",), "ch-primary")
# It sends money to the bank details of now, which whoever keeps the payees may have changed.
RETRY = Step("retry", "Try again", "replay", ("settlements.approve_settlement",), "ch-primary")
FAIL = Step("fail", "Record a failure", "error", ("settlements.pay_settlement",), "ch-danger-quiet")
DISCARD = Step(
    "discard", "Discard", "delete", ("settlements.calculate_settlement",), "ch-danger-quiet"
)
STEPS = (APPROVE, PAY, RETRY, FAIL, DISCARD)

_OFFERED = {
    APPROVE.name: (SettlementStatus.PENDING,),
    DISCARD.name: (SettlementStatus.PENDING,),
    PAY.name: (SettlementStatus.PROCESSING,),
    FAIL.name: (SettlementStatus.PROCESSING, SettlementStatus.COMPLETED),
    RETRY.name: (SettlementStatus.FAILED,),
}


class SettlementSteps(DocumentAdmin[Settlement]):
    """The steps of a settlement, each on a page of its own."""

    def offers(self, row: Settlement, action: str) -> bool:
        return row.total_amount > 0 and row.status in _OFFERED[action]

    def buttons(self, request: HttpRequest, row: Settlement) -> list[Any]:
        """Without the approval of one's own: the page says who has to."""
        offered = super().buttons(request, row)
        if self.is_own(request, row):
            return [button for button in offered if button.title != APPROVE.title]
        return offered

    def is_own(self, request: HttpRequest, row: Settlement) -> bool:
        """Whether the user prepared it, and it still has to be approved."""
        is_pending = row.status == SettlementStatus.PENDING
        return is_pending and row.prepared_by_id == request.user.pk

    def preparer(self, row: Settlement) -> str:
        return who(row.prepared_by, row.prepared_by_key) or "the clock"

    def ask(
        self,
        request: HttpRequest,
        row: Settlement | None,
        form: PageForm,
        do: Callable[[dict[str, Any]], tuple[str, str]],
        **asked: Any,
    ) -> HttpResponse:
        """A refusal names the settlement as the page does, not by its id."""

        def named(given: dict[str, Any]) -> tuple[str, str]:
            try:
                return do(given)
            except Refusal as refusal:
                raise (_named(refusal, row) if row else refusal) from None

        return super().ask(request, row, form, named, **asked)

    def step_view(self, request: HttpRequest, id: UUID, step: Step) -> HttpResponse:
        """What was discarded is not there any more when the second of two clicks arrives."""
        is_gone = step is DISCARD and self.get_object(request, str(id)) is None
        if is_gone and request.method == "POST":
            if not self.has_permission_of(request, *step.permissions):
                raise PermissionDenied
            return go_on(request, do_once(request, lambda: _not_there(id)))
        return super().step_view(request, id, step)

    # --- steps ------------------------------------------------------------------------------------

    def approve_step(self, request: HttpRequest, row: Settlement) -> HttpResponse:
        def approve(given: dict[str, Any]) -> tuple[str, str]:
            approved = approve_settlement(actor=actor_of(request), settlement=row)
            amount = money(approved.total_amount, approved.currency)
            return f"{amount} for {row.payee.name} are approved.", self.url_of(row)

        own = ["It was you: somebody else has to approve it."] if self.is_own(request, row) else []
        return self.ask(
            request,
            row,
            NoForm(sent(request)),
            approve,
            question=f"Approve {money(row.total_amount, row.currency)} for {row.payee.name}?",
            what="From then on it is to be paid: it can be put into a file for the bank, and "
            "recorded as paid. It cannot be discarded any more.",
            facts=[
                f"Prepared by {self.preparer(row)}.",
                *own,
                f"{items_in(row)} through {day(row.through)}, due on {day(row.due_on)}.",
                paid_to(row.payee),
            ],
            submit="Approve",
        )

    def discard_step(self, request: HttpRequest, row: Settlement) -> HttpResponse:
        def discard(given: dict[str, Any]) -> tuple[str, str]:
            discard_settlement(actor=actor_of(request), settlement=row)
            said = f"Settlement {row.sequence} of {row.payee.name} is discarded."
            return said, self.list_url

        return self.ask(
            request,
            row,
            NoForm(sent(request)),
            discard,
            question=f"Discard settlement {row.sequence} of {row.payee.name}?",
            what="Its items are open again, and so is what it held or released. The audit trail "
            "keeps what it said.",
            facts=[f"{items_in(row)}, {money(row.total_amount, row.currency)}"],
            submit="Discard",
            danger=True,
        )

    def pay_step(self, request: HttpRequest, row: Settlement) -> HttpResponse:
        today = organization_of(request).today()
        form = PayForm(sent(request), initial={"paid_on": today})

        def pay(given: dict[str, Any]) -> tuple[str, str]:
            paid_on = given["paid_on"] or today
            pay_settlement(actor=actor_of(request), settlement=row, paid_on=paid_on)
            amount = money(row.total_amount, row.currency)
            return f"{amount} were paid to {row.payee.name} on {day(paid_on)}.", self.url_of(row)

        return self.ask(
            request,
            row,
            form,
            pay,
            question=f"Record settlement {row.sequence} of {row.payee.name} as paid?",
            what="What they were owed leaves the bank account in the books, on the day given.",
            facts=[f"To be paid: {money(row.total_amount, row.currency)}"],
            submit="Record as paid",
        )

    def fail_step(self, request: HttpRequest, row: Settlement) -> HttpResponse:
        form = FailForm(sent(request))
        was_paid = row.status == SettlementStatus.COMPLETED

        def fail(given: dict[str, Any]) -> tuple[str, str]:
            fail_settlement(actor=actor_of(request), settlement=row, **given)
            said = "came back" if was_paid else "has failed"
            return f"The payout to {row.payee.name} {said}.", self.url_of(row)

        return self.ask(
            request,
            row,
            form,
            fail,
            question=f"Has the payout to {row.payee.name} come back?"
            if was_paid
            else f"Has the payout to {row.payee.name} failed?",
            what="The payment is reversed in the books, on the day given, and they are owed it "
            "again. Then it can be tried again."
            if was_paid
            else "Nothing was posted yet, and nothing is. They are owed it still, and it can be "
            "tried again.",
            facts=[f"The payout: {money(row.total_amount, row.currency)}"],
            submit="Record the return" if was_paid else "Record the failure",
            danger=True,
        )

    def retry_step(self, request: HttpRequest, row: Settlement) -> HttpResponse:
        def retry(given: dict[str, Any]) -> tuple[str, str]:
            retry_settlement(actor=actor_of(request), settlement=row)
            return f"The payout to {row.payee.name} is tried again.", self.url_of(row)

        return self.ask(
            request,
            row,
            NoForm(sent(request)),
            retry,
            question=f"Try to pay {row.payee.name} again?",
            what="A new attempt with an end-to-end id of its own, to the bank account that the "
            "payee has now. Correct it first, if it was at fault.",
            facts=[f"To be paid: {money(row.total_amount, row.currency)}", paid_to(row.payee)],
            submit="Try again",
        )


def items_in(row: Settlement) -> str:
    return "1 item" if row.item_count == 1 else f"{row.item_count:,} items"


def paid_to(payee: Payee) -> str:
    holder = payee.account_holder or payee.name
    if not payee.iban:
        return f"To {holder}, who has no IBAN yet."
    return f"To {holder}, {in_groups(payee.iban)}."


def _named(refusal: Refusal, row: Settlement) -> Refusal:
    if refusal.facts.get("settlement") != str(row.pk):
        return refusal
    name = f"{row.sequence} of {row.payee.name}"
    return type(refusal)(**{**refusal.facts, "settlement": name})


def _not_there(id: UUID) -> tuple[str, str]:
    raise Http404(f"There is no settlement {id}.")
