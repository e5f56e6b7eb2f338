"""Payees: what they are owed and what becomes of it, their terms, and their last doings."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from core.admin import BooksChangeList, may
from core.money import format_amount
from invoicing.admin.documents import Button, NoForm, Step, sent
from invoicing.admin.figures import day, figure, money
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.reading import history_of
from settlements.admin.figures import (
    BADGES,
    PAYEE_LABELS,
    fee_in_words,
    in_groups,
    list_of,
    reserve_in_words,
    signed_cell,
    two_lines,
)
from settlements.admin.payee_forms import new_payee_form, payee_form
from settlements.admin.recent import recent_items, recent_settlements
from settlements.admin.row_choice import SuggestingAdmin, text_of
from settlements.admin.sections import SECTIONS
from settlements.models import Payee, PayeeStatus
from settlements.policies import fee_policy_of, next_cutoff_on, reserve_of, schedule_of
from settlements.schedules import describe
from settlements.selectors.payees import get_payee
from settlements.selectors.positions import PayeePosition, payee_positions
from settlements.services.payees import change_payee, create_payee

SUSPEND = Step("suspend", "Suspend", "block", ("settlements.change_payee",), "ch-danger-quiet")
ACTIVATE = Step("activate", "Activate", "play_arrow", ("settlements.change_payee",))


class PayeeChangeList(BooksChangeList):
    """Knows what the payees of one page are owed, by as many statements for one as for all."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page: Any = self
        organization = organization_of(request)
        rows: list[Any] = list(page.result_list)
        found = payee_positions(organization, payees=[row.pk for row in rows])
        positions = {position.payee.pk: position for position in found}
        today = organization.today()
        for row in rows:
            row.position = positions[row.pk]
            row.next_cutoff_on = next_cutoff_on(row, today)
        page.result_list = rows


@admin.register(Payee)
class PayeeAdmin(SuggestingAdmin[Payee]):
    """Organizers: made, changed, suspended. Whoever was sold for stays."""

    list_display = (
        "named",
        "schedule",
        "status_badge",
        "unsettled",
        "reserve",
        "carried",
        "awaiting",
        "open_shown",
    )
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("schedule_every", ChoicesDropdownFilter),
    )
    search_fields = ("code", "name", "email", "iban")
    search_help_text = "Code, name, email or IBAN"
    ordering = ("code",)
    empty_title = "There are no payees yet"
    empty_text = (
        "Add the first organizer: when they are paid, and what is kept of what is sold for them."
    )
    steps = (SUSPEND, ACTIVATE)

    def create(self, request: HttpRequest, form: Any) -> Payee:
        raise PermissionDenied("payees are made by the form of their own")

    def update(self, request: HttpRequest, row: Payee, form: Any) -> Payee:
        raise PermissionDenied("payees are changed by the form of their own")

    # --- the list ---------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BooksChangeList]:
        return PayeeChangeList

    @display(description="Payee", ordering="code")
    def named(self, row: Payee) -> str:
        return two_lines(row.name, row.code)

    @display(description="Settled", ordering="schedule_every")
    def schedule(self, row: Any) -> str:
        following = f"next through {day(row.next_cutoff_on)}" if row.next_cutoff_on else ""
        return two_lines(describe(schedule_of(row)), following)

    @display(description="Status", ordering="status", label=PAYEE_LABELS)
    def status_badge(self, row: Payee) -> str:
        return str(PayeeStatus(row.status).label)

    @display(description="Not settled")
    def unsettled(self, row: Any) -> str:
        return signed_cell(row.position.unsettled_amount, row.currency)

    @display(description="Reserve")
    def reserve(self, row: Any) -> str:
        return signed_cell(row.position.reserve_amount, row.currency)

    @display(description="Carried")
    def carried(self, row: Any) -> str:
        return signed_cell(row.position.carried_forward_amount, row.currency)

    @display(description="To be paid")
    def awaiting(self, row: Any) -> str:
        return signed_cell(row.position.awaiting_payout_amount, row.currency)

    @display(description="Open")
    def open_shown(self, row: Any) -> str:
        return figure(row.position.open_amount, row.currency)

    # --- one payee --------------------------------------------------------------------------------

    def offers(self, row: Payee, action: str) -> bool:
        return (row.status == PayeeStatus.ACTIVE) == (action == SUSPEND.name)

    def buttons(self, request: HttpRequest, row: Payee) -> list[Button]:
        """What one mostly comes for, before the steps that change the payee."""
        query = urlencode({"payee": text_of(row)})
        offered: list[Button] = []
        is_active = row.status == PayeeStatus.ACTIVE
        if is_active and may(request, "settlements.calculate_settlement"):
            page = reverse("admin:settlements_settlement_add")
            offered.append(
                Button("Calculate settlement", "calculate", f"{page}?{query}", "ch-primary")
            )
        if may(request, "settlements.add_adjustment"):
            page = reverse("admin:settlements_adjustment_add")
            offered.append(Button("Record adjustment", "exposure", f"{page}?{query}"))
        if may(request, "settlements.record_sale"):
            page = reverse("admin:settlements_sale_add")
            offered.append(Button("Record sale", "confirmation_number", f"{page}?{query}"))
        if self.has_change_permission(request, row):
            offered.append(Button("Edit", "edit", "?edit"))
        return [*offered, *super().buttons(request, row)]

    def row_page(self, request: HttpRequest, row: Payee) -> HttpResponse:
        organization = organization_of(request)
        payee = get_payee(organization, row.pk)
        [position] = payee_positions(organization, payees=[payee.pk])
        query = urlencode({"payee": text_of(payee)})
        account = ""
        if may(request, "ledger.view_journalentry"):
            account = reverse("admin:ledger_account_statement", args=[payee.payable_id])
        return self.render_page(
            request,
            "admin/settlements/payee.html",
            payee.name,
            row=payee,
            payee=payee,
            status=PayeeStatus(payee.status).label,
            badge=BADGES[payee.status],
            position=position,
            amounts=amounts_of(position),
            ledger=money(position.ledger_amount, payee.currency),
            account_url=account,
            schedule=describe(schedule_of(payee)),
            next_cutoff_on=next_cutoff_on(payee, organization.today()),
            minimum=money(payee.minimum_payout_amount, payee.currency),
            reserve=reserve_in_words(reserve_of(payee), payee.currency),
            fee=fee_in_words(fee_policy_of(payee), payee.currency),
            iban=in_groups(payee.iban),
            settlements=recent_settlements(organization, payee),
            items=recent_items(request, organization, payee),
            lists=[
                (name, f"{list_of(model)}?{query}")
                for name, model in (
                    ("Settlements", "settlement"),
                    ("Sales", "sale"),
                    ("Refunds", "refund"),
                    ("Adjustments", "adjustment"),
                    ("Events", "event"),
                )
            ],
            buttons=self.buttons(request, payee),
            events=history_of(organization, payee.pk) if may_read_trail(request) else [],
        )

    # --- writing ----------------------------------------------------------------------------------

    def form_page(self, request: HttpRequest, row: Payee | None) -> HttpResponse:
        """Add a payee, or change one."""
        if row is not None:
            return self.edit_page(request, row)
        form = new_payee_form(request, organization_of(request))

        def create(given: dict[str, Any]) -> tuple[str, str]:
            payee = create_payee(actor=actor_of(request), **form.terms())
            return f"{payee.name} is a payee now.", self.url_of(payee)

        return self.ask(
            request,
            None,
            form,
            create,
            question="New payee",
            what="",
            submit="Add the payee",
            template=SECTIONS,
        )

    def edit_page(self, request: HttpRequest, row: Payee) -> HttpResponse:
        form = payee_form(request, row)

        def change(given: dict[str, Any]) -> tuple[str, str]:
            payee = change_payee(actor=actor_of(request), payee=row, **form.terms())
            return f"{payee.name} is saved.", self.url_of(payee)

        return self.ask(
            request,
            row,
            form,
            change,
            question=f"Edit {row.name}",
            what="What has been sold and settled stays as it was.",
            submit="Save",
            template=SECTIONS,
        )

    def suspend_step(self, request: HttpRequest, row: Payee) -> HttpResponse:
        def suspend(given: dict[str, Any]) -> tuple[str, str]:
            change_payee(actor=actor_of(request), payee=row, status=PayeeStatus.SUSPENDED.value)
            return f"{row.name} is suspended.", self.url_of(row)

        return self.ask(
            request,
            row,
            NoForm(sent(request)),
            suspend,
            question=f"Suspend {row.name}?",
            what="Nothing is settled, approved, tried again or put into a file for the bank until "
            "they are active again. What is sold meanwhile goes on being owed to them.",
            submit="Suspend",
            danger=True,
        )

    def activate_step(self, request: HttpRequest, row: Payee) -> HttpResponse:
        def activate(given: dict[str, Any]) -> tuple[str, str]:
            change_payee(actor=actor_of(request), payee=row, status=PayeeStatus.ACTIVE.value)
            return f"{row.name} is active again.", self.url_of(row)

        return self.ask(
            request,
            row,
            NoForm(sent(request)),
            activate,
            question=f"Activate {row.name}?",
            what="They are settled again, with all that has been waiting.",
            submit="Activate",
        )


def amounts_of(position: PayeePosition) -> list[tuple[str, str, str]]:
    """Name, figure and class of what makes up the open balance; what is nothing is left out."""
    told = [
        ("Not settled", position.unsettled_amount, False),
        ("Held in reserve", position.reserve_amount, False),
        ("Carried forward", position.carried_forward_amount, False),
        ("Settled, to be paid", position.awaiting_payout_amount, False),
        ("Open" if position.open_amount >= 0 else "Owed by them", position.open_amount, True),
    ]
    return [
        (name, format_amount(amount, position.payee.currency), "ch-sum" if always else "")
        for name, amount, always in told
        if amount or always
    ]
