"""The program as a whole: settings, routes, workers."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
