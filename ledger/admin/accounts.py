"""The chart of accounts: a tree with balances, and a page per account with its lines."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import moneyed
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from unfold.decorators import action
from unfold.enums import ActionVariant

from core.admin import BooksForm
from core.forms import DateInput, PageForm, dress
from core.money import is_currency
from ledger.admin.amounts import AmountCell
from ledger.models import Account, AccountRole, AccountStatus
from ledger.selectors.accounts import AccountNode, account_tree
from ledger.selectors.balances import account_statement, balances_at
from ledger.services.accounts import (
    archive_account,
    create_account,
    delete_account,
    restore_account,
    update_account,
)
from organizations.admin.base import AuditedAdmin, actor_of, organization_of

MOST_LINES = 1_000
CURRENCIES = [
    (code, f"{code} – {moneyed.CURRENCIES[code].name}")
    for code in sorted(filter(is_currency, moneyed.CURRENCIES))
]
FIELDS = (
    "code",
    "name",
    "type",
    "parent",
    "currency",
    "role",
    "description",
    "balance_slots",
)


class AccountForm(BooksForm):
    """An account; its parent is named by code."""

    parent = forms.CharField(
        required=False,
        max_length=320,
        widget=forms.TextInput(attrs={"list": "ch-accounts", "autocomplete": "off"}),
        help_text="Code of the account above it. Empty: it stands at the top.",
    )
    currency = forms.ChoiceField(choices=CURRENCIES)
    role = forms.ChoiceField(
        choices=[("", "None"), *AccountRole.choices],
        required=False,
        help_text="What programs post to by its purpose; one account has it per currency.",
    )

    class Meta:
        model = Account
        fields = tuple(name for name in FIELDS if name != "parent")
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}
        help_texts = {"code": "Letters, digits and . : _ -"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial.setdefault("currency", self.request.organization.currency)
        elif self.instance.parent is not None:
            self.initial["parent"] = str(self.instance.parent)
        else:
            self.initial["parent"] = ""
        dress(self)

    def clean_parent(self) -> str:
        """The code: what is typed may go on with the name."""
        typed: str = self.cleaned_data["parent"].strip()
        return typed.split()[0] if typed else ""

    def construct(self) -> dict[str, Any]:
        return self.given(*FIELDS)

    def _post_clean(self) -> None:
        """The services check an account; Django would put the parent's code on the instance."""


class TreeFilter(PageForm):
    q = forms.CharField(label="Search", max_length=100, required=False)
    as_of = forms.DateField(label="Balances on", required=False, widget=DateInput)
    archived = forms.BooleanField(label="Show archived", required=False)


class StatementFilter(PageForm):
    since = forms.DateField(label="From", required=False, widget=DateInput)
    until = forms.DateField(label="To", required=False, widget=DateInput)


@dataclass(slots=True)
class Branch:
    """A node with its branches, as the template nests them."""

    node: AccountNode
    balances: Sequence[AmountCell]
    branches: list["Branch"] = field(default_factory=list)


@admin.register(Account)
class AccountAdmin(AuditedAdmin[Account]):
    """Accounts are made, changed, archived and, while nothing refers to them, deleted."""

    form = AccountForm
    fields = FIELDS
    ordering = ("code",)
    search_fields = ("code", "name")
    list_display = ("code", "name")
    change_form_outer_before_template = "admin/ledger/account/datalist.html"
    actions_detail = ("lines", "archive", "restore")
    remove_text = "That is refused if anything refers to it: then archive it instead."

    # --- the tree ---------------------------------------------------------------------------------

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        organization = organization_of(request)
        form = TreeFilter(request.GET or None)
        given = form.cleaned_data if form.is_valid() else {}
        nodes = account_tree(organization, balances_at(organization, given.get("as_of")))
        shown = chosen(nodes, given.get("q", ""), given.get("archived", False))
        return self.render_page(
            request,
            "admin/ledger/account/tree.html",
            "Chart of accounts",
            form=form,
            branches=nested(shown),
            count=len(shown),
            hidden=sum(node.account.status == AccountStatus.ARCHIVED for node in nodes)
            if not given.get("archived")
            else 0,
            is_empty=not nodes,
            has_add_permission=self.has_add_permission(request),
            may_see_lines=self.has_permission_of(request, "ledger.view_journalline"),
        )

    # --- one account ------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<uuid:id>/lines/",
            self.admin_site.admin_view(self.lines_view),
            name="ledger_account_statement",
        )
        return [own, *super().get_urls()]

    def lines_view(self, request: HttpRequest, id: Any) -> HttpResponse:
        """The account from day to day: opening, every line with the running balance, closing."""
        account = self.get_row(request, str(id))
        if not self.has_permission_of(request, "ledger.view_account", "ledger.view_journalline"):
            raise PermissionDenied
        form = StatementFilter(request.GET or None)
        given = form.cleaned_data if form.is_valid() else {}
        statement = account_statement(account, given.get("since"), given.get("until"))
        rows = list(islice(statement.lines(), MOST_LINES + 1))
        return self.render_page(
            request,
            "admin/ledger/account/lines.html",
            str(account),
            row=account,
            account=account,
            form=form,
            statement=statement,
            opening=AmountCell(statement.opening, account.currency),
            closing=AmountCell(statement.closing, account.currency),
            debits=AmountCell(statement.debits, account.currency),
            credits=AmountCell(statement.credits, account.currency),
            rows=[(row, *_cells(row, account.currency)) for row in rows[:MOST_LINES]],
            cut=len(rows) > MOST_LINES,
            most=MOST_LINES,
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        rows = Account.objects.of(organization_of(request)).filter(status=AccountStatus.ACTIVE)
        choices = rows.order_by("code").only("organization_id", "id", "code", "name")
        return super().changeform_view(
            request, object_id, form_url, {"choices": choices, **(extra_context or {})}
        )

    def create(self, request: HttpRequest, form: Any) -> Account:
        return create_account(actor=actor_of(request), **form.construct())

    def update(self, request: HttpRequest, row: Account, form: Any) -> Account:
        return update_account(actor=actor_of(request), account=row, **form.construct())

    def remove(self, request: HttpRequest, row: Account) -> None:
        delete_account(actor=actor_of(request), account=row)

    def has_lines_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "ledger.view_journalline")

    def has_archive_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request)

    def has_restore_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request)

    def offers(self, row: Account, action: str) -> bool:
        is_active = row.status == AccountStatus.ACTIVE
        return {"archive": is_active, "restore": not is_active}.get(action, True)

    @action(description="Lines", icon="receipt_long", permissions=["lines"])
    def lines(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)
        return HttpResponseRedirect(self.url_of(row, "statement"))

    @action(description="Archive", icon="archive", permissions=["archive"])
    def archive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(
            request,
            object_id,
            verb="Archive",
            what="It takes no more lines. It keeps its balance and stays in the reports.",
        )

    @action(
        description="Restore",
        icon="unarchive",
        variant=ActionVariant.PRIMARY,
        permissions=["restore"],
    )
    def restore(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._move(request, object_id, verb="Restore", what="It takes lines again.")

    def _move(self, request: HttpRequest, object_id: str, verb: str, what: str) -> HttpResponse:
        """Ask, then archive or restore."""
        row = self.get_row(request, object_id)

        def move() -> str:
            service = archive_account if verb == "Archive" else restore_account
            moved = service(actor=actor_of(request), account=row)
            return f"{row} is {moved.get_status_display().lower()}."

        return self.confirm(request, row, move, question=f"{verb} {row}?", what=what, submit=verb)


def _cells(row: Any, currency: str) -> tuple[AmountCell, AmountCell, AmountCell]:
    return (
        AmountCell(row.debit, currency),
        AmountCell(row.credit, currency),
        AmountCell(row.balance, currency),
    )


def chosen(nodes: Sequence[AccountNode], search: str, archived: bool) -> list[AccountNode]:
    """The nodes that are asked for, each with those above it, so that it keeps its place."""
    wanted = search.strip().lower()
    above: set[str] = set()
    kept: list[AccountNode] = []
    for node in reversed(nodes):
        account = node.account
        visible = archived or account.status == AccountStatus.ACTIVE
        found = not wanted or wanted in str(account).lower() or wanted in account.role
        if (visible and found) or account.code in above:
            above.update(node.path)
            kept.append(node)
    return kept[::-1]


def nested(nodes: Sequence[AccountNode]) -> list[Branch]:
    """Nodes in order, parents first, as branches within branches."""
    tops: list[Branch] = []
    line: list[Branch] = []
    for node in nodes:
        branch = Branch(
            node, [AmountCell(amount, currency) for currency, amount in node.balances.items()]
        )
        del line[node.depth :]
        (line[-1].branches if line else tops).append(branch)
        line.append(branch)
    return tops
