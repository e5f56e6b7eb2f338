"""The app of accounts, entries, balances, periods and reports."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        from ledger.constraints import register_constraints
        from ledger.reconciliation import register
        from ledger.selectors.cashbook import check_cashbook
        from ledger.selectors.entries import has_lines
        from ledger.selectors.integrity import check_integrity
        from ledger.services.keeping import register_topics
        from organizations.services.settings import register_currency_use

        register_constraints()
        register_topics()
        register_currency_use(has_lines)
        register("integrity", check_integrity)
        register("cashbook", check_cashbook)
