"""Series of legal numbers over HTTP."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer
from core.api.schema import asked
from core.api.serializers import Paged, StrictSerializer, Text, Whole
from invoicing.api import READ, WRITE
from invoicing.api.answers import many_series_as_json, series_as_json
from invoicing.api.views import InvoicingView
from invoicing.models import DocumentKind
from invoicing.selectors.numbering import get_series, list_series
from invoicing.services.numbering import change_series, create_series
from organizations.api.callers import access

TAG = "Number series"


def _prefix(required: bool) -> Text:
    return Text(
        required=required,
        allow_blank=True,
        max_length=30,
        trim_whitespace=False,
        help_text="`{year}` stands for the fiscal year, `{yy}` for its last two digits.",
    )


class SeriesPatch(StrictSerializer):
    """What changes; numbers that were given stay as they are."""

    prefix = _prefix(required=False)
    width = Whole(
        required=False,
        min_value=1,
        max_value=12,
        help_text="To how many digits the number is filled with zeros.",
    )


class SeriesInput(SeriesPatch):
    """A series beside `main`, which each kind has in any case."""

    prefix = _prefix(required=True)
    kind = serializers.ChoiceField(DocumentKind.choices)
    code = Text(max_length=30, help_text="Letters, digits and `._-`; unique within the kind.")


class CounterOutput(serializers.Serializer[Any]):
    fiscal_year = serializers.IntegerField()
    last_number = serializers.IntegerField()


class SeriesOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(DocumentKind.choices)
    code = serializers.CharField()
    prefix = serializers.CharField(allow_blank=True)
    width = serializers.IntegerField()
    counters = CounterOutput(many=True, help_text="The last number of each fiscal year.")


class SeriesPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SeriesOutput(many=True)


class SeriesList(InvoicingView):
    tag = TAG
    access = {
        "GET": access(READ, "invoicing.view_numberseries"),
        "POST": access(WRITE, "invoicing.add_numberseries"),
    }

    @extend_schema(operation_id="list_number_series", parameters=[Paged], responses=SeriesPage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List the series of legal numbers, by code.

        `main` of a kind is made with its first document.
        """
        given = self.query(Paged)
        page = self.page(request, list_series(self.organization), given, "code")
        return json_answer(page.as_json(many_series_as_json(page.rows)))

    @extend_schema(
        operation_id="create_number_series",
        request=SeriesInput,
        responses={201: SeriesOutput},
        examples=[asked({"kind": "invoice", "code": "shop", "prefix": "S{yy}-", "width": 6})],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Create a series of legal numbers.

        Its numbers begin at 1 in each fiscal year, and have no gaps.
        """
        self.no_query()
        series = create_series(actor=self.actor, **self.read(SeriesInput))
        return json_answer(series_as_json(series), 201)


class SeriesDetail(InvoicingView):
    tag = TAG
    access = {
        "GET": access(READ, "invoicing.view_numberseries"),
        "PATCH": access(WRITE, "invoicing.change_numberseries"),
    }

    @extend_schema(operation_id="get_number_series", responses=SeriesOutput)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Read a series of legal numbers."""
        self.no_query()
        return json_answer(series_as_json(get_series(self.organization, id)))

    @extend_schema(
        operation_id="change_number_series",
        request=SeriesPatch,
        responses=SeriesOutput,
        examples=[asked({"prefix": "INV/{year}/", "width": 4})],
    )
    def patch(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Change how the next numbers of a series look.

        Numbers that were given stay as they are, and the counting goes on.
        """
        self.no_query()
        changes = self.read(SeriesPatch, partial=True)
        series = get_series(self.organization, id)
        return json_answer(
            series_as_json(change_series(actor=self.actor, series=series, **changes))
        )
