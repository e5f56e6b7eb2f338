"""Payees: made and changed. Who they are, when they are paid, and what is kept of it."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from invoicing.rules import check_country, email_problem, shown, text_problem
from ledger.errors import AccountNotFound
from ledger.models import Account, AccountRole, AccountStatus, AccountType
from ledger.selectors.accounts import account_by_role, get_account
from organizations.actors import Actor
from organizations.models import Organization
from organizations.rules import check_currency
from organizations.services.auditing import atomic_use_case
from settlements.errors import (
    InvalidPayableAccount,
    InvalidPayee,
    PayeeCurrencyIsFixed,
    PayeeNotFound,
)
from settlements.fees import FeePolicy
from settlements.models import Payee, PayeeStatus
from settlements.policies import terms_as_json
from settlements.reserves import parse_reserve
from settlements.rules import (
    amount_problem,
    check_bic,
    check_iban,
    code_problem,
    parse_fee_policy,
)
from settlements.schedules import parse_schedule

FIELDS = (
    "code",
    "name",
    "currency",
    "schedule",
    "minimum_payout_amount",
    "reserve",
    "fee_policy",
    "country",
    "email",
    "account_holder",
    "iban",
    "bic",
    "payable",
    "status",
)
_COLUMNS = (
    "code",
    "name",
    "email",
    "country",
    "status",
    "schedule_every",
    "schedule_weekday",
    "schedule_day",
    "schedule_days",
    "minimum_payout_amount",
    "reserve_percentage",
    "reserve_days",
    "reserve_floor_amount",
    "fee_percentage",
    "fee_per_ticket_amount",
    "fee_borne_by",
    "account_holder",
    "iban",
    "bic",
)
_MOST = {"name": 200, "email": 254, "account_holder": 70}


def create_payee(
    *,
    actor: Actor,
    code: str,
    name: str,
    currency: str,
    schedule: Mapping[str, Any] | None = None,
    minimum_payout_amount: int = 0,
    reserve: Mapping[str, Any] | None = None,
    fee_policy: Mapping[str, Any] | None = None,
    country: str = "",
    email: str = "",
    account_holder: str = "",
    iban: str = "",
    bic: str = "",
    payable: str | UUID | None = None,
) -> Payee:
    """A new payee. Without a schedule they are settled by hand, without a reserve nothing is held
    back, without a fee policy there is no fee.

    `payable` names the account on which stands what they are owed; several payees may share it.
    Without one it is the account with the role of organizer payable in the currency.

    Raises:
        InvalidPayee, InvalidSchedule, InvalidReserve, InvalidIban, InvalidBic, UnknownCountry,
        UnknownCurrency, PayeeCodeTaken
        InvalidPayableAccount: it is not there, no liability, or in another currency.
        RoleUnfilled: no account was named, and none has the role.
    """
    payee = Payee(organization=actor.organization, currency=check_currency(currency))
    _apply(
        payee,
        {
            "code": code,
            "name": name,
            "schedule": schedule,
            "minimum_payout_amount": minimum_payout_amount,
            "reserve": reserve,
            "fee_policy": fee_policy,
            "country": country,
            "email": email,
            "account_holder": account_holder,
            "iban": iban,
            "bic": bic,
        },
    )
    _check(payee)
    with atomic_use_case(actor, "create_payee") as audit:
        payee.payable = _payable(actor.organization, payable, payee.currency)
        payee.save(force_insert=True)
        audit(payee, after=_as_audited(payee))
    return payee


def change_payee(*, actor: Actor, payee: Payee, **changes: Any) -> Payee:
    """Change the fields that are given (`FIELDS`); a change to what is there already is none.
    Schedule, reserve and fee policy are replaced as a whole, and None takes them away.

    What has been sold and settled stays as it was. A `status` of "suspended" stops settlements.

    Raises:
        PayeeNotFound: they are gone, or another organization's.
        PayeeCurrencyIsFixed: another currency.
        InvalidPayee: among others, another payable account.
        As create_payee does.
    """
    unknown = set(changes) - set(FIELDS)
    if unknown:
        raise TypeError(f"a payee has no {', '.join(sorted(unknown))} to change")
    with atomic_use_case(actor, "change_payee") as audit:
        row = _locked(actor.organization, payee)
        columns, before = _columns(row), _as_audited(row)
        _refuse_what_is_fixed(row, changes)
        _apply(row, changes)
        _check(row)
        after = _as_audited(row)
        changed = [name for name, value in _columns(row).items() if columns[name] != value]
        if changed:
            row.save(update_fields=changed)
            told = [name for name in after if before[name] != after[name]]
            audit(
                row,
                before={name: before[name] for name in told},
                after={name: after[name] for name in told},
            )
    return row


def _apply(payee: Payee, values: Mapping[str, Any]) -> None:
    """Set what is given. Raises InvalidSchedule, InvalidReserve, InvalidPayee."""
    for name, value in values.items():
        if name in _APPLIED:
            _APPLIED[name](payee, value)
        elif name in _COLUMNS:
            setattr(payee, name, value)


def _apply_schedule(payee: Payee, value: Mapping[str, Any] | None) -> None:
    schedule = parse_schedule({"every": "manual"} if value is None else value)
    payee.schedule_every = schedule.every.value
    payee.schedule_weekday = schedule.weekday
    payee.schedule_day = schedule.day
    payee.schedule_days = schedule.days


def _apply_reserve(payee: Payee, value: Mapping[str, Any] | None) -> None:
    reserve = parse_reserve(value)
    payee.reserve_percentage = reserve.percentage
    payee.reserve_days = reserve.days
    payee.reserve_floor_amount = reserve.floor_amount


def _apply_fee_policy(payee: Payee, value: Mapping[str, Any] | None) -> None:
    policy = FeePolicy() if value is None else parse_fee_policy(value)
    payee.fee_percentage = policy.percentage
    payee.fee_per_ticket_amount = policy.per_ticket_amount
    payee.fee_borne_by = policy.borne_by.value


_APPLIED: Mapping[str, Callable[[Payee, Any], None]] = {
    "schedule": _apply_schedule,
    "reserve": _apply_reserve,
    "fee_policy": _apply_fee_policy,
}


def _check(payee: Payee) -> None:
    """Each value alone, and those that depend on another; without surrounding white space.

    Raises:
        InvalidPayee, InvalidIban, InvalidBic, UnknownCountry
    """
    _refuse("code", code_problem(payee.code))
    for field, most in _MOST.items():
        text = getattr(payee, field)
        _refuse(field, text_problem(text, least=1 if field == "name" else 0, most=most))
        setattr(payee, field, text.strip())
    _refuse("email", email_problem(payee.email))
    _refuse("minimum_payout_amount", amount_problem(payee.minimum_payout_amount))
    if payee.status not in PayeeStatus.values:
        known = " or ".join(PayeeStatus.values)
        _refuse("status", f"it is {known}, not {shown(payee.status)}")
    payee.country = check_country(payee.country)
    payee.iban = check_iban(payee.iban)
    payee.bic = check_bic(payee.bic, payee.iban)


def _refuse(field: str, problem: str | None) -> None:
    """Raises InvalidPayee where there is a problem."""
    if problem is not None:
        raise InvalidPayee(field=field, problem=problem)


def _refuse_what_is_fixed(payee: Payee, changes: Mapping[str, Any]) -> None:
    """Raises PayeeCurrencyIsFixed, InvalidPayee."""
    if changes.get("currency", payee.currency) != payee.currency:
        raise PayeeCurrencyIsFixed(payee=payee.code, currency=payee.currency)
    account = payee.payable
    payable = changes.get("payable")
    if payable is not None and str(payable) not in (account.code, str(account.pk)):
        _refuse("payable", f"it stays account {account.code}")


def _payable(organization: Organization, name: str | UUID | None, currency: str) -> Account:
    """Raises InvalidPayableAccount, InvalidPayee, RoleUnfilled."""
    if name is None:
        return account_by_role(organization, AccountRole.ORGANIZER_PAYABLE, currency)
    try:
        account = get_account(organization, name)
    except AccountNotFound:
        raise InvalidPayableAccount(account=shown(name), currency=currency) from None
    if (account.type, account.currency) != (AccountType.LIABILITY, currency):
        raise InvalidPayableAccount(account=account.code, currency=currency)
    if account.status != AccountStatus.ACTIVE:
        _refuse("payable", f"account {account.code} is archived and takes no lines")
    if Account.objects.of(organization).filter(parent_id=account.pk).exists():
        _refuse("payable", f"account {account.code} has children and takes no lines")
    return account


def _locked(organization: Organization, payee: Payee) -> Payee:
    # Their sales go on being recorded meanwhile; a settlement of theirs waits.
    rows = Payee.objects.of(organization).select_related("payable")
    row: Payee | None = (
        rows.select_for_update(of=("self",), no_key=True).filter(pk=payee.pk).first()
    )
    if row is None:
        raise PayeeNotFound(payee=payee.code)
    return row


def _columns(payee: Payee) -> dict[str, Any]:
    return {name: getattr(payee, name) for name in _COLUMNS}


def _as_audited(payee: Payee) -> dict[str, Any]:
    return {
        **{name: getattr(payee, name) for name in FIELDS if name in _COLUMNS},
        "currency": payee.currency,
        "payable": payee.payable.code,
        "status": str(payee.status),
        **terms_as_json(payee),
    }
