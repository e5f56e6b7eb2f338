"""Integrity: the runs that held the books against themselves, and what each found."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from ledger.models import ReconciliationRun
from ledger.reconciliation import check_names
from ledger.services.reconciliation import record_run
from organizations.admin.base import AuditedAdmin, actor_of


class CheckFilter(DropdownFilter):
    title = "check"
    parameter_name = "check"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in check_names()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(check_name=self.value()) if self.value() else queryset


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(AuditedAdmin[ReconciliationRun]):
    """Runs are made, by the button or by the clock, and never changed."""

    list_display = ("started_at", "check_name", "state", "mismatch_count", "took")
    list_filter = (CheckFilter, "ties", ("started_at", RangeDateTimeFilter))
    ordering = ("-started_at", "-id")
    actions_list = ("verify_now",)
    fields = ("started_at", "took", "check_name", "state", "mismatch_count", "finding_list")
    readonly_fields = fields
    empty_title = "The books have not been verified yet"
    empty_text = "“Verify now” re-derives everything from the lines and names each row that is off."

    @display(description="State", label={"ties": "success", "off": "danger"}, ordering="ties")
    def state(self, row: ReconciliationRun) -> str:
        return "ties" if row.ties else "off"

    @display(description="Took")
    def took(self, row: ReconciliationRun) -> str:
        return f"{(row.ended_at - row.started_at).total_seconds():.1f} s"

    @display(description="Findings")
    def finding_list(self, row: ReconciliationRun) -> str:
        return render_to_string(
            "admin/ledger/reconciliationrun/findings.html",
            {"findings": row.findings, "count": row.mismatch_count},
        )

    def has_verify_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "ledger.verify_books")

    @action(
        description="Verify now",
        icon="verified",
        variant=ActionVariant.PRIMARY,
        permissions=["verify"],
        url_path="verify",
    )
    def verify_now(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST":
            runs = record_run(actor=actor_of(request))
            off = [run.check_name for run in runs if not run.ties]
            if off:
                messages.error(request, f"The books are off: {', '.join(off)}.")
            else:
                messages.success(request, f"Everything ties: {len(runs)} checks passed.")
            return HttpResponseRedirect(self.list_url)
        return self.render_page(
            request,
            "admin/books/confirm.html",
            "Verify the books now?",
            what="Everything is re-derived from the lines, and what is off is named. Nothing in "
            "the books changes; the run is kept.",
            submit="Verify now",
            back=self.list_url,
        )
