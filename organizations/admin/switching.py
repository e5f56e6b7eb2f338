"""From one organization to another, for who belongs to several."""

from organizations.admin.base import site
from organizations.views import switch_organization

site.page("switch/", "switch_organization")(switch_organization)
