"""The view below every endpoint of invoicing, and what their bodies have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse

from core.api.serializers import Text
from core.errors import Refusal
from invoicing.errors import (
    CustomerNotFound,
    InvalidRevenueAccount,
    OrderNotFound,
    SeriesNotFound,
    TaxRateNotValid,
    TaxRateRepeated,
    UnknownCustomer,
    UnknownOrder,
    UnknownSeries,
    UnknownTaxRate,
)
from invoicing.models import Customer, Order
from invoicing.selectors.customers import get_customer
from invoicing.selectors.orders import get_order
from organizations.api.views import OrganizationView

# Which member of an item is at fault, where the refusal's kind says so.
_MEMBER_AT_FAULT: Mapping[type[Refusal], str] = {
    UnknownTaxRate: "tax_rates",
    TaxRateNotValid: "tax_rates",
    TaxRateRepeated: "tax_rates",
    InvalidRevenueAccount: "revenue_account",
}
# What only the journal entry behind a document has; no body has a name for it.
_OF_THE_ENTRY = ("lines", "account", "currencies")


class InvoicingView(OrganizationView):
    """Resolves the rows that a body names, and names the body's own fields in refusals."""

    # What the body calls the attributes of the services and of the entry behind a document.
    said_as: ClassVar[Mapping[str, str | None]] = {}
    # Whether it is a body that names a series, and no path.
    names_series: ClassVar[bool] = False

    def refused(self, refusal: Refusal) -> HttpResponse:
        if isinstance(refusal, SeriesNotFound) and self.names_series:
            refusal = UnknownSeries(**refusal.facts)
        refusal.attr = self._place_of(refusal)
        return super().refused(refusal)

    def _place_of(self, refusal: Refusal) -> str | None:
        attr = refusal.attr
        position = refusal.facts.get("position")
        if attr == "items" and isinstance(position, int):
            member = _MEMBER_AT_FAULT.get(type(refusal), refusal.facts.get("member"))
            return f"items.{position - 1}.{member}" if member else f"items.{position - 1}"
        if attr is None or attr in self.said_as:
            return self.said_as.get(attr or "")
        return None if attr in _OF_THE_ENTRY else attr

    @property
    def public_root(self) -> str:
        """Where this installation is reached, without a slash at the end."""
        root: str = self.request.build_absolute_uri("/")
        return root.rstrip("/")

    def customer_named(self, name: str | None) -> Customer | None:
        """The customer that a body names by code or id.

        Raises:
            UnknownCustomer
        """
        if name is None:
            return None
        try:
            return get_customer(self.organization, name)
        except CustomerNotFound:
            raise UnknownCustomer(customer=name) from None

    def order_named(self, id: UUID) -> Order:
        """The order that a body names.

        Raises:
            UnknownOrder
        """
        try:
            return get_order(self.organization, id)
        except OrderNotFound:
            raise UnknownOrder(order=id) from None


class CustomerName(Text):
    """A customer by code or id."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 50)
        kwargs.setdefault("help_text", "The customer's code or id.")
        super().__init__(**kwargs)
