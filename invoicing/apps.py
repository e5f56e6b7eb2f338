"""The app of orders, invoices, credit notes and what customers pay."""

from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "invoicing"
    verbose_name = "Invoicing"

    def ready(self) -> None:
        from invoicing.constraints import register_constraints
        from invoicing.selectors.reconciliation import check_invoices
        from ledger.reconciliation import register

        register_constraints()
        register("invoices", check_invoices)
