"""Who may sell over HTTP, where it depends on more than the route (tests/test_api_access.py)."""

import pytest
from django.contrib.auth.models import Group, Permission

from tests.api import send
from tests.invoicing.api import ORDER

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("lacking", ["add_order", "lock_order", "issue_invoice", "record_payment"])
def test_selling_in_one_call_takes_the_permission_for_each_step(signed_in, dan, lacking):
    Group.objects.get(name="cashier").permissions.remove(Permission.objects.get(codename=lacking))
    sale = {**ORDER, "payment": {"method": "cash"}}

    answer = send(signed_in(dan), "POST", "/invoices", sale)

    assert answer.status_code == 403
    assert f"invoicing.{lacking}" in answer.json()["errors"][0]["detail"]


def test_the_cashier_takes_payments_and_gives_nothing_back(signed_in, dan):
    client = signed_in(dan)
    sold = send(client, "POST", "/invoices", {**ORDER, "payment": {"method": "cash"}})
    path = f"/invoices/{sold.json()['id']}"

    for action in ("refunds", "void", "credit-notes"):
        body = {"reason": "For a friend", **({"amount": 1} if action == "credit-notes" else {})}
        assert send(client, "POST", f"{path}/{action}", body).status_code == 403
    assert sold.status_code == 201
