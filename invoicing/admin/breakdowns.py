"""What a document comes to, item by item and rate by rate, worded for a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.money import format_amount
from invoicing.admin.figures import decimals, place
from invoicing.documents.sales import discount_credited
from invoicing.models import CreditNote, Order, TaxCategory
from invoicing.selectors.profile import rounding_of
from invoicing.services.orders.changing import check_revenue_accounts
from invoicing.services.orders.creating import check_customer
from invoicing.services.orders.places import check_reverse_charge, place_of_sale, rates_of_items
from invoicing.services.orders.taxing import tax_items
from invoicing.tax import Taxed, TaxedRate
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item; figures are worded, empty where there is nothing to say."""

    description: str
    sku: str
    account: str
    quantity: str
    unit: str
    discount: str
    taxes: Sequence[tuple[str, str]]
    net: str
    tax: str
    total: str


@dataclass(frozen=True, slots=True)
class RateLine:
    """What one rate charges, and on how much."""

    code: str
    name: str
    percentage: str
    where: str
    how: str
    taxable: str
    tax: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """All of a document."""

    currency: str
    items: Sequence[ItemLine]
    rates: Sequence[RateLine]
    subtotal: str
    tax: str
    total: str

    @property
    def has_discounts(self) -> bool:
        return any(item.discount for item in self.items)


def of_snapshot(snapshot: dict[str, Any]) -> Breakdown:
    """As the lock froze it."""
    currency = snapshot["currency"]

    def amount(of: int) -> str:
        return format_amount(of, currency)

    items = [
        ItemLine(
            description=item["description"] or item["sku"],
            sku=item["sku"] if item["description"] else "",
            account=item["revenue_account"] or "",
            quantity=decimals(item["quantity"]),
            unit=amount(item["unit_amount"]),
            discount=amount(-item["discount_amount"]) if item["discount_amount"] else "",
            taxes=[(tax["code"], amount(tax["tax_amount"])) for tax in item["taxes"]],
            net=amount(item["net_amount"]),
            tax=amount(item["tax_amount"]),
            total=amount(item["total_amount"]),
        )
        for item in snapshot["items"]
    ]
    return Breakdown(
        currency,
        items,
        [_rate_line(line, currency) for line in snapshot["tax_lines"]],
        amount(snapshot["subtotal_amount"]),
        amount(snapshot["tax_amount"]),
        amount(snapshot["total_amount"]),
    )


def of_credit_note(credit_note: CreditNote) -> Breakdown:
    """Of what a credit note takes back; one over an amount has no items."""
    currency = credit_note.currency

    def amount(of: int) -> str:
        return format_amount(of, currency)

    taxes = list(credit_note.tax_lines.all())
    items = [
        ItemLine(
            description=item.description or item.sku,
            sku=item.sku if item.description else "",
            account="",
            quantity=decimals(item.quantity),
            unit=amount(item.unit_amount),
            discount=amount(-discount) if (discount := discount_credited(item, taxes)) else "",
            taxes=(),
            net=amount(item.net_amount),
            tax=amount(item.tax_amount),
            total=amount(item.total_amount),
        )
        for item in credit_note.items.all()
    ]
    lines = [_rate_line(vars(line), currency) for line in taxes]
    return Breakdown(
        currency,
        items,
        lines,
        amount(credit_note.subtotal_amount),
        amount(credit_note.tax_amount),
        amount(credit_note.total_amount),
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would come to, if it were locked for a place on a day."""

    country: str
    region: str
    breakdown: Breakdown


def preview_of(
    organization: Organization,
    order: Order,
    *,
    country: str | None = None,
    region: str | None = None,
    on: date | None = None,
) -> Preview:
    """Nothing is written. The order comes with its customer and items.

    Raises:
        CustomerInactive, UnknownTaxRate, TaxRateNotValid, ReverseChargeNeedsTaxId, UnknownCountry,
        InvalidRevenueAccount, AmountOutOfRange: as the lock would.
    """
    check_customer(organization, order.customer)
    check_revenue_accounts(order)
    country, region = place_of_sale(organization, order.customer, country, region)
    items = list(order.items.all())
    rates = rates_of_items(
        organization,
        [item.tax_codes for item in items],
        country=country,
        region=region,
        on=on or organization.today(),
    )
    check_reverse_charge(rates, order.customer)
    taxed = tax_items(items, rates, rounding_of(organization))
    return Preview(country, region, _of_taxed(order.currency, items, rates, taxed))


def _of_taxed(currency: str, items: Iterable[Any], rates: Iterable[Any], taxed: Taxed) -> Breakdown:
    def amount(of: int) -> str:
        return format_amount(of, currency)

    lines = [
        ItemLine(
            description=item.description or item.sku,
            sku=item.sku if item.description else "",
            account=item.revenue_account.code if item.revenue_account else "",
            quantity=decimals(item.quantity),
            unit=amount(item.unit_amount),
            discount=amount(-item.discount_amount) if item.discount_amount else "",
            taxes=[(rate.code, amount(tax)) for rate, tax in zip(of_item, line.taxes, strict=True)],
            net=amount(line.net_amount),
            tax=amount(line.tax_amount),
            total=amount(line.total_amount),
        )
        for item, of_item, line in zip(items, rates, taxed.lines, strict=True)
    ]
    return Breakdown(
        currency,
        lines,
        [_rate_line(_as_line(charged), currency) for charged in taxed.rates],
        amount(taxed.subtotal_amount),
        amount(taxed.tax_amount),
        amount(taxed.total_amount),
    )


def _as_line(charged: TaxedRate) -> dict[str, Any]:
    rate = charged.rate
    return {
        "code": rate.code,
        "name": rate.name,
        "percentage": rate.percentage,
        "category": rate.category,
        "country": rate.country,
        "region": rate.region,
        "inclusive": rate.inclusive,
        "compound": rate.compound,
        "taxable_amount": charged.taxable_amount,
        "tax_amount": charged.tax_amount,
    }


def _rate_line(line: dict[str, Any], currency: str) -> RateLine:
    said = [
        *([TaxCategory(line["category"]).label] if line["category"] != "standard" else []),
        *(["in the price"] if line["inclusive"] else []),
        *(["compound"] if line["compound"] else []),
    ]
    return RateLine(
        code=line["code"],
        name=line["name"],
        percentage=decimals(line["percentage"]),
        where=place(line["country"], line["region"]),
        how=", ".join(said),
        taxable=format_amount(line["taxable_amount"], currency),
        tax=format_amount(line["tax_amount"], currency),
    )
