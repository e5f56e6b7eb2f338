"""What each role may do, and what each API scope allows: the one table that says it.

A role is a Django group of the same name. The migrations seed the groups from this table, and
from then on the groups are what counts: an operator may edit them in the admin.
`docs/reference/roles.md` is written from this table.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from organizations.models import Role

O, C, A, K, R = Role.OWNER, Role.CONTROLLER, Role.ACCOUNTANT, Role.CASHIER, Role.AUDITOR  # noqa: E741


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a person can do, the permissions that it takes, and who has them."""

    what: str
    permissions: tuple[str, ...]
    roles: frozenset[Role]


def _row(what: str, roles: Iterable[Role], *permissions: str) -> Capability:
    return Capability(what, permissions, frozenset(roles))


def _edit(model: str) -> tuple[str, str, str]:
    app, name = model.split(".")
    return f"{app}.add_{name}", f"{app}.change_{name}", f"{app}.delete_{name}"


# Segregation of duties: the accountant prepares, the controller approves, the cashier takes money,
# the auditor looks. Nobody but the owner both appoints people and keeps books.
CAPABILITIES: tuple[Capability, ...] = (
    _row(
        "See the organization and its chart of accounts",
        (O, C, A, K, R),
        "organizations.view_organization",
        "ledger.view_account",
    ),
    _row("See cash entries and cash metrics", (O, C, A, K, R), "ledger.view_cashentry"),
    _row(
        "Record cash entries, settle debts",
        (O, A, K),
        "ledger.add_cashentry",
        "ledger.change_cashentry",
    ),
    _row(
        "See journal entries, lines and balances",
        (O, C, A, R),
        "ledger.view_journalentry",
        "ledger.view_journalline",
        "ledger.view_proposedline",
        "ledger.view_accountbalance",
    ),
    _row("Read reports", (O, C, A, R), "ledger.view_reports"),
    _row("See exchange rates", (O, C, A, R), "ledger.view_exchangerate"),
    _row("See integrity checks and reconciliations", (O, C, A, R), "ledger.view_reconciliationrun"),
    _row("Run reconciliations and record them", (O, C, A), "ledger.verify_books"),
    _row("Manage the chart of accounts", (O, C, A), *_edit("ledger.account")),
    _row("Maintain exchange rates", (O, A), *_edit("ledger.exchangerate")),
    _row(
        "Prepare entries: propose, edit, withdraw",
        (O, A),
        *_edit("ledger.journalentry"),
        *_edit("ledger.proposedline"),
    ),
    _row("Import journals and legacy data, post entries in bulk", (O, A), "ledger.import_journal"),
    _row("Post entries", (O, C, A), "ledger.post_journalentry"),
    _row("Approve entries that somebody else made", (O, C), "ledger.approve_journalentry"),
    _row("Void posted entries", (O, C), "ledger.void_journalentry"),
    _row(
        "See customers, orders, invoices and payments",
        (O, C, A, K, R),
        "invoicing.view_taxrate",
        "invoicing.view_customer",
        "invoicing.view_order",
        "invoicing.view_orderitem",
        "invoicing.view_ordertaxline",
        "invoicing.view_invoice",
        "invoicing.view_creditnote",
        "invoicing.view_creditnoteitem",
        "invoicing.view_creditnotetaxline",
        "invoicing.view_financialtransaction",
        "invoicing.view_invoicingprofile",
        "invoicing.view_numberseries",
        "invoicing.view_numbercounter",
    ),
    _row("Read customers' statements and ageing", (O, C, A, R), "invoicing.view_statements"),
    _row("Maintain tax rates", (O, C, A), *_edit("invoicing.taxrate")),
    _row("Maintain customers", (O, A, K), *_edit("invoicing.customer")),
    _row(
        "Prepare, lock and cancel orders",
        (O, A, K),
        *_edit("invoicing.order"),
        *_edit("invoicing.orderitem"),
        "invoicing.lock_order",
        "invoicing.cancel_order",
    ),
    _row("Issue invoices", (O, A, K), "invoicing.add_invoice", "invoicing.issue_invoice"),
    _row("Take payments", (O, A, K), "invoicing.record_payment"),
    _row("Issue credit notes", (O, C, A), "invoicing.add_creditnote"),
    _row(
        "Refund payments, take payments back",
        (O, C, A),
        "invoicing.refund_payment",
        "invoicing.reverse_payment",
    ),
    _row(
        "Say how documents look and are numbered",
        (O, C),
        "invoicing.add_invoicingprofile",
        "invoicing.change_invoicingprofile",
        "invoicing.add_numberseries",
        "invoicing.change_numberseries",
    ),
    _row(
        "See payees, events, sales and settlements",
        (O, C, A, R),
        "settlements.view_payee",
        "settlements.view_event",
        "settlements.view_sale",
        "settlements.view_refund",
        "settlements.view_adjustment",
        "settlements.view_settlement",
        "settlements.view_payout",
        "settlements.view_payoutbatch",
        "settlements.view_payoutbatchitem",
        "settlements.view_payoutprofile",
    ),
    _row(
        "Maintain payees and events",
        (O, A),
        "settlements.add_payee",
        "settlements.change_payee",
        "settlements.add_event",
        "settlements.change_event",
    ),
    _row(
        "Record sales, refunds and adjustments",
        (O, A),
        "settlements.record_sale",
        "settlements.refund_sale",
        "settlements.add_adjustment",
    ),
    _row("Calculate and discard settlements", (O, C, A), "settlements.calculate_settlement"),
    _row(
        "Approve settlements that somebody else prepared, try again to pay",
        (O, C),
        "settlements.approve_settlement",
    ),
    _row("Record settlements as paid, and failures", (O, C, A), "settlements.pay_settlement"),
    _row("Export payout batches", (O, C, A), "settlements.add_payoutbatch"),
    _row(
        "Say from which account payouts leave",
        (O, C),
        "settlements.add_payoutprofile",
        "settlements.change_payoutprofile",
    ),
    _row("See funnel snapshots and funnels", (O, C, A, R), "analytics.view_funnelsnapshot"),
    _row(
        "Record funnel snapshots",
        (O, A),
        "analytics.add_funnelsnapshot",
        "analytics.change_funnelsnapshot",
    ),
    _row("Close the books", (O, C), "organizations.close_books"),
    _row("Reopen closed books", (O, C), "organizations.reopen_books"),
    _row("Close a fiscal year", (O, C), "organizations.close_year"),
    _row(
        "See jobs and what waits to be delivered",
        (O, C, A, R),
        "organizations.view_jobrun",
        "organizations.view_outboxmessage",
    ),
    _row("Read the audit trail", (O, C, R), "organizations.view_auditevent"),
    _row(
        "See members and API keys",
        (O, C, R),
        "organizations.view_membership",
        "organizations.view_user",
        "organizations.view_apikey",
    ),
    _row("Manage members", (O,), *_edit("organizations.membership")),
    _row(
        "Make and revoke API keys", (O,), "organizations.add_apikey", "organizations.change_apikey"
    ),
    _row("Change the organization's settings", (O,), "organizations.change_organization"),
)

# What an API key may do. `*` is everything; writing does not include reading.
SCOPES: dict[str, str] = {
    "ledger:read": "Read accounts, entries, balances, reports and the cashbook",
    "ledger:write": "Post, propose, approve and void entries; manage accounts and periods",
    "invoicing:read": "Read tax rates, customers, orders, invoices and statements",
    "invoicing:write": "Manage customers and orders, issue invoices, take payments",
    "settlements:read": "Read payees, sales, settlements and payouts",
    "settlements:write": "Record sales, calculate, approve and pay settlements",
    "analytics:read": "Read funnel snapshots and figures",
    "analytics:write": "Record funnel snapshots",
    "audit:read": "Read the audit trail",
    "*": "Everything",
}


def granted(role: Role | str, app_label: str = "") -> set[str]:
    """The permissions that a role starts with, of all apps or of one."""
    return {
        permission
        for capability in CAPABILITIES
        for permission in capability.permissions
        if role in capability.roles and permission.startswith(f"{app_label}." if app_label else "")
    }


def scope_allows(scopes: Iterable[str], wanted: str) -> bool:
    """Whether a key with these scopes may do what takes `wanted`."""
    return bool({"*", wanted} & set(scopes))


def as_markdown() -> str:
    """The text of docs/reference/roles.md."""
    head = "| | " + " | ".join(role.value for role in Role) + " | permissions |"
    rule = "| --- |" + " :-: |" * len(Role) + " --- |"
    rows = [_markdown_row(capability) for capability in CAPABILITIES]
    scopes = [f"| `{scope}` | {what} |" for scope, what in SCOPES.items()]
    return "\n".join(
        [*_INTRODUCTION, head, rule, *rows, *_SCOPES_HEAD, *scopes, ""],
    )


def _markdown_row(capability: Capability) -> str:
    marks = " | ".join("yes" if role in capability.roles else "" for role in Role)
    names = ", ".join(f"`{permission}`" for permission in capability.permissions)
    return f"| {capability.what} | {marks} | {names} |"


_INTRODUCTION = (
    "# Roles and scopes",
    "",
    "Written from `organizations/roles.py`; a test keeps the two the same.",
    "",
    "A member of an organization has one role in it. A role is a Django group of the same name,",
    "seeded by the migrations with the permissions below. Edit the groups in the admin, and what",
    "you edit counts, in every organization of the installation; no later start puts it back.",
    "",
    "- A user has nothing in an organization to which they do not belong: to them it is not there.",
    "- Groups and permissions given to a user directly count nowhere; only the membership does.",
    "- A superuser operates the installation: users, groups, organizations, schedules. In an",
    "  organization of which they are a member they may do everything; in any other, nothing.",
    "- An organization keeps at least one active owner.",
    "- Whoever made an entry above the threshold cannot approve it, whatever their role.",
    "",
)
_SCOPES_HEAD = (
    "",
    "## API scopes",
    "",
    "A key has scopes instead of a role. Writing does not include reading.",
    "",
    "| scope | what it allows |",
    "| --- | --- |",
)
