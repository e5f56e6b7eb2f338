"""Integrity and reconciliation over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import Day, Paged, StrictSerializer, Text
from ledger.api import READ, WRITE
from ledger.models import ReconciliationRun
from ledger.reconciliation import as_json, run_check_as_of, run_checks
from ledger.selectors.integrity import verify_books
from ledger.selectors.reconciliation import list_reconciliation_runs
from ledger.services.reconciliation import record_run
from organizations.api.callers import access
from organizations.api.views import OrganizationView

TAG = "Reconciliation"


class FindingOutput(serializers.Serializer[Any]):
    """One row that is off: which, what was expected of it, and what was found."""

    organization = serializers.CharField()
    row = serializers.CharField(help_text="The kind of row.")
    id = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    problem = serializers.CharField(help_text="Stable: what programs should look at.")
    expected = serializers.CharField(allow_blank=True)
    got = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class CheckOutput(serializers.Serializer[Any]):
    name = serializers.CharField()
    passed = serializers.BooleanField()
    mismatch_count = serializers.IntegerField()
    findings = FindingOutput(many=True)


class ChecksOutput(serializers.Serializer[Any]):
    ties = serializers.BooleanField(help_text="Whether every check passed.")
    checks = CheckOutput(many=True)


class RunOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    check_name = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    ties = serializers.BooleanField()
    mismatch_count = serializers.IntegerField()
    findings = FindingOutput(many=True)


class RunPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RunOutput(many=True)


class RunsOutput(serializers.Serializer[Any]):
    ties = serializers.BooleanField()
    runs = RunOutput(many=True)


class ReconcileQuery(StrictSerializer):
    as_of = Day(
        required=False,
        help_text="At the end of that day instead of now. Only `settlements` takes it.",
    )


class RunInput(StrictSerializer):
    """Which checks to run; without names, all of them."""

    checks = serializers.ListField(
        child=Text(max_length=60), required=False, min_length=1, max_length=100
    )


class RunFilters(Paged):
    check = serializers.CharField(
        required=False, max_length=60, help_text="Only runs of this check."
    )


def _run_as_json(run: ReconciliationRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "check_name": run.check_name,
        "started_at": moment(run.started_at),
        "ended_at": moment(run.ended_at),
        "ties": run.ties,
        "mismatch_count": run.mismatch_count,
        "findings": run.findings,
    }


class ReconciliationView(OrganizationView):
    tag = TAG
    names_rows = True


class Integrity(ReconciliationView):
    access = {"GET": access(READ, "ledger.view_reconciliationrun")}

    @extend_schema(operation_id="verify_books", responses=ChecksOutput)
    def get(self, request: HttpRequest) -> HttpResponse:
        """Re-derive the books and name every row that is off.

        Nothing is taken on trust: entries balance, balances equal lines, assets equal liabilities
        and equity, references are unique, closed periods are untouched.
        """
        self.no_query()
        return json_answer(verify_books(self.organization).as_json())


class Reconciliation(ReconciliationView):
    access = {"GET": access(READ, "ledger.view_reconciliationrun")}
    refuses_reads = True

    @extend_schema(operation_id="reconcile", parameters=[ReconcileQuery], responses=ChecksOutput)
    def get(self, request: HttpRequest, check: str) -> HttpResponse:
        """Run one reconciliation now, without recording it.

        404 where no such check is registered.
        """
        as_of = self.query(ReconcileQuery).get("as_of")
        if as_of is None:
            results = run_checks(self.organization, [check])
        else:
            results = [run_check_as_of(self.organization, check, as_of)]
        return json_answer(as_json(results))


class Runs(ReconciliationView):
    access = {
        "GET": access(READ, "ledger.view_reconciliationrun"),
        "POST": access(WRITE, "ledger.verify_books"),
    }

    @extend_schema(
        operation_id="list_reconciliation_runs", parameters=[RunFilters], responses=RunPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List recorded reconciliations, the latest first."""
        given = self.query(RunFilters)
        rows = list_reconciliation_runs(self.organization, check=given.get("check"))
        page = self.page(request, rows, given, "-started_at")
        return json_answer(page.as_json([_run_as_json(run) for run in page.rows]))

    @extend_schema(
        operation_id="record_reconciliation",
        request=RunInput,
        responses={201: RunsOutput},
        examples=[asked({}, "All"), asked({"checks": ["integrity"]}, "One")],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Run reconciliations and keep what they found."""
        self.no_query()
        names = self.read(RunInput).get("checks")
        runs = record_run(actor=self.actor, names=names, now=self.now)
        content = {"ties": all(run.ties for run in runs), "runs": [_run_as_json(r) for r in runs]}
        return json_answer(content, 201)
