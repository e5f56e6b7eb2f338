"""Periods, cashbook, rates, integrity and reports in the back-office."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from ledger.drafts import EntryDraft, credit, debit
from ledger.models import CashEntry, ExchangeRate, JournalEntry, ReconciliationRun
from ledger.selectors.balances import balance_at
from ledger.services.cashbook import record_cash_entry
from ledger.services.entries import propose_entry
from organizations.models import AuditEvent

PERIODS = "/admin/periods/"


def step(name):
    return reverse("admin:period_step", args=[name])


def test_closes_the_books_and_reopens_them_with_a_reason(acme, carol, signed_in):
    client = signed_in(carol)

    client.post(step("close"), {"through": "2026-01-31"})
    acme.refresh_from_db()
    assert acme.closed_through == date(2026, 1, 31)

    client.post(step("reopen"), {"through": "2026-01-15", "reason": "A late invoice"})
    acme.refresh_from_db()
    assert acme.closed_through == date(2026, 1, 15)
    shown = client.get(PERIODS).content.decode()
    assert "A late invoice" in shown
    assert "Carol" in shown


def test_reopens_nothing_without_a_reason(acme, carol, signed_in):
    client = signed_in(carol)
    client.post(step("close"), {"through": "2026-01-31"})

    answer = client.post(step("reopen"), {"through": "", "reason": ""})

    assert "This field is required" in answer.content.decode()
    acme.refresh_from_db()
    assert acme.closed_through == date(2026, 1, 31)


@pytest.mark.parametrize("through", ["2199-01-01", "2026-02-30", "", "9999-12-31"])
def test_says_why_the_books_are_not_closed(acme, carol, signed_in, through):
    answer = signed_in(carol).post(step("close"), {"through": through})

    assert answer.status_code == 200
    acme.refresh_from_db()
    assert acme.closed_through is None


def test_closes_a_fiscal_year_and_reopens_it(acme, post, carol, signed_in):
    post(debit("1000", 5_00), credit("4000", 5_00), on=date(2024, 6, 1))
    client = signed_in(carol)

    client.post(step("close-year"), {"year": "2024"})
    assert balance_at(acme, "4000", date(2024, 12, 31)) == 0
    assert "closed" in client.get(PERIODS).content.decode()

    client.post(step("reopen-year"), {"year": "2024", "reason": "Auditor's correction"})
    assert balance_at(acme, "4000", date(2024, 12, 31)) == 5_00


def test_refuses_to_close_a_year_that_is_not_over(acme, carol, signed_in):
    answer = signed_in(carol).post(step("close-year"), {"year": str(acme.today().year)})

    assert "before it is over" in answer.content.decode()


def test_there_is_no_other_step(carol, signed_in):
    assert signed_in(carol).get(step("burn")).status_code == 404


def cash_form(**given):
    return {
        "kind": "REVENUE",
        "written": "1,234.50",
        "currency": "GBP",
        "occurred_at": "",
        "user": "",
        "memo": "Market stall",
        **given,
    }


def test_records_a_cash_entry(acme, dan, signed_in):
    signed_in(dan).post("/admin/ledger/cashentry/add/", cash_form())

    entry = CashEntry.objects.of(acme).get()
    assert (entry.amount, entry.memo) == (1_234_50, "Market stall")
    assert balance_at(acme, "1000") == 1_234_50


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "EXPENSE"}, "wrong sign"),
        ({"written": "1.005"}, "decimals"),
        ({"written": "0"}, "wrong sign"),
        ({"currency": "KWD"}, "No account has the role"),
        ({"occurred_at": "9999-12-31T23:59"}, "9999"),
    ],
)
def test_refuses_a_cash_entry_in_its_own_words(acme, dan, signed_in, given, said):
    answer = signed_in(dan).post("/admin/ledger/cashentry/add/", cash_form(**given))

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not CashEntry.objects.of(acme).exists()


def test_a_stranger_is_nobody_to_record_for(acme, mallory, dan, signed_in):
    answer = signed_in(dan).post("/admin/ledger/cashentry/add/", cash_form(user=str(mallory.pk)))

    assert answer.status_code == 200
    assert not CashEntry.objects.of(acme).exists()


def test_settles_a_debt_once(acme, as_alice, dan, signed_in):
    debt = record_cash_entry(actor=as_alice, kind="DEBT", amount=-500, currency="GBP")
    url = reverse("admin:ledger_cashentry_settle", args=[debt.pk])
    client = signed_in(dan)

    client.post(url, {"settled_at": ""})
    again = client.post(url, {"settled_at": ""})

    debt.refresh_from_db()
    assert debt.settled_at is not None
    assert "settled already" in again.content.decode()
    assert CashEntry.objects.of(acme).count() == 2


def test_sets_a_rate_digit_by_digit_and_corrects_it(acme, alice, signed_in):
    form = {"currency": "EUR", "quote_currency": "GBP", "rate": "0.856712345678"}
    form |= {"valid_on": "2026-01-15", "source": "ECB"}
    client = signed_in(alice)

    client.post("/admin/ledger/exchangerate/add/", form)
    client.post("/admin/ledger/exchangerate/add/", {**form, "rate": "0.9"})

    assert ExchangeRate.objects.of(acme).get().rate == Decimal("0.9")
    first = AuditEvent.objects.of(acme).filter(action="set_exchange_rate").last()
    assert first.after["rate"] == "0.856712345678"


@pytest.mark.parametrize("given", [{"rate": "0"}, {"rate": "x"}, {"quote_currency": "EUR"}])
def test_refuses_a_rate_that_is_none(acme, alice, signed_in, given):
    form = {"currency": "EUR", "quote_currency": "GBP", "rate": "1", "valid_on": "2026-01-15"}

    answer = signed_in(alice).post("/admin/ledger/exchangerate/add/", {**form, **given})

    assert answer.status_code == 200
    assert not ExchangeRate.objects.of(acme).exists()


def test_verifies_the_books_on_demand(acme, post, alice, signed_in):
    post(debit("1000", 5), credit("4000", 5))

    answer = signed_in(alice).post("/admin/ledger/reconciliationrun/verify/", follow=True)

    assert "Everything ties" in answer.content.decode()
    assert ReconciliationRun.objects.of(acme).filter(check_name="integrity", ties=True).exists()


def test_a_run_names_what_is_off(acme, alice, signed_in):
    run = ReconciliationRun.objects.create(
        organization=acme,
        started_at="2026-01-15T12:00Z",
        ended_at="2026-01-15T12:01Z",
        check_name="integrity",
        ties=False,
        mismatch_count=1,
        findings=[{"row": "account", "name": "1000", "message": "the balance says 5"}],
    )
    client = signed_in(alice)

    shown = client.get(reverse("admin:ledger_reconciliationrun_change", args=[run.pk]))

    assert "the balance says 5" in shown.content.decode()
    assert "Off: integrity" in client.get(reverse("admin:index")).content.decode()


def report(name):
    return reverse("admin:report", args=[name])


def test_a_report_shows_its_figures_and_that_they_tie(acme, post, bob, signed_in):
    post(debit("1000", 1_234_50), credit("4000", 1_234_50), on=date(2026, 1, 15))

    shown = signed_in(bob).get(report("trial-balance"), {"as_of": "2026-01-31"}).content.decode()

    assert "1,234.50" in shown
    assert "It ties." in shown


@pytest.mark.parametrize(
    ("format", "begins"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("pdf", b"%PDF")]
)
def test_a_report_is_taken_away_as_a_file(acme, post, bob, signed_in, format, begins):
    post(debit("1000", 5), credit("4000", 5))

    answer = signed_in(bob).get(report("trial-balance"), {"format": format})

    content = b"".join(answer.streaming_content)
    assert f".{format}" in answer.headers["Content-Disposition"]
    assert content.startswith(begins) or format == "csv"
    assert content


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-02-01", "to": "2026-01-01"},
        {"from": "yesterday"},
        {"account": "nowhere"},
        {"account": "\x00"},
        {"known_at": "never"},
    ],
)
def test_a_report_says_what_is_wrong_with_its_parameters(bob, signed_in, query):
    answer = signed_in(bob).get(report("general-ledger"), query)

    assert answer.status_code == 200
    assert "ch-error" in answer.content.decode() or "ch-field-error" in answer.content.decode()


def test_there_is_no_other_report(bob, signed_in):
    assert signed_in(bob).get(report("horoscope")).status_code == 404


def test_the_overview_shows_the_figures_and_links_each(acme, as_alice, post, alice, signed_in):
    today = acme.today()
    last_month = today.replace(day=1) - timedelta(days=1)
    post(debit("1100", 20_00), credit("4000", 20_00), on=today)
    post(debit("1000", 5_00), credit("4000", 5_00), on=last_month)
    propose_entry(
        actor=as_alice,
        draft=EntryDraft("proposed", today, [debit("6000", 1), credit("1000", 1)]),
    )

    answer = signed_in(alice).get(reverse("admin:index"))

    tiles = {tile.name: tile for tile in answer.context["tiles"]}
    shown = {name: [figure.figure for figure in tile.figures] for name, tile in tiles.items()}
    assert shown["Cash"] == ["5.00"]
    assert shown["Receivables"] == ["20.00"]
    assert shown["Revenue this month"] == ["20.00"]
    assert shown["Revenue last month"] == ["5.00"]
    assert tiles["Pending entries"].text == "1"
    assert tiles["Closed through"].text == "All open"
    assert tiles["Integrity"].text == "Not verified yet"
    client = signed_in(alice)
    assert {client.get(tile.url).status_code for tile in tiles.values()} == {200}


def test_an_empty_journal_says_what_to_do(acme, alice, signed_in):
    shown = signed_in(alice).get(reverse("admin:ledger_journalentry_changelist")).content.decode()

    assert not JournalEntry.objects.of(acme).exists()
    assert "Nothing is in the journal yet" in shown
