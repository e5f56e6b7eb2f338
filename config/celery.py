"""The worker and the clock: `celery -A config worker`, `celery -A config beat`."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("countinghouse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@worker_init.connect
@beat_init.connect
def use_servers(**_: Any) -> None:
    from core.servers import ensure_redis, ensure_servers

    ensure_servers()
    ensure_redis()


@setup_logging.connect
def log_like_the_web(**_: Any) -> None:
    """Being connected keeps Celery from configuring logs: Django's settings have done it."""
