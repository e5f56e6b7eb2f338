"""What analytics refuses. Which database constraint says so is in `analytics/constraints.py`."""

from core.errors import Invalid, NotFound


class SnapshotNotFound(NotFound):
    """There is no funnel snapshot {snapshot} in this organization."""


class _AtItsField(Invalid):
    """{field}: {problem}."""

    def __init__(self, **facts: object) -> None:
        super().__init__(**facts)
        self.attr = str(facts.get("field", "")) or None


class NegativeCount(_AtItsField):
    """{field} cannot be {count}: nothing is counted below zero."""


class CompletedExceedsStarted(Invalid):
    """{completed} checkouts cannot have been completed where {started} were started."""

    attr = "checkout_completed_count"


class NegativeRevenue(Invalid):
    """The revenue of a day cannot be {revenue}: refunds are recorded with the sales."""

    attr = "revenue_total"


class SnapshotCurrencyMismatch(Invalid):
    """The revenue is in {currency}, and the event's payee is paid in {expected}."""

    attr = "currency"


class InvalidCampaign(Invalid):
    """This cannot be a campaign: {problem}."""

    attr = "campaign"


class InvalidSnapshotMetadata(Invalid):
    """This cannot be the metadata of a snapshot: {problem}."""

    attr = "metadata"


class ImplausibleDay(_AtItsField):
    """{day} is no day that a snapshot can be of: 1900-01-01 to 2199-12-31."""


class RangeBackwards(Invalid):
    """A range cannot begin on {since} and end on {until}."""

    attr = "from"


class RangeTooLong(Invalid):
    """{days} days are more than the {most} that a funnel is made of."""

    attr = "from"
