"""What the organizations app refuses."""

from core.errors import Conflict, ConstraintRegistry, Invalid, NotFound


class OrganizationNotFound(NotFound):
    """There is no organization {organization}."""


class RowIsFinal(Conflict):
    """Rows of {table} are append-only: they are never changed and never deleted."""


class RowKeepsItsOrganization(Conflict):
    """A row of {table} keeps its id and its organization for ever."""


class UnknownScope(Invalid):
    """There is no scope {scope}; the scopes are {known}."""

    attr = "scopes"


class UnknownRole(Invalid):
    """There is no role {role}; the roles are {known}."""

    attr = "role"


class UnknownTimeZone(Invalid):
    """There is no time zone {time_zone}; use a name such as Europe/London."""

    attr = "time_zone"


class UnknownCurrency(Invalid):
    """There is no ISO 4217 currency {currency}."""

    attr = "currency"


class AlreadyAMember(Conflict):
    """{user} belongs to this organization already."""


class LastOwner(Invalid):
    """An organization needs an owner: make somebody else one first."""


class NotAMember(NotFound):
    """{user} does not belong to this organization."""


class InvalidUsername(Invalid):
    """{username} is no user name: use letters, digits and @.+-_ , up to 150 of them."""

    attr = "username"


class InvalidSlug(Invalid):
    """{slug} is no slug: use letters, digits, hyphens and underscores, up to 63 of them."""

    attr = "slug"


class InvalidName(Invalid):
    """A name has 1 to {most} characters and none that cannot be kept."""

    attr = "name"


class InvalidCountry(Invalid):
    """{country} is no country code: use two capital letters, such as GB."""

    attr = "country"


class InvalidFiscalYearStart(Invalid):
    """A fiscal year starts in a month from 1 to 12, not in {month}."""

    attr = "fiscal_year_start_month"


class NoScopes(Invalid):
    """A key needs at least one scope; the scopes are {known}."""

    attr = "scopes"


class ExpiryInThePast(Invalid):
    """A key cannot expire at {expires_at}: that moment has passed."""

    attr = "expires_at"


class ApiKeyNotFound(NotFound):
    """There is no API key {api_key} in this organization."""


class SlugTaken(Conflict):
    """There is an organization {slug} already."""


class JobEndsOnce(Conflict):
    """The run of {job} is {outcome}: a run is written when it starts and once more at its end."""


class InvalidWebhookUrl(Invalid):
    """{url} is no address for a webhook: use http:// or https:// with a host, up to 500 letters,
    and no name or password in it."""

    attr = "operations_webhook_url"


class InvalidAlertThreshold(Invalid):
    """An alert's threshold is a count from 0 to 2,147,483,647, not {count}."""

    attr = "alert_threshold_count"


class NoWebhook(Conflict):
    """There is no operations webhook to sign for: set its address first."""


class BaseCurrencyInUse(Conflict):
    """There are lines in the books: the base currency stays {currency}."""

    attr = "currency"


def register_constraints() -> None:
    ConstraintRegistry.register(
        {
            "row_is_final": lambda facts: RowIsFinal(**facts),
            "jobrun_ends_once": lambda facts: JobEndsOnce(**facts),
            "row_keeps_its_organization": lambda facts: RowKeepsItsOrganization(**facts),
            "membership_is_one_per_user": lambda facts: AlreadyAMember(user="This user"),
            "organizations_organization_slug_key": lambda facts: SlugTaken(slug="of that name"),
        }
    )
