"""Feature flags: is a new capability on for this organization?"""

from waffle import get_waffle_flag_model

from organizations.models import Organization


def is_enabled(name: str, organization: Organization) -> bool:
    """Whether the flag is on for the organization; an unknown flag is off.

    In a request `waffle.flag_is_active(request, name)` answers the same for a member of the
    chosen organization, and besides for the users and groups that the flag names.
    """
    flag = get_waffle_flag_model().objects.filter(name=name).first()
    return flag is not None and flag.is_active_for(organization)
