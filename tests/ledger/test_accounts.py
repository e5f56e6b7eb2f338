"""The chart of accounts: made, changed, archived, deleted, with before and after on record."""

import pytest

from ledger.drafts import credit, debit
from ledger.errors import (
    AccountArchived,
    AccountCodeTaken,
    AccountCycle,
    AccountHasActiveChildren,
    AccountInUse,
    AccountNotFound,
    AccountRoleTaken,
    AccountTypeMismatch,
    InvalidAccountCode,
    InvalidAccountDescription,
    InvalidAccountName,
    InvalidBalanceSlots,
    ParentArchived,
    RoleUnfilled,
    UnknownAccountRole,
    UnknownAccountStatus,
    UnknownAccountType,
    UnknownParent,
)
from ledger.models import Account, JournalEntry, ProposedLine
from ledger.selectors.accounts import account_by_role, accounts_by_role, get_account, list_accounts
from ledger.services.accounts import (
    archive_account,
    create_account,
    delete_account,
    replace_account,
    restore_account,
    update_account,
)
from organizations.errors import UnknownCurrency
from organizations.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(as_alice):
    def create_one(code="6999", name="Sundries", type="expense", **others):
        return create_account(actor=as_alice, code=code, name=name, type=type, **others)

    return create_one


@pytest.fixture
def account(acme):
    """account("1000") is Acme's cash."""
    return lambda code: get_account(acme, code)


def audited(organization, action):
    return AuditEvent.objects.of(organization).get(action=action)


# --- Making one -----------------------------------------------------------------------------------


def test_makes_an_account_in_the_base_currency(acme, create):
    made = create(name="  Sundries ", parent="6", description=" Small things ")

    kept = get_account(acme, "6999")
    assert kept == made
    assert (kept.name, kept.description) == ("Sundries", "Small things")
    assert (kept.currency, kept.status, kept.role) == ("GBP", "active", "")
    assert kept.parent == get_account(acme, "6")


@pytest.mark.parametrize("by", [lambda a: a, lambda a: a.code, lambda a: a.pk, lambda a: str(a.pk)])
def test_the_parent_may_be_an_account_its_code_or_its_id(create, account, by):
    assert create(parent=by(account("6"))).parent_id == account("6").pk


def test_making_one_is_audited_with_its_values(acme, create, alice):
    made = create(parent="6", currency="USD")

    event = audited(acme, "create_account")
    assert (event.subject_type, event.subject_ids, event.user) == ("account", [made.pk], alice)
    assert event.before is None
    assert event.after == {
        "code": "6999",
        "name": "Sundries",
        "type": "expense",
        "parent": "6",
        "currency": "USD",
        "status": "active",
        "role": "",
        "description": "",
        "balance_slots": 1,
    }


@pytest.mark.parametrize(
    ("values", "error", "named"),
    [
        ({"code": ""}, InvalidAccountCode, "''"),
        ({"code": "a b"}, InvalidAccountCode, "a b"),
        ({"code": "1000\n"}, InvalidAccountCode, r"1000\\n"),
        ({"code": "=1"}, InvalidAccountCode, "=1"),
        ({"code": "é"}, InvalidAccountCode, "xe9"),
        ({"code": "1" * 101}, InvalidAccountCode, "111"),
        ({"name": "  "}, InvalidAccountName, "''"),
        ({"name": "x" * 201}, InvalidAccountName, "xxx"),
        ({"name": "a\x00b"}, InvalidAccountName, "x00"),
        ({"name": "\ud800"}, InvalidAccountName, "ud800"),
        ({"type": "income"}, UnknownAccountType, "income"),
        ({"type": ""}, UnknownAccountType, "''"),
        ({"currency": "GBX"}, UnknownCurrency, "GBX"),
        ({"currency": "gbp"}, UnknownCurrency, "gbp"),
        ({"role": "treasure"}, UnknownAccountRole, "treasure"),
        ({"description": "a\x00"}, InvalidAccountDescription, "6999"),
        ({"description": "x" * 2_001}, InvalidAccountDescription, "2000"),
        ({"balance_slots": 0}, InvalidBalanceSlots, "0"),
        ({"balance_slots": 65}, InvalidBalanceSlots, "65"),
        ({"parent": "7777"}, UnknownParent, "7777"),
        ({"parent": "a\x00"}, UnknownParent, "a"),
        ({"parent": "1"}, AccountTypeMismatch, "6999"),
        ({"code": "1000"}, AccountCodeTaken, "1000"),
        ({"role": "cash"}, AccountRoleTaken, "cash in GBP"),
    ],
)
def test_refuses_what_makes_no_sense_names_it_and_writes_nothing(
    acme, create, values, error, named
):
    before = Account.objects.of(acme).count()

    with pytest.raises(error, match=named):
        create(**values)

    assert Account.objects.of(acme).count() == before
    assert not AuditEvent.objects.of(acme).filter(action="create_account").exists()


def test_the_same_role_can_be_filled_once_in_each_currency(acme, create):
    dollars = create(code="1000-USD", type="asset", role="cash", currency="USD")

    assert account_by_role(acme, "cash", "USD") == dollars
    assert account_by_role(acme, "cash").code == "1000"


def test_a_parent_with_lines_gets_no_children(create, post):
    post(debit("6000", 5_00), credit("1000", 5_00))

    with pytest.raises(AccountInUse, match="6000"):
        create(parent="6000")


def test_an_archived_parent_gets_no_children(create, account, as_alice):
    archive_account(actor=as_alice, account=account("6000"))

    with pytest.raises(ParentArchived, match="6000"):
        create(parent="6000")


@pytest.mark.parametrize("by", [lambda a: a, lambda a: a.pk, lambda a: str(a.pk), lambda a: a.code])
def test_another_organizations_account_is_no_parent(acme, mallory_ltd, as_mallory, create, by):
    hers = create_account(actor=as_mallory, code="hers", name="Hers", type="expense")

    with pytest.raises(UnknownParent):
        create(parent=by(hers))


# --- Changing one ---------------------------------------------------------------------------------


def test_changes_what_is_given_and_records_only_that(acme, account, as_alice):
    update_account(actor=as_alice, account=account("6000"), name="Sundry", parent="7")

    changed = get_account(acme, "6000")
    assert (changed.name, changed.parent) == ("Sundry", get_account(acme, "7"))
    assert changed.role == "operating_expense"
    event = audited(acme, "update_account")
    assert event.before == {"name": "General expenses", "parent": "6"}
    assert event.after == {"name": "Sundry", "parent": "7"}


def test_a_change_to_what_is_there_already_is_none(acme, account, as_alice):
    update_account(actor=as_alice, account=account("6000"), name="General expenses", parent="6")

    assert not AuditEvent.objects.of(acme).filter(action="update_account").exists()


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_account_can_be_moved_to_the_top(acme, account, as_alice, nothing):
    update_account(actor=as_alice, account=account("6000"), parent=nothing)

    assert get_account(acme, "6000").parent is None


def test_a_code_can_change_and_the_lines_follow(acme, account, as_alice, post):
    post(debit("6000", 5_00), credit("1000", 5_00))

    renamed = update_account(actor=as_alice, account=account("6000"), code="6001")

    assert renamed.lines.count() == 1
    with pytest.raises(AccountNotFound, match="6000"):
        get_account(acme, "6000")


@pytest.mark.parametrize(
    ("changes", "error", "named"),
    [
        ({"code": "1000"}, AccountCodeTaken, "1000"),
        ({"role": "cash"}, AccountRoleTaken, "cash in GBP"),
        ({"parent": "1"}, AccountTypeMismatch, "6000"),
        ({"parent": "nobody"}, UnknownParent, "nobody"),
        ({"name": ""}, InvalidAccountName, "''"),
        ({"status": "frozen"}, UnknownAccountStatus, "frozen"),
        ({"type": "asset"}, AccountTypeMismatch, "6000"),
    ],
)
def test_refuses_a_change_that_makes_no_sense(acme, account, as_alice, changes, error, named):
    with pytest.raises(error, match=named):
        update_account(actor=as_alice, account=account("6000"), **changes)

    assert get_account(acme, "6000").name == "General expenses"


def test_an_unknown_field_is_a_mistake_of_the_caller(account, as_alice):
    with pytest.raises(TypeError, match="colour"):
        update_account(actor=as_alice, account=account("6000"), colour="red")


@pytest.mark.parametrize("changes", [{"currency": "USD"}, {"type": "asset", "parent": None}])
def test_type_and_currency_stay_once_there_are_lines(account, as_alice, post, changes):
    post(debit("6000", 5_00), credit("1000", 5_00))

    with pytest.raises(AccountInUse, match="6000"):
        update_account(actor=as_alice, account=account("6000"), **changes)


def test_an_account_cannot_stand_below_itself(account, as_alice):
    with pytest.raises(AccountCycle, match="10"):
        update_account(actor=as_alice, account=account("10"), parent="10")


def test_an_account_cannot_stand_below_its_own_child(account, as_alice):
    with pytest.raises(AccountCycle, match="1"):
        update_account(actor=as_alice, account=account("1"), parent="10")


def test_replacing_resets_what_is_not_given_but_not_the_status(acme, create, as_alice):
    made = create(parent="6", role="", description="Old", balance_slots=4, currency="USD")
    archive_account(actor=as_alice, account=made)

    replace_account(actor=as_alice, account=made, code="6998", name="New", type="asset")

    replaced = get_account(acme, "6998")
    assert replaced.pk == made.pk
    assert (replaced.name, replaced.type, replaced.currency) == ("New", "asset", "GBP")
    assert (replaced.parent, replaced.description, replaced.balance_slots) == (None, "", 1)
    assert replaced.status == "archived"


@pytest.mark.parametrize("change", [update_account, archive_account, delete_account])
def test_another_organizations_account_is_not_there(acme, account, as_mallory, change):
    with pytest.raises(AccountNotFound, match="6000"):
        change(actor=as_mallory, account=account("6000"))

    assert get_account(acme, "6000").status == "active"


# --- Archiving and deleting -----------------------------------------------------------------------


def test_an_archived_account_takes_no_lines_until_it_is_restored(acme, account, as_alice, post):
    archive_account(actor=as_alice, account=account("6000"))
    with pytest.raises(AccountArchived, match="6000"):
        post(debit("6000", 5_00), credit("1000", 5_00))

    restore_account(actor=as_alice, account=account("6000"))
    post(debit("6000", 5_00), credit("1000", 5_00))

    assert audited(acme, "archive_account").after == {"status": "archived"}
    assert audited(acme, "restore_account").before == {"status": "archived"}


def test_archiving_again_is_no_change(acme, account, as_alice):
    archive_account(actor=as_alice, account=account("6000"))
    archive_account(actor=as_alice, account=account("6000"))

    assert AuditEvent.objects.of(acme).filter(action="archive_account").count() == 1


def test_a_role_counts_as_unfilled_while_its_account_is_archived(acme, account, as_alice):
    archive_account(actor=as_alice, account=account("1030"))
    with pytest.raises(RoleUnfilled, match="mobile_money in GBP"):
        account_by_role(acme, "mobile_money")

    restore_account(actor=as_alice, account=account("1030"))
    assert account_by_role(acme, "mobile_money").code == "1030"


def test_a_branch_is_archived_from_the_leaves_and_restored_from_the_top(account, as_alice):
    with pytest.raises(AccountHasActiveChildren, match="1900, 1910"):
        archive_account(actor=as_alice, account=account("19"))

    for code in ("1900", "1910", "19"):
        archive_account(actor=as_alice, account=account(code))

    with pytest.raises(ParentArchived, match="19"):
        restore_account(actor=as_alice, account=account("1900"))
    restore_account(actor=as_alice, account=account("19"))
    restore_account(actor=as_alice, account=account("1900"))


def test_deletes_an_account_that_nothing_refers_to(acme, create, as_alice):
    made = create()

    delete_account(actor=as_alice, account=made)

    assert not Account.objects.of(acme).filter(code="6999").exists()
    assert audited(acme, "delete_account").before["code"] == "6999"


def test_an_account_with_lines_cannot_be_deleted(acme, account, as_alice, post):
    post(debit("6000", 5_00), credit("1000", 5_00))

    with pytest.raises(AccountInUse, match="6000"):
        delete_account(actor=as_alice, account=account("6000"))

    assert JournalEntry.objects.of(acme).count() == 1
    assert account("6000").status == "active"


def test_an_account_with_children_cannot_be_deleted(account, as_alice):
    with pytest.raises(AccountInUse, match="19"):
        delete_account(actor=as_alice, account=account("19"))


def test_an_account_with_proposed_lines_cannot_be_deleted(acme, account, as_alice):
    entry = JournalEntry.objects.create(
        organization=acme,
        reference="proposal",
        effective_on="2026-01-15",
        posted_at=None,
        status="pending",
        currency="GBP",
        total_amount=5_00,
    )
    ProposedLine.objects.create(
        organization=acme, entry=entry, account=account("6000"), position=1, debit=5_00
    )

    with pytest.raises(AccountInUse, match="6000"):
        delete_account(actor=as_alice, account=account("6000"))


# --- Finding one ----------------------------------------------------------------------------------


def test_finds_an_account_by_code_and_by_id(acme, account):
    cash = account("1000")

    assert get_account(acme, cash.pk) == cash
    assert get_account(acme, str(cash.pk)) == cash
    assert get_account(acme, cash.pk.hex.upper()) == cash


def test_a_code_that_looks_like_an_id_is_a_code(acme, account, create):
    trap = create(code=str(account("1000").pk))

    assert get_account(acme, trap.code) == trap


@pytest.mark.parametrize("name", ["", "1000 ", "nobody", "a\x00", "\ud800", "x" * 100_000])
def test_an_account_that_is_not_there_is_not_found(acme, name):
    with pytest.raises(AccountNotFound):
        get_account(acme, name)


def test_another_organizations_account_is_not_found(mallory_ltd, account):
    with pytest.raises(AccountNotFound):
        get_account(mallory_ltd, account("1000").pk)


def test_finds_several_roles_by_one_statement(acme, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = accounts_by_role(acme, ["cash", "tax_payable", "sales_revenue"])

    assert {role: account.code for role, account in found.items()} == {
        "cash": "1000",
        "tax_payable": "2200",
        "sales_revenue": "4000",
    }


def test_lists_by_type_status_and_role(acme, account, as_alice):
    archive_account(actor=as_alice, account=account("1030"))

    def codes(**given):
        return [found.code for found in list_accounts(acme, **given)]

    assert codes(status="archived") == ["1030"]
    assert codes(role="cash") == ["1000"]
    assert {found.type for found in list_accounts(acme, type="equity")} == {"equity"}
    assert codes() == sorted(codes())
