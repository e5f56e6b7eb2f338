"""The reports as pages, each with its parameters and its files to take away."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse

from core.admin import require_permission
from ledger.selectors.reports import REPORTS
from organizations.admin.base import organization_of, site

ICONS = {
    "trial-balance": "balance",
    "balance-sheet": "account_balance_wallet",
    "income-statement": "trending_up",
    "revenue": "sell",
    "general-ledger": "library_books",
    "journal": "list_alt",
    "cash-flow": "water_drop",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A report in the sidebar."""

    name: str
    title: str
    icon: str


PAGES = [Page(name, kind.title, ICONS.get(name, "description")) for name, kind in REPORTS.items()]


@site.page("reports/<slug:name>/", "report")
def report_page(request: HttpRequest, name: str) -> HttpResponse:
    kind = REPORTS.get(name)
    if kind is None:
        raise Http404(name)
    organization_of(request)
    require_permission(request, "ledger.view_reports")
    return site.render(request, "admin/ledger/report.html", kind.title)
