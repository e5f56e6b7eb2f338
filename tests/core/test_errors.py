"""What a refusal says."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.errors import ConstraintRegistry, Invalid


class Refused(Invalid):
    """Account {account} takes no lines (entries: {references})."""


def test_fills_the_facts_into_its_docstring():
    refusal = Refused(account="1000", references=["a", "b"])

    assert refusal.message == "Account 1000 takes no lines (entries: a, b)."
    assert refusal.references == ["a", "b"]


def test_names_the_first_ten_of_a_long_list_and_how_many_more_there_are():
    refusal = Refused(account="1000", references=[f"e{n}" for n in range(10_000)])

    assert refusal.message.endswith(
        "(entries: e0, e1, e2, e3, e4, e5, e6, e7, e8, e9 and 9990 more)."
    )
    assert len(refusal.references) == 10_000


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("BooksClosed", "books_closed"),
        ("NotADebt", "not_a_debt"),
        ("AlreadyAMember", "already_a_member"),
        ("ApiKeyNotFound", "api_key_not_found"),
    ],
)
def test_is_called_on_the_wire_by_the_words_of_its_name(name, code):
    assert type(name, (Refused,), {})().code == code


def test_says_so_where_a_fact_is_not_known():
    assert Refused(account="1000").message == "Account 1000 takes no lines (entries: ?)."


@pytest.mark.parametrize(
    ("detail", "facts"),
    [
        (
            "Key (organization_id, reference)=(0a, A, 1) already exists.",
            {"reference": "A, 1"},
        ),
        (
            "Key (organization_id, reference)=(0a, A)=(1)\n(2) already exists.",
            {"reference": "A)=(1)\n(2"},
        ),
        ('{"order": "1"}', {"order": "1"}),
        ("Failing row contains (1, 2).", {}),
    ],
)
def test_knows_the_value_that_a_unique_constraint_names(detail, facts):
    def translation(known: dict[str, Any]) -> Refused:
        return Refused(known=known)

    ConstraintRegistry.register({"refused_for_a_test": translation})
    broken = SimpleNamespace(
        diag=SimpleNamespace(
            sqlstate="23505", constraint_name="refused_for_a_test", message_detail=detail
        )
    )

    refusal = ConstraintRegistry.translate(cast(BaseException, broken))

    assert refusal is not None
    assert refusal.known == facts
