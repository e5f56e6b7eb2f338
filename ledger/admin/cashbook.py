"""The cashbook: money in and money out; what is recorded is not edited, debts are settled once."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import BooksForm
from core.errors import Refusal
from core.forms import AmountInput, DateTimeInput, PageForm, dress
from core.money import AmountError, format_amount, parse_amount
from ledger.admin.accounts import CURRENCIES
from ledger.admin.amounts import AmountCell
from ledger.models import CashEntry, CashKind
from ledger.selectors.cashbook import cash_metrics
from ledger.services.cashbook import record_cash_entry, settle_debt
from organizations.admin.base import AuditedAdmin, actor_of, organization_of
from organizations.admin.once import do_once, go_on, make_once, page_name
from organizations.models import User
from organizations.selectors import members_of


class SettledFilter(DropdownFilter):
    """Debts that are settled, or are still owed."""

    title = "debts"
    parameter_name = "debt"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Not settled"), ("settled", "Settled")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("open", "settled"):
            is_open = self.value() == "open"
            return queryset.filter(kind=CashKind.DEBT, settled_at__isnull=is_open)
        return queryset


class CashEntryForm(BooksForm):
    """A movement, its amount as people write it; the sign says whether it came in or went out."""

    kind = forms.ChoiceField(choices=CashKind.choices)
    written = forms.CharField(
        label="Amount",
        max_length=40,
        widget=AmountInput,
        help_text="Money in is positive, money out negative, such as -20.00. Revenue is above "
        "zero, an expense below.",
    )
    currency = forms.ChoiceField(choices=CURRENCIES)
    user: Any = forms.ModelChoiceField(
        label="For",
        queryset=None,
        required=False,
        empty_label="The organization itself",
    )

    class Meta:
        model = CashEntry
        fields = ("memo",)

    occurred_at = forms.DateTimeField(
        label="Occurred at", required=False, widget=DateTimeInput, help_text="In UTC. Empty: now."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        organization = self.request.organization
        if "currency" in self.fields:
            self.initial.setdefault("currency", organization.currency)
        if "user" in self.fields:
            members = members_of(organization).filter(is_active=True)
            people = User.objects.filter(pk__in=members.values("user_id")).order_by("username")
            field = cast("forms.ModelChoiceField[User]", self.fields["user"])
            field.queryset = people
        dress(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        written, currency = cleaned.get("written"), cleaned.get("currency")
        if written and currency:
            try:
                cleaned["amount"] = parse_amount(written, currency)
            except AmountError as error:
                self.add_error("written", str(error))
        return cleaned

    def _post_clean(self) -> None:
        """The service checks the movement; there is no row before it."""


class SettleForm(PageForm):
    settled_at = forms.DateTimeField(
        label="Settled at", required=False, widget=DateTimeInput, help_text="In UTC. Empty: now."
    )


@admin.register(CashEntry)
class CashEntryAdmin(AuditedAdmin[CashEntry]):
    """Recorded once; a mistake is corrected by voiding its journal entry."""

    form = CashEntryForm
    list_display = ("occurred_at", "kind_badge", "memo", "person", "state", "amount_shown")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        SettledFilter,
        ("occurred_at", RangeDateTimeFilter),
    )
    list_select_related = ("user",)
    ordering = ("-occurred_at", "-id")
    search_fields = ("memo", "user__username")
    list_before_template = "admin/ledger/cashentry/metrics.html"
    change_form_before_template = "admin/books/once.html"
    shown = (
        "kind_badge",
        "amount_shown",
        "occurred_at",
        "memo",
        "person",
        "state",
        "settled_at",
        "payment",
        "posting",
    )
    actions_detail = ("settle",)
    empty_title = "The cashbook is empty"
    empty_text = "Record what came in and what went out; each movement is posted to the journal."

    def get_fields(self, request: HttpRequest, obj: CashEntry | None = None) -> Any:
        if obj:
            return self.shown
        return ("kind", "written", "currency", "occurred_at", "user", "memo")

    def get_readonly_fields(self, request: HttpRequest, obj: CashEntry | None = None) -> Any:
        return self.shown if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: CashEntry | None = None) -> Any:
        return [(None, {"fields": self.get_fields(request, obj)})]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_settle_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_permission_of(request, "ledger.change_cashentry")

    def offers(self, row: CashEntry, action: str) -> bool:
        return row.kind == CashKind.DEBT and row.settled_at is None

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        metrics = (
            cash_metrics(organization_of(request)) if self.has_view_permission(request) else {}
        )
        figures = [
            (
                currency,
                AmountCell(figure.current_balance, currency),
                AmountCell(figure.loan_balance, currency),
                AmountCell(figure.mtd_revenue, currency),
            )
            for currency, figure in metrics.items()
        ]
        return super().changelist_view(request, {"metrics": figures, **(extra_context or {})})

    @display(
        description="Kind",
        ordering="kind",
        label={"Revenue": "success", "Expense": "danger", "Payment": "info", "Debt": "warning"},
    )
    def kind_badge(self, row: CashEntry) -> str:
        return row.get_kind_display()

    @display(description="Amount", ordering="amount")
    def amount_shown(self, row: CashEntry) -> str:
        return format_html(
            '<span class="ch-figure{}">{} <span class="ch-currency">{}</span></span>',
            " ch-negative" if row.amount < 0 else "",
            format_amount(row.amount, row.currency),
            row.currency,
        )

    @display(description="For", empty_value="the organization")
    def person(self, row: CashEntry) -> str | None:
        return row.user.display_name if row.user else None

    @display(description="State", label={"settled": "success", "not settled": "warning"})
    def state(self, row: CashEntry) -> str | None:
        if row.kind != CashKind.DEBT:
            return None
        return "settled" if row.settled_at else "not settled"

    @display(description="Settled by", empty_value="nothing yet")
    def payment(self, row: CashEntry) -> str | None:
        if row.settled_by_id is None:
            return None
        return format_html(
            '<a class="ch-link" href="{}">its payment</a>', self.url_of(row.settled_by_id)
        )

    @display(description="Journal entry")
    def posting(self, row: CashEntry) -> str:
        return format_html(
            '<a class="ch-link" href="{}">{}</a>',
            reverse("admin:ledger_journalentry_change", args=[row.entry_id]),
            row.entry.reference,
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        once = page_name(request) if object_id is None else ""
        shown = {"once": once, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, shown)

    def create(self, request: HttpRequest, form: Any) -> CashEntry:
        given = form.given("kind", "amount", "currency", "occurred_at", "user", "memo")
        recorded, is_repeated = make_once(
            request, lambda: str(record_cash_entry(actor=actor_of(request), **given).pk)
        )
        if is_repeated:
            messages.info(request, "It was sent twice, and recorded once.")
        row: CashEntry = CashEntry.objects.of(organization_of(request)).get(pk=recorded)
        return row

    @action(
        description="Settle", icon="task_alt", variant=ActionVariant.PRIMARY, permissions=["settle"]
    )
    def settle(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id)
        form = SettleForm(request.POST or None)

        def settle() -> tuple[str, str]:
            settle_debt(actor=actor_of(request), cash_entry=row, **form.cleaned_data)
            return "The debt is settled, and its payment recorded.", self.url_of(row)

        if request.method == "POST" and form.is_valid():
            try:
                done = do_once(request, settle)
            except Refusal as refusal:
                form.refuse(refusal)
            else:
                return go_on(request, done)
        amount = f"{format_amount(row.amount, row.currency)} {row.currency}"
        return self.render_page(
            request,
            "admin/books/confirm.html",
            f"Settle the debt of {amount}?",
            row=row,
            what="Its payment is recorded and posted. A debt is settled once and for all.",
            form=form,
            submit="Settle",
            back=self.url_of(row),
            once=page_name(request),
        )
