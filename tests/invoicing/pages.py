"""How tests of the sales pages name addresses, fill forms in, and read what is said."""

import html
import re
from typing import Any

from django.test import Client
from django.urls import reverse

O, C, A, K, R = "owner", "controller", "accountant", "cashier", "auditor"  # noqa: E741
ALL = {O, C, A, K, R}

_TAG = re.compile(r"<[^>]*>")


def page(row: Any, view: str = "change") -> str:
    """The address of a row's page."""
    return reverse(f"admin:invoicing_{row._meta.model_name}_{view}", args=[row.pk])


def listed(model: str) -> str:
    """The address of a list."""
    return reverse(f"admin:invoicing_{model}_changelist")


def rows_form(*rows: dict[str, Any], **head: Any) -> dict[str, Any]:
    """What the form of an order sends: the head, and rows of items."""
    sent: dict[str, Any] = {
        "customer": "",
        "currency": "GBP",
        "reference": "",
        "items-TOTAL_FORMS": len(rows),
        "items-INITIAL_FORMS": 0,
        **head,
    }
    for number, row in enumerate(rows):
        for name, value in row.items():
            sent[f"items-{number}-{name}"] = value
    return sent


def text_of(answer: Any) -> str:
    """What a page says, without its markup."""
    return " ".join(html.unescape(_TAG.sub(" ", answer.content.decode())).split())


def follow(client: Client, url: str, **sent: Any) -> str:
    """What is said after a form was sent."""
    return text_of(client.post(url, sent, follow=True))
