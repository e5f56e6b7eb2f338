"""The shop's reports: shown, written to files, and each figure held against the sales file."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from demo import gift_shop
from demo.checks import Check, Checks
from demo.expected import Effects, Expected
from demo.gift_shop import BANKED_ON, CLOSED_THROUGH, FIRST_DAY, LAST_DAY
from demo.output import Output
from ledger.exports import export, lay_out, whole
from ledger.exports.text_table import MOST_ROWS, draw_table
from ledger.models import AccountRole
from ledger.selectors.reports.balance_sheet import BalanceSheet, balance_sheet
from ledger.selectors.reports.base import FigureRow, Report
from ledger.selectors.reports.income_statement import IncomeStatement, income_statement
from ledger.selectors.reports.trial_balance import TrialBalance, trial_balance
from organizations.models import Organization

FORMATS = ("csv", "xlsx", "pdf")
# What a file of the format begins with.
SIGNATURES = {"csv": b"", "xlsx": b"PK\x03\x04", "pdf": b"%PDF-"}

ASSET_ROLES = (AccountRole.CASH, AccountRole.BANK, AccountRole.ACCOUNTS_RECEIVABLE)
REVENUE_ROLES = (AccountRole.SALES_REVENUE, AccountRole.SALES_RETURNS)


@dataclass
class ReportChecks:
    """The reports at the end of the month, against what the file and its payments add up to."""

    shop: Organization
    expected: Expected
    checks: Checks
    output: Output
    folder: Path

    def run(self) -> None:
        self.output.step("Report", f"The books through {LAST_DAY}.")
        trial = trial_balance(self.shop, as_of=LAST_DAY)
        income = income_statement(self.shop, since=FIRST_DAY, until=LAST_DAY)
        sheet = balance_sheet(self.shop, as_of=LAST_DAY)
        for report in (trial, income, sheet):
            self._show(report)

        self.output.step("Check the figures", "Added up from the file, apart from the program.")
        self._check_trial_balance(trial)
        self._check_closed_days()
        self._check_income_statement(income)
        self._check_balance_sheet(sheet)

        self.output.step("Write the reports", f"As {', '.join(FORMATS)} in {self.folder}.")
        for report in (trial, income, sheet):
            self._write(report)

    def _show(self, report: Report) -> None:
        document = lay_out(report)
        self.output.show(draw_table(document, whole(document, "table", MOST_ROWS)))

    def _check_trial_balance(self, report: TrialBalance) -> None:
        expected = self._balances(LAST_DAY)
        self._check_accounts(f"Trial balance, {LAST_DAY}", expected, report)

    def _check_closed_days(self) -> None:
        """At the end of the last closed day, with some of the payments still to come."""
        report = trial_balance(self.shop, as_of=CLOSED_THROUGH)
        expected = self._balances(CLOSED_THROUGH)
        self._check_accounts(f"Trial balance, {CLOSED_THROUGH}", expected, report)

    def _check_accounts(
        self, title: str, expected: Mapping[str, int], report: TrialBalance
    ) -> None:
        """Every account of a trial balance, debits positive; none is missing or too many."""
        got = {
            self._roles.get(row.code, row.code): row.debit - row.credit
            for part in report.currencies
            for row in part.rows
        }
        figures = [
            self._figure(_label(role), expected.get(role, 0), got.get(role, 0))
            for role in sorted(expected.keys() | got.keys(), key=self._place)
        ]
        debits = sum(amount for amount in expected.values() if amount > 0)
        figures += [
            self._figure("Total debits", debits, sum(p.total_debit for p in report.currencies)),
            self._figure("Total credits", debits, sum(p.total_credit for p in report.currencies)),
        ]
        self.output.figures(f"{title} (credits negative)", figures)
        self._check("debits equal credits", expected=True, got=report.ties)

    def _check_income_statement(self, report: IncomeStatement) -> None:
        [part] = report.currencies
        expected = self._normal(REVENUE_ROLES)
        got = self._amounts(part.revenue)
        figures = [self._figure(_label(r), expected[r], got.get(r, 0)) for r in REVENUE_ROLES]
        figures += [
            self._figure("Total revenue", sum(expected.values()), part.total_revenue),
            self._figure("Total expenses", 0, part.total_expenses),
            self._figure("Net income", sum(expected.values()), part.net_income),
        ]
        self.output.figures(f"Income statement, {FIRST_DAY} to {LAST_DAY}", figures)
        self._check("the income statement ties", expected=True, got=report.ties)

    def _check_balance_sheet(self, report: BalanceSheet) -> None:
        [part] = report.currencies
        assets = self._normal(ASSET_ROLES, sign=1)
        got = self._amounts(part.assets) | self._amounts(part.liabilities)
        tax = self._normal([AccountRole.TAX_PAYABLE])[AccountRole.TAX_PAYABLE]
        earnings = sum(self._normal(REVENUE_ROLES).values())
        figures = [self._figure(_label(r), assets[r], got.get(r, 0)) for r in ASSET_ROLES]
        figures += [
            self._figure("Total assets", sum(assets.values()), part.total_assets),
            self._figure("Tax payable", tax, got.get(AccountRole.TAX_PAYABLE, 0)),
            self._figure("Current earnings", earnings, part.current_earnings),
            self._figure(
                "Liabilities and equity",
                tax + earnings,
                part.total_liabilities + part.total_equity,
            ),
        ]
        self.output.figures(f"Balance sheet, {LAST_DAY}", figures)
        self._check("assets = liabilities + equity", expected=True, got=part.is_balanced)

    def _write(self, report: Report) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in FORMATS:
            path = self.folder / f"{report.name}.{name}"
            path.write_bytes(b"".join(export(report, name)))
            said = path.read_bytes()
            self._check(
                f"{path.name} is a file of its kind",
                expected=True,
                got=said.startswith(SIGNATURES[name]) and len(said) > len(SIGNATURES[name]),
            )

    @cached_property
    def _roles(self) -> dict[str, str]:
        """The role of each account code that sales are posted to."""
        return {code: role for role, code in gift_shop.codes_by_role(self.shop).items()}

    def _amounts(self, rows: Iterable[FigureRow]) -> dict[str, int]:
        """A report's rows, in their normal sign, without the roll-ups."""
        return {
            self._roles.get(row.code, row.code): row.amount for row in rows if not row.is_rollup
        }

    def _normal(self, roles: Sequence[str], *, sign: int = -1) -> dict[str, int]:
        """What the file says of these roles at the end of the last day, credits positive unless
        another sign is given."""
        balances = self._balances(LAST_DAY)
        return {role: sign * balances.get(role, 0) for role in roles}

    def _balances(self, day: date) -> Effects:
        """What the file says, with the cash of its first days taken to the bank."""
        balances = Counter(self.expected.balances(through=day))
        taken = self.expected.cash_taken(through=BANKED_ON) if day >= BANKED_ON else 0
        balances.update({AccountRole.BANK.value: taken, AccountRole.CASH.value: -taken})
        return dict(balances)

    def _place(self, role: str) -> int:
        roles = list(gift_shop.ROLES)
        return roles.index(AccountRole(role)) if role in roles else len(roles)

    def _figure(self, name: str, expected: int, got: int) -> Check:
        return self.checks.add(name, expected=expected, got=got, is_money=True)

    def _check(self, name: str, *, expected: object, got: object) -> None:
        self.output.check(self.checks.add(name, expected=expected, got=got))


def _label(role: str) -> str:
    return AccountRole(role).label if role in AccountRole.values else f"account {role}"
