"""Whatever is put into an address or a form of the back-office, the answer is never a crash."""

import pytest
from django.urls import reverse

from ledger.drafts import credit, debit
from ledger.models import Account, JournalEntry

LISTS = (
    "ledger_journalentry",
    "ledger_account",
    "ledger_cashentry",
    "ledger_exchangerate",
    "ledger_reconciliationrun",
    "organizations_auditevent",
    "organizations_membership",
    "organizations_apikey",
)
QUERIES = (
    {"p": "-1"},
    {"p": "99999999"},
    {"p": "x"},
    {"o": "99.-99.x"},
    {"all": ""},
    {"q": "\x00"},
    {"q": "%_\\'\""},
    {"q": "x" * 5_000},
    {"status__exact": "burnt"},
    {"reference_type__icontains": "\x00"},
    {"action__icontains": "\x00"},
    {"effective_on_from": "2026-02-30"},
    {"effective_on_from": "0001-01-01", "effective_on_to": "9999-12-31"},
    {"occurred_at_from_0": "2026-01-01", "occurred_at_from_1": "99:99"},
    {"account": "\x00"},
    {"account": "x" * 1_000},
    {"member": "nobody"},
    {"debt": "burnt"},
    {"check": "\x00"},
    {"ties__exact": "perhaps"},
    {"maker__password__startswith": "a"},
    {"organization__slug": "mallory-ltd"},
    {"_to_field": "reference"},
    {"as_of": "0001-01-01"},
    {"as_of": "9999-12-31", "archived": "on"},
)


@pytest.mark.parametrize("name", LISTS)
def test_lists_bear_any_query(name, acme, post, olga, signed_in):
    post(debit("1000", 5), credit("4000", 5))
    client = signed_in(olga)
    url = reverse(f"admin:{name}_changelist")

    answers = {str(query)[:80]: client.get(url, query).status_code for query in QUERIES}

    assert {query for query, status in answers.items() if status not in (200, 302, 400)} == set()


@pytest.mark.parametrize(
    "query",
    [
        {"since": "0001-01-01", "until": "9999-12-31"},
        {"since": "2026-02-01", "until": "2026-01-01"},
        {"since": "\x00"},
    ],
)
def test_an_accounts_lines_bear_any_days(acme, post, olga, signed_in, query):
    post(debit("1000", 5), credit("4000", 5))
    account = Account.objects.of(acme).get(code="1000")

    answer = signed_in(olga).get(
        reverse("admin:ledger_account_statement", args=[account.pk]), query
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["trial-balance", "general-ledger", "cash-flow", "journal"])
@pytest.mark.parametrize(
    "query",
    [
        {"as_of": "0001-01-01", "from": "0001-01-01", "to": "0001-01-01"},
        {"as_of": "9999-12-31", "from": "9999-12-31", "to": "9999-12-31"},
        {"currency": "XXQ", "known_at": "9999-12-31T23:59"},
        {"account": "\x00", "format": "exe"},
        {"currency": "USD", "format": "pdf"},
    ],
)
def test_reports_bear_any_parameters(acme, post, olga, signed_in, name, query):
    post(debit("1000", 5), credit("4000", 5))

    assert signed_in(olga).get(reverse("admin:report", args=[name]), query).status_code == 200


@pytest.mark.parametrize("id", ["x", "0", "00000000-0000-0000-0000-000000000000", "_3A", "\x00"])
@pytest.mark.parametrize("name", LISTS)
def test_ids_that_are_none_are_not_there(acme, olga, signed_in, name, id):
    client = signed_in(olga)
    for view in ("change", "delete", "history"):
        assert client.get(reverse(f"admin:{name}_{view}", args=[id])).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"lines-TOTAL_FORMS": "100000", "lines-INITIAL_FORMS": "0"},
        {"lines-TOTAL_FORMS": "-1", "lines-INITIAL_FORMS": "x"},
        {"lines-TOTAL_FORMS": "x", "_rows": "1"},
        {"reference": "a\x00b", "lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"},
        {"reference": "x" * 100_000, "lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"},
        {"revision": "9" * 100, "lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0"},
    ],
)
def test_the_entry_form_bears_anything(acme, alice, signed_in, given):
    complete = {"reference": "r", "effective_on": "2026-01-15", "revision": "0", "_post": "1"}

    answer = signed_in(alice).post("/admin/ledger/journalentry/add/", {**complete, **given})

    assert answer.status_code == 200
    assert not JournalEntry.objects.of(acme).exists()


def test_an_entry_of_more_rows_than_the_form_has_is_not_cut(acme, alice, signed_in):
    """Two hundred rows are the form's end: 201 are refused as a whole."""
    rows = {
        f"lines-{n}-{name}": value
        for n in range(201)
        for name, value in (("account", "6000"), ("debit", "1"))
    }
    head = {"reference": "r", "effective_on": "2026-01-15", "revision": "0", "_pending": "1"}

    answer = signed_in(alice).post(
        "/admin/ledger/journalentry/add/",
        {**head, **rows, "lines-TOTAL_FORMS": "201", "lines-INITIAL_FORMS": "0"},
    )

    assert answer.status_code == 200
    assert not JournalEntry.objects.of(acme).exists()
