"""The app of orders, invoices, credit notes and what customers pay."""

from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"
    verbose_name = "Invoicing"

    def ready(self) -> None:
        from invoicing.constraints import register_constraints

        register_constraints()
