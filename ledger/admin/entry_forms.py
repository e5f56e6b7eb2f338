"""The form of a journal entry: its head, and rows of accounts with a debit or a credit each.

Amounts are written in major units and read into minor ones by the currency of the row's account,
digit by digit. A row that is left empty is no row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef

from core.forms import AmountInput, DateInput, PageForm
from core.money import AmountError, exponent, format_amount, parse_amount
from ledger.drafts import EntryDraft, LineDraft
from ledger.models import Account, AccountStatus, JournalEntry, ProposedLine
from organizations.models import Organization

# Django reads at most 1,000 fields of a form. Longer entries come in over the API.
MOST_ROWS = 200
FIRST_ROWS = 4
MORE_ROWS = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """An account as it is typed: `1000 Cash`."""

    id: UUID
    code: str
    name: str
    currency: str

    @property
    def text(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def exponent(self) -> int:
        return exponent(self.currency)


class Accounts:
    """The accounts that take lines, found by what somebody types."""

    def __init__(self, choices: Iterable[Choice]) -> None:
        self.choices = list(choices)
        self._by_code = {choice.code.lower(): choice for choice in self.choices}
        self._by_name: dict[str, list[Choice]] = {}
        for choice in self.choices:
            self._by_name.setdefault(choice.name.lower(), []).append(choice)

    @classmethod
    def of(cls, organization: Organization) -> "Accounts":
        children = Account.objects.of(organization).filter(parent_id=OuterRef("pk"))
        rows = (
            Account.objects.of(organization)
            .filter(~Exists(children), status=AccountStatus.ACTIVE)
            .order_by("code")
            .values_list("id", "code", "name", "currency")
        )
        return cls(Choice(*row) for row in rows)

    def find(self, typed: str) -> Choice | None:
        """By `code`, by `code name`, or by a name that only one account has."""
        text = " ".join(typed.split()).lower()
        named = self._by_name.get(text, [])
        return (
            self._by_code.get(text)
            or (named[0] if len(named) == 1 else None)
            or self._by_code.get(text.split(" ")[0] if text else "")
        )


class EntryForm(PageForm):
    """The head of an entry."""

    reference = forms.CharField(
        max_length=200, help_text="One of its own: the same reference is never posted twice."
    )
    effective_on = forms.DateField(label="Effective on", widget=DateInput)
    description = forms.CharField(max_length=1000, required=False)
    reference_type = forms.CharField(
        label="Business fact",
        max_length=60,
        required=False,
        help_text="What it stands for, such as invoice.",
    )
    reference_id = forms.CharField(label="Its number", max_length=200, required=False)


class LineForm(PageForm):
    """One row."""

    account = forms.CharField(
        max_length=320,
        required=False,
        widget=forms.TextInput(
            attrs={
                "list": "ch-accounts",
                "autocomplete": "off",
                "placeholder": "Code or name",
                "aria-label": "Account",
            }
        ),
    )
    debit = forms.CharField(
        max_length=40,
        required=False,
        widget=AmountInput({"class": "ch-amount", "aria-label": "Debit"}),
    )
    credit = forms.CharField(
        max_length=40,
        required=False,
        widget=AmountInput({"class": "ch-amount", "aria-label": "Credit"}),
    )
    description = forms.CharField(
        max_length=1000, required=False, widget=forms.TextInput({"aria-label": "Description"})
    )

    def __init__(self, *args: Any, accounts: Accounts, **kwargs: Any) -> None:
        self.accounts = accounts
        self.draft: LineDraft | None = None
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors or not any(value.strip() for value in cleaned.values()):
            return cleaned
        account = self._account(cleaned["account"])
        if account is not None:
            debit = self._amount("debit", account)
            credit = self._amount("credit", account)
            if not self.errors:
                self._check_sides(debit, credit)
            self.draft = LineDraft(
                account.id, debit=debit, credit=credit, description=cleaned["description"]
            )
        return cleaned

    def _account(self, typed: str) -> Choice | None:
        account = self.accounts.find(typed)
        if account is None:
            self.add_error(
                "account",
                f"No account that takes lines is called “{typed}”."
                if typed.strip()
                else "Which account?",
            )
        return account

    def _amount(self, side: str, account: Choice) -> int:
        written = self.cleaned_data[side].strip()
        if not written:
            return 0
        try:
            amount = parse_amount(written, account.currency)
        except AmountError as error:
            self.add_error(side, str(error))
            return 0
        if amount < 0:
            self.add_error(side, "Write it on the other side instead of below zero.")
        return amount

    def _check_sides(self, debit: int, credit: int) -> None:
        if debit and credit:
            self.add_error("credit", "A row is a debit or a credit, not both.")
        elif not debit and not credit:
            self.add_error("debit", "How much?")


class _LineFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    def drafts(self) -> list[LineDraft]:
        """The rows that say something, in their order."""
        return [form.draft for form in self.forms if form.draft is not None]

    def add_rows(self, accounts: Accounts, data: Any) -> Any:
        """The same rows and some empty ones more: what the button does where no script runs."""
        total = min(self.total_form_count() + MORE_ROWS, MOST_ROWS)
        more = data.copy()
        more[self.add_prefix_name("TOTAL_FORMS")] = str(total)
        return line_rows(accounts, more)

    def add_prefix_name(self, name: str) -> str:
        return f"{self.prefix}-{name}"


_Rows = forms.formset_factory(
    LineForm,
    formset=_LineFormSet,
    extra=0,
    max_num=MOST_ROWS,
    absolute_max=MOST_ROWS,
    validate_max=True,
)


def line_rows(
    accounts: Accounts, data: Any = None, initial: Sequence[dict[str, str]] | None = None
) -> Any:
    """The rows of the form; at least a few, so that there is something to fill in."""
    rows = list(initial or [])
    rows += [{} for _ in range(FIRST_ROWS - len(rows))]
    formset = _Rows(
        data, prefix="lines", initial=None if data else rows, form_kwargs={"accounts": accounts}
    )
    for form in formset.forms:
        form.empty_permitted = True
    return formset


def initial_rows(lines: Iterable[ProposedLine]) -> list[dict[str, str]]:
    """What stands in the rows of a pending entry; the lines come with their accounts."""
    return [
        {
            "account": f"{line.account.code} {line.account.name}",
            "debit": format_amount(line.debit, line.account.currency) if line.debit else "",
            "credit": format_amount(line.credit, line.account.currency) if line.credit else "",
            "description": line.description,
        }
        for line in lines
    ]


def initial_head(entry: JournalEntry) -> dict[str, Any]:
    names = ("reference", "effective_on", "description", "reference_type", "reference_id")
    return {name: getattr(entry, name) for name in names}


def drafted(
    head: dict[str, Any], lines: Sequence[LineDraft], entry: JournalEntry | None
) -> EntryDraft:
    """What the form says; what it does not show of an entry stays as it is."""
    return EntryDraft(**head, lines=lines, metadata=entry.metadata if entry else {})
