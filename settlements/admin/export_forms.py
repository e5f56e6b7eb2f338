"""Which payouts go into a file for the bank: those that are under way, in one currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest

from core.errors import Refusal
from core.forms import DateInput, PageForm, dress
from invoicing.admin.figures import figure
from organizations.models import Organization
from settlements.admin.figures import in_groups, page_of
from settlements.models import BatchFormat
from settlements.selectors.waiting import currencies_under_way, payouts_under_way

# Django reads at most 1,000 fields of a form.
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Offer:
    """The payouts of one currency that can be chosen, and the other currencies that there are."""

    currency: str
    currencies: Sequence[str]
    payouts: Sequence[Any]
    is_cut: bool

    def named(self, refusal: Refusal) -> Refusal:
        """The same refusal, with settlement and payout called as the page calls them."""
        names = {
            str(payout.settlement_id): f"{payout.settlement.sequence} of "
            f"{payout.settlement.payee.name}"
            for payout in self.payouts
        }
        names |= {
            payout.end_to_end_id: f"The payout to {payout.settlement.payee.name}"
            for payout in self.payouts
        }
        said = {
            name: names.get(str(fact), fact)
            for name, fact in refusal.facts.items()
            if name in ("settlement", "payout")
        }
        return type(refusal)(**{**refusal.facts, **said})


def offer_of(organization: Organization, request: HttpRequest) -> Offer:
    """In the currency that is asked for, else the organization's, else the first that there is."""
    currencies = currencies_under_way(organization)
    asked = request.POST.get("currency") or request.GET.get("currency") or organization.currency
    currency = asked if asked in currencies else next(iter(currencies), organization.currency)
    found = list(payouts_under_way(organization, currency=currency)[: MOST_ROWS + 1])
    return Offer(currency, currencies, found[:MOST_ROWS], len(found) > MOST_ROWS)


class ExportForm(PageForm):
    """The settlements, the format, the day, and why, where a file holds one of them already."""

    format = forms.ChoiceField(
        choices=BatchFormat.choices,
        help_text="SEPA pain.001 is what banks take for euro. CSV is for everything else.",
    )
    executes_on = forms.DateField(
        label="To be paid on",
        required=False,
        widget=DateInput,
        help_text="A bank day. Empty: the next one.",
    )
    reason = forms.CharField(
        max_length=500,
        required=False,
        help_text="Needed only where an earlier file holds one of them: the bank is asked twice.",
    )

    def __init__(self, *args: Any, offer: Offer, **kwargs: Any) -> None:
        self.offer = offer
        kwargs["initial"] = {
            "format": BatchFormat.PAIN_001 if offer.currency == "EUR" else BatchFormat.CSV,
            "settlements": [str(p.settlement_id) for p in offer.payouts if not p.exported_at],
        }
        super().__init__(*args, **kwargs)
        self.fields["settlements"] = forms.TypedMultipleChoiceField(
            choices=[(str(p.settlement_id), str(p.settlement_id)) for p in offer.payouts],
            coerce=UUID,
            required=False,
            widget=forms.CheckboxSelectMultiple,
            error_messages={
                "invalid_choice": "A payout that was chosen is not under way any more: choose anew."
            },
        )
        dress(self)

    def others(self) -> list[Any]:
        """The fields below the table."""
        return [self[name] for name in ("format", "executes_on", "reason")]

    def rows(self) -> list[dict[str, Any]]:
        """Each payout, and whether it is chosen."""
        chosen = {str(one) for one in self["settlements"].value() or ()}
        return [_row(payout, str(payout.settlement_id) in chosen) for payout in self.offer.payouts]


def _row(payout: Any, is_chosen: bool) -> dict[str, Any]:
    settlement = payout.settlement
    return {
        "id": str(settlement.pk),
        "is_chosen": is_chosen,
        "payee": settlement.payee,
        "url": page_of("settlement", settlement.pk),
        "name": f"No. {settlement.sequence}",
        "through": settlement.through,
        "due_on": settlement.due_on,
        "iban": in_groups(payout.iban),
        "attempt": payout.attempt,
        "exported_at": payout.exported_at,
        "amount": figure(payout.amount, payout.currency),
    }
