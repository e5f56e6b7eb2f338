"""Closing and reopening the books over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer
from core.api.schema import answered, asked
from core.api.serializers import Day, StrictSerializer, Text, Whole
from ledger.api import READ, WRITE
from ledger.periods import fiscal_year_of
from ledger.services.periods import close_books, close_year, reopen_books, reopen_year
from organizations.api.callers import access
from organizations.api.views import OrganizationView

TAG = "Periods"


class CloseInput(StrictSerializer):
    through = Day(help_text="The last day that is closed.")


class ReopenInput(StrictSerializer):
    through = Day(
        allow_null=True,
        help_text="The books stay closed through this earlier day; null opens them altogether.",
    )
    reason = Text(max_length=500, help_text="Kept in the audit trail.")


class YearInput(StrictSerializer):
    year = Whole(min_value=1901, max_value=2199, help_text="The calendar year in which it ends.")


class ReopenYearInput(YearInput):
    reason = Text(max_length=500, help_text="Kept in the audit trail.")


class ClosedOutput(serializers.Serializer[Any]):
    closed_through = serializers.DateField(
        allow_null=True, help_text="Nothing is posted on or before this day."
    )


class FiscalYearOutput(serializers.Serializer[Any]):
    year = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()


class PeriodsOutput(ClosedOutput):
    today = serializers.DateField(help_text="In the organization's time zone.")
    fiscal_year = FiscalYearOutput(help_text="The one in which today lies.")


class YearOutput(ClosedOutput):
    entry = serializers.UUIDField(
        allow_null=True, help_text="The closing entry, or its reversal; null where none was due."
    )


class PeriodView(OrganizationView):
    tag = TAG

    def closed_answer(self, **more: Any) -> HttpResponse:
        return json_answer({"closed_through": self.organization.closed_through, **more})


class Periods(PeriodView):
    access = {"GET": access(READ, "organizations.view_organization")}

    @extend_schema(operation_id="get_periods", responses=PeriodsOutput)
    def get(self, request: HttpRequest) -> HttpResponse:
        """Read through which day the books are closed."""
        self.no_query()
        year = fiscal_year_of(self.today, self.organization.fiscal_year_start_month)
        return self.closed_answer(
            today=self.today,
            fiscal_year={"year": year.year, "starts_on": year.starts_on, "ends_on": year.ends_on},
        )


class CloseBooks(PeriodView):
    access = {"POST": access(WRITE, "organizations.close_books")}

    @extend_schema(
        operation_id="close_books",
        request=CloseInput,
        responses={200: ClosedOutput},
        examples=[asked({"through": "2010-12-31"}), answered({"closed_through": "2010-12-31"})],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Close the books through a date.

        From then on nothing is posted with an effective date on or before it.
        """
        self.no_query()
        given = self.read(CloseInput)
        through = close_books(actor=self.actor, through=given["through"], now=self.now)
        return json_answer({"closed_through": through})


class ReopenBooks(PeriodView):
    access = {"POST": access(WRITE, "organizations.reopen_books")}

    @extend_schema(
        operation_id="reopen_books",
        request=ReopenInput,
        responses={200: ClosedOutput},
        examples=[
            asked({"through": "2010-11-30", "reason": "A late invoice"}),
            answered({"closed_through": "2010-11-30"}),
        ],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Reopen closed days.

        Afterwards the books are closed through an earlier day, or not at all.
        """
        self.no_query()
        given = self.read(ReopenInput)
        through = reopen_books(actor=self.actor, through=given["through"], reason=given["reason"])
        return json_answer({"closed_through": through})


class CloseYear(PeriodView):
    access = {"POST": access(WRITE, "organizations.close_year")}

    @extend_schema(
        operation_id="close_year",
        request=YearInput,
        responses={200: YearOutput},
        examples=[asked({"year": 2010})],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Close a fiscal year.

        Posts its revenue and expense into retained earnings, per currency, dated on its last day,
        and closes the books through that day.
        """
        self.no_query()
        entry = close_year(actor=self.actor, year=self.read(YearInput)["year"], now=self.now)
        return self.closed_answer(entry=entry.pk if entry else None)


class ReopenYear(PeriodView):
    access = {"POST": access(WRITE, "organizations.reopen_books")}

    @extend_schema(
        operation_id="reopen_year",
        request=ReopenYearInput,
        responses={200: YearOutput},
        examples=[asked({"year": 2010, "reason": "An adjustment by the auditor"})],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Reopen a fiscal year.

        Voids its closing entry. The books stay closed through the day before the year's last.
        """
        self.no_query()
        given = self.read(ReopenYearInput)
        reversal = reopen_year(
            actor=self.actor, year=given["year"], reason=given["reason"], now=self.now
        )
        return self.closed_answer(entry=reversal.pk)
