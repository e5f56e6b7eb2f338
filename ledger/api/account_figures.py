"""An account's figures over HTTP: its balance at a date, and its lines."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.errors import Unprocessable
from core.api.schema import answered
from core.api.serializers import Moment, Span
from ledger.api import READ
from ledger.api.accounts import TAG, AsOf
from ledger.models import Account
from ledger.selectors.accounts import account_tree, get_account
from ledger.selectors.balances import (
    NOTHING,
    Totals,
    account_statement,
    account_totals,
    balances_at,
)
from organizations.api.callers import access
from organizations.api.views import OrganizationView

MOST_LINES = 50_000


class BalanceQuery(AsOf):
    known_at = Moment(required=False, help_text="As the books stood at that moment.")


class BalanceOutput(serializers.Serializer[Any]):
    account = serializers.CharField(help_text="The account's code.")
    as_of = serializers.DateField(allow_null=True)
    known_at = serializers.DateTimeField(allow_null=True)
    currency = serializers.CharField()
    debits = serializers.IntegerField()
    credits = serializers.IntegerField()
    balance = serializers.IntegerField(help_text="In the account's normal sign.")


class StatementQuery(Span):
    known_at = Moment(required=False, help_text="As the books stood at that moment.")


class StatementLineOutput(serializers.Serializer[Any]):
    entry = serializers.UUIDField()
    account = serializers.CharField(help_text="The code of the account that the line stands on.")
    reference = serializers.CharField()
    effective_on = serializers.DateField()
    posted_at = serializers.DateTimeField()
    position = serializers.IntegerField()
    status = serializers.CharField()
    entry_description = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    debit = serializers.IntegerField()
    credit = serializers.IntegerField()
    balance = serializers.IntegerField(help_text="After this line, in the normal sign.")


class StatementOutput(serializers.Serializer[Any]):
    """An account from a day to a day. Balances are in its normal sign."""

    account = serializers.CharField()
    currency = serializers.CharField()
    since = serializers.DateField(allow_null=True)
    to = serializers.DateField(allow_null=True)
    known_at = serializers.DateTimeField(allow_null=True)
    opening = serializers.IntegerField()
    debits = serializers.IntegerField()
    credits = serializers.IntegerField()
    closing = serializers.IntegerField()
    lines = StatementLineOutput(many=True)

    def get_fields(self) -> Any:
        fields = super().get_fields()
        fields["from"] = fields.pop("since")
        return fields


class AccountBalance(OrganizationView):
    tag = TAG
    names_rows = True
    access = {"GET": access(READ, "ledger.view_accountbalance")}

    @extend_schema(
        operation_id="get_account_balance",
        parameters=[BalanceQuery],
        responses=BalanceOutput,
        examples=[
            answered(
                {
                    "account": "1100",
                    "as_of": "2010-12-31",
                    "known_at": None,
                    "currency": "GBP",
                    "debits": 16347,
                    "credits": 0,
                    "balance": 16347,
                }
            )
        ],
    )
    def get(self, request: HttpRequest, account: str) -> HttpResponse:
        """Read an account's balance at a date.

        At the end of `as_of`, and with `known_at` as the books stood at that moment. A parent's
        includes what lies below it in its currency.
        """
        given = self.query(BalanceQuery)
        as_of, known_at = given.get("as_of"), given.get("known_at")
        found = get_account(self.organization, account)
        totals = self._totals(found, as_of, known_at)
        return json_answer(
            {
                "account": found.code,
                "as_of": as_of,
                "known_at": moment(known_at),
                "currency": found.currency,
                "debits": totals.debits,
                "credits": totals.credits,
                "balance": totals.balance(found.type),
            }
        )

    def _totals(self, account: Account, as_of: Any, known_at: Any) -> Totals:
        if not account.children.exists():
            return account_totals(account, as_of, known_at)
        totals = balances_at(self.organization, as_of, known_at=known_at)
        nodes = account_tree(self.organization, totals)
        [node] = [node for node in nodes if node.account.pk == account.pk]
        return node.totals.get(account.currency, NOTHING)


class AccountLines(OrganizationView):
    tag = TAG
    names_rows = True
    refuses_reads = True
    access = {"GET": access(READ, "ledger.view_journalline")}

    @extend_schema(
        operation_id="list_account_lines", parameters=[StatementQuery], responses=StatementOutput
    )
    def get(self, request: HttpRequest, account: str) -> HttpResponse:
        """Read an account's lines with running balances.

        Opening and closing balance around the lines from `from` to `to`, both included. Of an
        account with others below it they are those of the accounts below that are kept in its
        currency, as in its balance, by date. Beyond 50,000 lines ask for fewer days at a time.
        """
        given = self.query(StatementQuery)
        found = get_account(self.organization, account)
        statement = account_statement(found, **given)
        lines = list(islice(statement.lines(), MOST_LINES + 1))
        if len(lines) > MOST_LINES:
            raise Unprocessable(
                f"More than {MOST_LINES} lines: ask for fewer days at a time.",
                code="too_many_lines",
                attr="from",
            )
        return json_answer(
            {
                "account": found.code,
                "currency": found.currency,
                "from": statement.since,
                "to": statement.until,
                "known_at": moment(statement.known_at),
                "opening": statement.opening,
                "debits": statement.debits,
                "credits": statement.credits,
                "closing": statement.closing,
                "lines": [_line_as_json(line) for line in lines],
            }
        )


def _line_as_json(line: Any) -> dict[str, Any]:
    content = asdict(line)
    return {"entry": content.pop("entry_id"), **content}
