"""Jobs: what the clock has done for these books, how it ended, and what was off."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from organizations.admin.base import AuditedAdmin, organization_of
from organizations.admin.reading import spoken
from organizations.models import JobOutcome, JobRun
from organizations.selectors import job_names

OUTCOME_LABELS = {
    JobOutcome.RUNNING.label: "info",
    JobOutcome.SUCCEEDED.label: "success",
    JobOutcome.MISMATCHED.label: "danger",
    JobOutcome.FAILED.label: "danger",
    JobOutcome.LOST.label: "warning",
}
MOST_SHOWN = 200
# What a reader looks for first; the database keeps no order of its own in JSON.
FIRST_NAMES = ("check", "row", "name", "message", "problem", "expected", "got")


class NameFilter(DropdownFilter):
    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, spoken(name)) for name in job_names(organization_of(request))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = {value for value, _ in self.lookup_choices}
        return queryset.filter(name=self.value()) if self.value() in known else queryset


@admin.register(JobRun)
class JobRunAdmin(AuditedAdmin[JobRun]):
    """Runs are made by the clock and never changed."""

    list_display = ("started_at", "job", "state", "mismatch_count", "counted", "took")
    list_filter = (
        NameFilter,
        ("outcome", ChoicesDropdownFilter),
        ("started_at", RangeDateTimeFilter),
    )
    ordering = ("-started_at", "-id")
    fields = (
        "job",
        "state",
        "started_at",
        "ended_at",
        "took",
        "count_table",
        "mismatch_count",
        "mismatch_table",
        "error_text",
    )
    readonly_fields = fields
    empty_title = "No job has run yet"
    empty_text = "The worker and the clock leave a run here each time that they had work for "
    empty_text += "these books: reconciliations, settlements, cleaning up."

    @display(description="Job", ordering="name")
    def job(self, row: JobRun) -> str:
        return spoken(row.name)

    @display(description="Outcome", label=OUTCOME_LABELS, ordering="outcome")
    def state(self, row: JobRun) -> str:
        return row.get_outcome_display()

    @display(description="Took")
    def took(self, row: JobRun) -> str:
        if row.ended_at is None:
            return "still running"
        return f"{(row.ended_at - row.started_at).total_seconds():.1f} s"

    @display(description="Counts")
    def counted(self, row: JobRun) -> str:
        return ", ".join(f"{spoken(name).lower()} {count}" for name, count in _counts(row))

    @display(description="Counts")
    def count_table(self, row: JobRun) -> str:
        counts = [(spoken(name), count) for name, count in _counts(row)]
        return render_to_string("admin/organizations/jobrun/counts.html", {"counts": counts})

    @display(description="Mismatches")
    def mismatch_table(self, row: JobRun) -> str:
        shown = row.mismatches[:MOST_SHOWN]
        names = sorted({name for found in shown for name in found}, key=_place)
        return render_to_string(
            "admin/organizations/jobrun/mismatches.html",
            {
                "names": [spoken(name) for name in names],
                "rows": [[found.get(name, "") for name in names] for found in shown],
                "count": row.mismatch_count,
            },
        )

    @display(description="Error")
    def error_text(self, row: JobRun) -> str:
        return row.error or "none"


def _counts(row: JobRun) -> list[tuple[str, int]]:
    return sorted(row.counts.items())


def _place(name: str) -> tuple[int, str]:
    return (FIRST_NAMES.index(name) if name in FIRST_NAMES else len(FIRST_NAMES), name)
