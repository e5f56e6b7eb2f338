"""The app of people, organizations, keys and the audit trail."""

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = "Organizations"

    def ready(self) -> None:
        from organizations.errors import register_constraints
        from organizations.services.alerts import register_topics
        from organizations.services.outbox import tell_worker_by
        from organizations.tasks import deliver_soon

        register_constraints()
        register_topics()
        tell_worker_by(deliver_soon)
