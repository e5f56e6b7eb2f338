"""The revenue accounts that items name."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from invoicing.errors import InvalidRevenueAccount
from invoicing.rules import shown
from invoicing.services.orders.drafts import ItemDraft
from ledger.models import Account, AccountStatus, AccountType
from ledger.selectors.accounts import as_uuid
from organizations.models import Organization
from organizations.rules import is_storable


def revenue_accounts(
    organization: Organization, items: Sequence[ItemDraft], currency: str
) -> list[Account | None]:
    """The account of each item, None where it names none; one statement, or none at all.

    Raises:
        InvalidRevenueAccount: there is no such account, or it takes no revenue in this currency.
    """
    names = {str(item.revenue_account) for item in items if item.revenue_account}
    if not names:
        return [None] * len(items)
    by_name = _accounts(organization, {name for name in names if is_storable(name)}, currency)
    found: list[Account | None] = []
    for position, item in enumerate(items, start=1):
        if not item.revenue_account:
            found.append(None)
            continue
        account = by_name.get(_key(str(item.revenue_account)))
        if account is None:
            raise InvalidRevenueAccount(
                position=position, account=shown(str(item.revenue_account)), currency=currency
            )
        found.append(account)
    return found


def _accounts(organization: Organization, names: set[str], currency: str) -> dict[str, Account]:
    ids = [id for id in map(as_uuid, names) if id is not None]
    children = Account.objects.of(organization).filter(parent_id=OuterRef("pk"))
    rows = (
        Account.objects.of(organization)
        .filter(Q(code__in=names) | Q(pk__in=ids))
        .filter(type=AccountType.REVENUE, status=AccountStatus.ACTIVE, currency=currency)
        .filter(~Exists(children))
    )
    accounts: list[Account] = list(rows)
    # A code may look like an id; the code is what its keeper meant.
    by_id = {str(account.pk): account for account in accounts}
    return by_id | {_key(account.code): account for account in accounts}


def _key(name: str) -> str:
    id: UUID | None = as_uuid(name)
    return name if id is None else str(id)
