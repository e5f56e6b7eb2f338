"""The organization, who asks, and the audit trail over HTTP."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.errors import NotAllowed
from core.api.pagination import page_of
from core.api.schema import answered, asked
from core.api.serializers import Paged, Span, StrictSerializer, Text
from organizations.api.callers import Caller, access
from organizations.api.views import OrganizationView
from organizations.models import JobOutcome, JobRun, Role
from organizations.permissions import permissions_of
from organizations.selectors import list_audit_events, list_job_runs, memberships_of
from organizations.services.choosing import choose_organization

VERSION = "1"


class PingOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok"])
    version = serializers.CharField()
    organization = serializers.CharField(allow_null=True, help_text="Whose books: the slug.")
    caller = serializers.CharField(allow_null=True, help_text="The key or the person.")


class Ping(OrganizationView):
    """Open to everybody; a credential that is sent is checked."""

    tag = "Organization"
    is_public = True

    def admit(self, request: HttpRequest) -> None:
        self.known: Caller | None = None
        if "HTTP_AUTHORIZATION" in request.META:
            super().admit(request)
            self.known = self.caller

    def authorize(self, request: HttpRequest) -> None:
        """There is nothing here that somebody may not see."""

    @extend_schema(
        operation_id="ping",
        responses=PingOutput,
        examples=[
            answered(
                {
                    "status": "ok",
                    "version": VERSION,
                    "organization": "acme",
                    "caller": "Shop (ch_4f9a…)",
                }
            )
        ],
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """Say that the API answers.

        Needs no credential. With an API key it says whose key it is, or answers 401.
        """
        self.no_query()
        known = self.known
        return json_answer(
            {
                "status": "ok",
                "version": VERSION,
                "organization": known.organization.slug if known else None,
                "caller": known.actor.name if known else None,
            }
        )


class MembershipOutput(serializers.Serializer[Any]):
    organization = serializers.CharField(help_text="The slug.")
    name = serializers.CharField()
    role = serializers.ChoiceField(Role.choices)


class OrganizationOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    country = serializers.CharField(allow_blank=True)
    time_zone = serializers.CharField()
    today = serializers.DateField(help_text="In its time zone.")
    fiscal_year_start_month = serializers.IntegerField()
    closed_through = serializers.DateField(allow_null=True)
    approval_threshold_amount = serializers.IntegerField(
        allow_null=True, help_text="Manual entries above it need a second person."
    )
    scopes = serializers.ListField(
        child=serializers.CharField(), help_text="The key's; of a person none."
    )
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="The person's; of a key none."
    )
    memberships = MembershipOutput(
        many=True, help_text="Where the person could switch to; of a key none."
    )


class ChooseInput(StrictSerializer):
    organization = Text(max_length=63, help_text="The slug.")


class CurrentOrganization(OrganizationView):
    tag = "Organization"
    names_rows = True
    access = {
        "GET": access("ledger:read", "organizations.view_organization"),
        "PUT": access("ledger:read", "organizations.view_organization"),
    }

    @extend_schema(operation_id="get_organization", responses=OrganizationOutput)
    def get(self, request: HttpRequest) -> HttpResponse:
        """Read the organization that this key or session is about."""
        self.no_query()
        return self._answer()

    @extend_schema(
        operation_id="choose_organization",
        request=ChooseInput,
        responses=OrganizationOutput,
        examples=[asked({"organization": "acme"})],
    )
    def put(self, request: HttpRequest) -> HttpResponse:
        """Switch the session to another of the person's organizations.

        An API key belongs to one organization for ever.
        """
        self.no_query()
        given = self.read(ChooseInput)
        if self.caller.user is None:
            raise NotAllowed("A key belongs to its organization: it cannot switch.")
        membership = choose_organization(request, given["organization"])
        self.caller = Caller(membership.organization, self.actor, user=self.caller.user)
        return self._answer()

    def _answer(self) -> HttpResponse:
        organization, user, key = self.organization, self.caller.user, self.caller.api_key
        names = (
            "id",
            "slug",
            "name",
            "currency",
            "country",
            "time_zone",
            "fiscal_year_start_month",
            "closed_through",
            "approval_threshold_amount",
        )
        memberships = memberships_of(user) if user else ()
        return json_answer(
            {
                **{name: getattr(organization, name) for name in names},
                "today": self.today,
                "scopes": key.scopes if key else [],
                "permissions": sorted(permissions_of(user, organization)) if user else [],
                "memberships": [
                    {
                        "organization": membership.organization.slug,
                        "name": membership.organization.name,
                        "role": membership.role,
                    }
                    for membership in memberships
                ],
            }
        )


class AuditFilters(Paged, Span):
    actor = serializers.CharField(
        required=False,
        max_length=200,
        help_text="A user's or key's id or name, or the name under which they acted.",
    )
    action = serializers.CharField(
        required=False, max_length=60, help_text="What was done: void_entry."
    )
    subject = serializers.CharField(
        required=False, max_length=60, help_text="A row's id, or a kind of row: journalentry."
    )


class AuditEventOutput(serializers.Serializer[Any]):
    """Who did what, to which rows, when and from where."""

    id = serializers.UUIDField()
    occurred_at = serializers.DateTimeField()
    action = serializers.CharField()
    subject_type = serializers.CharField(allow_blank=True)
    subject_count = serializers.IntegerField(help_text="How many rows it is about.")
    subject_ids = serializers.ListField(
        child=serializers.UUIDField(), help_text="Those rows; of more than 100 the first 100."
    )
    actor = serializers.CharField(help_text="The name at that time.")
    user = serializers.UUIDField(allow_null=True)
    api_key = serializers.UUIDField(allow_null=True)
    request_id = serializers.CharField(allow_blank=True)
    ip_address = serializers.CharField(allow_null=True)
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    facts = serializers.DictField()


class AuditEventPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AuditEventOutput(many=True)


class AuditEvents(OrganizationView):
    tag = "Audit trail"
    access = {"GET": access("audit:read", "organizations.view_auditevent")}

    @extend_schema(
        operation_id="list_audit_events", parameters=[AuditFilters], responses=AuditEventPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """Read the audit trail, the latest first.

        `from` and `to` are days in the organization's time zone, both included.
        """
        given = self.query(AuditFilters)
        cursor, page_size = given.pop("cursor", None), given.pop("page_size")
        page = page_of(
            request,
            list_audit_events(self.organization, **given),
            ordering="-occurred_at",
            page_size=page_size,
            cursor=cursor,
        )
        return json_answer(page.as_json([_event_as_json(event) for event in page.rows]))


def _event_as_json(event: Any) -> dict[str, Any]:
    return {
        "id": event.pk,
        "occurred_at": moment(event.occurred_at),
        "action": event.action,
        "subject_type": event.subject_type,
        "subject_count": event.subject_count,
        "subject_ids": event.first_subject_ids,
        "actor": event.actor_name,
        "user": event.user_id,
        "api_key": event.api_key_id,
        "request_id": event.request_id,
        "ip_address": event.ip_address,
        "before": event.before,
        "after": event.after,
        "facts": event.facts,
    }


class JobFilters(Paged):
    name = serializers.CharField(required=False, max_length=60, help_text="The job: reconcile.")
    outcome = serializers.ChoiceField(JobOutcome.choices, required=False)


class JobRunOutput(serializers.Serializer[Any]):
    """One run of a scheduled job."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(JobOutcome.choices)
    counts = serializers.DictField(child=serializers.IntegerField())
    mismatch_count = serializers.IntegerField()
    mismatches = serializers.ListField(
        child=serializers.DictField(), help_text="What was off; of very many the first 1,000."
    )
    error = serializers.CharField(allow_blank=True)


class JobRunPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = JobRunOutput(many=True)


class JobRuns(OrganizationView):
    tag = "Jobs"
    access = {"GET": access("ledger:read", "organizations.view_jobrun")}

    @extend_schema(operation_id="list_job_runs", parameters=[JobFilters], responses=JobRunPage)
    def get(self, request: HttpRequest) -> HttpResponse:
        """List the runs of scheduled jobs, the latest first."""
        given = self.query(JobFilters)
        wanted = {name: given.get(name) for name in ("name", "outcome")}
        page = self.page(request, list_job_runs(self.organization, **wanted), given, "-started_at")
        return json_answer(page.as_json([_run_as_json(run) for run in page.rows]))


def _run_as_json(run: JobRun) -> dict[str, Any]:
    return {
        "id": run.pk,
        "name": run.name,
        "started_at": moment(run.started_at),
        "ended_at": moment(run.ended_at) if run.ended_at else None,
        "outcome": run.outcome,
        "counts": run.counts,
        "mismatch_count": run.mismatch_count,
        "mismatches": run.mismatches,
        "error": run.error,
    }
