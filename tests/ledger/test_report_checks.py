"""Each report's own check: it holds for sound books, and fails for books broken by force."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from ledger import exports
from ledger.drafts import credit, debit
from ledger.selectors.accounts import get_account
from ledger.selectors.reports import REPORTS, general_ledger

NOW = datetime(2026, 2, 1, tzinfo=UTC)
ALL = {"from": "2025-01-01", "to": "2026-12-31"}


def run(acme, name, **given):
    dates = {"as_of": "2026-12-31"} if "as_of" in REPORTS[name].parameters else ALL
    return REPORTS[name].run(acme, dates | given, now=NOW)


@pytest.fixture
def books(acme, post):
    post(debit("1000", 500), credit("4000", 500), reference="sale")
    post(debit("6000", 200), credit("1000", 200), reference="rent")
    return acme


def break_balance(acme, by_force, code):
    by_force(
        "UPDATE ledger_accountbalance SET credits = credits + 1 "
        "WHERE organization_id = %s AND account_id = %s",
        acme.pk,
        get_account(acme, code).pk,
    )


def break_line(acme, by_force, code):
    by_force(
        "UPDATE ledger_journalline SET credit = credit + 1 "
        "WHERE organization_id = %s AND account_id = %s AND credit > 0",
        acme.pk,
        get_account(acme, code).pk,
    )


@pytest.mark.parametrize(
    "name", ["trial-balance", "balance-sheet", "income-statement", "revenue", "general-ledger"]
)
def test_a_broken_balance_does_not_tie(books, by_force, name):
    assert run(books, name).ties

    break_balance(books, by_force, "4000")

    assert not run(books, name).ties
    assert exports.as_json(run(books, name))["ties"] is False


def test_a_broken_cash_balance_shows_in_the_cash_flow(books, by_force):
    break_balance(books, by_force, "1000")

    assert not run(books, "cash-flow").ties


def test_a_broken_line_names_its_entry_in_the_journal(books, by_force):
    break_line(books, by_force, "4000")

    shape = exports.as_json(run(books, "journal"))

    assert shape["ties"] is False
    assert shape["findings"] == ["entry sale: debits and credits differ"]


def test_a_broken_line_names_its_account_in_the_general_ledger(books, by_force):
    break_line(books, by_force, "4000")

    shape = exports.as_json(run(books, "general-ledger"))

    assert shape["findings"] == [
        "account 4000: its lines do not make its closing balance",
        "debits and credits differ in GBP",
    ]


def test_a_difference_is_not_hidden_by_translation(books, by_force, as_olga):
    from ledger.services.exchange import set_exchange_rate

    set_exchange_rate(
        actor=as_olga,
        currency="GBP",
        quote_currency="USD",
        rate="1.25",
        valid_on=date(2026, 1, 1),
    )
    break_balance(books, by_force, "4000")

    for name in ("trial-balance", "balance-sheet"):
        assert not run(books, name, currency="USD").ties


@pytest.mark.parametrize("seed", range(4))
def test_all_reports_tie_and_agree_for_any_postings(acme, post, seed):
    chance = random.Random(seed)
    codes = ["1000", "1010", "1100", "1200", "2200", "2500", "3000", "4000", "4080", "6000"]
    first = date(2025, 12, 1)
    for _ in range(40):
        one, other, third = chance.sample(codes, 3)
        amount = chance.randint(2, 10_000)
        part = chance.randint(1, amount - 1)
        post(
            debit(one, amount),
            credit(other, part),
            credit(third, amount - part),
            on=first + timedelta(days=chance.randrange(90)),
            now=NOW + timedelta(hours=chance.randrange(50)),
        )

    for _ in range(6):
        since = first + timedelta(days=chance.randrange(60))
        until = since + timedelta(days=chance.randrange(60))
        known_at = chance.choice([None, NOW + timedelta(hours=chance.randrange(50))])
        given = {"from": since, "to": until, "known_at": known_at}
        reports = {
            name: kind.run(
                acme, given if "to" in kind.parameters else {"as_of": until, "known_at": known_at}
            )
            for name, kind in REPORTS.items()
        }
        assert {name: report.ties for name, report in reports.items()} == dict.fromkeys(
            reports, True
        )
        assert closing_balances(reports["general-ledger"]) == trial_balances(
            reports["trial-balance"]
        )


def closing_balances(ledger):
    return {
        part.head.place.code: part.head.closing * part.head.place.type.normal_sign
        for part in ledger.parts
        if part.head.closing
    }


def trial_balances(report):
    return {row.code: row.debit - row.credit for c in report.currencies for row in c.rows}


def test_zero_rows_are_hidden_unless_asked_for(acme, post):
    from ledger.selectors.reports import trial_balance

    post(debit("1000", 500), credit("1010", 500))
    post(debit("1010", 500), credit("4000", 500))

    [hidden] = trial_balance(acme).currencies
    [shown] = trial_balance(acme, zero_rows=True).currencies

    assert [row.code for row in hidden.rows] == ["1000", "4000"]
    assert [row.code for row in shown.rows] == ["1000", "1010", "4000"]


def test_pending_entries_are_in_no_report(acme, as_alice):
    from ledger.drafts import EntryDraft
    from ledger.services.entries import propose_entry

    propose_entry(
        actor=as_alice,
        draft=EntryDraft("p", date(2026, 1, 5), [debit("1000", 5), credit("4000", 5)]),
    )

    for name in REPORTS:
        shape = exports.as_json(run(acme, name))
        assert shape["currencies"] == []
        assert shape.get("entries", []) == []


# --- General ledger -------------------------------------------------------------------------------


def test_a_parent_account_shows_the_accounts_below_it(acme, post):
    post(debit("1000", 500), credit("1010", 500))

    report = general_ledger(
        acme,
        since=date(2026, 1, 1),
        until=date(2026, 1, 31),
        account=get_account(acme, "10"),
    )

    assert [part.head.place.code for part in report.parts] == ["1000", "1010"]
    assert report.ties


def test_one_account_ties_although_its_debits_and_credits_differ(books):
    report = general_ledger(
        books,
        since=date(2026, 1, 1),
        until=date(2026, 1, 31),
        account=get_account(books, "1000"),
    )

    assert report.ties


def test_an_account_with_a_balance_and_no_lines_is_listed(books):
    report = general_ledger(books, since=date(2026, 3, 1), until=date(2026, 3, 31))

    assert [
        (part.head.place.code, part.head.opening, len(part.lines)) for part in report.parts
    ] == [
        ("1000", 300, 0),
        ("4000", 500, 0),
        ("6000", 200, 0),
    ]


# --- Cash flow ------------------------------------------------------------------------------------


def cash_items(acme):
    return {
        (part.currency, item.code): (item.activity, item.amount)
        for part in run(acme, "cash-flow").currencies
        for item in part.items
    }


def test_what_moves_between_cash_accounts_is_no_flow(acme, post):
    post(debit("1010", 500), credit("1000", 500))

    assert cash_items(acme) == {}
    assert run(acme, "cash-flow").ties


def test_what_moves_no_cash_is_no_flow(acme, post):
    post(debit("1100", 500), credit("4000", 500))

    assert cash_items(acme) == {}


def test_activities_follow_the_counterpart(acme, post):
    post(debit("1010", 5), credit("3000", 5))
    post(debit("1010", 7), credit("2500", 7))
    post(debit("1500", 11), credit("1010", 11))
    post(debit("1180", 13), credit("1010", 13))
    post(debit("1010", 17), credit("1100", 17))

    assert cash_items(acme) == {
        ("GBP", "3000"): ("financing", 5),
        ("GBP", "2500"): ("financing", 7),
        ("GBP", "1500"): ("assets", -11),
        ("GBP", "1180"): ("assets", -13),
        ("GBP", "1100"): ("operating", 17),
    }


def test_a_second_bank_account_in_the_group_of_cash_is_cash(acme, post, as_olga):
    from ledger.services.accounts import create_account

    create_account(actor=as_olga, code="1015", name="Savings", type="asset", parent="10")
    post(debit("1015", 500), credit("1010", 500))
    post(debit("1015", 3), credit("4900", 3))

    assert cash_items(acme) == {("GBP", "4900"): ("operating", 3)}


def test_a_group_with_other_roles_is_not_cash(acme, post):
    # Receivables stand beside cash below "Assets", and 11 holds more than cash.
    post(debit("1110", 5), credit("1000", 5))

    assert cash_items(acme) == {("GBP", "1110"): ("assets", -5)}


def test_an_exchange_between_currencies_is_a_flow_in_each(acme, post, as_olga):
    from ledger.services.accounts import create_account

    for code, role in [("1012", "bank"), ("1911", "exchange_clearing")]:
        create_account(actor=as_olga, code=code, name=code, type="asset", currency="USD", role=role)
    post(debit("1910", 75), credit("1010", 75), debit("1012", 100), credit("1911", 100))

    assert cash_items(acme) == {
        ("GBP", "1910"): ("operating", -75),
        ("USD", "1911"): ("operating", 100),
    }
    assert run(acme, "cash-flow").ties


def test_lines_of_another_currency_that_moves_no_cash_are_left_out(acme, post, as_olga):
    from ledger.services.accounts import create_account

    for code, kind in [("U1", "asset"), ("U2", "revenue")]:
        create_account(actor=as_olga, code=code, name=code, type=kind, currency="USD")
    post(debit("1010", 75), credit("4000", 75), debit("U1", 100), credit("U2", 100))

    assert cash_items(acme) == {("GBP", "4000"): ("operating", 75)}
