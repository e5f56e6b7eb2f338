"""The reports, by the names that the API and the command know them by."""

from ledger.selectors.reports.balance_sheet import BalanceSheet, balance_sheet
from ledger.selectors.reports.base import Report, ReportAsOf, ReportOfPeriod
from ledger.selectors.reports.cash_flow import CashFlow, cash_flow
from ledger.selectors.reports.general_ledger import GeneralLedger, general_ledger
from ledger.selectors.reports.income_statement import (
    IncomeStatement,
    RevenueReport,
    income_statement,
    revenue_report,
)
from ledger.selectors.reports.journal import JournalReport, journal_report
from ledger.selectors.reports.registry import REPORTS, ReportKind, find_report
from ledger.selectors.reports.trial_balance import TrialBalance, trial_balance

__all__ = [
    "REPORTS",
    "BalanceSheet",
    "CashFlow",
    "GeneralLedger",
    "IncomeStatement",
    "JournalReport",
    "Report",
    "ReportAsOf",
    "ReportKind",
    "ReportOfPeriod",
    "RevenueReport",
    "TrialBalance",
    "balance_sheet",
    "cash_flow",
    "find_report",
    "general_ledger",
    "income_statement",
    "journal_report",
    "revenue_report",
    "trial_balance",
]
