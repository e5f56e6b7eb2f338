"""Every statement about tenant tables says of which organization (docs/why/tenant-keys.md).

`tests.tenant_sql` watches all other tests; here stands that it notices, and that the statements
which Django writes by itself pass.
"""

from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Subquery, Sum

from core.servers import PROJECT
from ledger.models import (
    Account,
    AccountBalance,
    CashEntry,
    JournalEntry,
    JournalLine,
    ProposedLine,
)
from tests.ledger.raw_books import RawBooks
from tests.tenant_sql import NoOrganization, faults_of, tenant_tables, watched

pytestmark = pytest.mark.all_organizations

WITHOUT = [
    "SELECT * FROM ledger_account",
    "SELECT * FROM ledger_account WHERE id = %s",
    "SELECT * FROM ledger_account WHERE organization_id = %s OR id = %s",
    "SELECT * FROM ledger_account WHERE NOT organization_id = %s",
    "SELECT * FROM ledger_account WHERE organization_id <> %s",
    "SELECT * FROM ledger_account WHERE organization_id IS NOT NULL",
    "SELECT * FROM ledger_account WHERE organization_id = organization_id",
    "SELECT organization_id FROM ledger_account ORDER BY organization_id",
    "SELECT id FROM ledger_account WHERE id = %s FOR UPDATE",
    (
        "SELECT * FROM ledger_journalline l JOIN ledger_account a ON a.id = l.account_id"
        " WHERE l.organization_id = %s"
    ),
    (
        "SELECT * FROM ledger_journalline l JOIN ledger_account a ON a.id = l.account_id"
        " WHERE a.organization_id = %s"
    ),
    (
        "SELECT * FROM ledger_journalline l JOIN ledger_account a"
        " ON a.id = l.account_id AND a.organization_id = l.organization_id"
    ),
    "SELECT * FROM ledger_journalline l, ledger_account a WHERE l.organization_id = %s",
    (
        "SELECT * FROM organizations_organization o"
        " WHERE EXISTS (SELECT FROM ledger_account a WHERE a.code = o.slug)"
    ),
    "SELECT (SELECT count(*) FROM ledger_account) FROM organizations_organization",
    "SELECT * FROM (SELECT * FROM ledger_account) a WHERE a.organization_id = %s",
    "WITH a AS (SELECT * FROM ledger_account) SELECT * FROM a WHERE organization_id = %s",
    "UPDATE ledger_account SET name = %s WHERE id = %s",
    "UPDATE ledger_account SET organization_id = %s WHERE id = %s",
    (
        "UPDATE ledger_account a SET name = e.reference FROM ledger_journalentry e"
        " WHERE a.organization_id = %s"
    ),
    "DELETE FROM ledger_proposedline WHERE entry_id = ANY(%s)",
    (
        "DELETE FROM ledger_proposedline p USING ledger_journalentry e"
        " WHERE e.id = p.entry_id AND p.organization_id = %s"
    ),
    "INSERT INTO ledger_account (id, organization_id) SELECT id, %s FROM ledger_account",
    "INSERT INTO ledger_account (id, organization_id) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING",
    "MERGE INTO ledger_account a USING ledger_account b ON a.id = b.id WHEN MATCHED THEN DELETE",
]

WITH = [
    "SELECT * FROM organizations_organization WHERE id = %s",
    "SELECT * FROM ledger_account WHERE organization_id = %(organization)s",
    "SELECT * FROM ledger_account WHERE organization_id IN (%s, %s)",
    "SELECT * FROM ledger_account WHERE organization_id = %s AND (id = %s OR code LIKE 'a%%')",
    "SELECT * FROM ledger_account WHERE (id, organization_id) = (%s, %s)",
    "SELECT * FROM ledger_account a WHERE a.organization_id = %s FOR UPDATE OF a",
    (
        "SELECT * FROM ledger_journalline l JOIN ledger_account a"
        " ON a.id = l.account_id AND a.organization_id = l.organization_id"
        " WHERE l.organization_id = %s"
    ),
    (
        "SELECT * FROM ledger_journalline l JOIN ledger_account a"
        " ON a.id = l.account_id AND (a.organization_id = l.organization_id) IS TRUE"
        " WHERE a.organization_id = %s"
    ),
    (
        "SELECT * FROM organizations_organization o"
        " WHERE EXISTS (SELECT FROM ledger_account a WHERE a.organization_id = o.id)"
    ),
    "WITH a AS (SELECT * FROM ledger_account WHERE organization_id = %s) SELECT * FROM a",
    "UPDATE ledger_account SET name = %s WHERE id = %s AND organization_id = %s",
    (
        "DELETE FROM ledger_proposedline p USING ledger_journalentry e WHERE e.id = p.entry_id"
        " AND e.organization_id = p.organization_id AND p.organization_id = %s"
    ),
    (
        "INSERT INTO ledger_account (id, organization_id) VALUES (%s, %s)"
        " ON CONFLICT (organization_id, code) DO NOTHING"
    ),
    "INSERT INTO ledger_account (id, organization_id) VALUES (%s, %s)",
]


@pytest.mark.parametrize("sql", WITHOUT)
def test_sql_without_an_organization_is_named(sql):
    assert faults_of(sql)


@pytest.mark.parametrize("sql", WITH)
def test_sql_about_one_organization_passes(sql):
    assert faults_of(sql) == ()


def test_the_table_without_an_organization_is_the_one_that_is_named():
    assert faults_of(WITHOUT[9]) == ("ledger_account (as a) without organization_id",)


def test_sql_that_the_parser_does_not_understand_is_named():
    assert faults_of("SELECT FROM WHERE ledger_account (")[0].startswith("not understood")


def test_all_tenant_tables_are_watched():
    assert {"ledger_journalline", "organizations_auditevent"} <= tenant_tables()


# --- The watch itself ----------------------------------------------------------------------------


@pytest.fixture
def acme(db: None) -> RawBooks:
    books = RawBooks("acme")
    books.open("till", parent="bank")
    books.post("sale")
    books.propose("later")
    return books


def test_a_statement_at_fault_is_refused_before_it_runs(acme):
    with (
        watched() as faults,
        pytest.raises(NoOrganization, match="ledger_account"),
        transaction.atomic(),
    ):
        Account.objects.filter(code="cash").delete()

    assert len(faults) == 1
    assert Account.objects.of(acme.id).filter(code="cash").exists()


def test_what_the_product_asks_is_watched_and_what_a_test_asks_is_not(acme, request):
    from tests.tenant_sql import _is_asked_by_the_product

    product: dict[str, Any] = {"Account": Account}
    source = "def count():\n    return Account.objects.count()"
    exec(compile(source, str(PROJECT / "ledger" / "counting.py"), "exec"), product)

    with watched(_is_asked_by_the_product) as faults:
        Account.objects.count()
        assert faults == []
        with pytest.raises(NoOrganization):
            product["count"]()


# --- What Django writes by itself ----------------------------------------------------------------


def entries(books: RawBooks) -> Any:
    return JournalEntry.objects.of(books.id)


DJANGOS_OWN = {
    "a join forwards": lambda b: list(
        JournalLine.objects.of(b.id).filter(account__code="cash", entry__reference="sale")
    ),
    "a join backwards": lambda b: list(entries(b).filter(lines__account__code="cash")),
    "a join to where nothing is": lambda b: list(
        Account.objects.of(b.id).filter(lines__isnull=True, children__isnull=True)
    ),
    "exclude": lambda b: list(entries(b).exclude(lines__account__code="cash")),
    "ordering by another table": lambda b: list(
        JournalLine.objects.of(b.id).order_by("account__parent__code", "entry__effective_on")
    ),
    "values of another table": lambda b: list(
        JournalLine.objects.of(b.id).values_list("account__code", "entry__reference")
    ),
    "a parent's parent": lambda b: list(Account.objects.of(b.id).filter(parent__parent__code="x")),
    "select_related": lambda b: [
        line.account.parent
        for line in JournalLine.objects.of(b.id).select_related("entry", "account__parent")
    ],
    "prefetch backwards": lambda b: list(
        entries(b).prefetch_related("lines", "proposed_lines__account", "reversals")
    ),
    "prefetch forwards": lambda b: list(
        JournalLine.objects.of(b.id).prefetch_related("account__parent", "entry")
    ),
    "prefetch of one's own": lambda b: list(
        entries(b).prefetch_related(Prefetch("lines", JournalLine.objects.order_by("-position")))
    ),
    "following a key": lambda b: [
        (line.account.code, line.entry.reference) for line in JournalLine.objects.of(b.id)
    ],
    "following a key backwards": lambda b: [
        (e.lines.count(), list(e.lines.all()), e.lines.filter(debit__gt=0).exists())
        for e in entries(b)
    ],
    "a first and a last": lambda b: [e.lines.order_by("position").first() for e in entries(b)],
    "adding through a related manager": lambda b: (
        entries(b)
        .get(reference="later")
        .proposed_lines.create(
            organization=b.organization, account_id=b.accounts["cash"], position=9, debit=1
        )
    ),
    "changing through a related manager": lambda b: (
        entries(b).get(reference="later").proposed_lines.update(debit=7, credit=0)
    ),
    "deleting through a related manager": lambda b: (
        entries(b).get(reference="later").proposed_lines.all().delete()
    ),
    "save": lambda b: entries(b).get(reference="later").save(),
    "save of some fields": lambda b: (
        entries(b).get(reference="later").save(update_fields=["description"])
    ),
    "save of a new row": lambda b: Account(
        organization=b.organization, code="new", name="new", type="asset", currency="GBP"
    ).save(),
    "refresh": lambda b: entries(b).get(reference="later").refresh_from_db(),
    "refresh of one field": lambda b: (
        entries(b).get(reference="later").refresh_from_db(fields=["status"])
    ),
    "a deferred field": lambda b: entries(b).only("reference").get(reference="sale").description,
    "delete": lambda b: Account.objects.of(b.id).get(code="euros").delete(),
    "delete of many": lambda b: Account.objects.of(b.id).filter(code="euros").delete(),
    "delete where another table says so": lambda b: (
        ProposedLine.objects.of(b.id).filter(entry__reference="later").delete()
    ),
    "update where another table says so": lambda b: (
        ProposedLine.objects.of(b.id).filter(entry__reference="later").update(description="x")
    ),
    "bulk_update": lambda b: Account.objects.of(b.id).bulk_update(
        Account.objects.of(b.id), ["description"]
    ),
    "bulk_create": lambda b: Account.objects.bulk_create(
        [
            Account(organization=b.organization, code=c, name=c, type="asset", currency="GBP")
            for c in "xy"
        ]
    ),
    "count of related rows": lambda b: list(entries(b).annotate(n=Count("lines"))),
    "sum over related rows": lambda b: entries(b).aggregate(Sum("lines__debit")),
    "exists": lambda b: list(
        entries(b).filter(
            Exists(JournalLine.objects.of(b.id).filter(entry=OuterRef("pk"), account__code="cash"))
        )
    ),
    "exists of the outer row's organization": lambda b: list(
        entries(b).filter(
            Exists(
                JournalLine.objects.filter(
                    organization_id=OuterRef("organization_id"), entry=OuterRef("pk")
                )
            )
        )
    ),
    "a subquery": lambda b: list(
        entries(b).annotate(
            first=Subquery(
                JournalLine.objects.of(b.id).filter(entry=OuterRef("pk")).values("debit")[:1]
            )
        )
    ),
    "in a subquery": lambda b: list(
        JournalLine.objects.of(b.id).filter(entry__in=entries(b).filter(reference="sale"))
    ),
    "get_or_create": lambda b: Account.objects.of(b.id).get_or_create(
        organization=b.organization, code="cash", defaults={"name": "x"}
    ),
    "in_bulk": lambda b: Account.objects.of(b.id).in_bulk(list(b.accounts.values())),
    "select_for_update": lambda b: list(
        entries(b).select_for_update().select_related("reverses").filter(reference="later")
        if not connection.in_atomic_block
        else entries(b).select_for_update(of=("self",)).filter(reference="later")
    ),
    "validation of a form": lambda b: Account.objects.of(b.id).get(code="till").full_clean(),
    "comparing two columns": lambda b: list(
        AccountBalance.objects.of(b.id).filter(debits__gt=F("credits"), account__code="cash")
    ),
    "a key to itself": lambda b: list(
        CashEntry.objects.of(b.id).filter(settled_by__settled_by__isnull=True)
    ),
    "dates": lambda b: list(entries(b).dates("effective_on", "month")),
    "union": lambda b: list(
        entries(b).filter(reference="a").union(entries(b).filter(reference="b"))
    ),
    "page": lambda b: list(entries(b).filter(effective_on__gte=date(2025, 1, 1))[10:20]),
}


@pytest.mark.parametrize("ask", DJANGOS_OWN.values(), ids=DJANGOS_OWN.keys())
def test_what_django_writes_by_itself_says_of_which_organization(acme, ask):
    with watched():
        ask(acme)


def test_a_change_by_another_tables_word_reaches_the_same_rows(acme):
    other = acme.propose("other")

    changed = (
        ProposedLine.objects.of(acme.id).filter(entry__reference="later").update(description="x")
    )
    deleted, _ = ProposedLine.objects.of(acme.id).filter(entry__reference="later").delete()

    assert (changed, deleted) == (2, 2)
    assert ProposedLine.objects.of(acme.id).filter(entry_id=other, description="").count() == 2


def test_excluding_by_related_rows_leaves_the_others(acme):
    acme.open("drawer")
    acme.post("drawer sale", ("drawer", 5, 0), ("sales", 0, 5))

    left = entries(acme).exclude(lines__account__code="cash").values_list("reference", flat=True)

    assert set(left) == {"drawer sale", "later"}


def test_counting_related_rows_counts_those_of_the_row(acme):
    counted = entries(acme).annotate(n=Count("lines")).values_list("reference", "n")

    assert dict(counted) == {"sale": 2, "later": 0}


def test_a_row_with_few_fields_still_knows_its_organization(acme):
    sale = entries(acme).only("reference").get(reference="sale")

    with watched():
        assert sale.currency == "GBP"
    assert sale.organization_id == acme.id
