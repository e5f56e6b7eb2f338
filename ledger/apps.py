"""The app of accounts, entries, balances, periods and reports."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        from ledger.errors import register_constraints

        register_constraints()
