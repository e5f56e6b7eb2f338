"""What Redis holds of cash metrics follows the cashbook: dropped at once, filled again by a worker.
docs/why/caching.md"""

from collections.abc import Mapping
from typing import Any

from ledger.selectors.cashbook import METRICS, METRICS_GROUP, cash_metrics
from organizations.models import Organization
from organizations.services import outbox

CASHBOOK_CHANGED = "cashbook_changed"


def register_topics() -> None:
    outbox.register(CASHBOOK_CHANGED, _deliver)


def forget_cash_metrics(organization: Organization) -> None:
    """Have the metrics forgotten after the commit, and today's kept anew; a part of every use case
    that changes what the cashbook says."""
    outbox.enqueue(organization, CASHBOOK_CHANGED)
    METRICS.forget_after_commit(organization.pk, [METRICS_GROUP])


def _deliver(organization: Organization, _payload: Mapping[str, Any]) -> None:
    """Raises CacheAway."""
    METRICS.forget_surely(organization.pk, [METRICS_GROUP])
    cash_metrics(organization)
