"""The view below every endpoint of settlements, and what their bodies have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar, overload

from django.http import HttpResponse

from core.api.serializers import Text
from core.errors import Refusal
from invoicing.rules import shown
from organizations.api.views import OrganizationView
from settlements.errors import PayeeNotFound, UnknownPayee
from settlements.models import Payee
from settlements.rules import MOST_CODE
from settlements.selectors.payees import get_payee

# What only the journal entry behind an item has; no body has a name for it.
_OF_THE_ENTRY = ("lines", "currencies")


class SettlementsView(OrganizationView):
    """Resolves the rows that a body names, and names the body's own fields in refusals."""

    # What the body calls the attributes of the services.
    said_as: ClassVar[Mapping[str, str | None]] = {}

    def refused(self, refusal: Refusal) -> HttpResponse:
        attr = refusal.attr
        refusal.attr = None if attr in _OF_THE_ENTRY else self.said_as.get(attr or "", attr)
        return super().refused(refusal)

    @overload
    def payee_named(self, name: str) -> Payee: ...
    @overload
    def payee_named(self, name: str | None) -> Payee | None: ...
    def payee_named(self, name: str | None) -> Payee | None:
        """The payee that a body or a filter names by code or id.

        Raises:
            UnknownPayee
        """
        if name is None:
            return None
        try:
            return get_payee(self.organization, name)
        except PayeeNotFound:
            raise UnknownPayee(payee=shown(name)) from None


class PayeeName(Text):
    """A payee by code or id."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MOST_CODE)
        kwargs.setdefault("help_text", "The payee's code or id.")
        super().__init__(**kwargs)


class EventName(Text):
    """An event by code or id."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MOST_CODE)
        kwargs.setdefault("help_text", "The event's code or id.")
        super().__init__(**kwargs)
