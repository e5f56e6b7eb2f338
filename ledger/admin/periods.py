"""Periods: through when the books are closed; closing, reopening, the year's end."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.admin import require_permission
from core.errors import Refusal
from core.forms import DateInput, PageForm
from ledger.models import EntryStatus, JournalEntry
from ledger.periods import YEAR_END, FiscalYear, fiscal_year, fiscal_year_of
from ledger.services.periods import close_books, close_year, reopen_books, reopen_year
from organizations.actors import Actor
from organizations.admin.base import actor_of, may_read_trail, organization_of, site
from organizations.admin.reading import MOST_EVENTS, Event, read_all
from organizations.models import AuditEvent, Organization

ACTIONS = ("close_books", "reopen_books", "close_year")
MOST_YEARS = 5


class CloseForm(PageForm):
    through = forms.DateField(
        label="Close through",
        widget=DateInput,
        help_text="Nothing will be posted with an effective date on or before this day.",
    )


class ReopenForm(PageForm):
    through = forms.DateField(
        label="Closed through afterwards",
        required=False,
        widget=DateInput,
        help_text="A day before the one through which they are closed now. Empty: all is open.",
    )
    reason = forms.CharField(max_length=500, widget=forms.TextInput)


class YearForm(PageForm):
    year = forms.IntegerField(
        label="Fiscal year",
        min_value=1901,
        max_value=2199,
        help_text="Named after the calendar year in which it ends.",
    )


class ReopenYearForm(YearForm):
    reason = forms.CharField(max_length=500, widget=forms.TextInput)


class Step:
    """One thing to do to periods: its form, its permission, and the service that does it."""

    def __init__(
        self,
        title: str,
        what: str,
        permission: str,
        form: type[PageForm],
        do: Callable[..., str],
        danger: bool = False,
    ) -> None:
        self.title = title
        self.what = what
        self.permission = permission
        self.form = form
        self.do = do
        self.danger = danger


def _close(actor: Actor, through: date) -> str:
    close_books(actor=actor, through=through)
    return f"The books are closed through {through:%-d %B %Y}."


def _reopen(actor: Actor, through: date | None, reason: str) -> str:
    left = reopen_books(actor=actor, through=through, reason=reason)
    return f"The books are closed through {left:%-d %B %Y}." if left else "All days are open."


def _close_year(actor: Actor, year: int) -> str:
    entry = close_year(actor=actor, year=year)
    if entry is None:
        return f"The fiscal year {year} is closed; it had no revenue and no expense."
    return f"The fiscal year {year} is closed into retained earnings by {entry.reference}."


def _reopen_year(actor: Actor, year: int, reason: str) -> str:
    reversal = reopen_year(actor=actor, year=year, reason=reason)
    return f"The fiscal year {year} is open again; {reversal.reference} reverses its closing."


STEPS = {
    "close": Step(
        "Close the books",
        "Days up to this one take no postings any more, neither here nor over the API.",
        "organizations.close_books",
        CloseForm,
        _close,
    ),
    "reopen": Step(
        "Reopen closed books",
        "Days that were reported on take postings again. The audit trail keeps who did it and why.",
        "organizations.reopen_books",
        ReopenForm,
        _reopen,
        danger=True,
    ),
    "close-year": Step(
        "Close a fiscal year",
        "Revenue and expense of the year are posted into retained earnings, dated on its last day, "
        "and the books are closed through that day.",
        "organizations.close_year",
        YearForm,
        _close_year,
    ),
    "reopen-year": Step(
        "Reopen a fiscal year",
        "The year's closing entry is voided on its own date, and its last day is open again.",
        "organizations.reopen_books",
        ReopenYearForm,
        _reopen_year,
        danger=True,
    ),
}


@site.page("periods/", "periods")
def periods_page(request: HttpRequest) -> HttpResponse:
    organization = organization_of(request)
    require_permission(request, "organizations.view_organization")
    return site.render(
        request,
        "admin/ledger/periods.html",
        "Periods",
        today=organization.today(),
        years=_years(organization),
        steps=[
            (name, step) for name, step in STEPS.items() if request.user.has_perm(step.permission)
        ],
        events=closings_of(organization) if may_read_trail(request) else None,
    )


def closings_of(organization: Organization) -> list[Event]:
    """What was closed and reopened, newest first."""
    return read_all(
        AuditEvent.objects.of(organization)
        .filter(action__in=ACTIONS)
        .order_by("-occurred_at", "-id")[:MOST_EVENTS]
    )


@site.page("periods/<slug:name>/", "period_step")
def period_step(request: HttpRequest, name: str) -> HttpResponse:
    """Ask what a step needs, say what it does, and do it."""
    step = STEPS.get(name)
    if step is None:
        raise Http404(name)
    organization = organization_of(request)
    require_permission(request, step.permission)
    form = step.form(request.POST or None, initial=_initial(organization, name))
    if request.method == "POST" and form.is_valid():
        try:
            said = step.do(actor_of(request), **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return HttpResponseRedirect(reverse("admin:periods"))
    return site.render(
        request,
        "admin/books/confirm.html",
        step.title,
        what=step.what,
        facts=[_now(organization)],
        form=form,
        submit=step.title,
        danger=step.danger,
        back=reverse("admin:periods"),
    )


def _initial(organization: Organization, name: str) -> dict[str, Any]:
    if name in ("close-year", "reopen-year"):
        this = fiscal_year_of(organization.today(), organization.fiscal_year_start_month)
        return {"year": this.year - 1}
    return {}


def _now(organization: Organization) -> str:
    closed = organization.closed_through
    return (
        f"Now they are closed through {closed:%-d %B %Y}." if closed else "Now all days are open."
    )


def _years(organization: Organization) -> list[tuple[FiscalYear, str]]:
    """The latest fiscal years and how far each is closed."""
    start = organization.fiscal_year_start_month
    this = fiscal_year_of(organization.today(), start).year
    found = [fiscal_year(year, start) for year in range(this, this - MOST_YEARS, -1)]
    closed = organization.closed_through
    posted = set(
        JournalEntry.objects.of(organization)
        .filter(reference_type=YEAR_END, status=EntryStatus.POSTED, reverses__isnull=True)
        .values_list("reference_id", flat=True)
    )
    return [(year, _state(year, closed, str(year.year) in posted)) for year in found]


def _state(year: FiscalYear, closed: date | None, is_posted: bool) -> str:
    """Whether its result is in retained earnings, and how many of its days are closed."""
    if is_posted:
        return "closed"
    if closed is None or closed < year.starts_on:
        return "open"
    return "all days closed" if closed >= year.ends_on else "some days closed"
