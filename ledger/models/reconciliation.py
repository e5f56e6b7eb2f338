"""What each reconciliation found, kept for forensics."""

from django.db import models
from django.db.models.functions import Now

from core.db import TenantModel


class ReconciliationRun(TenantModel):
    """One run of one or more checks, with every finding. Append-only."""

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(db_default=Now())
    check_name = models.CharField(max_length=60)
    ties = models.BooleanField()
    mismatch_count = models.PositiveIntegerField()
    findings = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        ordering = ("-started_at", "-id")
        indexes = [models.Index(fields=["organization", "started_at", "id"], name="run_by_time")]

    def __str__(self) -> str:
        return f"{self.check_name} {self.started_at:%Y-%m-%d %H:%M}"
