"""The chart of accounts, one account at a time: made, changed, archived, deleted.

Archiving is undone exactly by restoring, so an archived account keeps its role, its parent and
its lines; while it is archived its role counts as unfilled. Whole branches are archived from the
leaves up and restored from the top down, so that no active account hides below an archived one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from core.errors import ConstraintRegistry
from ledger.accountdrafts import AccountDraft
from ledger.errors import (
    AccountCodeTaken,
    AccountHasActiveChildren,
    AccountInUse,
    AccountNotFound,
    AccountRoleTaken,
    ParentArchived,
    UnknownAccountStatus,
    UnknownParent,
)
from ledger.models import Account, AccountStatus
from ledger.selectors.accounts import get_account
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case
from organizations.services.organizations import lock_organization

FIELDS = (
    "code",
    "name",
    "type",
    "parent",
    "currency",
    "status",
    "role",
    "description",
    "balance_slots",
)


def create_account(
    *,
    actor: Actor,
    code: str,
    name: str,
    type: str,
    currency: str = "",
    parent: Account | str | UUID | None = None,
    role: str = "",
    description: str = "",
    balance_slots: int = 1,
) -> Account:
    """A new account. `parent` is an account, its code or its id; without a currency it is the
    organization's.

    Raises:
        InvalidAccountCode, InvalidAccountName, UnknownAccountType, UnknownCurrency, …: a value
            alone is wrong.
        AccountCodeTaken, AccountRoleTaken, UnknownParent, ParentArchived, AccountTypeMismatch,
        AccountInUse: the parent has lines.
    """
    account = Account(
        organization=actor.organization,
        code=code,
        name=name.strip(),
        type=type,
        currency=currency or actor.organization.currency,
        role=role,
        description=description.strip(),
        balance_slots=balance_slots,
    )
    AccountDraft.of(account).check()
    with atomic_use_case(actor, "create_account") as audit:
        lock_organization(actor.organization)
        account.parent = find_parent(actor.organization, parent)
        with naming_the_values_of(account):
            account.save(force_insert=True)
        audit(account, after=_as_audited(account))
    return account


def update_account(*, actor: Actor, account: Account, **changes: Any) -> Account:
    """Change the fields that are given (`FIELDS`); a change to what is there already is none.

    Raises:
        As create_account and archive_account do.
        AccountInUse: another type or currency while the account has lines.
        AccountCycle: the new parent stands below the account.
    """
    return _change(actor, account, "update_account", changes)


def replace_account(
    *,
    actor: Actor,
    account: Account,
    code: str,
    name: str,
    type: str,
    currency: str = "",
    parent: Account | str | UUID | None = None,
    role: str = "",
    description: str = "",
    balance_slots: int = 1,
) -> Account:
    """Make an account what is given, and what is not given what it would be in a new one.

    Whether it is archived stays as it is. Raises as update_account does.
    """
    changes = {
        "code": code,
        "name": name,
        "type": type,
        "currency": currency or actor.organization.currency,
        "parent": parent,
        "role": role,
        "description": description,
        "balance_slots": balance_slots,
    }
    return _change(actor, account, "update_account", changes)


def archive_account(*, actor: Actor, account: Account) -> Account:
    """From now on the account takes no lines. It keeps its balance and stays in the reports.

    Raises:
        AccountHasActiveChildren: archive those first.
    """
    return _change(actor, account, "archive_account", {"status": AccountStatus.ARCHIVED})


def restore_account(*, actor: Actor, account: Account) -> Account:
    """Undo archive_account.

    Raises:
        ParentArchived: restore the parent first.
    """
    return _change(actor, account, "restore_account", {"status": AccountStatus.ACTIVE})


def delete_account(*, actor: Actor, account: Account) -> None:
    """Delete an account that nothing refers to.

    Raises:
        AccountInUse: it has lines, proposed lines or children.
    """
    with atomic_use_case(actor, "delete_account") as audit:
        account = _locked(actor.organization, account)
        before = _as_audited(account)
        try:
            account.delete()
        except IntegrityError as error:
            raise AccountInUse(account=account.code) from error
        audit(account, before=before)


def find_parent(organization: Organization, parent: Account | str | UUID | None) -> Account | None:
    """The account to stand below; None where none is named.

    Raises:
        UnknownParent, ParentArchived
    """
    if parent is None or parent == "":
        return None
    name = parent.pk if isinstance(parent, Account) else parent
    try:
        found = get_account(organization, name)
    except AccountNotFound:
        raise UnknownParent(parent=str(name)[:100]) from None
    if found.status == AccountStatus.ARCHIVED:
        raise ParentArchived(parent=found.code)
    return found


@contextmanager
def naming_the_values_of(account: Account) -> Iterator[None]:
    """Put into a refusal by a unique constraint the values that it cannot know."""
    try:
        yield
    except IntegrityError as error:
        refusal = ConstraintRegistry.translate(error)
        if isinstance(refusal, AccountCodeTaken):
            raise AccountCodeTaken(account=account.code) from error
        if isinstance(refusal, AccountRoleTaken):
            raise AccountRoleTaken(role=account.role, currency=account.currency) from error
        raise


def _change(actor: Actor, account: Account, action: str, changes: dict[str, Any]) -> Account:
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"an account has no {', '.join(sorted(unknown))} to change")
    with atomic_use_case(actor, action) as audit:
        if {"parent", "status"} & set(changes):
            # Two moves in one tree would wait for each other's accounts.
            lock_organization(actor.organization)
        account = _locked(actor.organization, account)
        before = _as_audited(account)
        _apply(account, changes)
        after = _as_audited(account)
        changed = [name for name in FIELDS if before[name] != after[name]]
        if changed:
            AccountDraft.of(account).check()
            _check_place(account, changed)
            with naming_the_values_of(account):
                account.save(update_fields=changed)
            audit(
                account,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )
    return account


def _apply(account: Account, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        if name == "parent":
            _apply_parent(account, value)
        elif name == "status":
            if value not in AccountStatus.values:
                raise UnknownAccountStatus(status=ascii(value))
            account.status = value
        elif name in ("name", "description"):
            setattr(account, name, value.strip())
        else:
            setattr(account, name, value)


def _apply_parent(account: Account, parent: Account | str | UUID | None) -> None:
    current = account.parent
    if current is not None and parent in (current, current.pk, str(current.pk), current.code):
        return
    account.parent = find_parent(account.organization, parent)


def _check_place(account: Account, changed: list[str]) -> None:
    """That no active account comes to stand below an archived one."""
    if "status" not in changed:
        return
    if account.status == AccountStatus.ARCHIVED:
        below = Account.objects.of(account.organization_id).filter(parent_id=account.pk)
        codes = list(
            below.filter(status=AccountStatus.ACTIVE)
            .order_by("code")
            .values_list("code", flat=True)[:10]
        )
        if codes:
            raise AccountHasActiveChildren(account=account.code, children=", ".join(codes))
    elif account.parent_id is not None:
        find_parent(account.organization, account.parent_id)


def _locked(organization: Organization, account: Account) -> Account:
    """The account as it is now, held against other changes. Postings to it go on: a change that
    concerns them waits for them in the database.

    Raises:
        AccountNotFound: it is gone, or another organization's.
    """
    rows = Account.objects.of(organization).select_related("organization", "parent")
    row: Account | None = (
        rows.select_for_update(of=("self",), no_key=True).filter(pk=account.pk).first()
    )
    if row is None:
        raise AccountNotFound(account=account.code)
    return row


def _as_audited(account: Account) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(account, name) for name in FIELDS}
    values["parent"] = account.parent.code if account.parent else None
    values["type"], values["status"] = str(account.type), str(account.status)
    return values
