"""The app of the figures that finance reads beside the books: how visits become sales."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"
