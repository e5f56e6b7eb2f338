"""Credit notes without an invoice: for what was sold before these books began."""

from collections.abc import Sequence
from datetime import date, datetime

from invoicing.errors import InvalidCreditNote, UnknownCustomer
from invoicing.models import CreditNote, Customer
from invoicing.parts import Part, merged, total_of
from invoicing.selectors.profile import rounding_of
from invoicing.services.crediting.writing import (
    CreditRequest,
    ItemAmounts,
    check_credit_reference,
    prepare_credit,
    write_credit,
)
from invoicing.services.numbering import MAIN
from invoicing.services.orders.accounts import revenue_accounts
from invoicing.services.orders.drafts import ItemDraft, check_items
from invoicing.services.orders.places import check_reverse_charge, place_of_sale, rates_of_items
from invoicing.services.orders.taxing import tax_items
from invoicing.services.transactions import check_reason
from invoicing.tax import Rate, Taxed
from ledger.models import Account
from ledger.services.posting import post_entries
from organizations.actors import Actor
from organizations.models import Organization
from organizations.rules import check_currency
from organizations.services.auditing import atomic_use_case


def issue_credit_note(
    *,
    actor: Actor,
    currency: str,
    items: Sequence[ItemDraft],
    reason: str,
    customer: Customer | None = None,
    reference: str = "",
    country: str | None = None,
    region: str | None = None,
    on: date | None = None,
    taxed_on: date | None = None,
    series: str = MAIN,
    now: datetime | None = None,
) -> CreditNote:
    """Give a customer credit for items, whose quantities and prices are positive as on an invoice.

    `taxed_on` is the day whose rates were charged, `on` by default; the place is found as an
    order's is.

    Raises:
        InvalidCreditNote, InvalidTransaction, CreditNoteReferenceTaken, UnknownCustomer,
        UnknownCurrency, InvalidItem, TooManyItems, UnknownTaxRate, TaxRateNotValid,
        ReverseChargeNeedsTaxId, InvalidRevenueAccount, UnknownCountry, AmountOutOfRange,
        SeriesNotFound, RoleUnfilled, BooksClosed, …
    """
    organization = actor.organization
    drafts = check_items(items)
    currency = check_currency(currency)
    _check_customer(organization, customer)
    reference = check_credit_reference(reference)
    reason = check_reason(reason)
    on = on or organization.today(now)
    with atomic_use_case(actor, "issue_credit_note") as audit:
        place, part_of_it = place_of_sale(organization, customer, country, region)
        rates = rates_of_items(
            organization,
            [draft.tax_codes for draft in drafts],
            country=place,
            region=part_of_it,
            on=taxed_on or on,
        )
        check_reverse_charge(rates, customer)
        accounts = revenue_accounts(organization, drafts, currency)
        taxed = tax_items(drafts, rates, rounding_of(organization))
        parts = _parts(accounts, taxed, rates)
        if total_of(parts) <= 0:
            raise InvalidCreditNote(field="items", problem="they come to nothing")
        request = CreditRequest(
            currency=currency,
            parts=parts,
            rates={rate.rate.code: rate.rate for rate in taxed.rates},
            reason=reason,
            on=on,
            series=series,
            customer_id=customer.pk if customer else None,
            items=_item_amounts(drafts, taxed),
            reference=reference,
        )
        prepared = prepare_credit(organization, request)
        [entry] = post_entries(organization, [prepared.draft], actor=actor, now=now)
        return write_credit(audit, prepared, entry)


def _check_customer(organization: Organization, customer: Customer | None) -> None:
    """An inactive customer is sold nothing new, and still gets what they are owed."""
    if customer is not None and customer.organization_id != organization.pk:
        raise UnknownCustomer(customer=customer.pk)


def _parts(
    accounts: Sequence[Account | None], taxed: Taxed, rates: Sequence[tuple[Rate, ...]]
) -> list[Part]:
    return merged(
        Part(
            account.pk if account else None,
            tuple(rate.code for rate in of_item),
            line.net_amount,
            line.taxes,
        )
        for account, of_item, line in zip(accounts, rates, taxed.lines, strict=True)
    )


def _item_amounts(drafts: Sequence[ItemDraft], taxed: Taxed) -> list[ItemAmounts]:
    return [
        ItemAmounts(
            draft.sku,
            draft.description,
            draft.quantity,
            draft.unit_amount,
            line.net_amount,
            line.tax_amount,
        )
        for draft, line in zip(drafts, taxed.lines, strict=True)
    ]
