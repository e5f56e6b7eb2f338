"""The chart of accounts in the back-office."""

from datetime import date

import pytest
from django.urls import reverse

from ledger.drafts import credit, debit
from ledger.models import Account
from ledger.services.accounts import archive_account, create_account
from organizations.models import AuditEvent

TREE = "/admin/ledger/account/"
ADD = "/admin/ledger/account/add/"


def account_form(**given):
    return {
        "code": "1015",
        "name": "Second bank",
        "type": "asset",
        "parent": "10 Cash and bank",
        "currency": "GBP",
        "role": "",
        "description": "",
        "balance_slots": "1",
        **given,
    }


def find(acme, code):
    return Account.objects.of(acme).get(code=code)


def page(account, view="change"):
    return reverse(f"admin:ledger_account_{view}", args=[account.pk])


def test_accounts_above_add_up_those_below_in_their_normal_sign(acme, post, alice, signed_in):
    post(debit("1000", 1_234_50), credit("4000", 1_234_50))
    post(debit("1010", 10_00), credit("4000", 10_00))

    branches = signed_in(alice).get(TREE).context["branches"]

    assets = next(branch for branch in branches if branch.node.account.code == "1")
    assert [balance.figure for balance in assets.balances] == ["1,244.50"]
    revenue = next(branch for branch in branches if branch.node.account.type == "revenue")
    assert [balance.figure for balance in revenue.balances] == ["1,244.50"]


def test_balances_are_those_of_the_day_asked_for(acme, post, alice, signed_in):
    post(debit("1000", 5_00), credit("4000", 5_00), on=date(2026, 1, 15))
    post(debit("1000", 7_00), credit("4000", 7_00), on=date(2026, 2, 15))

    answer = signed_in(alice).get(TREE, {"as_of": "2026-01-31"})

    assert "5.00" in answer.content.decode()
    assert "12.00" not in answer.content.decode()


def test_each_currency_is_summed_by_itself(acme, as_alice, post, alice, signed_in):
    create_account(
        actor=as_alice, code="1016", name="Yen", type="asset", currency="JPY", parent="10"
    )
    create_account(actor=as_alice, code="3016", name="Yen", type="equity", currency="JPY")
    post(debit("1016", 1500), credit("3016", 1500))
    post(debit("1000", 1500), credit("4000", 1500))

    branches = signed_in(alice).get(TREE).context["branches"]

    assets = next(branch for branch in branches if branch.node.account.code == "1")
    shown = {balance.currency: balance.figure for balance in assets.balances}
    assert shown == {"GBP": "15.00", "JPY": "1,500"}


def test_archived_accounts_are_shown_on_demand(acme, as_alice, alice, signed_in):
    archive_account(actor=as_alice, account=find(acme, "1040"))
    client = signed_in(alice)

    assert "Cash in transit" not in client.get(TREE).content.decode()
    assert "Cash in transit" in client.get(TREE, {"archived": "on"}).content.decode()


def test_a_search_keeps_what_stands_above(alice, signed_in):
    shown = signed_in(alice).get(TREE, {"q": "cash in"}).content.decode()

    assert "Cash in transit" in shown
    assert "Cash and bank" in shown
    assert "Sales revenue" not in shown


def test_makes_an_account(acme, alice, signed_in):
    signed_in(alice).post(ADD, account_form())

    account = find(acme, "1015")
    assert (account.parent, account.currency) == (find(acme, "10"), "GBP")
    assert AuditEvent.objects.of(acme).filter(action="create_account", user=alice).exists()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"code": "1000"}, "There is an account 1000 already"),
        ({"code": "a b"}, "a b"),
        ({"name": ""}, "This field is required"),
        ({"parent": "nowhere"}, "nowhere"),
        ({"type": "expense"}, "type of the accounts above"),
        ({"role": "cash"}, "role"),
        ({"currency": "XXQ"}, "XXQ"),
        ({"balance_slots": "65"}, "64"),
        ({"name": "a\x00b"}, "Null characters"),
    ],
)
def test_says_what_is_wrong_and_makes_nothing(acme, alice, signed_in, given, said):
    before = Account.objects.of(acme).count()

    answer = signed_in(alice).post(ADD, account_form(**given))

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert Account.objects.of(acme).count() == before


def test_another_organizations_account_is_no_parent(acme, as_mallory, alice, signed_in):
    theirs = create_account(actor=as_mallory, code="theirs", name="Theirs", type="asset")

    answer = signed_in(alice).post(ADD, account_form(parent=str(theirs.pk)))

    assert answer.status_code == 200
    assert not Account.objects.of(acme).filter(code="1015").exists()


def test_changes_an_account_and_says_what_was_before(acme, alice, signed_in):
    account = find(acme, "1040")
    form = account_form(code="1040", name="Float", parent="10")

    signed_in(alice).post(page(account), form)

    account.refresh_from_db()
    assert account.name == "Float"
    event = AuditEvent.objects.of(acme).get(action="update_account")
    assert (event.before["name"], event.after["name"]) == ("Cash in transit", "Float")


def test_keeps_type_and_currency_once_there_are_lines(acme, post, alice, signed_in):
    post(debit("1000", 5), credit("4000", 5))
    account = find(acme, "1000")
    form = account_form(code="1000", name="Cash", role="cash", currency="EUR")

    answer = signed_in(alice).post(page(account), form)

    assert "is in use" in answer.content.decode()
    account.refresh_from_db()
    assert account.currency == "GBP"


def test_an_account_does_not_stand_below_itself(acme, alice, signed_in):
    top = find(acme, "1")

    answer = signed_in(alice).post(page(top), account_form(code="1", name="Assets", parent="10"))

    assert answer.status_code == 200
    assert "cannot stand below itself" in answer.content.decode()


def test_archives_and_restores(acme, alice, signed_in):
    account = find(acme, "1040")
    client = signed_in(alice)

    client.post(page(account, "archive"))
    account.refresh_from_db()
    assert account.status == "archived"

    client.post(page(account, "restore"))
    account.refresh_from_db()
    assert account.status == "active"


def test_deletes_an_account_that_nothing_refers_to(acme, alice, signed_in):
    signed_in(alice).post(page(find(acme, "1040"), "delete"))

    assert not Account.objects.of(acme).filter(code="1040").exists()


def test_does_not_delete_an_account_in_use_and_says_so(acme, post, alice, signed_in):
    post(debit("1000", 5), credit("4000", 5))

    answer = signed_in(alice).post(page(find(acme, "1000"), "delete"), follow=True)

    assert "is in use" in answer.content.decode()
    assert Account.objects.of(acme).filter(code="1000").exists()


def test_shows_an_accounts_lines_with_running_balance(acme, post, alice, signed_in):
    post(debit("1000", 5_00), credit("4000", 5_00), on=date(2026, 1, 15))
    post(debit("1000", 7_00), credit("4000", 7_00), on=date(2026, 2, 15))
    post(debit("6000", 1_00), credit("1000", 1_00), on=date(2026, 3, 15))

    answer = signed_in(alice).get(page(find(acme, "1000"), "statement"), {"since": "2026-02-01"})

    assert answer.context["opening"].figure == "5.00"
    assert [balance.figure for *_, balance in answer.context["rows"]] == ["12.00", "11.00"]
    assert answer.context["closing"].figure == "11.00"


def test_the_history_is_the_audit_trail(acme, as_alice, carol, signed_in):
    account = create_account(actor=as_alice, code="1015", name="Second bank", type="asset")

    shown = signed_in(carol).get(page(account, "history")).content.decode()

    assert "Create account" in shown
    assert "Alice" in shown


def test_the_autocomplete_offers_the_organizations_own(acme, as_mallory, alice, signed_in):
    create_account(actor=as_mallory, code="theirs", name="Theirs", type="asset")
    field = {"app_label": "ledger", "model_name": "account", "field_name": "parent"}

    answer = signed_in(alice).get("/admin/autocomplete/", {**field, "term": "theirs"})

    assert answer.status_code != 200 or answer.json()["results"] == []


def test_an_empty_chart_says_what_to_do(mallory, mallory_ltd, signed_in):
    Account.objects.of(mallory_ltd).filter(parent__isnull=False).delete()
    for _ in range(4):
        for account in Account.objects.of(mallory_ltd).filter(children__isnull=True):
            account.delete()

    shown = signed_in(mallory).get(TREE).content.decode()

    assert "There are no accounts yet" in shown


def test_the_history_has_no_button_for_who_may_not_read_it(acme, alice, carol, signed_in):
    account = find(acme, "1000")

    assert page(account, "history") in signed_in(carol).get(page(account)).content.decode()
    assert page(account, "history") not in signed_in(alice).get(page(account)).content.decode()
