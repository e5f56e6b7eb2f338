"""Alerts: one way out for what somebody has to look at.

An alert is logged at error level and, where the organization has an operations webhook, posted to
it, signed. Both go through the outbox, in messages of their own: a webhook that is away delays no
log line.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.utils import timezone

from core.db import require_transaction, uuid7
from organizations.models import Organization
from organizations.services.outbox import enqueue, register
from organizations.services.webhooks import WebhookFailed, post_signed

LOG_TOPIC = "alert"
WEBHOOK_TOPIC = "alert_webhook"
# After so long an alert is no news any more; it stays in the log.
WEBHOOK_IS_TRIED_FOR = timedelta(days=3)

logger = structlog.get_logger(__name__)


def raise_alert(organization: Organization, name: str, /, *, message: str, **facts: Any) -> None:
    """Tell operations, once the caller's transaction has committed.

    Raises:
        RuntimeError: no transaction is open.
    """
    require_transaction()
    alert = {
        "id": str(uuid7()),
        "name": name,
        "message": message,
        "raised_at": timezone.now().isoformat(),
        "facts": facts,
    }
    enqueue(organization, LOG_TOPIC, **alert)
    enqueue(organization, WEBHOOK_TOPIC, **alert)


def log_alert(organization: Organization, alert: Mapping[str, Any]) -> None:
    logger.error(
        "alert",
        alert=alert["name"],
        alert_id=alert["id"],
        organization=organization.slug,
        message=alert["message"],
        raised_at=alert["raised_at"],
        facts=alert["facts"],
    )


def post_alert(organization: Organization, alert: Mapping[str, Any]) -> None:
    """Post the alert to the operations webhook as it is set now, if there is one.

    Raises:
        WebhookFailed: it is to be tried again.
    """
    now = timezone.now()
    url, secret = Organization.objects.values_list(
        "operations_webhook_url", "operations_webhook_secret"
    ).get(pk=organization.pk)
    if not url:
        return
    if now - datetime.fromisoformat(alert["raised_at"]) > WEBHOOK_IS_TRIED_FOR:
        logger.error("alert_webhook_given_up", organization=organization.slug, alert=alert["id"])
        return
    if not secret:
        raise WebhookFailed("the webhook has no signing secret yet")
    content = {
        "type": f"alert.{alert['name']}",
        "timestamp": alert["raised_at"],
        "data": {
            "organization": organization.slug,
            "message": alert["message"],
            "facts": alert["facts"],
        },
    }
    post_signed(url, secret, message_id=f"msg_{alert['id']}", content=content, now=now)


def register_topics() -> None:
    register(LOG_TOPIC, log_alert)
    register(WEBHOOK_TOPIC, post_alert)
