"""`manage.py run_settlements`: what it shows, and its exit status."""

import json
from datetime import date
from io import StringIO

import pytest
from django.core.management import call_command

from settlements.services import running

# A Wednesday.
WEDNESDAY = date(2026, 3, 11)
DAILY = {"every": "day"}


def run_command(*arguments):
    output = StringIO()
    try:
        call_command("run_settlements", *arguments, stdout=output)
    except SystemExit as exited:
        return exited.code, output.getvalue()
    return 0, output.getvalue()


def test_the_command_shows_what_became_of_each_payee(market):
    bob = market.payee("bob", schedule=DAILY, minimum_payout_amount=100_00)
    for payee in (market.payee("ana", schedule=DAILY), bob):
        market.sell(payee, on=WEDNESDAY)

    status, said = run_command("--organization", "market", "--through", WEDNESDAY.isoformat())

    assert status == 0
    first, *rows = said.splitlines()
    assert first == f"market through {WEDNESDAY}: 1 settled, 1 waits"
    [ana] = [row.split() for row in rows if "ana " in row]
    assert ana == ["ana", "2026-03-11", "settled", "1", "90.00", "EUR"]
    assert "below the minimum payout" in said


@pytest.mark.all_organizations
def test_the_command_is_about_all_organizations_unless_one_is_named(market, mallory_ltd):
    market.sell(market.payee(schedule=DAILY), on=WEDNESDAY)

    status, said = run_command("--through", WEDNESDAY.isoformat(), "--format", "json")

    [told] = json.loads(said)
    assert (status, told["organization"], told["counts"]["settled"]) == (0, "market", 1)
    assert told["payees"][0]["amount"] == 90_00
    status, said = run_command("--organization", "market", "--through", WEDNESDAY.isoformat())
    assert (status, said.strip()) == (0, f"market through {WEDNESDAY}: no payee is due")


def test_the_command_fails_where_a_payee_could_not_be_settled(market, monkeypatch):
    market.sell(market.payee(schedule=DAILY), on=WEDNESDAY)

    def fail(**_):
        raise OSError("the disk is [full]")

    monkeypatch.setattr(running, "calculate_settlement", fail)
    status, said = run_command("--organization", "market", "--through", WEDNESDAY.isoformat())

    assert status == 1
    assert "OSError: the disk is [full]" in said
