"""The entries under a payee's account: they stay as they are, whoever voids them and however."""

from typing import Any

import pytest

from tests.invoicing.raw_sales import a_trigger_of_ones_own, run_all
from tests.ledger.raw_books import refused, run
from tests.settlements.raw_market import RawMarket, insert, refused_by_any

pytestmark = [pytest.mark.django_db, pytest.mark.database_rules]


@pytest.fixture
def acme() -> RawMarket:
    return RawMarket("acme")


def of_a_sale(acme: RawMarket) -> list[Any]:
    return acme.selling(acme.payee())


def of_a_refund(acme: RawMarket) -> list[Any]:
    return acme.refunding(acme.sell(acme.payee()))


def of_an_adjustment(acme: RawMarket) -> list[Any]:
    return acme.adjusting(acme.payee(), 1_00)


def of_a_payout(acme: RawMarket) -> list[Any]:
    return acme.paying(acme.payout())


def of_a_return(acme: RawMarket) -> list[Any]:
    payout = acme.payout()
    acme.pay(payout)
    return acme.returning(payout)


entries = pytest.mark.parametrize(
    "made", [of_a_sale, of_a_refund, of_an_adjustment, of_a_payout, of_a_return]
)


@entries
def test_an_entry_is_not_voided_under_what_names_it(acme, made):
    statements = made(acme)
    run_all(statements)
    entry = statements[0][1]["id"]

    with refused("entry_of_a_payee_stays") as facts:
        run(*acme.voiding(entry))
    with refused("entry_of_a_payee_stays"):
        run("UPDATE ledger_journalentry SET status = 'voided' WHERE id = %s", [entry])
    with refused("entry_of_a_payee_stays"):
        a_trigger_of_ones_own(
            f"UPDATE ledger_journalentry SET status = 'voided' WHERE id = '{entry}'"
        )
    with refused("entry_of_a_payee_stays"):
        run(
            """MERGE INTO ledger_journalentry e USING (SELECT %s::uuid AS id) v ON e.id = v.id
               WHEN MATCHED THEN UPDATE SET status = 'voided'""",
            [entry],
        )

    assert facts["reference"] == statements[0][1]["reference"]
    assert acme.books.status(entry) == "posted"


@entries
def test_an_entry_that_nothing_names_is_voided(acme, made):
    posting, _ = made(acme)
    run(*posting)

    run(*acme.voiding(posting[1]["id"]))

    assert acme.books.status(posting[1]["id"]) == "voided"


@entries
def test_an_entry_is_not_voided_by_the_statement_that_names_it(acme, made):
    posting, naming = made(acme)
    run(*posting)
    voiding, given = renamed(*acme.voiding(posting[1]["id"]))

    with refused_by_any("item_is_posted_as_it_says", "entry_of_a_payee_stays"):
        run(
            voiding.replace("WITH voided AS", f"WITH named AS ({naming[0]}), voided AS", 1),
            {**naming[1], **given},
        )


def renamed(sql: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """With parameters of its own, beside another statement's."""
    for name in given:
        sql = sql.replace(f"%({name})s", f"%({name}_of_void)s")
    return sql, {f"{name}_of_void": value for name, value in given.items()}


def test_a_sale_does_not_slip_in_by_a_function_of_the_statement_that_voids(acme):
    posting, (_, row) = acme.selling(acme.payee())
    run(*posting)
    given = {name: value for name, value in row.items() if value is not None}
    columns, values = ", ".join(given), ", ".join(f"'{value}'" for value in given.values())
    run(
        f"""CREATE FUNCTION pg_temp.slip_in() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
              INSERT INTO settlements_sale ({columns}) VALUES ({values});
              RETURN 'voided';
            END $$"""
    )
    voiding, given = acme.voiding(posting[1]["id"])

    with refused("entry_of_a_payee_stays"):
        run(voiding.replace("'voided'", "pg_temp.slip_in()"), given)
    with refused("item_is_posted_as_it_says"):
        run(voiding.replace("%(reverses)s)", "%(reverses)s RETURNING pg_temp.slip_in())", 1), given)


def test_an_entry_is_not_voided_because_another_organization_names_the_like(acme):
    elsewhere = RawMarket("elsewhere")
    elsewhere.sell(elsewhere.payee(), reference="1")
    posting, _ = acme.selling(acme.payee(), reference="1")
    run(*posting)

    run(*acme.voiding(posting[1]["id"]))

    assert acme.books.status(posting[1]["id"]) == "voided"


def test_a_voided_sale_is_recorded_again_under_another_reference_alone(acme):
    """The reference of a voided entry stays taken."""
    ana = acme.payee()
    posting, _ = acme.selling(ana, reference="1")
    run(*posting)
    run(*acme.voiding(posting[1]["id"]))

    with refused("entry_reference_is_unique"):
        acme.sell(ana, reference="1")
    with refused("item_is_posted_as_it_says"):
        run(*insert("sale", acme.sale_row(ana, reference="1", entry_id=posting[1]["id"])))
