"""How the back-office looks: its files, whose books it names, the order of its sidebar."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from core.admin import may


def stylesheet(request: HttpRequest) -> str:
    return static("countinghouse/admin.css")


def script(request: HttpRequest) -> str:
    return static("countinghouse/admin.js")


def favicon(request: HttpRequest) -> str:
    return static("countinghouse/favicon.svg")


def organization_name(request: HttpRequest) -> str:
    """Whose books these are: beneath the product's name, on every page."""
    return str(getattr(request, "organization", None) or "")


def _item(title: str, icon: str, view: str, *permissions: str, **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{view}"),
        "permission": _having(*permissions),
        **more,
    }


def _having(*permissions: str) -> Callable[[HttpRequest], bool]:
    def has(request: HttpRequest) -> bool:
        return may(request, *permissions)

    return has


def _operating(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar; what a role may not see is left out of them."""
    return [
        {
            "items": [
                {"title": "Overview", "icon": "dashboard", "link": reverse("admin:index")},
            ],
        },
        {"title": "Sales", "items": _sales()},
        {"title": "Settlements", "items": _settlements()},
        {"title": "Books", "items": _books()},
        {"title": "Reports", "items": _reports()},
        {"title": "Operations", "items": _operations()},
        {"title": "Settings", "items": _settings()},
        {"title": "Installation", "items": _installation()},
    ]


def _sales() -> list[dict[str, Any]]:
    return [
        _item("Orders", "shopping_cart", "invoicing_order_changelist", "invoicing.view_order"),
        _item("Invoices", "receipt_long", "invoicing_invoice_changelist", "invoicing.view_invoice"),
        _item(
            "Credit notes",
            "assignment_return",
            "invoicing_creditnote_changelist",
            "invoicing.view_creditnote",
        ),
        _item(
            "Payments",
            "credit_card",
            "invoicing_financialtransaction_changelist",
            "invoicing.view_financialtransaction",
        ),
        _item("Customers", "groups", "invoicing_customer_changelist", "invoicing.view_customer"),
        _item("Ageing", "hourglass_bottom", "ageing", "invoicing.view_statements"),
        _item("Tax rates", "percent", "invoicing_taxrate_changelist", "invoicing.view_taxrate"),
    ]


def _settlements() -> list[dict[str, Any]]:
    return [
        _item("Payees", "storefront", "settlements_payee_changelist", "settlements.view_payee"),
        _item("Events", "event", "settlements_event_changelist", "settlements.view_event"),
        _item(
            "Ticket sales",
            "confirmation_number",
            "settlements_sale_changelist",
            "settlements.view_sale",
        ),
        _item("Refunds", "undo", "settlements_refund_changelist", "settlements.view_refund"),
        _item(
            "Adjustments",
            "exposure",
            "settlements_adjustment_changelist",
            "settlements.view_adjustment",
        ),
        _item(
            "Settlements",
            "account_balance_wallet",
            "settlements_settlement_changelist",
            "settlements.view_settlement",
        ),
        _item(
            "Payout batches",
            "outgoing_mail",
            "settlements_payoutbatch_changelist",
            "settlements.view_payoutbatch",
        ),
        _item("Balances", "balance", "payee_balances", "settlements.view_payee"),
    ]


def _books() -> list[dict[str, Any]]:
    return [
        _item("Journal", "menu_book", "ledger_journalentry_changelist", "ledger.view_journalentry"),
        _item(
            "Chart of accounts", "account_tree", "ledger_account_changelist", "ledger.view_account"
        ),
        _item("Cashbook", "payments", "ledger_cashentry_changelist", "ledger.view_cashentry"),
        _item("Periods", "event_available", "periods", "organizations.view_organization"),
    ]


def _reports() -> list[dict[str, Any]]:
    from ledger.admin.reports import PAGES

    return [
        {
            "title": page.title,
            "icon": page.icon,
            "link": reverse("admin:report", args=[page.name]),
            "permission": _having("ledger.view_reports"),
        }
        for page in PAGES
    ] + [
        _item("Funnel", "filter_alt", "funnel", "analytics.view_funnelsnapshot"),
        _item(
            "Funnel snapshots",
            "photo_camera",
            "analytics_funnelsnapshot_changelist",
            "analytics.view_funnelsnapshot",
        ),
    ]


def _operations() -> list[dict[str, Any]]:
    return [
        _item(
            "Integrity",
            "verified",
            "ledger_reconciliationrun_changelist",
            "ledger.view_reconciliationrun",
        ),
        _item(
            "Jobs", "manufacturing", "organizations_jobrun_changelist", "organizations.view_jobrun"
        ),
        _item(
            "Outbox",
            "outbox",
            "organizations_outboxmessage_changelist",
            "organizations.view_outboxmessage",
        ),
        _item(
            "Exchange rates",
            "currency_exchange",
            "ledger_exchangerate_changelist",
            "ledger.view_exchangerate",
        ),
        _item(
            "Audit trail",
            "history",
            "organizations_auditevent_changelist",
            "organizations.view_auditevent",
        ),
    ]


def _settings() -> list[dict[str, Any]]:
    return [
        _item(
            "Organization",
            "apartment",
            "organizations_organization_changelist",
            "organizations.view_organization",
        ),
        _item(
            "Members",
            "group",
            "organizations_membership_changelist",
            "organizations.view_membership",
        ),
        _item(
            "Invoicing profile",
            "storefront",
            "invoicing_invoicingprofile_changelist",
            "invoicing.view_invoicingprofile",
        ),
        _item(
            "Number series",
            "tag",
            "invoicing_numberseries_changelist",
            "invoicing.view_numberseries",
        ),
        _item(
            "Payout profile",
            "account_balance",
            "settlements_payoutprofile_changelist",
            "settlements.view_payoutprofile",
        ),
        _item("API keys", "key", "organizations_apikey_changelist", "organizations.view_apikey"),
    ]


def _installation() -> list[dict[str, Any]]:
    """What operators see beside the books of the organizations to which they belong."""
    views = [
        ("Users", "badge", "organizations_user_changelist"),
        ("Roles", "admin_panel_settings", "auth_group_changelist"),
        ("Feature flags", "flag", "organizations_featureflag_changelist"),
        ("Schedules", "schedule", "django_celery_beat_periodictask_changelist"),
    ]
    return [
        {
            "title": title,
            "icon": icon,
            "link": reverse(f"admin:{view}"),
            "permission": _operating,
        }
        for title, icon, view in views
    ]
