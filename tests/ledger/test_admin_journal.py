"""The journal in the back-office: preparing, posting, approving, voiding."""

from datetime import date

import pytest
from django.urls import reverse

from ledger.drafts import EntryDraft, credit, debit
from ledger.models import Account, EntryStatus, JournalEntry, JournalLine, ProposedLine
from ledger.selectors.balances import balance_at
from ledger.services.accounts import create_account
from ledger.services.entries import edit_proposal, propose_entry
from ledger.services.periods import close_books
from organizations.models import AuditEvent
from organizations.services.settings import change_settings

ADD = "/admin/ledger/journalentry/add/"
RENT = (("6000", "1,234.50", "", "Rent"), ("1000 Cash", "", "1234.5", ""))


def entry_form(*rows, reference="rent", on="2026-01-15", revision=0, **more):
    """What the form sends: rows of account, debit, credit and description."""
    sent = {
        "reference": reference,
        "effective_on": on,
        "description": "Rent of January",
        "reference_type": "",
        "reference_id": "",
        "revision": revision,
        "lines-TOTAL_FORMS": len(rows),
        "lines-INITIAL_FORMS": 0,
        **more,
    }
    for number, row in enumerate(rows):
        for name, value in zip(("account", "debit", "credit", "description"), row, strict=True):
            sent[f"lines-{number}-{name}"] = value
    return sent


def page(entry, view="change"):
    return reverse(f"admin:ledger_journalentry_{view}", args=[entry.pk])


@pytest.fixture
def threshold(acme, as_olga):
    """Above 1,000.00 a second person is needed."""
    change_settings(actor=as_olga, approval_threshold_amount=1_000_00)
    acme.refresh_from_db()


@pytest.fixture
def pending(as_alice):
    draft = EntryDraft("rent", date(2026, 1, 15), [debit("6000", 50_00), credit("1000", 50_00)])
    return propose_entry(actor=as_alice, draft=draft)


@pytest.fixture
def large(threshold, as_alice):
    lines = [debit("6000", 5_000_00), credit("1000", 5_000_00)]
    return propose_entry(actor=as_alice, draft=EntryDraft("large", date(2026, 1, 15), lines))


def test_saves_a_pending_entry_that_counts_nowhere(acme, alice, signed_in):
    answer = signed_in(alice).post(ADD, entry_form(*RENT, _pending="1"))

    entry = JournalEntry.objects.of(acme).get()
    assert answer.headers["Location"] == page(entry)
    assert (entry.status, entry.total_amount, entry.maker) == ("pending", 1_234_50, alice)
    assert balance_at(acme, "6000") == 0


def test_posts_an_entry_at_once(acme, alice, signed_in):
    signed_in(alice).post(ADD, entry_form(*RENT, _post="1"))

    assert JournalEntry.objects.of(acme).get().status == EntryStatus.POSTED
    assert balance_at(acme, "6000") == 1_234_50


def test_leaves_the_request_and_the_address_in_the_audit_trail(acme, alice, signed_in):
    signed_in(alice).post(
        ADD, entry_form(*RENT, _post="1"), headers={"x-request-id": "seen-by-the-proxy"}
    )

    event = AuditEvent.objects.of(acme).get(action="post_entries")
    assert (event.user, event.request_id) == (alice, "seen-by-the-proxy")
    assert event.ip_address == "127.0.0.1"


@pytest.mark.parametrize(
    ("currency", "written", "amount"),
    [
        ("JPY", "1,234", 1_234),
        ("KWD", "1,234.567", 1_234_567),
        ("USD", "0.07", 7),
        ("USD", "90071992547409.93", 9_007_199_254_740_993),
        ("USD", "92,233,720,368,547,758.07", 2**63 - 1),
    ],
)
def test_reads_amounts_digit_by_digit(acme, as_alice, alice, signed_in, currency, written, amount):
    create_account(actor=as_alice, code="a", name="One", type="asset", currency=currency)
    create_account(actor=as_alice, code="b", name="Other", type="equity", currency=currency)

    signed_in(alice).post(
        ADD, entry_form(("a", written, "", ""), ("b", "", written, ""), _post="1")
    )

    assert balance_at(acme, "a") == amount


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("6000", "1.005", "", ""), "GBP has 2 decimals"),
        (("6000", "1,23", "", ""), "is not an amount"),
        (("6000", "1e3", "", ""), "is not an amount"),
        (("6000", "nan", "", ""), "is not an amount"),
        (("6000", "-5", "", ""), "other side"),
        (("6000", "99999999999999999999", "", ""), "64 bits"),
        (("6000", "1", "1", ""), "not both"),
        (("6000", "", "", ""), "How much?"),
        (("", "1", "", ""), "Which account?"),
        (("nowhere", "1", "", ""), "nowhere"),
        (("6", "1", "", ""), "No account that takes lines"),
    ],
)
def test_says_what_is_wrong_with_a_row_and_writes_nothing(acme, alice, signed_in, row, said):
    answer = signed_in(alice).post(ADD, entry_form(row, ("1000", "", "1", ""), _pending="1"))

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not JournalEntry.objects.of(acme).exists()


def test_another_organizations_account_is_no_account(
    acme, mallory_ltd, as_mallory, alice, signed_in
):
    theirs = create_account(actor=as_mallory, code="theirs", name="Theirs", type="asset")

    for named in ("theirs", str(theirs.pk)):
        answer = signed_in(alice).post(
            ADD, entry_form((named, "1", "", ""), ("1000", "", "1", ""), _post="1")
        )
        assert "No account that takes lines" in answer.content.decode()

    assert not JournalEntry.objects.exists()


def test_refuses_to_post_what_does_not_balance_but_keeps_it_as_pending(acme, alice, signed_in):
    client = signed_in(alice)
    rows = (("6000", "10", "", ""), ("1000", "", "9", ""))

    refused = client.post(ADD, entry_form(*rows, _post="1"))
    client.post(ADD, entry_form(*rows, _pending="1"))

    assert "does not balance" in refused.content.decode()
    assert [entry.status for entry in JournalEntry.objects.of(acme)] == ["pending"]


def test_refuses_to_post_above_the_threshold(acme, threshold, alice, signed_in):
    answer = signed_in(alice).post(ADD, entry_form(*RENT, _post="1"))

    assert "above the threshold" in answer.content.decode()
    assert not JournalEntry.objects.of(acme).exists()


def test_refuses_a_date_in_a_closed_period(acme, as_carol, alice, signed_in):
    close_books(actor=as_carol, through=date(2026, 1, 31))

    answer = signed_in(alice).post(ADD, entry_form(*RENT, _post="1"))

    assert "The books are closed through 2026-01-31" in answer.content.decode()
    assert not JournalEntry.objects.of(acme).exists()


@pytest.mark.parametrize("on", ["", "2026-02-30", "0001-01-01", "9999-12-31", "soon"])
def test_refuses_days_that_are_none(acme, alice, signed_in, on):
    answer = signed_in(alice).post(ADD, entry_form(*RENT, on=on, _post="1"))

    assert answer.status_code == 200
    assert not JournalEntry.objects.of(acme).exists()


def test_the_same_reference_with_another_content_is_refused(acme, alice, signed_in):
    client = signed_in(alice)
    client.post(ADD, entry_form(*RENT, _post="1"))
    other = (("6000", "5", "", ""), ("1000", "", "5", ""))

    answer = client.post(ADD, entry_form(*other, _post="1"))

    assert "is in the books already" in answer.content.decode()
    assert JournalEntry.objects.of(acme).count() == 1


def test_adds_rows_without_a_script_and_keeps_what_was_typed(alice, signed_in):
    answer = signed_in(alice).post(ADD, entry_form(*RENT, _rows="1"))

    shown = answer.content.decode()
    assert 'name="lines-6-account"' in shown
    assert "1,234.50" in shown
    assert not JournalEntry.objects.exists()


def test_edits_a_pending_entry(acme, pending, alice, signed_in):
    form = entry_form(("6000", "60", "", ""), ("1010", "", "60", ""), revision=1)

    signed_in(alice).post(page(pending), form)

    pending.refresh_from_db()
    assert (pending.revision, pending.total_amount) == (2, 60_00)
    codes = (
        ProposedLine.objects.of(acme).order_by("position").values_list("account__code", flat=True)
    )
    assert list(codes) == ["6000", "1010"]


def test_refuses_an_edit_of_what_somebody_else_has_edited(acme, as_olga, pending, alice, signed_in):
    lines = [debit("6000", 70_00), credit("1000", 70_00)]
    edit_proposal(actor=as_olga, entry=pending, draft=EntryDraft("rent", date(2026, 1, 15), lines))

    answer = signed_in(alice).post(page(pending), entry_form(*RENT, revision=1))

    assert "was edited since you looked at it" in answer.content.decode()
    pending.refresh_from_db()
    assert pending.total_amount == 70_00


def test_posts_ones_own_small_pending_entry(acme, pending, alice, signed_in):
    signed_in(alice).post(page(pending, "post"), {"revision": 1})

    pending.refresh_from_db()
    assert pending.status == EntryStatus.POSTED
    assert balance_at(acme, "6000") == 50_00


def test_an_accountant_does_not_post_what_somebody_else_made(as_olga, alice, signed_in):
    draft = EntryDraft("hers", date(2026, 1, 15), [debit("6000", 1), credit("1000", 1)])
    entry = propose_entry(actor=as_olga, draft=draft)

    answer = signed_in(alice).post(page(entry, "post"), {"revision": 1})

    assert answer.status_code == 403
    entry.refresh_from_db()
    assert entry.status == EntryStatus.PENDING


def test_carol_approves_what_alice_made(acme, large, carol, signed_in):
    client = signed_in(carol)
    assert "Approve and post" in client.get(page(large)).content.decode()

    client.post(page(large, "post"), {"revision": large.revision})

    large.refresh_from_db()
    assert (large.status, large.checker) == (EntryStatus.POSTED, carol)


def test_ones_own_approval_has_no_button_and_is_refused(acme, large, alice, signed_in):
    client = signed_in(alice)
    assert page(large, "post") not in client.get(page(large)).content.decode()

    answer = client.post(page(large, "post"), {"revision": large.revision}, follow=True)

    assert "its maker may not approve it" in answer.content.decode()
    large.refresh_from_db()
    assert large.status == EntryStatus.PENDING


def test_approves_the_revision_that_was_shown_and_no_other(acme, large, as_alice, carol, signed_in):
    lines = [debit("6000", 9_000_00), credit("1000", 9_000_00)]
    edit_proposal(actor=as_alice, entry=large, draft=EntryDraft("large", date(2026, 1, 15), lines))

    answer = signed_in(carol).post(page(large, "post"), {"revision": 1}, follow=True)

    assert "was edited since you looked at it" in answer.content.decode()
    large.refresh_from_db()
    assert large.status == EntryStatus.PENDING


def test_approves_nothing_without_a_revision(large, carol, signed_in):
    signed_in(carol).post(page(large, "post"))

    large.refresh_from_db()
    assert large.status == EntryStatus.PENDING


def test_withdraws_a_pending_entry(acme, pending, alice, signed_in):
    client = signed_in(alice)
    assert client.get(page(pending, "delete")).status_code == 200

    client.post(page(pending, "delete"))

    assert not JournalEntry.objects.of(acme).exists()
    assert AuditEvent.objects.of(acme).filter(action="withdraw_proposal").exists()


@pytest.mark.parametrize("name", ["olga", "carol", "alice"])
def test_a_posted_entry_takes_no_forged_form(acme, post, request, signed_in, name):
    entry = post(debit("1000", 500), credit("4000", 500))
    before = list(JournalLine.objects.of(acme).order_by("position").values())
    client = signed_in(request.getfixturevalue(name))

    edited = client.post(page(entry), entry_form(*RENT, revision=1, _post="1"))
    deleted = client.post(page(entry, "delete"), {"post": "yes"})
    posted = client.post(page(entry, "post"), {"revision": 1})

    assert (edited.status_code, deleted.status_code, posted.status_code) == (403, 403, 302)
    entry.refresh_from_db()
    assert (entry.status, entry.total_amount) == (EntryStatus.POSTED, 500)
    assert list(JournalLine.objects.of(acme).order_by("position").values()) == before


def test_voids_after_asking_for_the_reason(acme, post, carol, signed_in):
    entry = post(debit("1000", 500), credit("4000", 500))
    client = signed_in(carol)
    assert "Reason" in client.get(page(entry, "void")).content.decode()

    answer = client.post(page(entry, "void"), {"reason": "Posted twice", "on": "2026-01-20"})

    reversal = JournalEntry.objects.of(acme).get(reverses=entry)
    assert answer.headers["Location"] == page(reversal)
    assert reversal.effective_on == date(2026, 1, 20)
    entry.refresh_from_db()
    assert entry.status == EntryStatus.VOIDED
    assert reversal.reference in client.get(page(entry)).content.decode()
    assert entry.reference in client.get(page(reversal)).content.decode()
    assert AuditEvent.objects.of(acme).get(action="void_entry").facts["reason"] == "Posted twice"


def test_voids_nothing_without_a_reason(acme, post, carol, signed_in):
    entry = post(debit("1000", 500), credit("4000", 500))

    answer = signed_in(carol).post(page(entry, "void"), {"reason": " "})

    assert "This field is required" in answer.content.decode()
    entry.refresh_from_db()
    assert entry.status == EntryStatus.POSTED


def test_voids_once(acme, post, carol, signed_in):
    entry = post(debit("1000", 500), credit("4000", 500))
    client = signed_in(carol)
    client.post(page(entry, "void"), {"reason": "Posted twice"})

    answer = client.post(page(entry, "void"), {"reason": "Again"})

    assert "voided" in answer.content.decode()
    assert JournalEntry.objects.of(acme).count() == 2


def test_shows_lines_maker_checker_and_history(acme, large, carol, signed_in):
    client = signed_in(carol)
    client.post(page(large, "post"), {"revision": 1})

    shown = client.get(page(large)).content.decode()

    assert "5,000.00" in shown
    assert "General expenses" in shown
    for said in ("Alice", "Carol", "Propose entry", "Approve entry"):
        assert said in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "rent"}, {"rent"}),
        ({"account": "4000"}, {"sale"}),
        ({"account": "6000"}, {"rent"}),
        ({"account": "nowhere"}, set()),
        ({"status__exact": "pending"}, {"rent"}),
        ({"effective_on_from": "2026-01-16"}, set()),
        ({"reference_type__icontains": "invoice"}, {"sale"}),
    ],
)
def test_finds_entries(acme, post, pending, alice, signed_in, query, found):
    post(debit("1000", 5), credit("4000", 5), reference="sale", reference_type="invoice")
    url = reverse("admin:ledger_journalentry_changelist")

    answer = signed_in(alice).get(url, query)

    assert answer.status_code == 200
    assert {entry.reference for entry in answer.context["cl"].result_list} == found


def test_totals_are_in_the_currencys_own_decimals(acme, as_alice, post, alice, signed_in):
    for code, kind in (("yen", "asset"), ("yen-equity", "equity")):
        create_account(actor=as_alice, code=code, name=code, type=kind, currency="JPY")
    post(debit("yen", 1234567), credit("yen-equity", 1234567))

    shown = signed_in(alice).get(reverse("admin:ledger_journalentry_changelist")).content.decode()

    assert "1,234,567 <span" in shown


@pytest.mark.parametrize(
    "name",
    [
        "index",
        "ledger_journalentry_changelist",
        "ledger_account_changelist",
        "organizations_auditevent_changelist",
    ],
)
def test_statements_do_not_grow_with_the_rows(
    acme, as_carol, post, carol, signed_in, django_assert_max_num_queries, name
):
    client = signed_in(carol)
    url = reverse(f"admin:{name}")

    def statements():
        with django_assert_max_num_queries(40) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    post(debit("1000", 1), credit("4000", 1), actor=as_carol)
    few = statements()
    for _ in range(6):
        post(debit("1000", 1), credit("4000", 1), actor=as_carol)

    assert statements() == few


def test_an_account_is_found_by_code_by_name_and_as_it_is_offered(acme, alice, signed_in):
    rows = (("general expenses", "1", "", ""), ("1000 Cash", "", "0.4", ""), ("1010", "", ".6", ""))

    signed_in(alice).post(ADD, entry_form(*rows, _post="1"))

    codes = (
        JournalLine.objects.of(acme).order_by("position").values_list("account__code", flat=True)
    )
    assert list(codes) == ["6000", "1000", "1010"]


def test_an_archived_account_is_not_offered(acme, as_alice, alice, signed_in):
    Account.objects.of(acme).filter(code="1010").update(status="archived")

    answer = signed_in(alice).post(
        ADD, entry_form(("6000", "1", "", ""), ("1010", "", "1", ""), _post="1")
    )

    assert "No account that takes lines" in answer.content.decode()
