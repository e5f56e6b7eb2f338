"""What an item needs to know before it is recorded: payee, event, accounts; one SELECT."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar
from uuid import UUID

from core.db import prepared_cursor
from core.db.rows import as_instance, columns_of
from invoicing.services.postings import RoleAccounts
from ledger.selectors.accounts import as_uuid
from ledger.services.posting import AccountsByName
from organizations.models import Organization
from organizations.rules import is_storable
from settlements.errors import ReferenceConflict, UnknownEvent, UnknownPayee
from settlements.models import Payee, PayeeItem

_Item = TypeVar("_Item", bound=PayeeItem)


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """`accounts` are the active ones that fill the roles asked for, in the payee's currency;
    `known` is those, the payable and the one that was named, for posting. `is_taken`: an item of
    this kind stands under the reference already."""

    payee: Payee
    event_id: UUID | None
    accounts: RoleAccounts
    known: AccountsByName
    is_taken: bool


def item_facts(
    organization: Organization,
    model: type[PayeeItem],
    reference: str,
    payee: str | UUID,
    event: str | UUID | None,
    roles: Iterable[str],
    account: str | UUID = "",
) -> ItemFacts:
    """For an item of this kind, as they stand now. Payee, event and account are named by code, or
    else by id.

    Raises:
        UnknownPayee
        UnknownEvent: there is none, or it is another payee's.
    """
    payee_code, payee_id = _names(payee)
    event_code, event_id = _names(event or "")
    account_code, account_id = _names(account)
    with prepared_cursor() as cursor:
        cursor.execute(
            _facts(model),
            (
                reference,
                event_code,
                event_id,
                event_code,
                list(roles),
                account_code,
                account_id,
                organization.pk,
                payee_code,
                payee_id,
                payee_code,
            ),
        )
        row = cursor.fetchone()
    if row is None:
        raise UnknownPayee(payee=str(payee)[:100])
    *values, is_taken, found_event, rows = row
    if event and found_event is None:
        raise UnknownEvent(event=str(event)[:100])
    found = as_instance(Payee, values)
    accounts = [(UUID(id), code, role, currency) for id, code, role, currency in json.loads(rows)]
    filled = [(role, id, code) for id, code, role, _ in accounts if role]
    return ItemFacts(
        payee=found,
        event_id=found_event,
        accounts=RoleAccounts(found.currency, filled),
        known=AccountsByName((id, code, currency) for id, code, _, currency in accounts),
        is_taken=is_taken,
    )


def as_recorded(found: _Item, differs: Sequence[str]) -> _Item:
    """The item that stands under a reference, if it differs in nothing from what is asked for.

    Raises:
        ReferenceConflict
    """
    if differs:
        raise ReferenceConflict(reference=found.reference, differs=", ".join(differs))
    found.is_replay = True
    return found


def _names(name: str | UUID) -> tuple[str, UUID | None]:
    """The code and the id that a name may be; a text that cannot be stored is neither."""
    if isinstance(name, UUID):
        return "", name
    text = str(name)
    return (text, as_uuid(text)) if is_storable(text) else ("", None)


@cache
def _facts(model: type[PayeeItem]) -> str:
    return f"""
SELECT {columns_of(Payee, "p")},
       EXISTS (SELECT FROM {model._meta.db_table} i
                WHERE i.organization_id = p.organization_id AND i.reference = %s),
       (SELECT e.id FROM settlements_event e
         WHERE e.organization_id = p.organization_id AND e.payee_id = p.id
           AND (e.code = %s OR e.id = %s) ORDER BY e.code = %s DESC LIMIT 1),
       (SELECT jsonb_agg(jsonb_build_array(a.id, a.code,
                 CASE WHEN a.currency = p.currency AND a.status = 'active' THEN a.role ELSE '' END,
                 a.currency))
          FROM ledger_account a
         WHERE a.organization_id = p.organization_id
           AND (a.role = ANY(%s) OR a.id = p.payable_id OR a.code = %s OR a.id = %s))
  FROM settlements_payee p
 WHERE p.organization_id = %s AND (p.code = %s OR p.id = %s)
 ORDER BY p.code = %s DESC LIMIT 1
"""
