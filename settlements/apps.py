"""The app of organizers, what is sold for them, and what they are paid."""

from django.apps import AppConfig


class SettlementsConfig(AppConfig):
    name = "settlements"
    verbose_name = "Settlements"

    def ready(self) -> None:
        from settlements.constraints import register_constraints

        register_constraints()
