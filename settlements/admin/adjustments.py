"""Adjustments: what payees are owed more or less, and why."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin import may
from invoicing.admin.documents import sent
from invoicing.admin.figures import cut, figure, money
from organizations.admin.base import actor_of, organization_of
from settlements.admin.item_forms import AdjustmentForm, payee_meant
from settlements.admin.items import ItemAdmin
from settlements.admin.sections import SECTIONS
from settlements.models import Adjustment, AdjustmentKind
from settlements.services.adjustments import record_adjustment

KIND_LABELS = {AdjustmentKind.ADJUSTMENT.label: "info", AdjustmentKind.FEE.label: "warning"}


@admin.register(Adjustment)
class AdjustmentAdmin(ItemAdmin[Adjustment]):
    """Recorded with a reason, never edited: another one corrects it."""

    occurred_on = "adjusted_on"
    list_display = (
        "adjusted_on",
        "reason_cut",
        "kind_badge",
        "payee_name",
        "event_code",
        "settlement_link",
        "amount_shown",
    )
    list_display_links = ("adjusted_on", "reason_cut")
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("reason",)
    search_help_text = "Reason or reference, or the payee's or the event's code or name"
    empty_title = "Nothing has been adjusted yet"
    empty_text = "Record what a payee is owed more or less than what was sold, and why."

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, "settlements.add_adjustment")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Reason", ordering="reason")
    def reason_cut(self, row: Adjustment) -> str:
        return cut(row.reason)

    @display(description="Kind", ordering="kind", label=KIND_LABELS)
    def kind_badge(self, row: Adjustment) -> str:
        return str(row.get_kind_display())

    @display(description="To the payee", ordering="amount")
    def amount_shown(self, row: Adjustment) -> str:
        return figure(row.amount, row.currency)

    # --- pages ------------------------------------------------------------------------------------

    def row_page(self, request: HttpRequest, row: Adjustment) -> HttpResponse:
        account = row.account
        account_url = ""
        if may(request, "ledger.view_journalentry"):
            account_url = reverse("admin:ledger_account_statement", args=[account.pk])
        return self.render_page(
            request,
            "admin/settlements/adjustment.html",
            str(row),
            adjustment=row,
            kind=row.get_kind_display(),
            amount=figure(row.amount, row.currency),
            account=account,
            account_url=account_url,
            **self.shown(request, row),
        )

    def form_page(self, request: HttpRequest, row: Adjustment | None) -> HttpResponse:
        """Record an adjustment."""
        if row is not None:
            raise PermissionDenied
        organization = organization_of(request)
        form = AdjustmentForm(
            sent(request),
            organization=organization,
            payee=payee_meant(request, organization),
            initial={"adjusted_on": organization.today()},
        )

        def record(given: dict[str, Any]) -> tuple[str, str]:
            event = given["event"]
            made = record_adjustment(
                actor=actor_of(request),
                payee=given["payee"],
                event=event.code if event else None,
                account=account_code(given["account"]) or None,
                adjusted_on=given["adjusted_on"] or organization.today(),
                **{name: given[name] for name in ("kind", "amount", "reason", "reference")},
            )
            amount = money(made.amount, made.currency)
            said = "is there already" if made.is_replay else "is recorded"
            return f"The adjustment of {amount} {said}.", self.url_of(made)

        return self.ask(
            request,
            None,
            form,
            record,
            question="Record an adjustment",
            what="It is posted at once, and the next settlement takes it in. It never changes: "
            "another one corrects it.",
            submit="Record the adjustment",
            template=SECTIONS,
        )


def account_code(typed: str) -> str:
    """`6000` of `6000 – Operating expenses`."""
    return typed.split(" ")[0]
