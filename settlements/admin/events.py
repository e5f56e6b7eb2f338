"""Events: what is sold for a payee, and until when."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from core.admin import may
from core.forms import DateInput, dress
from invoicing.admin.documents import Button, sent
from organizations.admin.base import actor_of, may_read_trail, organization_of
from organizations.admin.reading import history_of
from organizations.models import Organization
from settlements.admin.figures import list_of, page_of, payee_cell
from settlements.admin.row_choice import (
    PayeeField,
    PayeeFilter,
    SuggestingAdmin,
    asked,
    named,
    text_of,
)
from settlements.admin.sections import SECTIONS, Section, SectionedForm
from settlements.models import Event, Payee
from settlements.selectors.payees import get_event
from settlements.services.events import change_event, create_event


class EventForm(SectionedForm):
    sections = (Section("The event", "", ("payee", "name", "code", "ends_on")),)

    name = forms.CharField(max_length=200)
    code = forms.CharField(
        max_length=100,
        help_text="Short, and taken once: by it programs name it. Letters, digits and . : _ -",
    )
    ends_on = forms.DateField(
        label="Last day",
        widget=DateInput,
        help_text="From it on the days count, where a payee is settled after each event.",
    )


class NewEventForm(EventForm):
    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payee"] = PayeeField(
            organization=organization, help_text="For whom it is sold. It stays theirs."
        )
        dress(self)


@admin.register(Event)
class EventAdmin(SuggestingAdmin[Event]):
    """Made and changed; never another payee's."""

    list_display = ("named", "code", "payee_name", "ends_on")
    list_filter = (PayeeFilter, ("ends_on", RangeDateFilter))
    list_select_related = ("payee",)
    search_fields = ("code", "name", "payee__code", "payee__name")
    search_help_text = "Code or name, or the payee's"
    ordering = ("-ends_on", "-id")
    empty_title = "There are no events yet"
    empty_text = "Add one where what is sold should be told apart, or paid out after it is over."

    def create(self, request: HttpRequest, form: Any) -> Event:
        raise PermissionDenied("events are made by the form of their own")

    def update(self, request: HttpRequest, row: Event, form: Any) -> Event:
        raise PermissionDenied("events are changed by the form of their own")

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Event", ordering="name")
    def named(self, row: Event) -> str:
        return row.name

    @display(description="Payee", ordering="payee__name")
    def payee_name(self, row: Event) -> str:
        return payee_cell(row.payee)

    # --- one event --------------------------------------------------------------------------------

    def buttons(self, request: HttpRequest, row: Event) -> list[Button]:
        query = urlencode({"event": text_of(row)})
        offered = [
            Button("Sales", "confirmation_number", f"{list_of('sale')}?{query}"),
            Button("Refunds", "undo", f"{list_of('refund')}?{query}"),
            Button("Adjustments", "exposure", f"{list_of('adjustment')}?{query}"),
        ]
        if self.has_change_permission(request, row):
            offered.insert(0, Button("Edit", "edit", "?edit"))
        return offered

    def row_page(self, request: HttpRequest, row: Event) -> HttpResponse:
        organization = organization_of(request)
        event = get_event(organization, row.pk)
        return self.render_page(
            request,
            "admin/settlements/event.html",
            event.name,
            row=event,
            event=event,
            payee_url=page_of("payee", event.payee_id),
            is_over=event.ends_on < organization.today(),
            buttons=self.buttons(request, event),
            events=history_of(organization, event.pk) if may_read_trail(request) else [],
        )

    # --- writing ----------------------------------------------------------------------------------

    def form_page(self, request: HttpRequest, row: Event | None) -> HttpResponse:
        """Add an event, or change one."""
        if row is not None:
            return self.edit_page(request, row)
        organization = organization_of(request)
        found = named(Payee.objects.of(organization), asked(request, "payee"))
        form = NewEventForm(
            sent(request),
            organization=organization,
            initial={"payee": found[0] if len(found) == 1 else None},
        )

        def create(given: dict[str, Any]) -> tuple[str, str]:
            event = create_event(actor=actor_of(request), **given)
            return f"{event.name} is added.", self.url_of(event)

        return self.ask(
            request,
            None,
            form,
            create,
            question="New event",
            what="",
            submit="Add the event",
            template=SECTIONS,
        )

    def edit_page(self, request: HttpRequest, row: Event) -> HttpResponse:
        form = EventForm(
            sent(request),
            initial={name: getattr(row, name) for name in EventForm.base_fields},
        )

        def change(given: dict[str, Any]) -> tuple[str, str]:
            event = change_event(actor=actor_of(request), event=row, **given)
            return f"{event.name} is saved.", self.url_of(event)

        return self.ask(
            request,
            row,
            form,
            change,
            question=f"Edit {row.name}",
            what="What has been sold for it stays as it was.",
            submit="Save",
            template=SECTIONS,
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may(request, "settlements.add_event")
