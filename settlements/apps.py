"""The app of organizers, what is sold for them, and what they are paid."""

from django.apps import AppConfig


class SettlementsConfig(AppConfig):
    name = "settlements"
    verbose_name = "Settlements"

    def ready(self) -> None:
        from ledger.reconciliation import register
        from settlements.constraints import register_constraints
        from settlements.selectors.reconciliation import check_settlements

        register_constraints()
        register("settlements", check_settlements, as_of=check_settlements)
