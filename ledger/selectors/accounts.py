"""Reading the chart of accounts: one account, the one that fills a role, the tree."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from ledger.errors import AccountNotFound, RoleUnfilled
from ledger.models import Account, AccountStatus
from ledger.selectors.balances import NOTHING, Totals
from organizations.models import Organization
from organizations.rules import is_storable


def get_account(organization: Organization, name: str | UUID) -> Account:
    """The account of this code, or else of this id, with its parent.

    Raises:
        AccountNotFound: no such account, or another organization's.
    """
    text = str(name)
    found: list[Account] = []
    if is_storable(text):
        by_id = as_uuid(text)
        wanted = Q(code=text) if by_id is None else Q(code=text) | Q(pk=by_id)
        found = list(Account.objects.of(organization).filter(wanted).select_related("parent"))
    # A code may look like an id; the code is what its keeper meant.
    found.sort(key=lambda account: account.code != text)
    if not found:
        raise AccountNotFound(account=text[:100])
    return found[0]


def as_uuid(text: str) -> UUID | None:
    """The id that a text spells in its usual form, of 36 or 32 letters."""
    if len(text) not in (32, 36):
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def account_by_role(organization: Organization, role: str, currency: str | None = None) -> Account:
    """The active account that fills a role, in the base currency unless another is given.

    Raises:
        RoleUnfilled: no account has the role, or the one that has it is archived.
    """
    return accounts_by_role(organization, [role], currency)[role]


def accounts_by_role(
    organization: Organization, roles: Collection[str], currency: str | None = None
) -> dict[str, Account]:
    """The accounts that fill these roles, by one statement.

    Raises:
        RoleUnfilled: for the first role that nobody fills.
    """
    currency = currency or organization.currency
    rows = Account.objects.of(organization).filter(
        role__in=list(roles), currency=currency, status=AccountStatus.ACTIVE
    )
    found = {account.role: account for account in rows}
    for role in roles:
        if role not in found:
            raise RoleUnfilled(role=str(role), currency=currency)
    return found


def list_accounts(
    organization: Organization,
    *,
    type: str | None = None,
    status: str | None = None,
    role: str | None = None,
) -> QuerySet[Account]:
    """The accounts by code, each with its parent."""
    given = {"type": type, "status": status, "role": role}
    accounts: QuerySet[Account] = (
        Account.objects.of(organization)
        .filter(**{name: value for name, value in given.items() if value is not None})
        .select_related("parent")
        .order_by("code")
    )
    return accounts


@dataclass(frozen=True, slots=True)
class AccountNode:
    """An account in its place: how deep it stands, what lies above, what it and its children took.

    `totals` are per currency, as a child may be kept in another currency than its parent.
    """

    account: Account
    path: tuple[str, ...]
    has_children: bool
    totals: Mapping[str, Totals]

    @property
    def depth(self) -> int:
        """0 for an account at the top."""
        return len(self.path) - 1

    @property
    def balances(self) -> dict[str, int]:
        """Per currency, in the normal sign of the account's type, those below included."""
        return {
            currency: totals.balance(self.account.type) for currency, totals in self.totals.items()
        }


def account_tree(
    organization: Organization, totals: Mapping[UUID, Totals] | None = None
) -> list[AccountNode]:
    """Every account, parents before their children and siblings by code, by one statement.

    `totals` is what each account took by itself (`balances_at`); the nodes hold the sums up the
    tree.
    """
    return as_tree(list_accounts(organization), totals or {})


def as_tree(accounts: Iterable[Account], totals: Mapping[UUID, Totals]) -> list[AccountNode]:
    """The accounts as nodes; an account whose parent is not among them stands at the top."""
    children: dict[UUID | None, list[Account]] = {}
    known = sorted(accounts, key=lambda account: account.code)
    ids = {account.pk for account in known}
    for account in known:
        parent = account.parent_id if account.parent_id in ids else None
        children.setdefault(parent, []).append(account)
    placed = _placed(children)
    summed = _rolled_up([account for account, _ in placed], totals)
    return [
        AccountNode(account, path, account.pk in children, summed[account.pk])
        for account, path in placed
    ]


def _placed(
    children: Mapping[UUID | None, Sequence[Account]],
) -> list[tuple[Account, tuple[str, ...]]]:
    """Depth first, without recursion: a chart may be deeper than Python's stack."""
    placed: list[tuple[Account, tuple[str, ...]]] = []
    waiting: list[tuple[Account, tuple[str, ...]]] = []
    waiting.extend((account, (account.code,)) for account in reversed(children.get(None, ())))
    while waiting:
        account, path = waiting.pop()
        placed.append((account, path))
        below = reversed(children.get(account.pk, ()))
        waiting.extend((child, (*path, child.code)) for child in below)
    return placed


def _rolled_up(
    placed: Sequence[Account], totals: Mapping[UUID, Totals]
) -> dict[UUID, dict[str, Totals]]:
    """Per account and currency, what it and everything below it took."""
    summed: dict[UUID, dict[str, Totals]] = {
        account.pk: {account.currency: totals.get(account.pk, NOTHING)} for account in placed
    }
    # Children come after their parents, so that backwards each is complete when it is added.
    for account in reversed(placed):
        above = summed.get(account.parent_id) if account.parent_id else None
        if above is not None:
            for currency, amount in summed[account.pk].items():
                above[currency] = above.get(currency, NOTHING) + amount
    return summed
