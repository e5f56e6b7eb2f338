"""Settlements: calculated, approved by somebody else, paid; what failed is tried again."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import may
from invoicing.admin.documents import sent
from invoicing.admin.figures import day, figure, money
from ledger.admin.entries import who
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.reading import history_of
from settlements.admin.attempts import attempts_shown, files_of
from settlements.admin.figures import BADGES, SETTLEMENT_LABELS, page_of, payee_cell
from settlements.admin.filters import SettlementStatusFilter
from settlements.admin.lines import lines_shown
from settlements.admin.row_choice import PayeeFilter, asked, named
from settlements.admin.running import run_page
from settlements.admin.settlement_forms import CalculateForm
from settlements.admin.settlement_steps import STEPS, SettlementSteps
from settlements.admin.statements import StatementAdmin
from settlements.admin.waterfall import WIDTH, waterfall, zero_at
from settlements.models import Payee, Settlement, SettlementStatus
from settlements.selectors.settlements import get_settlement
from settlements.services.settling import calculate_settlement


@admin.register(Settlement)
class SettlementAdmin(SettlementSteps, StatementAdmin):
    """A settlement never changes; its steps take it on."""

    list_display = (
        "named",
        "payee_name",
        "through",
        "due",
        "items",
        "status_badge",
        "prepared",
        "total",
    )
    list_filter = (SettlementStatusFilter, PayeeFilter, ("through", RangeDateFilter))
    # The organization knows which day it is.
    list_select_related = ("payee", "organization", "prepared_by", "prepared_by_key")
    search_fields = ("payee__code", "payee__name", "payouts__end_to_end_id")
    search_help_text = "The payee's code or name, or a payout's end-to-end id"
    ordering = ("-through", "-id")
    empty_title = "Nothing has been settled yet"
    empty_text = (
        "Calculate what a payee is owed through a day. Somebody else approves it, then it is paid."
    )
    actions_list = ("export", "run_due")
    steps = STEPS

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, "settlements.calculate_settlement")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Settlement", ordering="sequence")
    def named(self, row: Settlement) -> str:
        return f"No. {row.sequence}"

    @display(description="Payee", ordering="payee__name")
    def payee_name(self, row: Settlement) -> str:
        return payee_cell(row.payee)

    @display(description="Due", ordering="due_on")
    def due(self, row: Settlement) -> str:
        return day(row.due_on) if row.total_amount > 0 else ""

    @display(description="Items", ordering="item_count")
    def items(self, row: Settlement) -> str:
        return f"{row.item_count:,}"

    @display(description="Status", ordering="status", label=SETTLEMENT_LABELS)
    def status_badge(self, row: Settlement) -> str:
        return str(SettlementStatus(row.status).label)

    @display(description="Prepared by")
    def prepared(self, row: Settlement) -> str:
        return who(row.prepared_by, row.prepared_by_key) or "the clock"

    @display(description="Total", ordering="total_amount")
    def total(self, row: Settlement) -> str:
        return figure(row.total_amount, row.currency)

    # --- the page ---------------------------------------------------------------------------------

    def row_page(self, request: HttpRequest, row: Settlement) -> HttpResponse:
        organization = organization_of(request)
        settlement = get_settlement(organization, row.pk)
        released_by = settlement.reserve_released_by_id
        return self.render_page(
            request,
            "admin/settlements/settlement.html",
            f"Settlement {settlement.sequence} of {settlement.payee.name}",
            row=settlement,
            settlement=settlement,
            status=SettlementStatus(settlement.status).label,
            badge=BADGES[settlement.status],
            is_late=self.is_late(settlement),
            is_own=self.is_own(request, settlement),
            payee_url=page_of("payee", settlement.payee_id),
            bars=waterfall(settlement),
            bar_width=WIDTH,
            zero=zero_at(settlement),
            held=money(settlement.reserve_held_amount, settlement.currency),
            released_by_url=page_of("settlement", released_by) if released_by else "",
            prepared_by=self.preparer(settlement),
            approved_by=who(settlement.approved_by, settlement.approved_by_key),
            attempts=attempts_shown(request, settlement),
            batches=files_of(organization, settlement) if self.may_see_files(request) else [],
            files=self.files(settlement),
            html=self.url_of(settlement, "statement_html"),
            pdf=self.url_of(settlement, "statement_pdf"),
            buttons=self.buttons(request, settlement),
            events=history_of(organization, settlement.pk) if may_read_trail(request) else [],
            **lines_shown(request, organization, settlement),
        )

    def is_late(self, row: Settlement) -> bool:
        is_open = row.status != SettlementStatus.COMPLETED
        return bool(is_open and row.due_on < row.organization.today())

    def may_see_files(self, request: HttpRequest) -> bool:
        return may(request, "settlements.view_payoutbatch")

    # --- calculating ------------------------------------------------------------------------------

    def form_page(self, request: HttpRequest, row: Settlement | None) -> HttpResponse:
        """Calculate a settlement."""
        if row is not None:
            raise PermissionDenied
        organization = organization_of(request)
        found = named(Payee.objects.of(organization), asked(request, "payee"))
        yesterday = organization.today() - timedelta(days=1)
        form = CalculateForm(
            sent(request),
            organization=organization,
            initial={"payee": found[0] if len(found) == 1 else None, "through": yesterday},
        )

        def calculate(given: dict[str, Any]) -> tuple[str, str]:
            made = calculate_settlement(actor=actor_of(request), **given)
            return said_of(made), self.url_of(made)

        return self.ask(
            request,
            None,
            form,
            calculate,
            question="Calculate a settlement",
            what="Everything that is open of a payee through a day is taken in, less what is held "
            "in reserve. Nothing is paid yet: somebody else approves it first, and until then it "
            "can be discarded.",
            submit="Calculate",
        )

    @action(
        description="Run due settlements",
        icon="event_repeat",
        variant=ActionVariant.DEFAULT,
        permissions=["run"],
        url_path="run",
    )
    def run_due(self, request: HttpRequest) -> HttpResponse:
        return run_page(self, request)

    @action(
        description="Export payouts",
        icon="outgoing_mail",
        variant=ActionVariant.DEFAULT,
        permissions=["export"],
        url_path="export",
    )
    def export(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:settlements_payoutbatch_add"))

    def has_export_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "settlements.add_payoutbatch")

    def has_run_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "settlements.calculate_settlement")


def said_of(settlement: Settlement) -> str:
    amount = money(settlement.total_amount, settlement.currency)
    name = f"Settlement {settlement.sequence} of {settlement.payee.name}"
    if settlement.total_amount > 0:
        return f"{name} comes to {amount}. Somebody else has to approve it."
    return f"{name} comes to {amount}: there is nothing to pay."
