"""Who may open which page of the back-office, and who may do what there."""

from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.drafts import EntryDraft, credit, debit
from ledger.models import Account, JournalEntry, ReconciliationRun
from ledger.services.cashbook import record_cash_entry
from ledger.services.entries import propose_entry
from ledger.services.exchange import set_exchange_rate
from ledger.services.reconciliation import record_run
from organizations.models import AuditEvent, Membership

O, C, A, K, R = "owner", "controller", "accountant", "cashier", "auditor"  # noqa: E741

# Page → the roles that get it. Everybody else is refused (403), the stranger sees nothing (404).
LISTS = {
    "index": {O, C, A, K, R},
    "ledger_account_changelist": {O, C, A, K, R},
    "ledger_account_add": {O, C, A},
    "ledger_journalentry_changelist": {O, C, A, R},
    "ledger_journalentry_add": {O, A},
    "ledger_cashentry_changelist": {O, C, A, K, R},
    "ledger_cashentry_add": {O, A, K},
    "ledger_exchangerate_changelist": {O, C, A, R},
    "ledger_exchangerate_add": {O, A},
    "ledger_reconciliationrun_changelist": {O, C, A, R},
    "ledger_reconciliationrun_add": set(),
    "ledger_reconciliationrun_verify_now": {O, C, A},
    "organizations_auditevent_changelist": {O, C, R},
    "organizations_auditevent_add": set(),
    "organizations_membership_changelist": {O, C, R},
    "organizations_membership_add": {O},
    "organizations_apikey_changelist": {O, C, R},
    "organizations_apikey_add": {O},
    "organizations_organization_add": set(),
    "organizations_user_changelist": set(),
    "auth_group_changelist": set(),
    "periods": {O, C, A, K, R},
    "password_change": {O, C, A, K, R},
}
STEPS = {
    "close": {O, C},
    "reopen": {O, C},
    "close-year": {O, C},
    "reopen-year": {O, C},
}
REPORTS = (
    "trial-balance",
    "balance-sheet",
    "income-statement",
    "revenue",
    "general-ledger",
    "journal",
    "cash-flow",
)
ROWS = {
    ("account", "ledger_account_change"): {O, C, A, K, R},
    ("account", "ledger_account_history"): {O, C, R},
    ("account", "ledger_account_delete"): {O, C, A},
    ("account", "ledger_account_archive"): {O, C, A},
    ("account", "ledger_account_statement"): {O, C, A, R},
    ("posted", "ledger_journalentry_change"): {O, C, A, R},
    ("posted", "ledger_journalentry_history"): {O, C, R},
    ("posted", "ledger_journalentry_void"): {O, C},
    ("posted", "ledger_journalentry_delete"): set(),
    ("pending", "ledger_journalentry_change"): {O, C, A, R},
    ("pending", "ledger_journalentry_delete"): {O, A},
    ("cash", "ledger_cashentry_change"): {O, C, A, K, R},
    ("cash", "ledger_cashentry_settle"): {O, A, K},
    ("rate", "ledger_exchangerate_change"): {O, C, A, R},
    ("run", "ledger_reconciliationrun_change"): {O, C, A, R},
    ("event", "organizations_auditevent_change"): {O, C, R},
    ("member", "organizations_membership_change"): {O, C, R},
    ("member", "organizations_membership_deactivate"): {O},
    ("key", "organizations_apikey_change"): {O, C, R},
    ("key", "organizations_apikey_revoke"): {O},
    ("acme", "organizations_organization_change"): {O, C, A, K, R},
    ("acme", "organizations_organization_history"): {O, C, R},
}
DRAFT = EntryDraft("proposed", date(2026, 1, 10), [debit("6000", 100), credit("1000", 100)])


@pytest.fixture
def rows(acme, post, as_alice, api_key, bob):
    """A row of every kind, all of them Acme's."""
    record_run(actor=as_alice)
    cash = record_cash_entry(actor=as_alice, kind="DEBT", amount=-500, currency="GBP")
    return {
        "account": Account.objects.of(acme).get(code="1000"),
        "posted": post(debit("1000", 500), credit("4000", 500)),
        "pending": propose_entry(actor=as_alice, draft=DRAFT),
        "cash": cash,
        "rate": set_exchange_rate(
            actor=as_alice,
            currency="EUR",
            quote_currency="GBP",
            rate="0.85",
            valid_on=timezone.now().date(),
        ),
        "run": ReconciliationRun.objects.of(acme).first(),
        "event": AuditEvent.objects.of(acme).filter(action="propose_entry").get(),
        "member": Membership.objects.get(organization=acme, user=bob),
        "key": api_key,
        "acme": acme,
    }


def row_urls(rows):
    return {(kind, view): reverse(f"admin:{view}", args=[rows[kind].pk]) for kind, view in ROWS}


@pytest.mark.parametrize("role", [O, C, A, K, R])
def test_each_role_opens_its_pages_and_no_others(role, cast, rows, signed_in):
    client = signed_in(cast[role])
    expected = {
        **{reverse(f"admin:{name}"): roles for name, roles in LISTS.items()},
        **{reverse("admin:period_step", args=[name]): roles for name, roles in STEPS.items()},
        **{reverse("admin:report", args=[name]): {O, C, A, R} for name in REPORTS},
        **{url: ROWS[key] for key, url in row_urls(rows).items()},
    }

    answers = {url: client.get(url).status_code for url in expected}

    assert answers == {url: 200 if role in roles else 403 for url, roles in expected.items()}


def test_another_organizations_ids_are_not_there(cast, rows, signed_in):
    client = signed_in(cast["stranger"])

    got = {key: client.get(url).status_code for key, url in row_urls(rows).items()}
    sent = {
        key: client.post(url, {"post": "yes"}).status_code for key, url in row_urls(rows).items()
    }

    assert set(got.values()) == {404}
    assert set(sent.values()) == {404}


def test_another_organizations_rows_are_in_no_list(cast, rows, signed_in):
    client = signed_in(cast["stranger"])
    names = ["proposed", "entry-1", "ch_" + rows["key"].prefix, "bob"]

    pages = [client.get(reverse(f"admin:{name}")) for name in LISTS if name.endswith("list")]

    for page in pages:
        if page.status_code == 200:
            shown = page.content.decode()
            assert not [name for name in names if name in shown]


def test_whoever_is_not_signed_in_is_asked_to(rows, client):
    for url in [reverse("admin:index"), *row_urls(rows).values()]:
        answer = client.get(url)

        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("admin:login"))


def test_nobody_writes_without_the_permission(cast, rows, signed_in):
    client = signed_in(cast[R])
    before = AuditEvent.objects.count()

    answers = [client.post(url, {"reason": "x"}).status_code for url in row_urls(rows).values()]
    answers += [
        client.post(reverse(f"admin:{name}"), {}).status_code for name in LISTS if "_add" in name
    ]
    answers.append(client.post(reverse("admin:period_step", args=["reopen"])).status_code)
    answers.append(
        client.post(
            reverse("admin:ledger_journalentry_post", args=[rows["pending"].pk])
        ).status_code
    )

    assert AuditEvent.objects.count() == before
    assert JournalEntry.objects.filter(status="pending").count() == 1
    assert set(answers) <= {200, 403}


def test_buttons_that_may_not_be_used_are_not_shown(cast, rows, signed_in):
    url = reverse("admin:ledger_journalentry_change", args=[rows["posted"].pk])
    void = reverse("admin:ledger_journalentry_void", args=[rows["posted"].pk])

    assert void in signed_in(cast[C]).get(url).content.decode()
    assert void not in signed_in(cast[A]).get(url).content.decode()
    assert void not in signed_in(cast[R]).get(url).content.decode()


def test_the_sidebar_leaves_out_what_a_role_may_not_open(cast, rows, signed_in):
    journal = f'href="{reverse("admin:ledger_journalentry_changelist")}"'

    assert journal in signed_in(cast[A]).get(reverse("admin:index")).content.decode()
    assert journal not in signed_in(cast[K]).get(reverse("admin:index")).content.decode()


def test_pages_carry_no_script_of_their_own(cast, rows, signed_in):
    """The content security policy allows none, so one would silently do nothing."""
    client = signed_in(cast[O])

    answer = client.get(reverse("admin:ledger_journalentry_add"))

    policy = answer.headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "unsafe-inline" not in scripts
    for piece in answer.content.decode().split("<script")[1:]:
        assert "src=" in piece.split(">")[0]
