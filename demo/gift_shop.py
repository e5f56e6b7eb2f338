"""The shop: its organization, its file, and what happens there beside the sales."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from core.db.transactions import shared_transaction
from invoicing.services.profile import change_profile
from ledger.drafts import EntryDraft, credit, debit
from ledger.models import AccountRole, JournalEntry
from ledger.selectors.accounts import accounts_by_role
from ledger.services.charts import install_chart
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.organizations import create_organization

SALES_FILE = Path(__file__).parent / "data" / "online_retail_2010_12.csv"
CURRENCY = "GBP"
CHART = "retail"
SLUG = "gift-shop"
# Where `SLUG` holds what an earlier version of this demo posted: entries without invoices.
OTHER_SLUG = "gift-shop-invoiced"
EARLIER_DEMOS_ENTRY = "invoice-536365"

ROLES = (
    AccountRole.CASH,
    AccountRole.BANK,
    AccountRole.ACCOUNTS_RECEIVABLE,
    AccountRole.TAX_PAYABLE,
    AccountRole.SALES_REVENUE,
    AccountRole.SALES_RETURNS,
)
PROFILE = {
    "legal_name": "The Gift Shop Ltd",
    "address": "12 Wharf Road\nLondon N1 7GR",
    "tax_id": "GB123456782",
    "email": "accounts@gift-shop.example",
    "website": "gift-shop.example",
    "footer": "Please pay within 30 days, quoting the invoice number.",
}

FIRST_DAY = date(2010, 12, 1)
CLOSED_THROUGH = date(2010, 12, 3)
LAST_DAY = date(2010, 12, 31)
# When all that is open has been due for a while.
A_MONTH_LATER = date(2011, 1, 31)

# The cash of the first three days went to the bank on the third. Whoever entered it swapped two
# digits.
BANKED_ON = date(2010, 12, 3)
BANKED = 42_248_76
BANKED_WRONGLY = 42_284_76
BANKED_WRONGLY_REASON = "two digits swapped: it was 42,248.76"

# Where `make run` serves; a receipt's QR code leads there.
SITE = "http://127.0.0.1:8000"

Codes = Mapping[str, str]


def open_shop() -> tuple[Organization, bool]:
    """The shop with its chart of accounts and its letterhead, and whether it was made just now."""
    with shared_transaction():
        shop, is_new = create_organization(
            slug=_slug(),
            name="The Gift Shop",
            currency=CURRENCY,
            country="GB",
            time_zone="Europe/London",
        )
        if is_new:
            actor = Actor.system(shop, "demo")
            install_chart(actor=actor, chart=CHART)
            change_profile(actor=actor, **PROFILE)
    return shop, is_new


def _slug() -> str:
    there = Organization.objects.filter(slug=SLUG).first()
    is_earlier_demos = there is not None and (
        JournalEntry.objects.of(there).filter(reference=EARLIER_DEMOS_ENTRY).exists()
    )
    return OTHER_SLUG if is_earlier_demos else SLUG


def codes_by_role(shop: Organization) -> dict[str, str]:
    """The code of the account in each role that sales are posted to."""
    return {role: account.code for role, account in accounts_by_role(shop, ROLES).items()}


def banking(codes: Codes, reference: str, amount: int) -> EntryDraft:
    """The cash of the first three days, taken to the bank."""
    return EntryDraft(
        reference=reference,
        effective_on=BANKED_ON,
        description="Cash of 1 to 3 December, to the bank",
        lines=(
            debit(codes[AccountRole.BANK], amount),
            credit(codes[AccountRole.CASH], amount),
        ),
    )
