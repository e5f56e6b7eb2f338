"""What a report may be asked for, and what becomes of bad questions."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.drafts import credit, debit
from ledger.errors import AccountNotFound, BadReportParameter, PeriodReversed, UnknownReport
from ledger.selectors.reports import REPORTS, find_report, income_statement

NOW = datetime(2026, 2, 1, 3, tzinfo=UTC)


def test_the_seven_reports_have_the_names_of_the_api():
    assert list(REPORTS) == [
        "trial-balance",
        "balance-sheet",
        "income-statement",
        "revenue",
        "general-ledger",
        "journal",
        "cash-flow",
    ]


def test_another_name_is_no_report():
    with pytest.raises(UnknownReport) as refused:
        find_report("profit")

    assert "trial-balance" in refused.value.message


def test_without_a_date_it_is_today_where_the_organization_is(acme):
    acme.time_zone = "America/New_York"

    # 3 o'clock in the morning in London is still 31 January in New York.
    report: Any = REPORTS["trial-balance"].run(acme, now=NOW)

    assert report.as_of == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("start_month", "given", "since", "until"),
    [
        (1, {}, date(2026, 1, 1), date(2026, 2, 1)),
        (4, {}, date(2025, 4, 1), date(2026, 2, 1)),
        (4, {"to": "2026-05-31"}, date(2026, 4, 1), date(2026, 5, 31)),
        (1, {"from": "2025-06-01"}, date(2025, 6, 1), date(2026, 2, 1)),
        (1, {"from": "2027-06-01"}, date(2027, 6, 1), date(2027, 6, 1)),
        (4, {"to": "9999-12-31"}, date(2199, 4, 1), date(9999, 12, 31)),
        (4, {"to": "0001-01-01"}, date(1, 1, 1), date(1, 1, 1)),
    ],
)
def test_without_dates_it_is_the_fiscal_year_so_far(acme, start_month, given, since, until):
    acme.fiscal_year_start_month = start_month

    report: Any = REPORTS["income-statement"].run(acme, given, now=NOW)

    assert (report.since, report.until) == (since, until)
    assert report.ties


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31 10:00:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, 22, 59, 59, 999999, tzinfo=UTC)),
        (datetime(2026, 1, 31, 10, tzinfo=UTC), datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_a_moment_without_a_zone_is_the_organizations(acme, given, at):
    acme.time_zone = "Europe/Berlin"

    assert REPORTS["trial-balance"].run(acme, {"known_at": given}).known_at == at


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("trial-balance", "as_of", "2026-02-30"),
        ("trial-balance", "as_of", "31.01.2026"),
        ("trial-balance", "as_of", "20260131"),
        ("trial-balance", "as_of", "2026-W05-6"),
        ("trial-balance", "as_of", "x" * 10_000),
        ("trial-balance", "known_at", "yesterday"),
        ("trial-balance", "known_at", "2026-01-31T25:00:00Z"),
        ("trial-balance", "currency", "gbp"),
        ("trial-balance", "currency", "XYZ"),
        ("trial-balance", "from", "2026-01-01"),
        ("trial-balance", "account", "1000"),
        ("journal", "as_of", "2026-01-01"),
        ("journal", "currency", "GBP"),
        ("journal", "color", "red"),
    ],
)
def test_bad_parameters_are_named(acme, name, parameter, value):
    with pytest.raises(BadReportParameter) as refused:
        REPORTS[name].run(acme, {parameter: value})

    assert refused.value.attr == parameter
    assert refused.value.message.startswith(f"{parameter}: ")
    assert len(refused.value.message) < 200


def test_a_period_that_ends_before_it_begins_is_refused(acme):
    with pytest.raises(PeriodReversed) as refused:
        income_statement(acme, since=date(2026, 2, 1), until=date(2026, 1, 31))

    assert refused.value.message == "The period begins on 2026-02-01, after it ends on 2026-01-31."


def test_an_unknown_account_is_refused(acme):
    with pytest.raises(AccountNotFound):
        REPORTS["general-ledger"].run(acme, {"account": "9999"})


@pytest.mark.parametrize("name", list(REPORTS))
def test_no_report_shows_another_organizations_books(acme, mallory_ltd, post, name):
    post(debit("1000", 500), credit("4000", 500), description="secret")
    post(debit("1000", 700), credit("4000", 700), organization=mallory_ltd, on=date(2026, 1, 15))

    from ledger import exports

    report = REPORTS[name].run(mallory_ltd, {}, now=NOW)
    written = b"".join(exports.export(report, "csv")).decode()

    assert "7.00" in written
    assert "5.00" not in written
    assert "12.00" not in written
    assert "secret" not in written
