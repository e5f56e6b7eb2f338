"""The journal: pending entries are prepared, edited and posted; posted ones read and voided."""

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    FieldTextFilter,
    RangeDateFilter,
    TextFilter,
)
from unfold.decorators import display

from core.db import TenantModel
from core.errors import Refusal
from core.forms import DateInput, PageForm
from core.money import format_amount
from ledger.admin.amounts import AmountCell, sums
from ledger.admin.entry_forms import (
    MOST_ROWS,
    Accounts,
    EntryForm,
    drafted,
    initial_head,
    initial_rows,
    line_rows,
)
from ledger.errors import AccountNotFound
from ledger.models import EntryStatus, JournalEntry, JournalLine, ProposedLine
from ledger.selectors.accounts import as_uuid, get_account
from ledger.selectors.entries import list_entries
from ledger.services.entries import (
    approve_entry,
    edit_proposal,
    propose_entry,
    submit_entries,
    void_entry,
    withdraw_proposal,
)
from organizations.admin.base import AuditedAdmin, actor_of, may_read_trail, organization_of
from organizations.admin.reading import history_of

STATUS_LABELS = {
    EntryStatus.PENDING.label: "warning",
    EntryStatus.POSTED.label: "success",
    EntryStatus.VOIDED.label: "danger",
}


class AccountFilter(TextFilter):
    """Entries with a line on this account."""

    title = "account code"
    parameter_name = "account"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        typed = (self.value() or "").split(" ")[0]
        if not typed:
            return queryset
        organization = organization_of(request)
        try:
            account = get_account(organization, typed)
        except AccountNotFound:
            return queryset.none()
        named = list_entries(organization, account=account).order_by()
        return queryset & named


class VoidForm(PageForm):
    reason = forms.CharField(
        max_length=500,
        widget=forms.TextInput,
        help_text="The audit trail and the reversal keep it.",
    )
    on = forms.DateField(
        label="Date of the reversal",
        required=False,
        widget=DateInput,
        help_text="Empty: the entry's own date, or the first open day where that is closed.",
    )


class RevisionForm(PageForm):
    """Which revision somebody has before their eyes."""

    revision = forms.IntegerField(widget=forms.HiddenInput)


@admin.register(JournalEntry)
class JournalEntryAdmin(AuditedAdmin[JournalEntry]):
    """The journal, as an auditor reads it: posted entries cannot be edited, only voided."""

    list_display = (
        "effective_on",
        "reference_cut",
        "description_cut",
        "status_badge",
        "maker_name",
        "total",
    )
    list_display_links = ("effective_on", "reference_cut")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("effective_on", RangeDateFilter),
        AccountFilter,
        ("reference_type", FieldTextFilter),
    )
    list_select_related = ("maker", "maker_key")
    search_fields = ("reference", "description", "reference_id")
    search_help_text = "Reference, description or the number of the business fact"
    ordering = ("-effective_on", "-id")
    empty_title = "Nothing is in the journal yet"
    empty_text = (
        "Add an entry here, import a journal with the command post_journal, or let a program post "
        "over the API."
    )

    remove_verb = "Withdraw"
    removed_word = "withdrawn"
    remove_text = "The pending entry is deleted. The audit trail keeps what it said."

    def create(self, request: HttpRequest, form: Any) -> JournalEntry:
        raise PermissionDenied("entries are made by the form of their own")

    def update(self, request: HttpRequest, row: JournalEntry, form: Any) -> JournalEntry:
        raise PermissionDenied("entries are edited by the form of their own")

    def remove(self, request: HttpRequest, row: JournalEntry) -> None:
        withdraw_proposal(actor=actor_of(request), entry=row)

    # --- who may do what to which entry ---------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and (
            obj is None or obj.status == EntryStatus.PENDING
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (
            obj is None or obj.status == EntryStatus.PENDING
        )

    def may_post(self, request: HttpRequest, entry: JournalEntry | None = None) -> bool:
        """Post a new entry, or this pending one: not one's own above the threshold."""
        if entry is None:
            return self.has_permission_of(request, "ledger.post_journalentry")
        if entry.status != EntryStatus.PENDING:
            return False
        is_own = entry.maker_id == request.user.pk
        return self.has_posting_permission(request, entry) and not (is_own and entry.needs_approval)

    def has_posting_permission(self, request: HttpRequest, entry: JournalEntry) -> bool:
        """Posting one's own entry takes one permission; what somebody else made is approved."""
        kind = "post" if entry.maker_id == request.user.pk else "approve"
        return self.has_permission_of(request, f"ledger.{kind}_journalentry")

    def may_void(self, request: HttpRequest, entry: JournalEntry) -> bool:
        return entry.status == EntryStatus.POSTED and self.has_permission_of(
            request, "ledger.void_journalentry"
        )

    # --- the list ---------------------------------------------------------------------------------

    @display(description="Reference", ordering="reference")
    def reference_cut(self, row: JournalEntry) -> str:
        """Those that programs make are long, and the description says what they mean."""
        return format_html(
            '<span class="ch-cut ch-reference" title="{0}">{0}</span>', row.reference
        )

    @display(description="Description", ordering="description")
    def description_cut(self, row: JournalEntry) -> str:
        return format_html('<span class="ch-cut">{}</span>', row.description)

    @display(description="Status", ordering="status", label=STATUS_LABELS)
    def status_badge(self, row: JournalEntry) -> str:
        return str(row.get_status_display())

    @display(description="Made by")
    def maker_name(self, row: JournalEntry) -> str:
        return who(row.maker, row.maker_key)

    @display(description="Total", ordering="total_amount")
    def total(self, row: JournalEntry) -> str:
        return format_html(
            '<span class="ch-figure">{} <span class="ch-currency">{}</span></span>',
            format_amount(row.total_amount, row.currency),
            row.currency,
        )

    # --- pages ------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<uuid:id>/post/", wrap(self.post_view), name="ledger_journalentry_post"),
            path("<uuid:id>/void/", wrap(self.void_view), name="ledger_journalentry_void"),
        ]
        return own + list(super().get_urls())

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            return self.form_page(request, None)
        entry = self.get_row(request, object_id)
        if not self.has_view_or_change_permission(request, entry):
            raise PermissionDenied
        editing = request.method == "POST" or "edit" in request.GET
        if editing and not self.has_change_permission(request, entry):
            raise PermissionDenied
        return self.form_page(request, entry) if editing else self.entry_page(request, entry)

    def entry_page(self, request: HttpRequest, entry: JournalEntry) -> HttpResponse:
        organization = organization_of(request)
        lines = lines_of(entry)
        reversal = JournalEntry.objects.of(organization).filter(reverses_id=entry.pk).first()
        return self.render_page(
            request,
            "admin/ledger/journalentry/entry.html",
            entry.reference,
            row=entry,
            entry=entry,
            total=f"{format_amount(entry.total_amount, entry.currency)} {entry.currency}",
            lines=[
                (line, *(AmountCell(n, line.account.currency) for n in (line.debit, line.credit)))
                for line in lines
            ],
            totals=sums(lines),
            maker=who(entry.maker, entry.maker_key),
            checker=who(entry.checker, entry.checker_key),
            reversal=reversal,
            original=entry.reverses,
            fact_url=fact_url(request, entry),
            events=history_of(organization, entry.pk) if may_read_trail(request) else [],
            revision_form=RevisionForm(initial={"revision": entry.revision}),
            may_post=self.may_post(request, entry),
            may_edit=self.has_change_permission(request, entry) and len(lines) <= MOST_ROWS,
            may_withdraw=self.has_delete_permission(request, entry),
            may_void=self.may_void(request, entry),
            waits_for_another=entry.status == EntryStatus.PENDING
            and entry.needs_approval
            and entry.maker_id == request.user.pk,
        )

    def form_page(self, request: HttpRequest, entry: JournalEntry | None) -> HttpResponse:
        """Add an entry, or edit a pending one."""
        accounts = Accounts.of(organization_of(request))
        revision = RevisionForm(initial={"revision": entry.revision if entry else 0})
        if request.method == "POST":
            head, rows = EntryForm(request.POST), line_rows(accounts, request.POST)
            revision = RevisionForm(request.POST)
            if "_rows" in request.POST:
                rows = rows.add_rows(accounts, request.POST)
            elif all([head.is_valid(), rows.is_valid(), revision.is_valid()]):
                answer = self.take(request, entry, head, rows, revision)
                if answer is not None:
                    return answer
        elif entry is None:
            head = EntryForm(initial=self.suggested_head(request))
            rows = line_rows(accounts)
        else:
            head = EntryForm(initial=initial_head(entry))
            rows = line_rows(accounts, initial=initial_rows(lines_of(entry)))
        return self.render_page(
            request,
            "admin/ledger/journalentry/form.html",
            f"Edit {entry.reference}" if entry else "New journal entry",
            row=entry,
            entry=entry,
            head=head,
            rows=rows,
            revision_form=revision,
            accounts=accounts.choices,
            may_post=entry is None and self.may_post(request),
            back=self.url_of(entry) if entry else self.list_url,
        )

    def suggested_head(self, request: HttpRequest) -> dict[str, Any]:
        today = organization_of(request).today()
        return {"reference": f"manual-{today:%Y%m%d}-{uuid4().hex[:6]}", "effective_on": today}

    def take(
        self, request: HttpRequest, entry: JournalEntry | None, head: Any, rows: Any, revision: Any
    ) -> HttpResponse | None:
        """Write what the form says; None where it is refused, and the form says why."""
        draft = drafted(head.cleaned_data, rows.drafts(), entry)
        actor = actor_of(request)
        posting = "_post" in request.POST and entry is None
        if posting and not self.may_post(request):
            raise PermissionDenied
        try:
            if entry is not None:
                written = edit_proposal(
                    actor=actor,
                    entry=entry,
                    draft=draft,
                    revision=revision.cleaned_data["revision"],
                )
            elif posting:
                [written] = submit_entries(actor=actor, drafts=[draft])
            else:
                written = propose_entry(actor=actor, draft=draft)
        except Refusal as refusal:
            head.refuse(refusal)
            return None
        if written.is_replay:
            messages.warning(request, f"{written.reference} was in the journal already, unchanged.")
        elif posting:
            messages.success(request, f"{written.reference} is posted.")
        else:
            messages.success(request, f"{written.reference} is saved as pending.")
        return HttpResponseRedirect(self.url_of(written))

    def post_view(self, request: HttpRequest, id: Any) -> HttpResponse:
        """Post a pending entry in the revision that was looked at."""
        entry = self.get_row(request, str(id))
        form = RevisionForm(request.POST or None)
        if request.method == "POST" and entry.status == EntryStatus.PENDING:
            if not self.has_posting_permission(request, entry):
                raise PermissionDenied
            if form.is_valid():
                self.post_or_say_why(request, entry, form.cleaned_data["revision"])
        return HttpResponseRedirect(self.url_of(entry))

    def post_or_say_why(self, request: HttpRequest, entry: JournalEntry, revision: int) -> None:
        try:
            posted = approve_entry(actor=actor_of(request), entry=entry, revision=revision)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"{posted.reference} is posted.")

    def void_view(self, request: HttpRequest, id: Any) -> HttpResponse:
        """Ask for the reason and the date, then post the reversal."""
        entry = self.get_row(request, str(id))
        if not self.has_permission_of(request, "ledger.void_journalentry"):
            raise PermissionDenied
        form = VoidForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                reversal = void_entry(actor=actor_of(request), entry=entry, **form.cleaned_data)
            except Refusal as refusal:
                form.refuse(refusal)
            else:
                messages.success(
                    request, f"{entry.reference} is voided; {reversal.reference} reverses it."
                )
                return HttpResponseRedirect(self.url_of(reversal))
        return self.render_page(
            request,
            "admin/books/confirm.html",
            f"Void {entry.reference}?",
            row=entry,
            what="Its mirror image is posted, and both stay in the books for everybody to see. "
            "To correct it, post what is right under a reference of its own.",
            form=form,
            submit="Void",
            danger=True,
            back=self.url_of(entry),
        )


def lines_of(entry: JournalEntry) -> list[Any]:
    """The lines, or the proposed ones, each with its account."""
    model = ProposedLine if entry.status == EntryStatus.PENDING else JournalLine
    rows = model.objects.of(entry.organization_id).filter(entry_id=entry.pk)
    return list(rows.select_related("account").order_by("position"))


def fact_url(request: HttpRequest, entry: JournalEntry) -> str:
    """The page of the business fact that an entry is of, where it has one that may be seen."""
    name = entry.reference_type.replace("-", "").replace("_", "")
    fact_id = as_uuid(entry.reference_id)
    for model, its_admin in admin.site._registry.items():
        if fact_id and model._meta.model_name == name and issubclass(model, TenantModel):
            rows = model.objects.of(entry.organization_id).filter(pk=fact_id)
            if its_admin.has_view_permission(request) and rows.exists():
                view = f"admin:{model._meta.app_label}_{name}_change"
                return reverse(view, args=[fact_id])
    return ""


def who(user: Any, api_key: Any) -> str:
    """A person, a program, or nobody: an entry that the system made itself."""
    if user is not None:
        return str(user.display_name)
    return str(api_key) if api_key is not None else ""
