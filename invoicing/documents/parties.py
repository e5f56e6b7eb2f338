"""Who sells and who buys, from what a document kept of them at its issue."""

from typing import Any

from invoicing.documents.content import Buyer, Letterhead, Logo
from invoicing.documents.wording import address_lines, lines_of
from invoicing.models import Customer, InvoicingProfile
from organizations.models import Organization

Snapshot = dict[str, Any]


def letterhead_of(seller: Snapshot, profile: InvoicingProfile) -> Letterhead:
    """The seller as it was then, on the paper and under the logo of today."""
    contact = (seller.get("phone"), seller.get("email"), seller.get("website"))
    return Letterhead(
        name=str(seller["name"]),
        address=address_lines(seller.get("address") or "", country=seller.get("country") or ""),
        tax_id=seller.get("tax_id") or "",
        contact=tuple(text for text in contact if text),
        footer=lines_of(seller.get("footer") or ""),
        paper=profile.paper,
        logo=logo_of(profile),
    )


def present_letterhead(organization: Organization, profile: InvoicingProfile) -> Letterhead:
    """The seller as it is now: for what is not issued but only told, such as a statement."""
    seller = {
        "name": profile.legal_name or organization.name,
        "address": profile.address,
        "tax_id": profile.tax_id,
        "email": profile.email,
        "phone": profile.phone,
        "website": profile.website,
        "footer": profile.footer,
        "country": organization.country,
    }
    return letterhead_of(seller, profile)


def logo_of(profile: InvoicingProfile) -> Logo | None:
    return Logo(bytes(profile.logo), profile.logo_type) if profile.logo else None


def buyer_of(buyer: Snapshot | None) -> Buyer | None:
    """The buyer as they were at the issue; None where nobody was named."""
    if not buyer:
        return None
    return Buyer(
        name=str(buyer["name"]),
        address=address_lines(
            buyer.get("address") or "",
            postcode=buyer.get("postcode") or "",
            city=buyer.get("city") or "",
            region=buyer.get("region") or "",
            country=buyer.get("country") or "",
        ),
        tax_id=buyer.get("tax_id") or "",
        code=buyer.get("code") or "",
        email=buyer.get("email") or "",
    )


def present_buyer(customer: Customer) -> Buyer:
    """The customer as they are now."""
    parts = ("code", "name", "address", "postcode", "city", "region", "country", "tax_id", "email")
    buyer = buyer_of({part: getattr(customer, part) for part in parts})
    assert buyer is not None  # noqa: S101
    return buyer
