"""Two at once in one chart: one of them is refused, and the tree stays a tree."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from core.errors import Refusal
from ledger.models import Account
from ledger.selectors.accounts import account_tree, get_account
from ledger.services.accounts import archive_account, create_account, update_account
from ledger.services.charts import import_chart
from organizations.actors import Actor
from tests.fixtures import make_organization

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def books():
    return make_organization("acme", "Acme Ltd")


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Run all in threads that start together; the codes of their refusals, sorted."""
    start = Barrier(len(calls))
    outcomes: list[str] = []

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait(10)
            call()
            outcomes.append("")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(outcomes)


@pytest.mark.parametrize("_attempt", range(3))
def test_two_moves_below_one_another_make_no_cycle_and_no_deadlock(books, _attempt):
    actor = Actor.system(books)

    def move(code, parent):
        return lambda: update_account(actor=actor, account=get_account(books, code), parent=parent)

    assert at_once(move("11", "12"), move("12", "11")) == ["", "account_cycle"]
    assert len(account_tree(books)) == Account.objects.of(books).count()


@pytest.mark.parametrize("_attempt", range(3))
def test_an_account_made_below_one_that_is_archived_is_refused_or_hinders_it(books, _attempt):
    actor = Actor.system(books)
    top = create_account(actor=actor, code="8", name="Eight", type="expense")

    outcomes = at_once(
        lambda: archive_account(actor=actor, account=top),
        lambda: create_account(actor=actor, code="80", name="Below", type="expense", parent="8"),
    )

    assert outcomes in (["", "parent_archived"], ["", "account_has_active_children"])


def test_one_code_is_given_once(books):
    actor = Actor.system(books)

    def create():
        return create_account(actor=actor, code="8", name="Eight", type="expense")

    assert at_once(*[create] * 6) == [""] + ["account_code_taken"] * 5


def test_the_same_chart_imported_twice_at_once_is_there_once(books):
    actor = Actor.system(books)
    results = []

    def load():
        lines = ["code,name,type,parent\n", "8,Eight,expense,\n", "80,Below,expense,8\n"]
        results.append(import_chart(actor=actor, lines=lines))

    assert at_once(load, load) == ["", ""]
    assert sorted((r.created, r.unchanged) for r in results) == [(0, 2), (2, 0)]
