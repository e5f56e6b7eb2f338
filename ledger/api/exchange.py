"""Exchange rates over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer
from core.api.pagination import page_of
from core.api.schema import asked
from core.api.serializers import CurrencyCode, Day, Paged, Span, StrictSerializer, Text
from ledger.api import READ, WRITE
from ledger.models import ExchangeRate
from ledger.selectors.exchange import list_exchange_rates
from ledger.services.exchange import set_exchange_rate
from organizations.api.callers import access
from organizations.api.views import OrganizationView


class RateInput(StrictSerializer):
    """From `valid_on` on, one `currency` is worth `rate` of `quote_currency` (major units)."""

    currency = CurrencyCode()
    quote_currency = CurrencyCode()
    valid_on = Day()
    rate = Text(max_length=40, help_text='A decimal number as text, so that it is exact: "1.1725".')
    source = Text(required=False, allow_blank=True, max_length=100)  # type: ignore[assignment]


class RateOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    currency = serializers.CharField()
    quote_currency = serializers.CharField()
    valid_on = serializers.DateField()
    rate = serializers.CharField()
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]


class RatePage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RateOutput(many=True)


class RateFilters(Paged, Span):
    currency = serializers.CharField(required=False, max_length=3, help_text="From this one.")
    quote_currency = serializers.CharField(required=False, max_length=3, help_text="Into this one.")


def _as_json(rate: ExchangeRate) -> dict[str, Any]:
    return {
        "id": rate.pk,
        "currency": rate.currency,
        "quote_currency": rate.quote_currency,
        "valid_on": rate.valid_on,
        "rate": format(rate.rate.normalize(), "f"),
        "source": rate.source,
    }


class ExchangeRates(OrganizationView):
    tag = "Exchange rates"
    access = {
        "GET": access(READ, "ledger.view_exchangerate"),
        "POST": access(WRITE, "ledger.add_exchangerate"),
    }

    @extend_schema(operation_id="list_exchange_rates", parameters=[RateFilters], responses=RatePage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List exchange rates, the latest first.

        `from` and `to` bound the day from which a rate is valid.
        """
        given = self.query(RateFilters)
        cursor, page_size = given.pop("cursor", None), given.pop("page_size")
        page = page_of(
            request,
            list_exchange_rates(self.organization, **given),
            ordering="-valid_on",
            page_size=page_size,
            cursor=cursor,
        )
        return json_answer(page.as_json([_as_json(rate) for rate in page.rows]))

    @extend_schema(
        operation_id="set_exchange_rate",
        request=RateInput,
        responses={201: RateOutput},
        examples=[
            asked(
                {
                    "currency": "EUR",
                    "quote_currency": "GBP",
                    "valid_on": "2010-12-01",
                    "rate": "0.8432",
                    "source": "Bank of England",
                }
            )
        ],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Set an exchange rate.

        One that is there for that day already is replaced; the audit trail keeps it.
        """
        self.no_query()
        rate = set_exchange_rate(actor=self.actor, **self.read(RateInput))
        return json_answer(_as_json(rate), 201)
