"""The accounts that drafts name, found for all of them at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.db import prepared_cursor
from ledger.drafts import EntryDraft, LineDraft
from ledger.errors import CurrencyMismatch, UnknownAccount
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What posting needs to know of an account."""

    id: UUID
    code: str
    currency: str


class AccountsByName:
    """The accounts that a batch of drafts names, by code and by id."""

    def __init__(self, rows: Iterable[tuple[UUID, str, str]]) -> None:
        self.by_name: dict[str | UUID, KnownAccount] = {}
        known = [KnownAccount(*row) for row in rows]
        for account in known:
            self.by_name[account.id] = account
            self.by_name[str(account.id)] = account
        # A code may look like an id; the code is what its keeper meant.
        for account in known:
            self.by_name[account.code] = account

    def get(self, name: str | UUID, reference: str, position: int) -> KnownAccount:
        account = self.by_name.get(name)
        if account is None and isinstance(name, str):
            account = self.by_name.get(_as_uuid(name) or name)
        if account is None:
            raise UnknownAccount(reference=reference, position=position, account=str(name))
        return account

    def of_line(self, draft: EntryDraft, position: int, line: LineDraft) -> KnownAccount:
        """The account of a line; the line's own currency, if it names one, must be the account's.

        Raises:
            UnknownAccount, CurrencyMismatch
        """
        account = self.get(line.account, draft.reference, position)
        if line.currency is not None and line.currency != account.currency:
            raise CurrencyMismatch(
                reference=draft.reference,
                position=position,
                account=account.code,
                expected=account.currency,
                got=line.currency,
            )
        return account

    def check(self, draft: EntryDraft) -> None:
        """Raises UnknownAccount or CurrencyMismatch for the first line at fault."""
        for position, line in enumerate(draft.lines, start=1):
            self.of_line(draft, position, line)


def find_accounts(organization: Organization, drafts: Sequence[EntryDraft]) -> AccountsByName:
    """One SELECT for the accounts named by all drafts."""
    names = {line.account for draft in drafts for line in draft.lines}
    codes = [name for name in names if isinstance(name, str)]
    ids = [found for found in map(_as_uuid, names) if found is not None]
    sql = "SELECT id, code, currency FROM ledger_account WHERE organization_id = %s AND "
    with prepared_cursor() as cursor:
        if not ids:
            cursor.execute(sql + "code = ANY(%s)", (organization.pk, codes))
        else:
            cursor.execute(sql + "(code = ANY(%s) OR id = ANY(%s))", (organization.pk, codes, ids))
        return AccountsByName(cursor.fetchall())


def _as_uuid(name: str | UUID) -> UUID | None:
    if isinstance(name, UUID):
        return name
    if len(name) in (32, 36):
        try:
            return UUID(name)
        except ValueError:
            return None
    return None
