"""The routes of organizations, below /api/v1/."""

from django.urls import path

from organizations.api import endpoints

urlpatterns = [
    path("ping", endpoints.Ping.as_view()),
    path("organization", endpoints.CurrentOrganization.as_view()),
    path("audit-events", endpoints.AuditEvents.as_view()),
    path("job-runs", endpoints.JobRuns.as_view()),
]
