"""How tests of settlements' pages name addresses."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse


def page(row: Any, view: str = "change") -> str:
    """The address of a row's page."""
    return reverse(f"admin:settlements_{row._meta.model_name}_{view}", args=[row.pk])


def listed(model: str) -> str:
    """The address of a list."""
    return reverse(f"admin:settlements_{model}_changelist")


def adding(model: str) -> str:
    """The address of the page that makes a row."""
    return reverse(f"admin:settlements_{model}_add")


def opened(client: Client, url: str) -> dict[str, str]:
    """The hidden field of a page as it was opened."""
    [name] = re.findall(r'name="_once" value="([^"]+)"', client.get(url).content.decode())
    return {"_once": name}


def payee_form(**others: Any) -> dict[str, Any]:
    """What the form of a payee sends, without anything that is optional."""
    return {
        "name": "Ana's Concerts",
        "code": "ana",
        "currency": "EUR",
        "schedule_every": "manual",
        "reserve_kind": "none",
        "fee_borne_by": "organizer",
        **others,
    }
