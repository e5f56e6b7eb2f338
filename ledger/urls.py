"""The routes of the ledger, below /api/v1/."""

from django.urls import path, register_converter

from ledger.api import (
    account_figures,
    accounts,
    bulk,
    cashbook,
    entries,
    exchange,
    periods,
    reconciliation,
    reports,
)
from ledger.selectors.reports import REPORTS


class AccountName:
    """An account's code or id; anything else leads nowhere."""

    regex = "[A-Za-z0-9.:_-]{1,100}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(AccountName, "account")

urlpatterns = [
    path("accounts", accounts.AccountList.as_view()),
    path("accounts/<account:account>", accounts.AccountDetail.as_view()),
    path("accounts/<account:account>/lines", account_figures.AccountLines.as_view()),
    path("accounts/<account:account>/balance", account_figures.AccountBalance.as_view()),
    path("journal-entries", entries.EntryList.as_view()),
    path("journal-entries/bulk", bulk.EntryBulk.as_view()),
    path("journal-entries/<uuid:id>", entries.EntryDetail.as_view()),
    path("journal-entries/<uuid:id>/post", entries.EntryPost.as_view()),
    path("journal-entries/<uuid:id>/void", entries.EntryVoid.as_view()),
    path("periods", periods.Periods.as_view()),
    path("periods/close", periods.CloseBooks.as_view()),
    path("periods/reopen", periods.ReopenBooks.as_view()),
    path("periods/close-year", periods.CloseYear.as_view()),
    path("periods/reopen-year", periods.ReopenYear.as_view()),
    path("reports", reports.ReportList.as_view()),
    *(path(f"reports/{kind.name}", reports.report_view(kind)) for kind in REPORTS.values()),
    path("reconciliation/runs", reconciliation.Runs.as_view()),
    path("reconciliation/integrity", reconciliation.Integrity.as_view()),
    path("reconciliation/<slug:check>", reconciliation.Reconciliation.as_view()),
    path("cash-entries", cashbook.CashEntries.as_view()),
    path("cash-entries/<uuid:id>/settle", cashbook.SettleCashEntry.as_view()),
    path("cash-metrics", cashbook.CashMetrics.as_view()),
    path("exchange-rates", exchange.ExchangeRates.as_view()),
]
