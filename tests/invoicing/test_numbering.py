"""Legal numbers: per series and fiscal year, without gaps or doubles, given inside the issue."""

from datetime import date, timedelta

import pytest
from django.db import connection

from core.db import use_case_transaction
from invoicing.errors import (
    InvalidSeries,
    NumberingChanged,
    NumberTaken,
    OverPayment,
    SeriesCodeTaken,
    SeriesNotFound,
)
from invoicing.models import Invoice, NumberCounter, NumberSeries
from invoicing.selectors.numbering import get_series, list_series
from invoicing.services.issuing import invoice_order
from invoicing.services.numbering import change_series, create_series, next_number, series_for
from invoicing.services.paying import PaymentDraft
from ledger.models import JournalEntry
from ledger.periods import fiscal_year_of
from ledger.services.posting import post_entries
from organizations.models import AuditEvent
from organizations.services.settings import change_settings
from tests.invoicing.selling import DAY, Till, at_once, item, refused

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def till(as_alice):
    return Till(as_alice)


def numbers_of(acme):
    invoices = Invoice.objects.of(acme).order_by("fiscal_year", "sequence")
    return list(invoices.values_list("number", flat=True))


# --- Which number ---------------------------------------------------------------------------------


def test_counts_invoices_and_credit_notes_apart(till):
    invoices = [till.invoice() for _ in range(3)]
    notes = [till.void(invoice) for invoice in invoices]

    assert [i.number for i in invoices] == [f"INV-2026-0000{n}" for n in (1, 2, 3)]
    assert [n.number for n in notes] == [f"CN-2026-0000{n}" for n in (1, 2, 3)]


def test_begins_anew_with_every_calendar_year(till):
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2025, 12, 30)]

    assert [till.invoice(on=day).number for day in days] == [
        "INV-2025-00001",
        "INV-2026-00001",
        "INV-2025-00002",
    ]


def test_names_a_fiscal_year_after_the_year_in_which_it_ends(as_olga, till):
    change_settings(actor=as_olga, fiscal_year_start_month=4)

    days = [date(2026, 3, 31), date(2026, 4, 1), date(2027, 3, 31), date(2027, 4, 1)]

    assert [till.invoice(on=day).number for day in days] == [
        "INV-2026-00001",
        "INV-2027-00001",
        "INV-2027-00002",
        "INV-2028-00001",
    ]


@pytest.mark.parametrize("start_month", range(1, 13))
def test_agrees_with_the_ledger_on_the_fiscal_year_of_every_day(start_month):
    days = [date(2023, 12, 1) + timedelta(days=n) for n in range(800)]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT invoicing_fiscal_year(d, %s) FROM unnest(%s::date[]) AS d", [start_month, days]
        )
        years = [year for (year,) in cursor.fetchall()]

    assert years == [fiscal_year_of(day, start_month).year for day in days]


@pytest.mark.parametrize(
    ("prefix", "width", "number"),
    [
        ("", 1, "1"),
        ("R{yy}/", 3, "R26/001"),
        ("{year}-{yy} A.", 12, "2026-26 A.000000000001"),
    ],
)
def test_is_spelt_as_its_series_says(till, prefix, width, number):
    create_series(actor=till.actor, kind="invoice", code="own", prefix=prefix, width=width)

    assert till.issue(till.order(), series="own").number == number


def test_grows_beyond_its_width(till):
    create_series(actor=till.actor, kind="invoice", code="own", prefix="A", width=1)

    numbers = [till.issue(till.order(), series="own").number for _ in range(11)]

    assert numbers[8:] == ["A9", "A10", "A11"]


def test_counts_each_series_apart(till):
    create_series(actor=till.actor, kind="invoice", code="web", prefix="WEB-{year}-")
    create_series(actor=till.actor, kind="credit_note", code="web", prefix="WCN-{year}-")

    first, second = till.issue(till.order(), series="web"), till.invoice()

    assert (first.number, second.number) == ("WEB-2026-00001", "INV-2026-00001")
    assert till.void(first, series="web").number == "WCN-2026-00001"


def test_counts_each_organization_apart(till, as_mallory):
    till.invoice()

    assert Till(as_mallory).invoice().number == "INV-2026-00001"


def test_stands_in_the_entry(till):
    invoice = till.invoice()

    assert JournalEntry.objects.get(pk=invoice.entry_id).description == f"Invoice {invoice.number}"


def test_is_told_beforehand_to_whoever_holds_the_counter(acme, till):
    till.invoice()
    with use_case_transaction():
        series = series_for(acme, "invoice")
        assert next_number(acme, series, DAY) == "INV-2026-00002"
        assert next_number(acme, series, DAY) == "INV-2026-00002"
        assert next_number(acme, series, date(2030, 1, 1)) == "INV-2030-00001"


# --- Neither gaps nor doubles ---------------------------------------------------------------------


def test_fifty_threads_that_issue_get_fifty_consecutive_numbers(acme, till):
    orders = [till.order() for _ in range(50)]

    invoices = at_once(50, lambda n: till.issue(orders[n]))

    assert sorted(i.number for i in invoices) == [f"INV-2026-{n:05}" for n in range(1, 51)]
    for invoice in Invoice.objects.of(acme).select_related("entry"):
        assert invoice.entry.description == f"Invoice {invoice.number}"


def test_fifty_threads_of_which_some_fail_leave_no_hole(acme, till):
    def sell(n):
        """Every third is refused after its number was given: it pays too much."""
        amount = 120_01 if n % 3 == 0 else None
        return invoice_order(
            actor=till.actor,
            currency="GBP",
            items=[item(100_00)],
            issued_on=DAY,
            payment=PaymentDraft("cash", amount),
        )

    results = at_once(50, sell)

    assert [type(r) for r in results].count(OverPayment) == 17
    assert numbers_of(acme) == [f"INV-2026-{n:05}" for n in range(1, 34)]
    assert NumberCounter.objects.of(acme).get().last_number == 33


def test_a_rollback_gives_its_number_to_the_next(acme, till):
    till.invoice()

    with refused(OverPayment, acme):
        invoice_order(
            actor=till.actor,
            currency="GBP",
            items=[item(100_00)],
            issued_on=DAY,
            payment=PaymentDraft("cash", 120_01),
        )

    assert till.invoice().number == "INV-2026-00002"


def test_the_first_documents_of_a_new_series_may_come_all_at_once(acme, till):
    """Each of them would make the series and its counter."""
    orders = [till.order() for _ in range(8)]

    at_once(8, lambda n: till.issue(orders[n]))

    assert numbers_of(acme) == [f"INV-2026-{n:05}" for n in range(1, 9)]
    assert NumberSeries.objects.of(acme).count() == 1


def test_an_entry_never_says_another_number_than_its_invoice(acme, till, monkeypatch):
    """The prefix changes between the look at the number and the insert."""
    till.invoice()
    order = till.order()
    post = post_entries

    def meanwhile(*arguments, **options):
        NumberSeries.objects.of(acme).update(prefix="NEW-")
        return post(*arguments, **options)

    monkeypatch.setattr("invoicing.services.issuing.post_entries", meanwhile)

    with refused(NumberingChanged, acme) as caught:
        till.issue(order)

    assert caught.value.number == "INV-2026-00002"


# --- The series -----------------------------------------------------------------------------------


def test_a_series_is_made_with_its_audit_row(acme, till):
    series = create_series(actor=till.actor, kind="invoice", code="web", prefix="W{yy}-", width=4)

    [row] = AuditEvent.objects.of(acme).filter(action="create_series")
    assert row.subject_ids == [series.pk]
    assert row.after == {"kind": "invoice", "code": "web", "prefix": "W{yy}-", "width": 4}


def test_a_changed_prefix_counts_on(acme, till):
    till.invoice()

    series = change_series(
        actor=till.actor, series=get_series(acme, "main", "invoice"), prefix="R{yy}-", width=3
    )

    assert (series.prefix, series.width) == ("R{yy}-", 3)
    assert till.invoice().number == "R26-002"
    assert numbers_of(acme) == ["INV-2026-00001", "R26-002"]
    [row] = AuditEvent.objects.of(acme).filter(action="change_series")
    assert row.before == {"prefix": "INV-{year}-", "width": 5}


def test_a_change_to_the_same_leaves_no_trace(acme, till):
    till.invoice()
    series = get_series(acme, "main", "invoice")

    change_series(actor=till.actor, series=series, prefix=series.prefix)

    assert not AuditEvent.objects.of(acme).filter(action="change_series").exists()


def test_two_series_of_one_prefix_get_no_number_twice(acme, till):
    create_series(actor=till.actor, kind="invoice", code="web", prefix="INV-{year}-")
    till.invoice()
    order = till.order()

    with refused(NumberTaken, acme) as caught:
        till.issue(order, series="web")

    assert caught.value.number == "INV-2026-00001"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "receipt"}, "kind"),
        ({"code": ""}, "code"),
        ({"code": "a b"}, "code"),
        ({"code": "x" * 31}, "code"),
        ({"prefix": "INV-{month}-"}, "prefix"),
        ({"prefix": "№"}, "prefix"),
        ({"prefix": "A\n"}, "prefix"),
        ({"prefix": "x" * 31}, "prefix"),
        ({"width": 0}, "width"),
        ({"width": 13}, "width"),
    ],
)
def test_refuses_a_series_that_cannot_be(acme, till, wrong, field):
    given = {"kind": "invoice", "code": "web", "prefix": "W", "width": 5, **wrong}

    with refused(InvalidSeries, acme) as caught:
        create_series(actor=till.actor, **given)

    assert caught.value.attr == field


@pytest.mark.parametrize(
    ("change", "field"),
    [({"prefix": "{day}"}, "prefix"), ({"width": 99}, "width"), ({"code": "other"}, "code")],
)
def test_refuses_a_change_that_cannot_be(acme, till, change, field):
    series = create_series(actor=till.actor, kind="invoice", code="web", prefix="W")

    with refused(InvalidSeries, acme) as caught:
        change_series(actor=till.actor, series=series, **change)

    assert caught.value.attr == field


def test_a_code_is_taken_once_per_kind(acme, till):
    create_series(actor=till.actor, kind="invoice", code="web", prefix="W")
    create_series(actor=till.actor, kind="credit_note", code="web", prefix="W")

    with refused(SeriesCodeTaken, acme) as caught:
        create_series(actor=till.actor, kind="invoice", code="web", prefix="X")

    assert caught.value.facts == {"kind": "invoice", "series": "web"}


def test_does_not_find_another_organizations_series(acme, till, as_mallory, mallory_ltd):
    series = create_series(actor=till.actor, kind="invoice", code="web", prefix="W")

    with refused(SeriesNotFound, acme):
        change_series(actor=as_mallory, series=series, prefix="MINE-")
    with pytest.raises(SeriesNotFound):
        get_series(mallory_ltd, series.pk)


def test_lists_the_series_with_their_counters(acme, till):
    till.void(till.invoice())
    till.invoice(on=date(2025, 5, 5))

    listed = [
        (series.kind, series.code, [(c.fiscal_year, c.last_number) for c in series.counters.all()])
        for series in list_series(acme)
    ]

    assert listed == [
        ("credit_note", "main", [(2026, 1)]),
        ("invoice", "main", [(2026, 1), (2025, 1)]),
    ]


def test_finds_a_series_by_its_id_or_by_kind_and_code(acme, till):
    series = create_series(actor=till.actor, kind="invoice", code="web", prefix="W")

    assert get_series(acme, str(series.pk)) == series
    assert get_series(acme, "web", "invoice") == series
    with pytest.raises(SeriesNotFound):
        get_series(acme, "web", "credit_note")
