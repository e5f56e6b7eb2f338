"""docs/reference/errors.md names every refusal with the status that the API answers."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.errors import Refusal
from ledger import errors as ledger_errors
from organizations import errors as organizations_errors
from organizations.management.commands import error_reference
from organizations.management.commands.error_reference import present_errors


def code_of(refusal: type[Refusal]) -> str:
    bare: Refusal = Exception.__new__(refusal)
    return bare.code


def test_the_file_in_the_repository_is_fresh():
    call_command("error_reference", "--check", stdout=StringIO())


def test_a_stale_file_is_named_and_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "errors.md"
    path.write_text("of yesterday")
    monkeypatch.setattr(error_reference, "PATH", path)

    with pytest.raises(CommandError, match="stale"):
        call_command("error_reference", "--check", stdout=StringIO())

    assert path.read_text() == "of yesterday"


def test_what_it_writes_is_fresh(tmp_path, monkeypatch):
    monkeypatch.setattr(error_reference, "PATH", tmp_path / "reference" / "errors.md")

    call_command("error_reference", stdout=StringIO())

    call_command("error_reference", "--check", stdout=StringIO())


@pytest.mark.parametrize("module", [ledger_errors, organizations_errors])
def test_every_error_of_an_app_is_in_it(module):
    text = present_errors()

    refusals = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Refusal)
        and each.__module__ == module.__name__
    ]
    missing = [each for each in refusals if f"| `{code_of(each)}` |" not in text]

    assert len(refusals) > 15
    assert missing == []


def test_a_refusal_stands_under_its_status_with_its_field():
    section = present_errors().partition("## 422")[2].partition("\n## ")[0]

    assert (
        "| `books_closed` | The books are closed through {closed_through}: entry {reference} may "
        "not be dated {effective_on}. | `effective_on` |" in section
    )


def test_what_tests_define_is_not_in_it():
    class Unheard(Refusal):
        """Of a test."""

    assert Unheard().code not in present_errors()
