"""Reports over HTTP: a route of its own for each, so that each is described by itself."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer
from core.api.schema import answered
from core.api.serializers import CurrencyCode, Day, Moment, Span, StrictSerializer
from ledger.api import READ
from ledger.api.report_shapes import SHAPES
from ledger.exports import FORMATS, as_json, export, file_name
from ledger.selectors.reports import REPORTS, ReportKind
from organizations.api.callers import access
from organizations.api.views import OrganizationView

TAG = "Reports"
FILE_FORMATS = ("json", "csv", "xlsx", "pdf")

TRIAL_BALANCE_EXAMPLE = {
    "report": "trial-balance",
    "organization": "acme",
    "as_of": "2010-12-31",
    "known_at": None,
    "ties": True,
    "currencies": [
        {
            "currency": "GBP",
            "total_debit": 16347,
            "total_credit": 16347,
            "translation_difference": 0,
            "rows": [
                {
                    "code": "1100",
                    "name": "Accounts receivable",
                    "type": "asset",
                    "parent": None,
                    "debit": 16347,
                    "credit": 0,
                }
            ],
        }
    ],
}


def _field(parameter: str) -> Any:
    if parameter == "as_of":
        return Day(required=False, help_text="At the end of that day; today, unless given.")
    if parameter == "known_at":
        return Moment(required=False, help_text="As the books stood at that moment.")
    if parameter == "account":
        return serializers.CharField(
            required=False, max_length=100, help_text="Only this one: code or id."
        )
    return CurrencyCode(
        required=False, help_text="Everything in this one currency, by the dated exchange rates."
    )


def _filters(kind: ReportKind) -> type[StrictSerializer]:
    fields: dict[str, Any] = {
        name: _field(name) for name in kind.parameters if name not in ("from", "to")
    }
    fields["format"] = serializers.ChoiceField(
        FILE_FORMATS, required=False, default="json", help_text="As JSON, or as a file."
    )
    base = Span if "from" in kind.parameters else StrictSerializer
    name = "".join(word.title() for word in kind.name.split("-"))
    return type(f"{name}Query", (base,), fields)


class ReportList(OrganizationView):
    tag = TAG
    access = {"GET": access(READ, "ledger.view_reports")}

    class Output(serializers.Serializer[Any]):
        name = serializers.CharField()
        title = serializers.CharField()
        description = serializers.CharField()
        parameters = serializers.ListField(child=serializers.CharField())
        formats = serializers.ListField(child=serializers.CharField())

        class Meta:
            ref_name = "ReportKind"

    @extend_schema(operation_id="list_reports", responses=Output(many=True))
    def get(self, request: HttpRequest) -> HttpResponseBase:
        """List which reports there are, and what each takes."""
        self.no_query()
        return json_answer(
            [
                {
                    "name": kind.name,
                    "title": kind.title,
                    "description": kind.description,
                    "parameters": kind.parameters,
                    "formats": FILE_FORMATS,
                }
                for kind in REPORTS.values()
            ]
        )


class ReportView(OrganizationView):
    """One report; the subclasses that `report_view` makes say which."""

    tag = TAG
    refuses_reads = True
    access = {"GET": access(READ, "ledger.view_reports")}
    kind: ClassVar[ReportKind]
    filters: ClassVar[type[StrictSerializer]]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        given = self.query(self.filters)
        form = given.pop("format")
        for name, wire_name in (("since", "from"), ("until", "to")):
            if name in given:
                given[wire_name] = given.pop(name)
        report = self.kind.run(self.organization, given, now=self.now)
        if form == "json":
            return json_answer(as_json(report))
        pieces = export(report, form, printed_by=self.actor.name, now=self.now)
        name = file_name(report, form)
        return StreamingHttpResponse(
            pieces,
            content_type=FORMATS[form].content_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def report_view(kind: ReportKind) -> Callable[..., HttpResponseBase]:
    """The view of one report, with its own parameters and its own description."""
    filters = _filters(kind)

    def get(self: ReportView, request: HttpRequest) -> HttpResponseBase:
        return ReportView.get(self, request)

    get.__doc__ = (
        f"{kind.title}.\n\n{kind.description} As JSON, or as a file by `format`: CSV and XLSX "
        "hold the figures, PDF is for print."
    )
    responses: dict[Any, Any] = {(200, "application/json"): SHAPES[kind.name]}
    for form in FILE_FORMATS[1:]:
        media_type = FORMATS[form].content_type.partition(";")[0]
        responses[200, media_type] = OpenApiTypes.BINARY
    examples = [answered(TRIAL_BALANCE_EXAMPLE)] if kind.name == "trial-balance" else []
    described = extend_schema(
        operation_id=f"report_{kind.name.replace('-', '_')}",
        parameters=[filters],
        responses=responses,
        examples=examples,
    )(get)
    name = f"{filters.__name__.removesuffix('Query')}Report"
    attributes = {
        "kind": kind,
        "filters": filters,
        "get": described,
        "__module__": __name__,
        "names_rows": "account" in kind.parameters,
    }
    view: type[ReportView] = type(name, (ReportView,), attributes)
    return view.as_view()
