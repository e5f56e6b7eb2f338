"""The main job where something is not as it should be."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.expected import Document
from demo.gift_shop import (
    EARLIER_DEMOS_ENTRY,
    OTHER_SLUG,
    SLUG,
    banking,
    codes_by_role,
    open_shop,
)
from ledger.models import JournalEntry
from ledger.services.entries import submit_entries
from organizations.actors import Actor
from tests.fixtures import make_organization

pytestmark = pytest.mark.django_db(transaction=True)


def run(folder: Path) -> None:
    call_command("demo", output=folder, stdout=io.StringIO())


def test_names_the_checks_that_do_not_hold(tmp_path: Path, monkeypatch: Any) -> None:
    # As if the file said one penny more of VAT on each document than the program charges, and
    # somebody else had posted to the shop's books.
    honest = Document.__dict__["vat"].fget
    monkeypatch.setattr(Document, "vat", property(lambda document: honest(document) + 1))
    shop, _ = open_shop()
    slipped_in = banking(codes_by_role(shop), "slipped-in", 1_00)
    submit_entries(actor=Actor.system(shop), drafts=[slipped_in])

    with pytest.raises(CommandError) as failed:
        run(tmp_path)

    named = str(failed.value).split("; ")
    assert {"Tax payable", "Total", "entries in the books (the file's, and three about cash)"} <= {
        *named
    }
    assert "Sales revenue" not in named


def test_leaves_the_books_of_an_earlier_demo_as_they_are() -> None:
    old = make_organization(SLUG, "The Gift Shop")
    posted = banking(codes_by_role(old), EARLIER_DEMOS_ENTRY, 1_00)
    submit_entries(actor=Actor.system(old), drafts=[posted])

    shop, is_new = open_shop()

    assert (shop.slug, is_new) == (OTHER_SLUG, True)
    assert open_shop() == (shop, False)
    assert JournalEntry.objects.of(old).count() == 1
