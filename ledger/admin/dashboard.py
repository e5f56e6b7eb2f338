"""The overview: what there is, what is owed, what waits to be done, and whether the books tie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse

from core.admin import may
from ledger.admin.amounts import AmountCell
from ledger.models import (
    Account,
    AccountRole,
    AccountStatus,
    AccountType,
    EntryStatus,
    JournalEntry,
    ReconciliationRun,
)
from ledger.selectors.balances import Totals, balances_at, totals_between
from ledger.selectors.cashbook import cash_metrics
from ledger.selectors.reconciliation import list_reconciliation_runs
from organizations.models import Organization

CASH = (
    AccountRole.CASH,
    AccountRole.BANK,
    AccountRole.CARD_CLEARING,
    AccountRole.MOBILE_MONEY,
)
OWED_TO_US = (AccountRole.ACCOUNTS_RECEIVABLE, AccountRole.LOANS_RECEIVABLE)
OWED_BY_US = (
    AccountRole.ACCOUNTS_PAYABLE,
    AccountRole.TAX_PAYABLE,
    AccountRole.CUSTOMER_WALLETS,
    AccountRole.ORGANIZER_PAYABLE,
    AccountRole.LOANS_PAYABLE,
)
MOST_RECENT = 8


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, or several of several currencies, with the page that explains it."""

    name: str
    icon: str
    url: str
    figures: Sequence[AmountCell] = ()
    text: str = ""
    note: str = ""
    kind: str = ""


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the index page shows, as far as the user may see it."""
    organization: Organization | None = getattr(request, "organization", None)
    more: dict[str, Any] = {"tiles": [], "title": "Overview"}
    if organization is None:
        return {**context, **more}
    if may(request, "ledger.view_accountbalance"):
        more["tiles"] += balance_tiles(organization)
    elif may(request, "ledger.view_cashentry"):
        more["tiles"] += cashbook_tiles(organization)
    if may(request, "ledger.view_journalentry"):
        pending = list(pending_entries(organization)[: MOST_RECENT + 1])
        more["tiles"].append(pending_tile(organization))
        more["pending"] = shown(pending[:MOST_RECENT])
        more["recent"] = shown(recent_entries(organization))
    more["tiles"].append(periods_tile(organization))
    if may(request, "ledger.view_reconciliationrun"):
        more["tiles"].append(integrity_tile(organization))
    more["may_add_entry"] = may(request, "ledger.add_journalentry")
    more["may_add_account"] = may(request, "ledger.add_account")
    return {**context, **more}


def balance_tiles(organization: Organization) -> list[Tile]:
    accounts = list(
        Account.objects.of(organization).only(
            "organization_id", "id", "code", "name", "type", "currency", "role", "status"
        )
    )
    totals = balances_at(organization)
    tiles = [
        *(tile for account in accounts if (tile := cash_tile(account, totals))),
        owed_tile(organization, "Receivables", "call_received", accounts, totals, OWED_TO_US),
        owed_tile(organization, "Payables", "call_made", accounts, totals, OWED_BY_US),
    ]
    return [*tiles, *revenue_tiles(organization, accounts)]


def cash_tile(account: Account, totals: Mapping[UUID, Totals]) -> Tile | None:
    """The balance of an account where money lies, if it is in use."""
    if account.role not in CASH:
        return None
    in_use = account.pk in totals
    if not in_use and (account.role != AccountRole.CASH or account.status != AccountStatus.ACTIVE):
        return None
    amount = totals.get(account.pk, Totals()).balance(account.type)
    return Tile(
        account.name,
        "payments" if account.role == AccountRole.CASH else "account_balance",
        reverse("admin:ledger_account_statement", args=[account.pk]),
        [AmountCell(amount, account.currency)],
        note=f"Account {account.code}",
    )


def owed_tile(
    organization: Organization,
    name: str,
    icon: str,
    accounts: Sequence[Account],
    totals: Mapping[UUID, Totals],
    roles: Sequence[AccountRole],
) -> Tile:
    of_roles = [account for account in accounts if account.role in roles]
    found = [account for account in of_roles if account.pk in totals]
    url = reverse("admin:ledger_account_changelist")
    if len(found) == 1:
        url = reverse("admin:ledger_account_statement", args=[found[0].pk])
    return Tile(
        name,
        icon,
        url,
        per_currency(organization, found, totals),
        note=", ".join(account.name for account in found) or "Nothing is owed",
    )


def revenue_tiles(organization: Organization, accounts: Sequence[Account]) -> list[Tile]:
    revenue = [account for account in accounts if account.type == AccountType.REVENUE]
    today = organization.today()
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    return [
        revenue_tile(organization, "Revenue this month", revenue, this_month, today),
        revenue_tile(
            organization, "Revenue last month", revenue, last_month, this_month - timedelta(days=1)
        ),
    ]


def revenue_tile(
    organization: Organization, name: str, accounts: Sequence[Account], since: date, until: date
) -> Tile:
    totals = totals_between(organization, since, until, without_closing=True)
    query = urlencode({"from": since, "to": until})
    return Tile(
        name,
        "trending_up",
        f"{reverse('admin:report', args=['income-statement'])}?{query}",
        per_currency(organization, accounts, totals),
        note=f"{since:%-d %b} to {until:%-d %b %Y}",
    )


def per_currency(
    organization: Organization, accounts: Sequence[Account], totals: Mapping[UUID, Totals]
) -> list[AmountCell]:
    """Balances in the normal sign, summed by currency; the base currency always has a figure."""
    sums = {organization.currency: 0}
    for account in accounts:
        if account.pk in totals:
            amount = totals[account.pk].balance(account.type)
            sums[account.currency] = sums.get(account.currency, 0) + amount
    return [AmountCell(amount, currency) for currency, amount in sums.items()]


def cashbook_tiles(organization: Organization) -> list[Tile]:
    url = reverse("admin:ledger_cashentry_changelist")
    tiles = []
    for currency, figure in cash_metrics(organization).items():
        for name, amount in (
            ("Cashbook balance", figure.current_balance),
            ("Debts not settled", figure.loan_balance),
            ("Revenue this month", figure.mtd_revenue),
        ):
            tiles.append(Tile(name, "payments", url, [AmountCell(amount, currency)]))
    return tiles or [Tile("Cashbook", "payments", url, text="Empty", note="Record what comes in")]


def pending_entries(organization: Organization) -> Any:
    return (
        JournalEntry.objects.of(organization)
        .filter(status=EntryStatus.PENDING)
        .select_related("maker", "maker_key")
        .order_by("effective_on", "id")
    )


def recent_entries(organization: Organization) -> Any:
    return (
        JournalEntry.objects.of(organization)
        .exclude(status=EntryStatus.PENDING)
        .order_by("-posted_at", "-id")[:MOST_RECENT]
    )


def shown(entries: Any) -> list[tuple[JournalEntry, AmountCell]]:
    return [(entry, AmountCell(entry.total_amount, entry.currency)) for entry in entries]


def pending_tile(organization: Organization) -> Tile:
    pending = JournalEntry.objects.of(organization).filter(status=EntryStatus.PENDING)
    waiting = list(pending.values_list("needs_approval", flat=True)[:1_000])
    approvals = sum(waiting)
    query = urlencode({"status__exact": EntryStatus.PENDING.value})
    return Tile(
        "Pending entries",
        "pending_actions",
        f"{reverse('admin:ledger_journalentry_changelist')}?{query}",
        text=f"{len(waiting):,}",
        note=f"{approvals:,} need a second person" if approvals else "None needs a second person",
        kind="ch-warn" if waiting else "",
    )


def periods_tile(organization: Organization) -> Tile:
    closed = organization.closed_through
    return Tile(
        "Closed through",
        "event_available",
        reverse("admin:periods"),
        text=f"{closed:%-d %b %Y}" if closed else "All open",
        note=f"Today is {organization.today():%-d %b %Y}",
    )


def integrity_tile(organization: Organization) -> Tile:
    """The latest run, all its checks together: they start at one moment each, in one request."""
    latest: list[ReconciliationRun] = []
    for run in list_reconciliation_runs(organization)[:50]:
        if run.check_name in {seen.check_name for seen in latest}:
            break
        latest.append(run)
    url = reverse("admin:ledger_reconciliationrun_changelist")
    if not latest:
        return Tile("Integrity", "verified", url, text="Not verified yet", note="Verify it now")
    off = [run.check_name for run in latest if not run.ties]
    return Tile(
        "Integrity",
        "gpp_bad" if off else "verified",
        url,
        text=f"Off: {', '.join(off)}" if off else "Everything ties",
        note=f"{latest[0].started_at:%-d %b %Y, %H:%M} UTC",
        kind="ch-negative" if off else "",
    )
