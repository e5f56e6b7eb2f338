"""What PostgreSQL refuses by itself: each law of the books attacked as the owner of the tables.

Every attack states the constraint that has to stop it. DDL is no attack: whoever may drop a
trigger owns the rules themselves.
"""

from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction

from core.db import uuid7
from ledger.models import (
    Account,
    AccountBalance,
    CashEntry,
    EntryStatus,
    JournalEntry,
    JournalLine,
    ProposedLine,
)
from organizations.models import AuditEvent, Organization, User
from tests.ledger.raw_books import (
    POST,
    SALE,
    SALE_REVERSED,
    VOID,
    RawBooks,
    failing,
    refused,
    run,
)

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]

MOST = 2**63 - 1


@pytest.fixture
def acme() -> RawBooks:
    return RawBooks("acme")


@pytest.fixture
def mallory() -> RawBooks:
    """Another organization, whose accounts have the same codes."""
    return RawBooks("mallory")


# --- Law 1: a posted entry has two lines or more, and balances per currency -------------------


@pytest.mark.parametrize(
    "sides",
    [
        [("cash", 100, 0), ("sales", 0, 99)],
        [("cash", 100, 0)],
        [("cash", 100, 0), ("bank", 100, 0)],
        [("cash", 100, 0), ("exports", 0, 100)],
        [("cash", 100, 0), ("sales", 0, 100), ("euros", 5, 0)],
        [("cash", 100, 0), ("sales", 0, 100), ("euros", 5, 0), ("exports", 0, 4)],
    ],
    ids=["penny", "one line", "one side", "currencies", "one euro line", "euros"],
)
def test_law_1_an_entry_that_does_not_balance_is_refused(acme, sides):
    with refused("entry_is_balanced") as facts:
        acme.post("sale", *sides)

    assert facts["reference"] == "sale"
    assert not JournalEntry.objects.of(acme.id).exists()


def test_law_1_every_entry_of_a_batch_that_is_off_is_named(acme):
    rows = [("a", 100, 100), ("b", 100, 90), ("c", 100, 100), ("d", 7, 8)]

    with refused("entry_is_balanced") as facts:
        run(
            """
            WITH asked AS (
              SELECT u.*, gen_random_uuid() AS id
                FROM unnest(%(references)s::text[], %(debits)s::bigint[], %(credits)s::bigint[])
                     AS u(reference, debit, credit)
            ), e AS (
              INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on,
                                               posted_at, status, currency, total_amount)
              SELECT %(organization)s, id, reference, '2025-03-10', now(), 'posted', 'GBP', debit
                FROM asked
            )
            INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position,
                                            debit, credit)
            SELECT %(organization)s, gen_random_uuid(), id, %(cash)s::uuid, 1, debit, 0 FROM asked
             UNION ALL
            SELECT %(organization)s, gen_random_uuid(), id, %(sales)s::uuid, 2, 0, credit FROM asked
            """,
            {
                "organization": acme.id,
                "cash": acme.accounts["cash"],
                "sales": acme.accounts["sales"],
                "references": [row[0] for row in rows],
                "debits": [row[1] for row in rows],
                "credits": [row[2] for row in rows],
            },
        )

    assert facts["references"] == ["b", "d"]


def test_law_1_an_entry_without_lines_is_refused(acme):
    with refused("entry_has_lines") as facts:
        acme.post("empty", *SALE, accounts=[], positions=[], debits=[], credits=[])

    assert facts["references"] == ["empty"]


def test_law_1_an_entry_without_lines_is_refused_from_bulk_create(acme):
    with refused("entry_has_lines"):
        JournalEntry.objects.bulk_create([an_entry(acme)])


def test_law_1_an_entry_without_lines_is_refused_from_copy(acme):
    with refused("entry_has_lines"):
        copy(
            "ledger_journalentry (organization_id, id, reference, effective_on, status, currency,"
            " total_amount)",
            (acme.id, uuid7(), "sale", "2025-03-10", "posted", "GBP", 100),
        )


def test_law_1_lines_are_not_copied_in_beside_their_entry(acme):
    pending = acme.propose("later")
    entry = acme.post("sale")

    for lined, constraint in [
        (pending, "line_entry_is_posted"),
        (entry, "entry_gets_its_lines_once"),
    ]:
        with refused(constraint):
            copy(
                "ledger_journalline (organization_id, id, entry_id, account_id, position, debit,"
                " credit)",
                (acme.id, uuid7(), lined, acme.accounts["cash"], 3, 100, 0),
                (acme.id, uuid7(), lined, acme.accounts["sales"], 4, 0, 100),
            )


def test_law_1_the_lines_of_another_organizations_entry_with_the_same_id_do_not_count(
    acme, mallory
):
    taken = mallory.post("old")
    given = acme.posting("new", *SALE)

    with refused("entry_has_lines") as facts:
        run(
            """
            WITH e AS (
              INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on,
                                               posted_at, status, currency, total_amount)
              VALUES (%(organization)s, %(taken)s, 'hollow', '2025-03-10', now(), 'posted', 'GBP',
                      100),
                     (%(mallory)s, %(id)s, 'full', '2025-03-10', now(), 'posted', 'GBP', 100)
            )
            INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position,
                                            debit, credit)
            VALUES (%(mallory)s, gen_random_uuid(), %(id)s, %(cash)s, 1, 100, 0),
                   (%(mallory)s, gen_random_uuid(), %(id)s, %(sales)s, 2, 0, 100)
            """,
            {
                **given,
                "taken": taken,
                "mallory": mallory.id,
                "cash": mallory.accounts["cash"],
                "sales": mallory.accounts["sales"],
            },
        )

    assert facts["references"] == ["hollow"]


def test_law_1_the_total_is_the_sum_of_the_debits(acme):
    with refused("entry_total_matches_its_lines") as facts:
        acme.post("sale", *SALE, total=101)

    assert facts["total"] == 101


def test_law_1_the_total_is_in_a_currency_that_the_entry_has(acme):
    with refused("entry_total_matches_its_lines"):
        acme.post("sale", *SALE, currency="EUR")


def test_law_1_lines_are_refused_before_their_entry_stands(acme):
    with refused("journalline_entry_is_of_its_organization"):
        acme.add_lines(uuid7(), *SALE)


def test_law_1_lines_of_a_pending_entry_are_refused(acme):
    pending = acme.propose("later")

    with refused("line_entry_is_posted"):
        acme.add_lines(pending, *SALE)


def test_law_1_nothing_can_be_put_off_to_the_commit(acme):
    run("SET CONSTRAINTS ALL DEFERRED")

    with refused("entry_is_balanced"):
        acme.post("sale", ("cash", 100, 0), ("sales", 0, 1))
    with refused("journalline_entry_is_of_its_organization"):
        acme.add_lines(uuid7(), *SALE)


def test_law_1_a_refusal_inside_a_savepoint_leaves_nothing_behind(acme):
    with refused("entry_is_balanced"):
        acme.post("sale", ("cash", 100, 0), ("sales", 0, 1))
    acme.post("good")

    assert JournalEntry.objects.of(acme.id).count() == 1
    assert acme.balance("cash") == (100, 0)


def test_law_1_a_block_that_swallows_the_error_has_written_nothing(acme):
    run(
        f"""DO $$ BEGIN
              INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on,
                                               posted_at, status, currency, total_amount)
              VALUES ('{acme.id}', gen_random_uuid(), 'a', '2025-01-01', now(), 'posted', 'GBP', 1);
            EXCEPTION WHEN check_violation THEN NULL;
            END $$"""
    )

    assert not JournalEntry.objects.of(acme.id).exists()


def test_law_1_a_prepared_statement_is_held_to_it(acme):
    run(
        """PREPARE attack(uuid, uuid) AS
           INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, posted_at,
                                            status, currency, total_amount)
           VALUES ($1, $2, $2::text, '2025-01-01', now(), 'posted', 'GBP', 1)"""
    )
    try:
        with refused("entry_has_lines"):
            run(f"EXECUTE attack('{acme.id}', '{uuid7()}')")
    finally:
        run("DEALLOCATE attack")


# --- Law 2: a line is a debit or a credit, above zero ------------------------------------------


@pytest.mark.parametrize(
    ("debit", "credit"), [(0, 0), (5, 5), (-5, 0), (0, -5), (-5, 5), (5, -5), (MOST, MOST)]
)
def test_law_2_a_line_is_either_a_debit_or_a_credit_above_zero(acme, debit, credit):
    with refused("line_is_debit_or_credit"):
        acme.post("sale", ("cash", debit, credit), ("sales", credit, debit), total=abs(debit))


@pytest.mark.parametrize("column", ["debit", "credit", "account_id", "entry_id", "position", "id"])
def test_law_2_a_line_has_no_gaps(acme, column):
    names = ["organization_id", "id", "entry_id", "account_id", "position", "debit", "credit"]
    values = [acme.id, uuid7(), uuid7(), acme.accounts["cash"], 1, 100, 0]
    values[names.index(column)] = None

    with failing("23502"):
        run(f"INSERT INTO ledger_journalline ({', '.join(names)}) VALUES ({marks(values)})", values)


def test_law_2_a_proposed_line_too_is_either_a_debit_or_a_credit(acme):
    with refused("proposedline_is_debit_or_credit"):
        acme.propose("later", ("cash", 5, 5))


# --- Law 3: posted entries and their lines are final -------------------------------------------

CHANGES_OF_LINES = {
    "update": "UPDATE ledger_journalline SET debit = debit + 1",
    "update of a word": "UPDATE ledger_journalline SET description = 'x'",
    "update of nothing": "UPDATE ledger_journalline SET debit = debit WHERE false",
    "moving to another entry": "UPDATE ledger_journalline SET entry_id = %(other)s",
    "moving to another account": "UPDATE ledger_journalline SET account_id = %(bank)s",
    "moving to another organization": "UPDATE ledger_journalline SET organization_id = %(mallory)s",
    "update from": "UPDATE ledger_journalline l SET debit = 1 FROM ledger_journalentry e"
    " WHERE e.id = l.entry_id AND e.organization_id = l.organization_id",
    "in a common table": "WITH u AS (UPDATE ledger_journalline SET debit = 1 RETURNING 1)"
    " SELECT count(*) FROM u",
    "delete": "DELETE FROM ledger_journalline",
    "delete using": "DELETE FROM ledger_journalline l USING ledger_journalentry e"
    " WHERE e.id = l.entry_id AND e.organization_id = l.organization_id",
    "truncate": "TRUNCATE ledger_journalline",
    "truncate of all that refers": "TRUNCATE ledger_journalline CASCADE",
    "truncate of several": "TRUNCATE ledger_proposedline, ledger_journalline",
    "merge update": "MERGE INTO ledger_journalline l USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN UPDATE SET debit = 7",
    "merge delete": "MERGE INTO ledger_journalline l USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN DELETE",
    "upsert": "INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position,"
    " debit, credit) SELECT organization_id, id, entry_id, account_id, position, debit, credit"
    " FROM ledger_journalline"
    " ON CONFLICT (organization_id, entry_id, position) DO UPDATE SET debit = 999",
}


@pytest.mark.parametrize("attack", CHANGES_OF_LINES.values(), ids=CHANGES_OF_LINES.keys())
def test_law_3_a_line_never_changes(acme, mallory, attack):
    acme.post("sale")
    other = acme.post("other")

    with refused("row_is_final"):
        run(attack, {"other": other, "bank": acme.accounts["bank"], "mallory": mallory.id})

    assert acme.lines("cash") == acme.balance("cash") == (200, 0)


def test_law_3_a_line_never_changes_through_a_queryset(acme):
    acme.post("sale")
    lines = JournalLine.objects.of(acme.id)

    with refused("row_is_final"):
        lines.update(debit=1)
    with refused("row_is_final"):
        lines.filter(position=1).delete()
    with refused("row_is_final"):
        lines.get(position=1).save()
    with refused("row_is_final"):
        JournalLine.objects.bulk_update(lines, ["description"])


CHANGES_OF_ENTRIES = {
    "date": ("entry_is_final", "SET effective_on = '2025-01-01'"),
    "reference": ("entry_is_final", "SET reference = 'x'"),
    "description": ("entry_is_final", "SET description = 'x'"),
    "total": ("entry_is_final", "SET total_amount = 1"),
    "posting time": ("entry_is_final", "SET posted_at = '2020-01-01'"),
    "maker": ("entry_is_final", "SET maker_id = %(user)s"),
    "checker": ("entry_is_final", "SET checker_id = %(user)s"),
    "metadata": ("entry_is_final", """SET metadata = '{"rate": 1.5}'"""),
    "metadata that is equal": ("entry_is_final", """SET metadata = '{"rate": 1.00}'"""),
    "back to pending": ("entry_is_final", "SET status = 'pending', posted_at = NULL"),
    "reverses": ("entry_is_final", "SET reverses_id = id"),
    "organization": ("entry_is_final", "SET organization_id = %(mallory)s"),
    "id": ("entry_is_final", "SET id = gen_random_uuid()"),
    "status that does not exist": ("entry_is_final", "SET status = 'draft'"),
    "void without a reversal": ("entry_is_voided_by_its_reversal", "SET status = 'voided'"),
    "void and more": ("entry_is_final", "SET status = 'voided', description = 'x'"),
}


@pytest.mark.parametrize(
    ("constraint", "change"), CHANGES_OF_ENTRIES.values(), ids=CHANGES_OF_ENTRIES.keys()
)
def test_law_3_a_posted_entry_never_changes(acme, mallory, constraint, change):
    pending = acme.propose("sale")
    run("""UPDATE ledger_journalentry SET metadata = '{"rate": 1.0}'""")
    approve(acme, pending)
    user = User.objects.create(username="carol")

    with refused(constraint) as facts:
        run(f"UPDATE ledger_journalentry {change}", {"user": user.pk, "mallory": mallory.id})

    assert facts["reference"] == "sale"


REMOVALS = {
    "delete": ("entry_is_final", "DELETE FROM ledger_journalentry"),
    "delete using": (
        "entry_is_final",
        (
            "DELETE FROM ledger_journalentry e USING ledger_account a"
            " WHERE a.organization_id = e.organization_id"
        ),
    ),
    "merge": (
        "entry_is_final",
        "MERGE INTO ledger_journalentry e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    ),
    "merge update": (
        "entry_is_final",
        (
            "MERGE INTO ledger_journalentry e USING (SELECT 1) s ON true"
            " WHEN MATCHED THEN UPDATE SET description = 'x'"
        ),
    ),
    "upsert": (
        "entry_is_final",
        (
            "INSERT INTO ledger_journalentry (organization_id, id, reference, effective_on, status,"
            " currency, total_amount) SELECT organization_id, gen_random_uuid(), reference,"
            " effective_on, status, currency, total_amount FROM ledger_journalentry"
            " ON CONFLICT (organization_id, reference) DO UPDATE SET description = 'x'"
        ),
    ),
    "common table": (
        "entry_is_final",
        "WITH d AS (DELETE FROM ledger_journalentry RETURNING *) SELECT count(*) FROM d",
    ),
    "truncate": ("row_is_final", "TRUNCATE ledger_journalentry CASCADE"),
    "truncate accounts": ("row_is_final", "TRUNCATE ledger_account CASCADE"),
    "truncate organizations": ("row_is_final", "TRUNCATE organizations_organization CASCADE"),
    "truncate users": ("row_is_final", "TRUNCATE organizations_user CASCADE"),
    "truncate keys": ("row_is_final", "TRUNCATE organizations_apikey CASCADE"),
    "restart": ("row_is_final", "TRUNCATE ledger_journalentry RESTART IDENTITY CASCADE"),
    "organization": (
        "account_organization_exists",
        "DELETE FROM organizations_organization",
    ),
    "account": ("account_with_lines_stays", "DELETE FROM ledger_account"),
}


@pytest.mark.parametrize(("constraint", "attack"), REMOVALS.values(), ids=REMOVALS.keys())
def test_law_3_a_posted_entry_is_never_removed(acme, constraint, attack):
    acme.post("sale")

    with refused(constraint):
        run(attack)

    assert JournalLine.objects.of(acme.id).count() == 2


def test_law_3_truncating_the_entries_alone_is_refused_by_their_lines(acme):
    acme.post("sale")

    with failing("0A000"):
        run("TRUNCATE ledger_journalentry")


def test_law_3_a_posted_entry_never_changes_through_a_queryset(acme):
    acme.post("sale")
    entries = JournalEntry.objects.of(acme.id)

    with refused("entry_is_final"):
        entries.update(description="x")
    with refused("entry_is_final"):
        entries.delete()
    entry = entries.get()
    entry.description = "x"
    with refused("entry_is_final"):
        entry.save()
    with refused("entry_is_final"):
        JournalEntry.objects.bulk_update([entry], ["description"])


@pytest.mark.parametrize("first", [1, 3, 0, 32766, 2])
def test_law_3_balanced_lines_are_not_added_to_an_old_entry(acme, first):
    entry = acme.post("sale")
    constraint = "line_position_is_unique" if first in (0, 1, 2) else "entry_gets_its_lines_once"

    with refused(constraint):
        acme.add_lines(entry, *SALE, first=first)

    assert acme.balance("cash") == acme.lines("cash") == (100, 0)


def test_law_3_lines_that_avoid_the_conflict_are_not_added_either(acme):
    """Position 1 falls away by the conflict clause, and with it the claim to be the first lines."""
    entry = acme.post("sale")

    with refused("entry_gets_its_lines_once"):
        run(
            """INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position,
                                               debit, credit)
               VALUES (%(o)s, gen_random_uuid(), %(e)s, %(cash)s, 1, 100, 0),
                      (%(o)s, gen_random_uuid(), %(e)s, %(cash)s, 3, 100, 0),
                      (%(o)s, gen_random_uuid(), %(e)s, %(sales)s, 4, 0, 100)
               ON CONFLICT DO NOTHING""",
            {
                "o": acme.id,
                "e": entry,
                "cash": acme.accounts["cash"],
                "sales": acme.accounts["sales"],
            },
        )


def test_law_3_two_inserts_in_one_statement_are_summed_together(acme):
    given = acme.posting("sale", *SALE)
    second = """, more AS (
      INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position, debit,
                                      credit)
      SELECT %(organization)s, gen_random_uuid(), %(id)s, u.a, u.p, 100 * (2 - u.p % 2), 0
        FROM unnest(%(accounts)s::uuid[], ARRAY[3, 4]) AS u(a, p)
    ) INSERT INTO ledger_journalline""".replace("u.p % 2", "mod(u.p, 2)")

    with refused("entry_is_balanced"):
        run(POST.replace(")\nINSERT INTO ledger_journalline", ")" + second, 1), given)


def test_law_3_a_voided_entry_stays_voided(acme):
    entry = acme.post("sale")
    acme.void(entry, "void", *SALE_REVERSED)

    for change in (
        "status = 'posted'",
        "status = 'pending', posted_at = NULL",
        "description = 'x'",
    ):
        with refused("entry_is_final"):
            run(f"UPDATE ledger_journalentry SET {change} WHERE reference = 'sale'")
    with refused("entry_is_final"):
        run("DELETE FROM ledger_journalentry WHERE reference = 'sale'")


def test_law_3_an_entry_is_not_born_voided(acme):
    given = acme.posting("sale", *SALE)

    with refused("entry_is_voided_by_its_reversal"):
        run(POST.replace("'posted'", "'voided'"), given)
    with refused("entry_is_voided_by_its_reversal"):
        JournalEntry.objects.bulk_create([an_entry(acme, status=EntryStatus.VOIDED)])


def test_law_3_a_void_through_a_queryset_needs_its_reversal(acme):
    acme.post("sale")

    with refused("entry_is_voided_by_its_reversal"):
        JournalEntry.objects.of(acme.id).update(status=EntryStatus.VOIDED)


MIRRORS_THAT_LIE = {
    "the same sides": SALE,
    "less": (("cash", 0, 99), ("sales", 99, 0)),
    "another account": (("bank", 0, 100), ("sales", 100, 0)),
    "more than was there": (*SALE_REVERSED, ("bank", 5, 0), ("bank", 0, 5)),
    "net but not gross": (("cash", 0, 150), ("cash", 50, 0), ("sales", 100, 0)),
    "split lines": (("cash", 0, 60), ("cash", 0, 40), ("sales", 100, 0)),
}


@pytest.mark.parametrize("sides", MIRRORS_THAT_LIE.values(), ids=MIRRORS_THAT_LIE.keys())
def test_law_3_a_reversal_mirrors_its_entry_line_by_line(acme, sides):
    entry = acme.post("sale")

    with refused("reversal_mirrors_its_entry"):
        acme.void(entry, "void", *sides)

    assert acme.status(entry) == "posted"


def test_law_3_a_reversal_leaves_its_entry_voided(acme):
    entry = acme.post("sale")

    with refused("reversal_mirrors_its_entry"):
        acme.post("void", *SALE_REVERSED, reverses=entry)


def test_law_3_an_entry_is_reversed_once(acme):
    entry = acme.post("sale")
    acme.void(entry, "void", *SALE_REVERSED)

    with refused("entry_is_reversed_once"):
        acme.post("again", *SALE_REVERSED, reverses=entry)


def test_law_3_a_pending_entry_is_not_reversed(acme):
    pending = acme.propose("later")

    with refused("reversal_mirrors_its_entry"):
        acme.post("void", *SALE_REVERSED, reverses=pending)
    with refused("entry_is_final"):
        acme.void(pending, "void", *SALE_REVERSED)


def test_law_3_a_pending_reversal_voids_nothing(acme):
    entry = acme.post("sale")
    pending = acme.propose("void", *SALE_REVERSED)
    run(
        "UPDATE ledger_journalentry SET reverses_id = %s WHERE organization_id = %s AND id = %s",
        [entry, acme.id, pending],
    )

    with refused("entry_is_voided_by_its_reversal"):
        run("UPDATE ledger_journalentry SET status = 'voided' WHERE reference = 'sale'")


def test_law_3_a_reversal_can_be_approved_only_together_with_the_void(acme):
    entry = acme.post("sale")
    pending = acme.propose("void", *SALE_REVERSED)
    run(
        "UPDATE ledger_journalentry SET reverses_id = %s WHERE organization_id = %s AND id = %s",
        [entry, acme.id, pending],
    )

    with refused("reversal_mirrors_its_entry"):
        approve(acme, pending)


def test_law_3_another_organizations_entry_is_not_reversed(acme, mallory):
    theirs = mallory.post("sale")

    with refused("journalentry_reverses_is_of_its_organization"):
        acme.post("void", *SALE_REVERSED, reverses=theirs)


def test_law_3_an_entry_does_not_reverse_itself(acme):
    given = acme.posting("sale", *SALE)

    with refused("reversal_mirrors_its_entry"):
        run(POST, {**given, "reverses": given["id"]})


def test_law_3_a_voided_entry_and_its_reversal_cancel_out(acme):
    entry = acme.post("sale")
    reversal = acme.void(entry, "void", *SALE_REVERSED)

    assert (acme.status(entry), acme.status(reversal)) == ("voided", "posted")
    assert acme.balance("cash") == acme.lines("cash") == (100, 100)


# --- Pending entries: what was approved is what is posted --------------------------------------


def test_law_3_a_pending_entry_is_posted_with_the_lines_that_were_proposed(acme):
    pending = acme.propose("later")

    with refused("entry_is_posted_as_proposed") as facts:
        approve(acme, pending, ("bank", 100, 0), ("sales", 0, 100))
    assert facts["references"] == ["later"]
    with refused("entry_is_posted_as_proposed"):
        approve(acme, pending, ("cash", 60, 0), ("cash", 40, 0), ("sales", 0, 100))
    approve(acme, pending, *SALE)

    assert acme.status(pending) == "posted"


def test_law_3_a_pending_entry_without_proposed_lines_is_not_posted_with_others(acme):
    pending = acme.propose("later")
    run("DELETE FROM ledger_proposedline")

    with refused("entry_is_posted_as_proposed"):
        approve(acme, pending, *SALE)


def test_law_1_a_pending_entry_is_not_posted_without_lines(acme):
    acme.propose("later")

    with refused("entry_has_lines"):
        run("UPDATE ledger_journalentry SET status = 'posted', posted_at = now()")
    with refused("entry_is_dated_when_posted"):
        JournalEntry.objects.of(acme.id).update(status=EntryStatus.POSTED)


def test_law_1_a_pending_entry_is_posted_only_in_balance(acme):
    unbalanced = acme.propose("later", ("cash", 100, 0), ("sales", 0, 90))

    with refused("entry_is_balanced"):
        approve(acme, unbalanced, ("cash", 100, 0), ("sales", 0, 90))


def test_law_3_a_pending_entry_does_not_become_voided(acme):
    acme.propose("later")

    with refused("entry_is_final"):
        run("UPDATE ledger_journalentry SET status = 'voided', posted_at = now()")


def test_a_posted_entry_takes_no_proposed_lines(acme):
    entry = acme.post("sale")
    pending = acme.propose("later")

    with refused("proposedline_entry_is_pending"):
        ProposedLine.objects.bulk_create(
            [
                ProposedLine(
                    organization=acme.organization,
                    entry_id=entry,
                    account_id=acme.accounts["cash"],
                    position=1,
                    debit=5,
                )
            ]
        )
    with refused("proposedline_entry_is_pending"):
        ProposedLine.objects.of(acme.id).filter(entry_id=pending).update(entry_id=entry)


def test_an_entry_that_needs_approval_is_not_posted_by_its_maker(acme):
    alice = User.objects.create(username="alice")
    pending = acme.propose("later")
    run("UPDATE ledger_journalentry SET needs_approval = true, maker_id = %s", [alice.pk])

    with refused("entry_is_approved_by_another"):
        approve(acme, pending)
    run("UPDATE ledger_journalentry SET checker_id = %s", [alice.pk])
    with refused("entry_is_approved_by_another"):
        approve(acme, pending)


# --- Law 4: a balance is the sum of its lines --------------------------------------------------

CHANGES_OF_BALANCES = {
    "update": "UPDATE ledger_accountbalance SET debits = debits + 1",
    "update of nothing": "UPDATE ledger_accountbalance SET debits = debits WHERE false",
    "delete": "DELETE FROM ledger_accountbalance",
    "truncate": "TRUNCATE ledger_accountbalance",
    "truncate with others": "TRUNCATE ledger_accountbalance, ledger_proposedline",
    "insert": "INSERT INTO ledger_accountbalance (organization_id, id, account_id, month, slot,"
    " debits, credits)"
    " VALUES (%(organization)s, gen_random_uuid(), %(cash)s, '2025-05-01', 0, 1, 0)",
    "insert of nothing": "INSERT INTO ledger_accountbalance (organization_id, id, account_id,"
    " month, slot, debits, credits)"
    " SELECT organization_id, id, account_id, month, slot, debits, credits"
    " FROM ledger_accountbalance ON CONFLICT DO NOTHING",
    "upsert": "INSERT INTO ledger_accountbalance (organization_id, id, account_id, month, slot,"
    " debits, credits)"
    " VALUES (%(organization)s, gen_random_uuid(), %(cash)s, '2025-03-01', 0, 1, 0)"
    " ON CONFLICT (organization_id, account_id, month, slot) DO UPDATE SET debits = 0",
    "merge": "MERGE INTO ledger_accountbalance b USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN UPDATE SET credits = 7",
    "merge delete": "MERGE INTO ledger_accountbalance b USING (SELECT 1) s ON true"
    " WHEN MATCHED THEN DELETE",
    "in a common table": "WITH u AS (UPDATE ledger_accountbalance SET debits = 0 RETURNING 1)"
    " SELECT count(*) FROM u",
    "in a block": "DO $$ BEGIN UPDATE ledger_accountbalance SET debits = 0; END $$",
}


@pytest.mark.parametrize("attack", CHANGES_OF_BALANCES.values(), ids=CHANGES_OF_BALANCES.keys())
def test_law_4_balances_are_written_by_posting_alone(acme, attack):
    acme.post("sale")
    parameters = {"organization": acme.id, "cash": acme.accounts["cash"]}

    with refused("balance_is_the_sum_of_its_lines"):
        run(attack, parameters if "%(" in attack else None)

    assert acme.balance("cash") == (100, 0)


def test_law_4_balances_are_not_copied_in(acme):
    with refused("balance_is_the_sum_of_its_lines"):
        copy(
            "ledger_accountbalance (organization_id, id, account_id, month, slot, debits, credits)",
            (acme.id, uuid7(), acme.accounts["cash"], "2025-03-01", 0, 5, 0),
        )


def test_law_4_balances_are_not_written_through_models(acme):
    acme.post("sale")
    balances = AccountBalance.objects.of(acme.id)

    with refused("balance_is_the_sum_of_its_lines"):
        balances.update(debits=0)
    with refused("balance_is_the_sum_of_its_lines"):
        balances.delete()
    with refused("balance_is_the_sum_of_its_lines"):
        AccountBalance.objects.bulk_create(
            [
                AccountBalance(
                    organization=acme.organization,
                    account_id=acme.accounts["bank"],
                    month=date(2025, 1, 1),
                    slot=0,
                    debits=1,
                    credits=0,
                )
            ]
        )


def test_law_4_the_balance_moves_with_the_statement_that_posts(acme):
    given = acme.posting("sale", *SALE)

    run(POST, given)

    assert acme.balance("cash") == acme.lines("cash") == (100, 0)
    assert acme.balance("sales") == acme.lines("sales") == (0, 100)


def test_law_4_a_balance_beyond_64_bits_is_refused_whole(acme):
    acme.post("a", ("cash", MOST, 0), ("sales", 0, MOST))

    with failing("22003"):
        acme.post("b", ("cash", 1, 0), ("sales", 0, 1))

    assert acme.balance("cash") == acme.lines("cash") == (MOST, 0)


def test_law_4_the_lines_of_one_entry_beyond_64_bits_are_refused(acme):
    with failing("22003"):
        acme.post(
            "a",
            ("cash", MOST, 0),
            ("sales", 0, MOST),
            ("cash", 1, 0),
            ("bank", 0, 1),
            total=MOST + 1,
        )
    with refused("entry_total_matches_its_lines"):
        acme.post(
            "b", ("cash", MOST, 0), ("sales", 0, MOST), ("cash", 1, 0), ("bank", 0, 1), total=MOST
        )


# --- Law 5: one reference posts once -----------------------------------------------------------


def test_law_5_a_reference_is_unique_in_its_organization(acme, mallory):
    acme.post("sale")
    mallory.post("sale")

    with refused("entry_reference_is_unique"):
        acme.post("sale")
    with refused("entry_reference_is_unique"):
        acme.propose("sale")


def test_law_5_a_pending_entry_does_not_take_a_reference_that_is_posted(acme):
    acme.post("sale")
    acme.propose("later")

    with refused("entry_reference_is_unique"):
        JournalEntry.objects.of(acme.id).filter(reference="later").update(reference="sale")


def test_law_5_an_entry_has_a_reference(acme):
    with refused("entry_has_a_reference"):
        acme.post("")


# --- Law 6: minor units and a currency ---------------------------------------------------------


@pytest.mark.parametrize("currency", ["gbp", "GB", "GB1", "", "GB\n"])
def test_law_6_a_currency_is_an_iso_code(acme, currency):
    with refused("account_currency_is_a_code"):
        Account.objects.create(
            organization=acme.organization, code="x", name="x", type="asset", currency=currency
        )


@pytest.mark.parametrize("value", ["'NaN'::float8", "1e400", "99999999999999999999"])
def test_law_6_what_is_no_64_bit_integer_is_no_money(acme, value):
    entry = acme.propose("later")

    with failing("22003"):
        run(f"UPDATE ledger_journalentry SET total_amount = {value} WHERE id = %s", [entry])


# --- Law 7: every row belongs to one organization ----------------------------------------------


def test_law_7_a_line_is_of_its_entrys_organization(acme, mallory):
    theirs = mallory.post("sale")

    with refused("journalline_entry_is_of_its_organization"):
        acme.add_lines(theirs, *SALE, first=3)


def test_law_7_a_line_is_of_its_accounts_organization(acme, mallory):
    given = acme.posting("sale", *SALE)
    given["accounts"] = [acme.accounts["cash"], mallory.accounts["sales"]]

    with refused("journalline_account_is_of_its_organization"):
        run(POST, given)


def test_law_7_a_line_has_an_account_that_exists(acme):
    with refused("journalline_account_is_of_its_organization"):
        run(POST, {**acme.posting("sale", *SALE), "accounts": [uuid7(), uuid7()]})


def test_law_7_a_parent_is_of_the_same_organization(acme, mallory):
    with refused("account_parent_is_of_its_organization"):
        Account.objects.create(
            organization=acme.organization,
            code="x",
            name="x",
            type="asset",
            currency="GBP",
            parent_id=mallory.accounts["bank"],
        )
    with refused("account_parent_is_of_its_organization"):
        Account.objects.of(acme.id).filter(code="bank").update(parent_id=mallory.accounts["bank"])


def test_law_7_an_organization_that_does_not_exist_has_no_rows():
    with refused("account_organization_exists"):
        Account.objects.create(
            organization_id=uuid7(), code="x", name="x", type="asset", currency="GBP"
        )


# --- Law 8: a closed period stays closed -------------------------------------------------------


@pytest.mark.parametrize("on", [date(2025, 3, 10), date(2025, 3, 9), date(1900, 1, 1)])
def test_law_8_nothing_is_posted_into_closed_books(acme, on):
    close(acme, date(2025, 3, 10))

    with refused("entry_period_is_open") as facts:
        acme.post("late", *SALE, on=on)

    assert facts["closed_through"] == "2025-03-10"
    assert facts["effective_on"] == on.isoformat()


def test_law_8_the_day_after_is_open(acme):
    close(acme, date(2025, 3, 9))

    acme.post("sale", *SALE, on=date(2025, 3, 10))

    assert acme.balance("cash") == (100, 0)


def test_law_8_a_pending_entry_is_not_approved_into_closed_books(acme):
    pending = acme.propose("later")
    close(acme, date(2025, 3, 31))

    with refused("entry_period_is_open"):
        approve(acme, pending)


def test_law_8_a_reversal_is_not_dated_into_closed_books(acme):
    entry = acme.post("sale")
    close(acme, date(2025, 3, 31))

    with refused("entry_period_is_open"):
        acme.void(entry, "void", *SALE_REVERSED)
    acme.void(entry, "void", *SALE_REVERSED, on=date(2025, 4, 1))

    assert acme.status(entry) == "voided"


def test_law_8_closing_in_the_same_statement_counts(acme):
    given = {**acme.posting("sale", *SALE), "through": date(2025, 3, 31)}
    closing = """WITH closing AS (
      UPDATE organizations_organization SET closed_through = %(through)s WHERE id = %(organization)s
    ), e AS"""

    with refused("entry_period_is_open"):
        run(POST.replace("WITH e AS", closing), given)


@pytest.mark.parametrize("on", ["1899-12-31", "2200-01-01", "0001-01-01", "infinity", "-infinity"])
def test_law_8_a_date_is_plausible(acme, on):
    with refused("entry_effective_on_is_plausible"):
        acme.post("sale", *SALE, on=on)


# --- Law 9: only an active account without children takes lines, in its own currency -----------


def test_law_9_an_archived_account_takes_no_lines(acme):
    Account.objects.of(acme.id).filter(code="cash").update(status="archived")

    with refused("line_account_is_active") as facts:
        acme.post("sale")

    assert facts["account"] == "cash"
    assert facts["references"] == ["sale"]


def test_law_9_an_account_with_children_takes_no_lines(acme):
    acme.open("till", parent="cash")

    with refused("line_account_has_no_children") as facts:
        acme.post("sale")

    assert facts["account"] == "cash"


@pytest.mark.parametrize("change", [{"type": "expense"}, {"currency": "EUR"}])
def test_law_9_an_account_with_lines_keeps_its_type_and_currency(acme, change):
    acme.post("sale")

    with refused("account_keeps_its_type_and_currency"):
        Account.objects.of(acme.id).filter(code="cash").update(**change)
    with refused("account_keeps_its_type_and_currency"):
        [(column, value)] = change.items()
        run(
            f"""INSERT INTO ledger_account (organization_id, id, code, name, type, currency)
                SELECT organization_id, id, code, name, type, currency FROM ledger_account
                 WHERE code = 'cash'
                ON CONFLICT (organization_id, code) DO UPDATE SET {column} = '{value}'"""
        )
    with refused("account_keeps_its_type_and_currency"):
        run(
            f"""MERGE INTO ledger_account a USING (SELECT 1) s ON a.code = 'cash'
                WHEN MATCHED THEN UPDATE SET {column} = '{value}'"""
        )


def test_law_9_lines_of_the_same_statement_fix_the_currency_too(acme):
    given = {**acme.posting("sale", *SALE), "cash": acme.accounts["cash"]}
    changing = """WITH changing AS (
      UPDATE ledger_account SET currency = 'EUR' WHERE id = %(cash)s RETURNING 1
    ), e AS"""

    with refused("account_keeps_its_type_and_currency"):
        run(POST.replace("WITH e AS", changing), given)


def test_law_9_an_account_with_lines_is_not_deleted(acme):
    acme.post("sale")

    with refused("account_with_lines_stays"):
        Account.objects.of(acme.id).filter(code="cash").delete()


@pytest.mark.parametrize("change", ["currency = 'EUR'", "type = 'liability'"])
def test_law_9_an_account_with_lines_is_not_put_back_as_another(acme, change):
    """Foreign keys are asked at the end of the statement, when there is an account of that id."""
    acme.post("sale")
    column, _, value = change.split()
    columns = ["organization_id", "id", "code", "name", "type", "currency"]
    values = [value if name == column else name for name in columns]

    with refused("account_with_lines_stays"):
        run(
            f"""WITH gone AS (DELETE FROM ledger_account WHERE id = %s RETURNING *)
                INSERT INTO ledger_account ({", ".join(columns)})
                SELECT {", ".join(values)} FROM gone""",
            [acme.accounts["cash"]],
        )


def test_law_9_an_account_with_children_is_not_deleted(acme):
    acme.open("till", parent="cash")

    with refused("account_parent_is_of_its_organization"):
        Account.objects.of(acme.id).get(code="cash").delete()


def test_law_9_an_account_with_proposed_lines_is_not_deleted(acme):
    acme.propose("later")

    with refused("proposedline_account_is_of_its_organization"):
        Account.objects.of(acme.id).get(code="cash").delete()


def test_law_9_an_account_with_lines_gets_no_children(acme):
    acme.post("sale")

    with refused("account_with_lines_has_no_children"):
        acme.open("till", parent="cash")
    with refused("account_with_lines_has_no_children"):
        Account.objects.of(acme.id).filter(code="bank").update(parent_id=acme.accounts["cash"])


def test_law_9_children_have_the_type_of_their_parent(acme):
    with refused("account_has_the_type_of_its_parent"):
        acme.open("fees", "expense", parent="cash")
    acme.open("till", parent="cash")
    for code in ("cash", "till"):
        with refused("account_has_the_type_of_its_parent"):
            Account.objects.of(acme.id).filter(code=code).update(type="expense")


def test_law_9_a_parent_that_comes_in_after_its_child_is_refused(acme):
    """Nothing would ever compare their types."""
    child, parent = uuid7(), uuid7()

    with refused("account_parent_is_of_its_organization"):
        Account.objects.bulk_create(
            [
                Account(
                    organization=acme.organization,
                    id=own,
                    code=str(own),
                    name="x",
                    type=kind,
                    currency="GBP",
                    parent_id=above,
                )
                for own, kind, above in [(child, "asset", parent), (parent, "expense", None)]
            ]
        )


def test_law_9_children_come_in_with_their_parent_in_one_statement(acme):
    parent = uuid7()

    Account.objects.bulk_create(
        [
            Account(
                organization=acme.organization,
                id=own,
                code=str(own),
                name="x",
                type="asset",
                currency="GBP",
                parent_id=above,
            )
            for own, above in [(parent, None), (uuid7(), parent), (uuid7(), parent)]
        ]
    )

    assert Account.objects.of(acme.id).filter(parent_id=parent).count() == 2


def test_law_9_an_account_does_not_stand_above_itself(acme):
    acme.open("till", parent="cash")
    acme.open("drawer", parent="till")
    accounts = Account.objects.of(acme.id)

    for below in ("cash", "till", "drawer"):
        with refused("account_is_not_above_itself"):
            accounts.filter(code="cash").update(parent_id=acme.accounts[below])


def test_law_9_a_cycle_within_one_statement_is_refused(acme):
    with refused("account_is_not_above_itself"):
        run(
            """UPDATE ledger_account SET parent_id = CASE code WHEN 'cash' THEN %(bank)s::uuid
                                                               ELSE %(cash)s END
                WHERE organization_id = %(organization)s AND code IN ('cash', 'bank')""",
            {
                "organization": acme.id,
                "cash": acme.accounts["cash"],
                "bank": acme.accounts["bank"],
            },
        )
    one, two = uuid7(), uuid7()
    with refused("account_parent_is_of_its_organization"):
        run(
            """INSERT INTO ledger_account (organization_id, id, code, name, type, currency,
                                           parent_id)
               VALUES (%(o)s, %(one)s, '1', '1', 'asset', 'GBP', %(two)s),
                      (%(o)s, %(two)s, '2', '2', 'asset', 'GBP', %(one)s)""",
            {"o": acme.id, "one": one, "two": two},
        )
    with refused("account_is_not_above_itself"):
        run(
            """INSERT INTO ledger_account (organization_id, id, code, name, type, currency,
                                           parent_id)
               VALUES (%(o)s, %(one)s, '1', '1', 'asset', 'GBP', %(one)s)""",
            {"o": acme.id, "one": one},
        )


# --- What is append-only beside the books ------------------------------------------------------

APPEND_ONLY = [
    "UPDATE {table} SET id = id",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "TRUNCATE {table} CASCADE",
    "MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
]


@pytest.mark.parametrize("attack", APPEND_ONLY)
@pytest.mark.parametrize("table", ["organizations_auditevent", "ledger_reconciliationrun"])
def test_a_trail_is_append_only(acme, table, attack):
    an_audit_event(acme)

    with refused("row_is_final"):
        run(attack.format(table=table))


def test_an_audit_event_never_changes_through_a_queryset(acme):
    an_audit_event(acme)
    events = AuditEvent.objects.of(acme.id)

    with refused("row_is_final"):
        events.update(actor_name="nobody")
    with refused("row_is_final"):
        events.delete()
    with refused("row_is_final"):
        events.get().save()


def test_a_person_in_the_audit_trail_is_not_deleted(acme):
    alice = User.objects.create(username="alice")
    AuditEvent.objects.create(
        organization=acme.organization, action="x", actor_name="Alice", user_id=alice.pk
    )

    with refused("auditevent_user_exists"):
        run("DELETE FROM organizations_user WHERE id = %s", [alice.pk])


CHANGES_OF_CASH_ENTRIES = [
    "UPDATE ledger_cashentry SET amount = 1",
    "UPDATE ledger_cashentry SET memo = 'x'",
    "UPDATE ledger_cashentry SET occurred_at = now()",
    "UPDATE ledger_cashentry SET kind = 'PAYMENT'",
    "UPDATE ledger_cashentry SET memo = 'x', settled_at = now(), settled_by_id = id",
    "DELETE FROM ledger_cashentry",
]


@pytest.mark.parametrize("attack", CHANGES_OF_CASH_ENTRIES)
def test_a_cash_entry_never_changes(acme, attack):
    a_debt(acme)

    with refused("cashentry_is_final"):
        run(attack)


def test_cash_entries_are_not_truncated(acme):
    a_debt(acme)

    for attack in ("TRUNCATE ledger_cashentry", "TRUNCATE ledger_cashentry CASCADE"):
        with refused("row_is_final"):
            run(attack)


def test_a_debt_is_settled_once(acme):
    debt = a_debt(acme)
    payment = a_cash_entry(acme, "PAYMENT", 500)
    settle = "UPDATE ledger_cashentry SET settled_at = now(), settled_by_id = %s WHERE id = %s"
    run(settle, [payment.pk, debt.pk])

    with refused("cashentry_is_final"):
        run("UPDATE ledger_cashentry SET settled_at = '2020-01-01' WHERE id = %s", [debt.pk])
    with refused("cashentry_is_final"):
        run("UPDATE ledger_cashentry SET settled_at = NULL, settled_by_id = NULL")


def test_only_a_debt_is_settled(acme):
    payment = a_cash_entry(acme, "PAYMENT", 500)

    with refused("cashentry_only_a_debt_is_settled"):
        run("UPDATE ledger_cashentry SET settled_at = now(), settled_by_id = %s", [payment.pk])


# --- Law 7 again: no row ever leaves its organization ------------------------------------------

MOVABLE = {
    "ledger_account": "account",
    "organizations_apikey": "key",
    "organizations_idempotencykey": "answer",
    "ledger_exchangerate": "rate",
    "ledger_proposedline": "proposed line",
    "ledger_journalentry": "pending entry",
}


@pytest.mark.parametrize("column", ["organization_id", "id"])
@pytest.mark.parametrize("table", MOVABLE)
def test_law_7_a_row_keeps_its_organization_and_its_id(acme, mallory, table, column):
    one_row_each(acme)
    value = mallory.id if column == "organization_id" else uuid7()

    with refused("row_keeps_its_organization") as facts:
        run(f"UPDATE {table} SET {column} = %s", [value])

    assert facts["table"] == table


# --- Names that stand in for ours --------------------------------------------------------------

TABLES = [
    "organizations_organization",
    "ledger_account",
    "ledger_journalentry",
    "ledger_journalline",
    "ledger_accountbalance",
]


@pytest.mark.parametrize("table", TABLES)
def test_a_temporary_table_does_not_stand_in_for_ours(acme, table):
    """PostgreSQL looks for tables among the temporary ones first."""
    run(f"CREATE TEMPORARY TABLE {table} (LIKE public.{table}) ON COMMIT DROP")
    if table == "ledger_account":
        run("INSERT INTO pg_temp.ledger_account SELECT * FROM public.ledger_account")
        run("UPDATE pg_temp.ledger_account SET currency = 'GBP'")
    given = posting_to_public(acme.id, acme.accounts["cash"], acme.accounts["exports"])

    with refused("entry_is_balanced"):
        run(*given)
    good = posting_to_public(acme.id, acme.accounts["cash"], acme.accounts["sales"])
    run(*good)

    [[debits]] = run("SELECT sum(debits) FROM public.ledger_accountbalance")
    assert debits == 100


def test_a_schema_put_before_ours_does_not_bring_its_own_functions(acme):
    """Functions and operators are looked up along the search_path, pg_catalog's last if asked."""
    run("CREATE SCHEMA evil")
    run(
        """CREATE FUNCTION evil.ledger_refuse(truth text, facts jsonb) RETURNS void
           LANGUAGE sql AS 'SELECT'"""
    )
    run(
        """CREATE FUNCTION evil.equal(numeric, numeric) RETURNS boolean
           LANGUAGE sql IMMUTABLE AS 'SELECT true'"""
    )
    run("CREATE OPERATOR evil.= (FUNCTION = evil.equal, LEFTARG = numeric, RIGHTARG = numeric)")
    run("SET LOCAL search_path = evil, pg_catalog, public")
    acme_sale = acme.posting("sale", ("cash", 100, 0), ("sales", 0, 60))

    with refused("entry_is_balanced"):
        run(POST, acme_sale)
    with refused("balance_is_the_sum_of_its_lines"):
        run("DELETE FROM ledger_accountbalance")
    with refused("entry_has_lines"):
        JournalEntry.objects.bulk_create([an_entry(acme)])


def test_a_temporary_account_table_does_not_hide_children(acme):
    acme.open("till", parent="cash")
    run("CREATE TEMPORARY TABLE ledger_account (LIKE public.ledger_account) ON COMMIT DROP")
    run(
        "INSERT INTO pg_temp.ledger_account"
        " SELECT * FROM public.ledger_account WHERE code <> 'till'"
    )

    with refused("line_account_has_no_children"):
        run(*posting_to_public(acme.id, acme.accounts["cash"], acme.accounts["sales"]))


def test_a_temporary_organization_table_does_not_open_the_books(acme):
    close(acme, date(2025, 3, 31))
    run(
        "CREATE TEMPORARY TABLE organizations_organization (LIKE public.organizations_organization)"
        " ON COMMIT DROP"
    )
    run(
        "INSERT INTO pg_temp.organizations_organization"
        " SELECT * FROM public.organizations_organization"
    )
    run("UPDATE pg_temp.organizations_organization SET closed_through = NULL")

    with refused("entry_period_is_open"):
        run(*posting_to_public(acme.id, acme.accounts["cash"], acme.accounts["sales"]))


def test_another_role_is_held_to_the_same_laws(acme):
    run("CREATE ROLE countinghouse_clerk")
    run("GRANT USAGE ON SCHEMA public TO countinghouse_clerk")
    run("GRANT ALL ON ALL TABLES IN SCHEMA public TO countinghouse_clerk")
    given = acme.posting("sale", *SALE)
    off = acme.posting("off", ("cash", 100, 0), ("sales", 0, 1))
    run("SET LOCAL ROLE countinghouse_clerk")

    with refused("entry_is_balanced"):
        run(POST, off)
    with refused("balance_is_the_sum_of_its_lines"):
        run("UPDATE ledger_accountbalance SET debits = 1")
    run(POST, given)

    assert acme.balance("cash") == (100, 0)


def test_a_statement_within_a_statement_does_not_split_an_entry(acme):
    """A function posts half of an entry while the statement that calls it posts the other half."""
    given = acme.posting("sale", *SALE)
    run(
        """CREATE FUNCTION pg_temp.half(o uuid, e uuid, a uuid, p int, d bigint, c bigint)
           RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position,
                                             debit, credit)
             VALUES (o, gen_random_uuid(), e, a, p, d, c);
             RETURN a;
           END $$"""
    )
    halves = (
        POST.split(")\nINSERT", 1)[0]
        + """)
      SELECT pg_temp.half(%(organization)s, e.id, u.a, u.p::int, u.d, u.c)
        FROM e, unnest(%(accounts)s::uuid[], %(positions)s::smallint[], %(debits)s::bigint[],
                       %(credits)s::bigint[]) AS u(a, p, d, c)"""
    )

    with refused("entry_is_balanced"):
        run(halves, given)


# --- The attacks' tools ------------------------------------------------------------------------


def an_entry(books: RawBooks, **changes: Any) -> JournalEntry:
    return JournalEntry(
        **{
            "organization": books.organization,
            "reference": "sale",
            "effective_on": date(2025, 3, 10),
            "status": EntryStatus.POSTED,
            "currency": "GBP",
            "total_amount": 100,
            "posted_at": "2025-03-10T12:00:00Z",
            **changes,
        }
    )


def approve(books: RawBooks, pending: Any, *sides: Any) -> None:
    """Post a pending entry in one statement, with these lines or those of SALE."""
    given = books.posting("", *(sides or SALE))
    run(
        """WITH e AS (
             UPDATE ledger_journalentry SET status = 'posted', posted_at = now()
              WHERE organization_id = %(organization)s AND id = %(pending)s
           )
           INSERT INTO ledger_journalline (organization_id, id, entry_id, account_id, position,
                                           debit, credit)
           SELECT %(organization)s, gen_random_uuid(), %(pending)s, u.*
             FROM unnest(%(accounts)s::uuid[], %(positions)s::smallint[], %(debits)s::bigint[],
                         %(credits)s::bigint[]) AS u""",
        {**given, "pending": pending},
    )


def close(books: RawBooks, through: date) -> None:
    Organization.objects.filter(pk=books.id).update(closed_through=through)


def copy(into: str, *rows: tuple[Any, ...]) -> None:
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {into} FROM STDIN") as stream,
    ):
        for row in rows:
            stream.write_row(row)


def marks(values: list[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def posting_to_public(organization: Any, debited: Any, credited: Any) -> tuple[str, dict[str, Any]]:
    sql = POST.replace("INTO ledger_", "INTO public.ledger_")
    return sql, {
        "organization": organization,
        "id": uuid7(),
        "reference": str(uuid7()),
        "on": date(2025, 3, 10),
        "currency": "GBP",
        "total": 100,
        "reverses": None,
        "accounts": [debited, credited],
        "positions": [1, 2],
        "debits": [100, 0],
        "credits": [0, 100],
    }


def an_audit_event(books: RawBooks) -> AuditEvent:
    event: AuditEvent = AuditEvent.objects.create(
        organization=books.organization, action="x", actor_name="Alice"
    )
    return event


def a_cash_entry(books: RawBooks, kind: str, amount: int) -> CashEntry:
    cash_entry: CashEntry = CashEntry.objects.create(
        organization=books.organization,
        kind=kind,
        amount=amount,
        currency="GBP",
        occurred_at="2025-03-10T12:00:00Z",
        entry_id=books.post(f"{kind} {uuid7()}"),
    )
    return cash_entry


def a_debt(books: RawBooks) -> CashEntry:
    return a_cash_entry(books, "DEBT", -500)


def one_row_each(books: RawBooks) -> None:
    books.propose("later")
    for table, columns, values in [
        ("organizations_apikey", "name, prefix, secret_hash, scopes", "'k', 'p', 'h', '{}'"),
        (
            "organizations_idempotencykey",
            "key, fingerprint, status_code, content_type, body, expires_at",
            "'k', 'f', 200, '', '', now()",
        ),
        (
            "ledger_exchangerate",
            "currency, quote_currency, valid_on, rate",
            "'GBP', 'EUR', '2025-01-01', 1.2",
        ),
    ]:
        run(
            f"INSERT INTO {table} (organization_id, id, {columns})"
            f" VALUES ('{books.id}', gen_random_uuid(), {values})"
        )


def test_the_void_statement_of_these_tests_is_the_one_that_services_use():
    """Were the service's statement another one, these attacks would attack something else."""
    from ledger.services.posting import batch

    assert " ".join(VOID.split())[:60] == " ".join(batch._VOID.split())[:60]


def test_transactions_of_these_tests_see_their_own_writes(acme):
    with transaction.atomic():
        acme.post("sale")

    assert acme.balance("sales") == (0, 100)
