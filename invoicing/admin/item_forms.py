"""Rows of items, as people write them: a quantity, a price in the currency's decimals, taxes.

They are read digit by digit into drafts for the services. A row that is left empty is no row.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import moneyed
from django import forms

from core.errors import Refusal
from core.forms import AmountInput, PageForm
from core.money import AmountError, exponent, format_amount, is_currency, parse_amount
from core.rounding import round_half_up
from invoicing.admin.figures import decimals
from invoicing.models import OrderItem, TaxRate
from invoicing.services.orders import ItemDraft
from ledger.admin.entry_forms import Accounts, Choice
from ledger.models import Account, AccountStatus, AccountType
from organizations.models import Organization

# Django reads at most 1,000 fields of a form. Longer orders come in over the API.
MOST_ROWS = 100
FIRST_ROWS = 3
MORE_ROWS = 5
# No rate can be called so: codes have no spaces.
NO_TAX = "no tax"

# What the browser needs to know in order to add up: the currencies that do not have two decimals.
EXPONENTS = json.dumps(
    {code: exponent(code) for code in sorted(moneyed.CURRENCIES) if exponent(code) != 2}
)


class Offer:
    """What the rows of an organization can choose from: revenue accounts, and tax rates."""

    def __init__(self, accounts: Accounts, rates: Sequence[tuple[str, str]]) -> None:
        self.accounts = accounts
        self.rates = rates

    @classmethod
    def of(cls, organization: Organization, used: Iterable[str] = ()) -> "Offer":
        """`used` are codes that stand in the rows already, and stay there although they may not
        be active any more."""
        rows = (
            Account.objects.of(organization)
            .filter(type=AccountType.REVENUE, status=AccountStatus.ACTIVE)
            .order_by("code")
            .values_list("id", "code", "name", "currency")
        )
        rates = {
            rate.code: f"{rate.code} {rate.name} ({decimals(rate.percentage)} %)"
            for rate in TaxRate.objects.of(organization).filter(active=True).order_by("code")
        }
        for code in used:
            rates.setdefault(code, f"{code} (not active)")
        return cls(
            Accounts(Choice(*row) for row in rows), [(NO_TAX, "No tax"), *sorted(rates.items())]
        )


class ItemForm(PageForm):
    """One row. `draft` is what it says, once it has been read."""

    sku = forms.CharField(
        max_length=100,
        required=False,
        widget=forms.TextInput({"placeholder": "SKU", "aria-label": "SKU"}),
    )
    description = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.TextInput({"placeholder": "What is sold", "aria-label": "Description"}),
    )
    account = forms.CharField(
        max_length=320,
        required=False,
        widget=forms.TextInput(
            {
                "list": "ch-accounts",
                "autocomplete": "off",
                "placeholder": "Revenue account: as usual",
                "aria-label": "Revenue account",
            }
        ),
    )
    quantity = forms.DecimalField(
        max_digits=18,
        decimal_places=6,
        required=False,
        widget=AmountInput({"class": "ch-amount", "placeholder": "1", "aria-label": "Quantity"}),
    )
    price = forms.CharField(
        max_length=40,
        required=False,
        widget=AmountInput({"class": "ch-amount", "aria-label": "Unit price"}),
    )
    discount = forms.CharField(
        max_length=40,
        required=False,
        widget=AmountInput({"class": "ch-amount", "aria-label": "Discount"}),
    )
    taxes = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple({"class": "ch-checks"})
    )

    def __init__(self, *args: Any, offer: Offer, currency: str, **kwargs: Any) -> None:
        self.offer = offer
        self.currency = currency
        self.draft: ItemDraft | None = None
        super().__init__(*args, **kwargs)
        self.fields["taxes"].choices = offer.rates  # type: ignore[attr-defined]

    @property
    def taxes_text(self) -> str:
        """What is chosen, where the choices are folded away."""
        chosen = self["taxes"].value() or []
        if NO_TAX in chosen:
            return "No tax"
        return ", ".join(map(str, chosen)) or "By place"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or not any(value not in (None, "", []) for value in cleaned.values()):
            return cleaned
        if not cleaned["description"].strip() and not cleaned["sku"].strip():
            self.add_error("description", "What is sold?")
        price = self._amount("price")
        if price is None and "price" not in self.errors:
            self.add_error("price", "At what price?")
        quantity = Decimal(1) if cleaned["quantity"] is None else cleaned["quantity"]
        discount = self._amount("discount") or 0
        if price is not None and discount > round_half_up(quantity * price) >= 0:
            self.add_error("discount", "It is more than the row comes to.")
        draft = ItemDraft(
            description=cleaned.get("description", ""),
            quantity=quantity,
            unit_amount=price or 0,
            discount_amount=discount,
            sku=cleaned["sku"],
            tax_codes=self._codes(cleaned["taxes"]),
            revenue_account=self._account(cleaned["account"]),
        )
        self.draft = None if self.errors else draft
        return cleaned

    def _amount(self, name: str) -> int | None:
        written = self.cleaned_data[name].strip()
        if not written:
            return None
        try:
            return parse_amount(written, self.currency)
        except AmountError as error:
            self.add_error(name, str(error))
            return None

    def _codes(self, chosen: list[str]) -> list[str] | None:
        """None leaves it to the place; an empty list is no tax at all."""
        if NO_TAX not in chosen:
            return chosen or None
        if len(chosen) > 1:
            self.add_error("taxes", "No tax, or some: not both.")
        return []

    def _account(self, typed: str) -> str | None:
        if not typed.strip():
            return None
        found = self.offer.accounts.find(typed)
        if found is None:
            self.add_error("account", f"No revenue account is called “{typed}”.")
        return found.code if found else None


class ItemRows(forms.BaseFormSet):  # type: ignore[type-arg]
    """All rows of a form."""

    def drafts(self) -> list[ItemDraft]:
        """The rows that say something, in their order."""
        return [form.draft for form in self.forms if form.draft is not None]

    def refuse(self, refusal: Refusal) -> bool:
        """Say what a service had against one of the rows at that row; False if it is not about
        one."""
        position = refusal.facts.get("position")
        filled = [form for form in self.forms if form.draft is not None]
        if not isinstance(position, int) or not 0 < position <= len(filled):
            return False
        filled[position - 1].add_error("description", refusal.message)
        return True

    def with_more(self, data: Any, offer: Offer) -> "ItemRows":
        """The same rows and some empty ones more: what the button does where no script runs."""
        more = data.copy()
        total = min(self.total_form_count() + MORE_ROWS, MOST_ROWS)
        more[f"{self.prefix}-TOTAL_FORMS"] = str(total)
        return item_rows(offer, self.form_kwargs["currency"], more)


_Rows = forms.formset_factory(
    ItemForm,
    formset=ItemRows,
    extra=0,
    max_num=MOST_ROWS,
    absolute_max=MOST_ROWS,
    validate_max=True,
)


def item_rows(
    offer: Offer,
    currency: str,
    data: Any = None,
    initial: Sequence[Mapping[str, Any]] | None = None,
) -> ItemRows:
    """The rows of a form; at least a few, so that there is something to fill in."""
    rows = [dict(row) for row in initial or []]
    rows += [{} for _ in range(FIRST_ROWS - len(rows))]
    formset = _Rows(
        data,
        prefix="items",
        initial=None if data is not None else rows,
        form_kwargs={"offer": offer, "currency": currency},
    )
    for form in formset.forms:
        form.empty_permitted = True
    return formset  # type: ignore[return-value]


def currency_sent(data: Any, otherwise: str) -> str:
    """The currency in which the rows of a sent form are written."""
    code = str(data.get("currency", "")) if data is not None else ""
    return code if is_currency(code) else otherwise


def initial_rows(items: Iterable[OrderItem], currency: str) -> list[dict[str, Any]]:
    """What stands in the rows of a draft; the items come with their revenue accounts."""
    return [
        {
            "sku": item.sku,
            "description": item.description,
            "account": str(item.revenue_account or ""),
            "quantity": decimals(item.quantity),
            "price": format_amount(item.unit_amount, currency),
            "discount": format_amount(item.discount_amount, currency)
            if item.discount_amount
            else "",
            "taxes": [NO_TAX] if item.tax_codes == [] else item.tax_codes or [],
        }
        for item in items
    ]
