"""Finding entries by what they say."""

from datetime import date
from typing import Any

import pytest

from ledger.drafts import EntryDraft, credit, debit
from ledger.models import EntryAlias
from ledger.selectors.accounts import get_account
from ledger.selectors.entries import list_entries
from ledger.services.entries import propose_entry
from organizations.actors import Actor
from organizations.models import Organization


@pytest.fixture
def entries(post: Any, as_alice: Actor) -> None:
    post(debit("1000", 1), credit("4000", 1), on=date(2026, 1, 1), reference="a")
    post(
        debit("1010", 1),
        credit("4000", 1),
        on=date(2026, 2, 1),
        reference="b",
        reference_type="order",
        reference_id="7",
    )
    lines = [debit("1010", 1), credit("6000", 1)]
    propose_entry(actor=as_alice, draft=EntryDraft("c", date(2026, 3, 1), lines))


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["c", "b", "a"]),
        ({"reference": "b"}, ["b"]),
        ({"reference_type": "order", "reference_id": "7"}, ["b"]),
        ({"status": "pending"}, ["c"]),
        ({"since": date(2026, 2, 1)}, ["c", "b"]),
        ({"since": date(2026, 1, 2), "until": date(2026, 2, 1)}, ["b"]),
        ({"reference": "nothing"}, []),
    ],
)
def test_finds_by_what_is_asked(
    acme: Organization, filters: dict[str, Any], found: list[str]
) -> None:
    assert [entry.reference for entry in list_entries(acme, **filters)] == found


@pytest.mark.usefixtures("entries")
def test_finds_by_account_also_what_is_only_proposed(acme: Organization) -> None:
    bank = get_account(acme, "1010")

    assert [entry.reference for entry in list_entries(acme, account=bank)] == ["c", "b"]


def test_finds_by_the_name_in_the_old_books(acme: Organization, post: Any) -> None:
    entry = post(debit("1000", 1), credit("4000", 1), reference="invoice-1-issuance")
    EntryAlias.objects.create(organization=acme, alias="invoice-INV-1", entry=entry)

    assert list(list_entries(acme, reference="invoice-INV-1")) == [entry]


def test_finds_nothing_of_another_organization(mallory_ltd: Organization, post: Any) -> None:
    post(debit("1000", 1), credit("4000", 1), reference="a")

    assert not list_entries(mallory_ltd, reference="a").exists()
