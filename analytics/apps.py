"""The app of the figures that finance reads beside the books: how visits become sales."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from analytics.constraints import register_constraints
        from analytics.services.keeping import register_topics

        register_constraints()
        register_topics()
