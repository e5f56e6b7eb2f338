"""What the cashbook says: entries, metrics, and whether it agrees with the journal."""

from dataclasses import astuple, dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from core.read_through.reading import Kept, ReadThrough
from ledger.errors import CashEntryNotFound
from ledger.models import CashEntry, CashKind
from ledger.reconciliation import CheckResult
from ledger.selectors.integrity.findings import Problem, Question, find
from organizations.models import Organization, User


@dataclass(frozen=True, slots=True)
class CashMetrics:
    """One currency's figures, signed, in minor units.

    `current_balance` is what all entries but debts brought in and took out; `loan_balance` the
    debts not settled (positive: owed to us); `mtd_revenue` the revenue of the month so far.
    """

    current_balance: int = 0
    loan_balance: int = 0
    mtd_revenue: int = 0


# All days and users of an organization: an entry may be dated on any day, and changes all after it.
METRICS_GROUP = "all"

METRICS: ReadThrough[dict[str, CashMetrics]] = ReadThrough(
    "cash",
    Kept(
        lambda metrics: {currency: astuple(figures) for currency, figures in metrics.items()},
        lambda kept: {currency: CashMetrics(*figures) for currency, figures in kept.items()},
    ),
)


def get_cash_entry(organization: Organization, id: UUID | str) -> CashEntry:
    """The cash entry with this id.

    Raises:
        CashEntryNotFound: there is none, or it is another organization's.
    """
    try:
        entry: CashEntry = (
            CashEntry.objects.of(organization).select_related("entry", "user").get(pk=id)
        )
    except (CashEntry.DoesNotExist, ValidationError):
        raise CashEntryNotFound(cash_entry=str(id)[:100]) from None
    return entry


def list_cash_entries(
    organization: Organization,
    *,
    kind: str | None = None,
    user: User | UUID | None = None,
    settled: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> "QuerySet[CashEntry]":
    """Cash entries, the latest to occur first; `settled` speaks of debts alone."""
    filters: dict[str, Any] = {
        "kind": kind,
        "user_id": getattr(user, "pk", user),
        "occurred_at__gte": since,
        "occurred_at__lte": until,
    }
    entries: QuerySet[CashEntry] = CashEntry.objects.of(organization).filter(
        **{name: value for name, value in filters.items() if value is not None}
    )
    if settled is not None:
        entries = entries.filter(kind=CashKind.DEBT, settled_at__isnull=not settled)
    return entries.select_related("entry", "user").order_by("-occurred_at", "-id")


def cash_metrics(
    organization: Organization,
    *,
    user: User | UUID | None = None,
    as_of: date | None = None,
) -> dict[str, CashMetrics]:
    """The figures at the end of a day, today unless `as_of` says otherwise, by currency.

    For a user, or for the whole organization. A debt that was settled later was not settled then;
    an entry whose posting was voided counts until the day of the reversal, and again from the day
    on which that was voided in its turn. The day of an entry is
    the one on which it stands in the journal, so the figures tie to the accounts on any date.

    Read through Redis (docs/why/caching.md): kept for the day that is meant, and for no longer than
    until something is written to the cashbook or an entry behind it is voided.
    """
    on = as_of or organization.today()
    user_id = user.pk if isinstance(user, User) else user
    return METRICS.read(
        organization.pk,
        METRICS_GROUP,
        f"{user_id or 'everybody'}:{on.isoformat()}",
        partial(_metrics_in_database, organization, user_id, on),
    )


def _metrics_in_database(
    organization: Organization, user_id: UUID | None, as_of: date
) -> dict[str, CashMetrics]:
    rows = CashEntry.objects.of(organization).filter(entry__effective_on__lte=as_of)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    rows = rows.exclude(pk__in=_undone(organization, as_of))
    is_debt = Q(kind=CashKind.DEBT)
    this_month = Q(kind=CashKind.REVENUE, entry__effective_on__gte=as_of.replace(day=1))
    figures = (
        rows.annotate(settles_a_debt=Exists(_debts_settled_by(organization)))
        .values("currency")
        .order_by("currency")
        .annotate(
            current=_total(~is_debt),
            lent=_total(is_debt),
            repaid=_total(Q(settles_a_debt=True)),
            revenue=_total(this_month),
        )
        .values_list("currency", "current", "lent", "repaid", "revenue")
    )
    # What is left of the debts is what no payment has cleared: of a settled one, nothing.
    return {
        currency: CashMetrics(int(current), int(lent) - int(repaid), int(revenue))
        for currency, current, lent, repaid, revenue in figures
    }


# A posting, its reversal, the reversal of that, and so on: an even number of them adds up to
# nothing. Only a few are longer than two.
_UNDONE = """
WITH RECURSIVE chain (cash_entry_id, entry_id) AS (
  SELECT c.id, c.entry_id
    FROM ledger_cashentry c
    JOIN ledger_journalentry e ON e.organization_id = c.organization_id AND e.id = c.entry_id
   WHERE c.organization_id = %s AND e.status = 'voided'
   UNION ALL
  SELECT chain.cash_entry_id, r.id
    FROM chain
    JOIN ledger_journalentry r ON r.organization_id = %s AND r.reverses_id = chain.entry_id
   WHERE r.status <> 'pending' AND r.effective_on <= %s
)
SELECT cash_entry_id FROM chain GROUP BY cash_entry_id HAVING count(*) %% 2 = 0
"""


def _undone(organization: Organization, as_of: date) -> RawSQL:
    """The cash entries whose postings are reversed at the end of a day."""
    # The text is ours, and what is not goes in as parameters.
    return RawSQL(_UNDONE, (organization.pk, organization.pk, as_of))  # noqa: S611


def is_undone(cash_entry: CashEntry) -> bool:
    """Whether the posting of a cash entry is reversed, today or on a later day."""
    entries: QuerySet[CashEntry] = CashEntry.objects.filter(
        organization_id=cash_entry.organization_id, pk=cash_entry.pk
    )
    return entries.filter(pk__in=_undone(cash_entry.organization, date.max)).exists()


def _debts_settled_by(organization: Organization) -> "QuerySet[CashEntry]":
    debts: QuerySet[CashEntry] = CashEntry.objects.of(organization)
    return debts.filter(settled_by_id=OuterRef("pk"))


def _total(condition: Q) -> Coalesce:
    return Coalesce(Sum("amount", filter=condition), 0)


# --- Reconciliation -------------------------------------------------------------------------------

# The first line of a cash entry's posting carries its signed amount. The day may be a neighbour of
# the UTC date: that depends on the time zone which the organization had then.
_CASHBOOK = """
WITH cash AS MATERIALIZED (
  SELECT c.organization_id, c.id, c.kind, c.amount, c.currency, c.occurred_at, c.settled_at,
         c.settled_by_id, e.id AS entry_id, e.reference, e.status, e.reference_type,
         e.reference_id, e.effective_on, l.debit - l.credit AS posted, a.currency AS posted_in
    FROM ledger_cashentry c
    LEFT JOIN ledger_journalentry e
      ON e.id = c.entry_id AND e.organization_id = c.organization_id
    LEFT JOIN ledger_journalline l
      ON l.entry_id = e.id AND l.organization_id = e.organization_id AND l.position = 1
    LEFT JOIN ledger_account a ON a.id = l.account_id AND a.organization_id = l.organization_id
   WHERE OF(c)
)
SELECT 'cash_entry_is_not_posted' AS problem, organization_id, id, 'cash-' || id AS name,
       'posted' AS expected, coalesce(status, 'no journal entry') AS got, kind AS detail
  FROM cash WHERE posted IS NULL
UNION ALL
SELECT 'cash_amount_is_off', organization_id, id, reference,
       amount::text, posted::text, currency || ' against ' || posted_in
  FROM cash WHERE (amount, currency) IS DISTINCT FROM (posted, posted_in) AND posted IS NOT NULL
UNION ALL
SELECT 'cash_reference_is_off', organization_id, id, reference,
       'cash-' || id, reference, reference_type || ' ' || reference_id
  FROM cash
 WHERE (reference, reference_type, reference_id)
       IS DISTINCT FROM ('cash-' || id, 'cash-entry', id::text)
   AND entry_id IS NOT NULL
UNION ALL
SELECT 'cash_date_is_off', organization_id, id, reference,
       occurred_at::text, effective_on::text, kind
  FROM cash
 WHERE abs(effective_on - (occurred_at AT TIME ZONE 'UTC')::date) > 1
UNION ALL
SELECT 'settlement_is_off', d.organization_id, d.id, coalesce(d.reference, ''),
       d.amount || ' ' || d.currency || ' at ' || d.settled_at,
       coalesce(p.amount || ' ' || p.currency || ' at ' || p.occurred_at, 'no payment'),
       coalesce(p.reference, '')
  FROM cash d
  LEFT JOIN cash p ON p.organization_id = d.organization_id AND p.id = d.settled_by_id
 WHERE d.settled_at IS NOT NULL
   AND (p.kind, p.amount, p.currency, p.occurred_at)
       IS DISTINCT FROM ('PAYMENT', d.amount, d.currency, d.settled_at)
UNION ALL
SELECT 'cash_entry_is_missing', e.organization_id, e.id, e.reference,
       'a cash entry', 'none', e.reference_id
  FROM ledger_journalentry e
 WHERE OF(e) AND e.reference_type = 'cash-entry' AND e.reverses_id IS NULL
   AND NOT EXISTS (SELECT FROM ledger_cashentry c
                    WHERE c.organization_id = e.organization_id AND c.entry_id = e.id)
"""

_QUESTION = Question(
    _CASHBOOK,
    {
        "cash_entry_is_not_posted": Problem(
            "cash entry", "{name}, {detail}: it is not in the journal ({got})"
        ),
        "cash_amount_is_off": Problem(
            "cash entry", "{name}: the cashbook says {expected}, the journal {got} ({detail})"
        ),
        "cash_reference_is_off": Problem(
            "cash entry", "its journal entry is {got} ({detail}) and should be {expected}"
        ),
        "cash_date_is_off": Problem(
            "cash entry", "{name}: it occurred at {expected}, the journal dates it {got}"
        ),
        "settlement_is_off": Problem(
            "cash entry", "{name}: a debt of {expected}, settled by {got} ({detail})"
        ),
        "cash_entry_is_missing": Problem(
            "journal entry", "{name} is of a cash entry {detail} that is not there"
        ),
    },
)


def check_cashbook(organization: Organization) -> CheckResult:
    """Each cash entry against its journal entry, and the other way round: one statement."""
    findings, counts = find([_QUESTION], organization)
    return CheckResult(
        "cashbook",
        [finding for problem in sorted(findings) for finding in findings[problem]],
        sum(counts.values()),
    )
