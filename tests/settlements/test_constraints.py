"""What the database refuses of settlements is a refusal of ours, with a sentence for people."""

import re
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction

from core.db import uuid7
from core.errors import ConstraintRegistry, Refusal
from ledger.models import Account
from settlements.errors import PayableAccountInUse, SettlementIsFinal
from tests.invoicing.raw_sales import Statement
from tests.ledger.raw_books import run
from tests.settlements.raw_market import RawMarket

RULES = Path(__file__).parents[2] / "settlements/migrations/sql/0002_rules.sql"

# Broken by none of our services, whatever they are asked: a fault of the program, answered as one.
FAULTS = {
    "settlement_begins_pending",
    "payout_is_of_its_settlement",
    "payoutbatch_hash_is_that_of_its_content",
}


def test_every_truth_of_the_triggers_has_a_refusal():
    rules = RULES.read_text()
    truths = set(re.findall(r"ledger_refuse\(\s*'(\w+)'", rules))
    truths |= set(re.findall(r"(?:THEN|ELSE) '(settlement_\w+)'", rules))

    known = set(ConstraintRegistry._translations)

    assert len(truths) > 20
    assert truths - known == FAULTS


def refusal_of(statement: Statement) -> Refusal | None:
    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        run(*statement)
    return ConstraintRegistry.translate(caught.value)


@pytest.mark.django_db
def test_the_account_of_payees_names_itself_when_it_would_change():
    acme = RawMarket("acme")
    acme.payee()
    account = Account.objects.of(acme.id).get(code="owed")

    refusal = refusal_of(
        ("UPDATE ledger_account SET type = 'asset' WHERE id = %(id)s", {"id": account.pk})
    )

    assert isinstance(refusal, PayableAccountInUse)
    assert str(refusal) == (
        "What payees are owed stands on account owed: it stays as it is, in GBP."
    )


@pytest.mark.django_db
def test_an_item_that_would_leave_names_the_settlement():
    acme = RawMarket("acme")
    ana = acme.payee()
    sale = acme.sell(ana)
    acme.settle(ana)

    refusal = refusal_of(acme.moving_items("sale", [sale], None))

    assert isinstance(refusal, SettlementIsFinal)


@pytest.mark.django_db
def test_a_settlement_of_nobody_names_the_payee():
    acme = RawMarket("acme")
    nobody = uuid7()
    row = {**acme.settlement_row(acme.payee(), items={}), "payee_id": nobody}
    names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)

    refusal = refusal_of((f"INSERT INTO settlements_settlement ({names}) VALUES ({values})", row))

    assert str(refusal) == f"There is no payee {nobody} in this organization."
