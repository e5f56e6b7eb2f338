"""The reports as pages, each with its parameters and its files to take away."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from core.admin import require_permission
from core.errors import Refusal
from core.forms import DateInput, DateTimeInput, PageForm, dress
from core.money import format_amount
from ledger.admin.accounts import CURRENCIES
from ledger.exports import FORMATS, export, file_name, lay_out
from ledger.exports.document import Column, Document, Row, RowKind
from ledger.models import Account
from ledger.selectors.reports import REPORTS, Report, ReportKind
from organizations.admin.base import organization_of, site
from organizations.models import Organization

# So many rows are shown, and so many are read in order to say whether a long report ties.
MOST_SHOWN = 2_000
MOST_READ = 200_000

FILES = ("pdf", "xlsx", "csv")

ICONS = {
    "trial-balance": "balance",
    "balance-sheet": "account_balance_wallet",
    "income-statement": "trending_up",
    "revenue": "sell",
    "general-ledger": "library_books",
    "journal": "list_alt",
    "cash-flow": "water_drop",
}
# The sidebar has a journal already, to work in.
TITLES = {"journal": "Journal report"}

CLASSES = {
    RowKind.HEADING: "ch-rollup",
    RowKind.ROLLUP: "ch-quiet",
    RowKind.OPENING: "ch-quiet",
    RowKind.CLOSING: "ch-rollup",
    RowKind.TOTAL: "ch-rollup",
    RowKind.RESULT: "ch-sum",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A report in the sidebar."""

    name: str
    title: str
    icon: str


PAGES = [
    Page(name, TITLES.get(name, kind.title), ICONS.get(name, "description"))
    for name, kind in REPORTS.items()
]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it is shown."""

    text: str
    is_amount: bool = False
    is_negative: bool = False
    url: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is shown."""

    css: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one currency, with the columns that they use."""

    currency: str
    columns: Sequence[Column]
    lines: Sequence[Line]


class ReportForm(PageForm):
    """The parameters that a report takes; empty ones are its defaults."""

    def __init__(self, kind: ReportKind, *args: Any, **kwargs: Any) -> None:
        fields: dict[str, forms.Field] = {
            "as_of": forms.DateField(label="As of", required=False, widget=DateInput),
            "from": forms.DateField(label="From", required=False, widget=DateInput),
            "to": forms.DateField(label="To", required=False, widget=DateInput),
            "account": forms.CharField(
                label="Account (code)", required=False, max_length=100, widget=forms.TextInput
            ),
            "currency": forms.ChoiceField(
                label="In currency", required=False, choices=[("", "Each in its own"), *CURRENCIES]
            ),
            "known_at": forms.DateTimeField(
                label="As the books stood at", required=False, widget=DateTimeInput
            ),
        }
        super().__init__(*args, **kwargs)
        self.fields = {name: fields[name] for name in fields if name in kind.parameters}
        dress(self)


@site.page("reports/<slug:name>/", "report")
def report_page(request: HttpRequest, name: str) -> HttpResponseBase:
    kind = REPORTS.get(name)
    if kind is None:
        raise Http404(name)
    organization = organization_of(request)
    require_permission(request, "ledger.view_reports")
    form = ReportForm(kind, request.GET)
    report = run(kind, organization, form)
    if report is None:
        return site.render(request, "admin/ledger/report.html", kind.title, form=form, kind=kind)
    if request.GET.get("format") in FILES:
        return as_file(report, request.GET["format"], request)
    document = lay_out(report)
    shown = Shown(document, organization, report)
    return site.render(
        request,
        "admin/ledger/report.html",
        kind.title,
        form=form,
        kind=kind,
        document=document,
        tables=shown.tables,
        problems=[*document.problems, *shown.checks],
        is_cut=shown.is_cut,
        is_unknown=shown.is_unknown,
        most=MOST_SHOWN,
        files=[(FORMATS[file].name.upper(), file_url(request, file)) for file in FILES],
    )


def run(kind: ReportKind, organization: Organization, form: ReportForm) -> Report | None:
    """The report; None where it is refused, and the form says why."""
    if not form.is_valid():
        return None
    given = dict(form.cleaned_data)
    if given.get("account"):
        given["account"] = given["account"].split()[0]
    try:
        return kind.run(organization, given)
    except Refusal as refusal:
        form.refuse(refusal)
        return None


def as_file(report: Report, format: str, request: HttpRequest) -> HttpResponseBase:
    """The file, piece by piece; a report too long for its format is said to be so."""
    user: Any = request.user
    try:
        pieces = export(report, format, printed_by=user.display_name)
    except Refusal as refusal:
        return HttpResponse(refusal.message, status=422, content_type="text/plain; charset=utf-8")
    response = StreamingHttpResponse(pieces, content_type=FORMATS[format].content_type)
    response["Content-Disposition"] = f'attachment; filename="{file_name(report, format)}"'
    return response


def file_url(request: HttpRequest, format: str) -> str:
    given = {name: value for name, value in request.GET.items() if name != "format" and value}
    return f"?{urlencode({**given, 'format': format})}"


class Shown:
    """A document's first rows as tables, and what its checks say."""

    def __init__(self, document: Document, organization: Organization, report: Report) -> None:
        self.document = document
        self.links = AccountLinks(organization, report)
        self.checks: list[str] = []
        self.is_cut = self.is_unknown = False
        rows = self._read(document.rows)
        self.tables = [self._table(currency, run) for currency, run in document.tables(rows)]

    def _read(self, rows: Iterable[Row]) -> list[Row]:
        shown: list[Row] = []
        for number, row in enumerate(rows):
            if row.kind is RowKind.CHECK:
                self.checks.append(str(next(iter(row.cells.values()))))
            elif len(shown) < MOST_SHOWN:
                shown.append(row)
            else:
                self.is_cut = True
            if number >= MOST_READ:
                self.is_unknown = True
                break
        return shown

    def _table(self, currency: str, rows: Sequence[Row]) -> Table:
        columns = [
            column
            for column in self.document.printed_columns
            if any(row.cells.get(column.key) not in (None, "") for row in rows)
        ]
        lines = [
            Line(CLASSES.get(row.kind, ""), [self._cell(row, column) for column in columns])
            for row in rows
        ]
        return Table(currency, columns, lines)

    def _cell(self, row: Row, column: Column) -> Cell:
        value = row.cells.get(column.key)
        depth = row.depth if column.key == "name" else 0
        if value is None:
            return Cell("", column.kind == "amount")
        if column.kind == "amount":
            currency = row.currency or str(row.cells.get("currency", ""))
            return Cell(format_amount(value, currency), True, value < 0)
        if isinstance(value, datetime):
            return Cell(f"{value:%-d %b %Y, %H:%M}")
        if isinstance(value, date):
            return Cell(f"{value:%-d %b %Y}")
        is_account = column.key == "code" and row.kind is not RowKind.ROLLUP
        url = self.links.url(str(value)) if is_account else ""
        return Cell(str(value), url=url, depth=depth)


class AccountLinks:
    """From an account's code to its lines of the same days."""

    def __init__(self, organization: Organization, report: Report) -> None:
        rows = Account.objects.of(organization).values_list("code", "id")
        self._ids: Mapping[str, UUID] = dict(rows)
        days = {
            "since": getattr(report, "since", None),
            "until": getattr(report, "until", getattr(report, "as_of", None)),
        }
        self._query = urlencode({name: day for name, day in days.items() if day})

    def url(self, code: str) -> str:
        if code not in self._ids:
            return ""
        page = reverse("admin:ledger_account_statement", args=[self._ids[code]])
        return f"{page}?{self._query}"
