"""Events, as requests name them."""

from uuid import UUID

from django.db.models import Q

from ledger.selectors.accounts import as_uuid
from organizations.models import Organization
from organizations.rules import is_storable
from settlements.errors import EventNotFound
from settlements.models import Event


def get_event(organization: Organization, name: str | UUID) -> Event:
    """The event of this code, or else of this id.

    Raises:
        EventNotFound: there is none, or it is another organization's.
    """
    text = str(name)
    found: list[Event] = []
    if is_storable(text):
        by_id = as_uuid(text)
        wanted = Q(code=text) if by_id is None else Q(code=text) | Q(pk=by_id)
        found = list(Event.objects.of(organization).filter(wanted))
    # A code may look like an id; the code is what its keeper meant.
    found.sort(key=lambda event: event.code != text)
    if not found:
        raise EventNotFound(event=ascii(text[:100]))
    return found[0]
