"""The chart of accounts over HTTP."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer
from core.api.pagination import page_of
from core.api.schema import asked
from core.api.serializers import (
    CurrencyCode,
    Day,
    Paged,
    StrictSerializer,
    Text,
    Whole,
)
from core.api.views import empty_answer
from ledger.api import READ, WRITE
from ledger.models import Account, AccountRole, AccountStatus, AccountType
from ledger.selectors.accounts import account_tree, get_account, list_accounts
from ledger.selectors.balances import account_totals, balances_at
from ledger.services.accounts import (
    create_account,
    delete_account,
    replace_account,
    update_account,
)
from organizations.api.callers import access
from organizations.api.views import OrganizationView

TAG = "Accounts"

ACCOUNT_EXAMPLE = {"code": "1100", "name": "Accounts receivable", "type": "asset"}


class AccountInput(StrictSerializer):
    """An account. Without a currency it is kept in the organization's."""

    code = Text(
        max_length=100, trim_whitespace=False, help_text="Letters, digits and `.:-_`; unique."
    )
    name = Text(max_length=200)
    type = serializers.ChoiceField(AccountType.choices)
    currency = CurrencyCode(required=False)
    parent = Text(  # type: ignore[assignment]
        required=False,
        allow_null=True,
        max_length=100,
        help_text="The code or id of the account above, which takes no lines itself.",
    )
    role = serializers.ChoiceField(
        AccountRole.choices,
        required=False,
        allow_blank=True,
        help_text="What services find it by; one account of a role per currency.",
    )
    description = Text(required=False, allow_blank=True, max_length=2000)
    balance_slots = Whole(
        required=False,
        min_value=1,
        max_value=64,
        help_text="More than one lets concurrent postings to a busy account not queue.",
    )


class AccountPatch(AccountInput):
    """What changes; the rest stays. `status` archives and restores."""

    status = serializers.ChoiceField(AccountStatus.choices, required=False)


class AccountOutput(serializers.Serializer[Any]):
    """An account with its balance in its normal sign: what lies below it is included."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AccountType.choices)
    currency = serializers.CharField()
    status = serializers.ChoiceField(AccountStatus.choices)
    role = serializers.CharField(allow_blank=True)
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="The code of the account above."
    )
    description = serializers.CharField(allow_blank=True)
    balance_slots = serializers.IntegerField()
    balance = serializers.IntegerField(
        allow_null=True,
        help_text="Minor units of `currency`; debit − credit for assets and expenses, credit − "
        "debit for the rest. Null for a person who may see accounts but not their balances.",
    )
    balances = serializers.DictField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="The same per currency: accounts below may be kept in others.",
    )


class AccountPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AccountOutput(many=True)


class AsOf(StrictSerializer):
    as_of = Day(
        required=False, help_text="The balance at the end of that day; without it, of everything."
    )


class AccountFilters(Paged, AsOf):
    type = serializers.ChoiceField(AccountType.choices, required=False)
    status = serializers.ChoiceField(AccountStatus.choices, required=False)
    role = serializers.ChoiceField(AccountRole.choices, required=False)


class AccountView(OrganizationView):
    tag = TAG
    names_rows = True

    @property
    def shows_balances(self) -> bool:
        """A cashier picks accounts by name; what stands on them is not theirs to see."""
        return self.caller.has("ledger.view_accountbalance")

    def balances_of(self, accounts: Iterable[Account], as_of: Any) -> list[dict[str, Any]]:
        """Accounts with their balances, by two statements for any number of them."""
        if not self.shows_balances:
            return [_as_json(account, None) for account in accounts]
        totals = balances_at(self.organization, as_of)
        nodes = {node.account.pk: node for node in account_tree(self.organization, totals)}
        answers = []
        for account in accounts:
            node = nodes.get(account.pk)
            balances = node.balances if node else {account.currency: 0}
            answers.append(_as_json(account, balances))
        return answers

    def account_answer(
        self, account: Account, as_of: Any = None, status: int = 200
    ) -> HttpResponse:
        if not self.shows_balances or account.children.exists():
            [content] = self.balances_of([account], as_of)
        else:
            balance = account_totals(account, as_of).balance(account.type)
            content = _as_json(account, {account.currency: balance})
        return json_answer(content, status)


def _as_json(account: Account, balances: dict[str, int] | None) -> dict[str, Any]:
    return {
        "id": account.pk,
        "code": account.code,
        "name": account.name,
        "type": str(account.type),
        "currency": account.currency,
        "status": str(account.status),
        "role": account.role,
        "parent": account.parent.code if account.parent else None,
        "description": account.description,
        "balance_slots": account.balance_slots,
        "balance": None if balances is None else balances.get(account.currency, 0),
        "balances": balances,
    }


class AccountList(AccountView):
    access = {
        "GET": access(READ, "ledger.view_account"),
        "POST": access(WRITE, "ledger.add_account"),
    }

    @extend_schema(operation_id="list_accounts", parameters=[AccountFilters], responses=AccountPage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List accounts.

        By code, each with its balance; a parent's includes what lies below it.
        """
        given = self.query(AccountFilters)
        as_of = given.pop("as_of", None)
        cursor, page_size = given.pop("cursor", None), given.pop("page_size")
        page = page_of(
            request,
            list_accounts(self.organization, **given),
            ordering="code",
            page_size=page_size,
            cursor=cursor,
        )
        return json_answer(page.as_json(self.balances_of(page.rows, as_of)))

    @extend_schema(
        operation_id="create_account",
        request=AccountInput,
        responses={201: AccountOutput},
        examples=[asked({**ACCOUNT_EXAMPLE, "role": "accounts_receivable"})],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Create an account."""
        self.no_query()
        account = create_account(actor=self.actor, **self.read(AccountInput))
        return self.account_answer(account, status=201)


class AccountDetail(AccountView):
    access = {
        "GET": access(READ, "ledger.view_account"),
        "PUT": access(WRITE, "ledger.change_account"),
        "PATCH": access(WRITE, "ledger.change_account"),
        "DELETE": access(WRITE, "ledger.delete_account"),
    }

    @extend_schema(operation_id="get_account", parameters=[AsOf], responses=AccountOutput)
    def get(self, request: HttpRequest, account: str) -> HttpResponse:
        """Read an account and its balance."""
        as_of = self.query(AsOf).get("as_of")
        return self.account_answer(get_account(self.organization, account), as_of)

    @extend_schema(
        operation_id="replace_account",
        request=AccountInput,
        responses=AccountOutput,
        examples=[asked(ACCOUNT_EXAMPLE)],
    )
    def put(self, request: HttpRequest, account: str) -> HttpResponse:
        """Replace an account.

        What is not given becomes what it would be in a new account. Whether it is archived stays
        as it is. Under lines its type and currency cannot change.
        """
        self.no_query()
        given = self.read(AccountInput)
        found = get_account(self.organization, account)
        return self.account_answer(replace_account(actor=self.actor, account=found, **given))

    @extend_schema(
        operation_id="update_account",
        request=AccountPatch,
        responses=AccountOutput,
        examples=[asked({"name": "Trade debtors"}), asked({"status": "archived"}, "Archive")],
    )
    def patch(self, request: HttpRequest, account: str) -> HttpResponse:
        """Change an account, archive or restore it."""
        self.no_query()
        changes = self.read(AccountPatch, partial=True)
        found = get_account(self.organization, account)
        changed = update_account(actor=self.actor, account=found, **changes)
        return self.account_answer(changed)

    @extend_schema(operation_id="delete_account", request=None, responses={204: None})
    def delete(self, request: HttpRequest, account: str) -> HttpResponse:
        """Delete an account that nothing refers to.

        One with lines is archived instead.
        """
        self.no_query()
        self.read(StrictSerializer)
        delete_account(actor=self.actor, account=get_account(self.organization, account))
        return empty_answer()
