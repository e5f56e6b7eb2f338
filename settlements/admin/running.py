"""Settle now whose time has come, without waiting for the clock."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from invoicing.admin.figures import day
from organizations.admin.base import actor_of, organization_of
from settlements.admin.figures import list_of, page_of
from settlements.schedules import last_day_over
from settlements.services.running import SettlementRun, due_payees, run_recorded

MOST_NAMED = 200


def run_page(admin: Any, request: HttpRequest) -> HttpResponse:
    """Says who is due, and settles them; a second click finds nobody who still is."""
    organization = organization_of(request)
    if request.method == "POST":
        tell(request, run_recorded(organization, actor=actor_of(request)))
        return HttpResponseRedirect(f"{list_of('settlement')}?status=pending")
    through = last_day_over(timezone.now(), organization.time_zone)
    due = due_payees(organization, through)
    page: HttpResponse = admin.render_page(
        request,
        "admin/settlements/run.html",
        "Run due settlements?",
        what="Every payee is settled whose period has ended and of whom something is open, as the "
        "clock does it. Nothing is paid: each settlement still has to be approved.",
        due=[
            {
                "url": page_of("payee", one.payee.pk),
                "name": one.payee.name,
                "through": day(one.through),
            }
            for one in due[:MOST_NAMED]
        ],
        count=len(due),
        more=max(len(due) - MOST_NAMED, 0),
        through=through,
        submit="Settle them",
        back=admin.list_url,
    )
    return page


def tell(request: HttpRequest, run: SettlementRun) -> None:
    """What came of it, and whom it could not settle."""
    counts = {name: count for name, count in run.counts.items() if count and name != "failed"}
    if counts:
        told = ", ".join(f"{count:,} {_WORDS[name]}" for name, count in counts.items())
        messages.success(request, f"{told}.")
    elif not run.failed:
        messages.info(request, f"Nobody was due through {day(run.through)}.")
    for failed in run.failed[:10]:
        messages.error(request, f"{failed.name} could not be settled: {failed.reason}")


_WORDS = {
    "settled": "settled",
    "carried": "settled with nothing to pay",
    "waiting": "below their minimum payout, so they wait",
    "nothing": "settled meanwhile by somebody else",
    "suspended": "suspended meanwhile",
}
