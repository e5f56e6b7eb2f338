"""The page of the funnel and the list of snapshots, as each role sees them."""

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from analytics.models import FunnelSnapshot
from organizations.models import AuditEvent
from tests.analytics.conftest import DAY
from tests.invoicing.pages import text_of

pytestmark = pytest.mark.django_db

FUNNEL = "/admin/funnel/"
SNAPSHOTS = "/admin/analytics/funnelsnapshot/"
RANGE = {"since": DAY.isoformat(), "until": (DAY + timedelta(days=1)).isoformat()}


def data_of(page, type):
    """What a chart of the page draws."""
    [found] = re.findall(rf'data-type="{type}" data-value="([^"]*)"', page.content.decode())
    return json.loads(unescape(found))


def test_tells_the_figures_their_rates_and_what_has_changed(record, bob, signed_in):
    record(1800, 240, 180, 5400_00)
    record(1500, 210, 150, 4500_00, on=DAY - timedelta(days=1))

    shown = text_of(signed_in(bob).get(FUNNEL, RANGE))

    assert "10 March 2026 to 11 March 2026 1 of 2 days has data" in shown
    assert "Compared with 8 March 2026 to 9 March 2026, of which 1 has" in shown
    assert "Visitors 1,800 1,500 +300 +20.00 %" in shown
    assert "Revenue GBP 5,400.00 4,500.00 +900.00 +20.00 %" in shown
    assert (
        "Visits that begin a checkout 13.33 % 240 of 1,800 14.00 % 210 of 1,500 -0.67 points"
        in shown
    )


def test_draws_the_figures_without_a_script_in_the_page(record, bob, signed_in):
    record(1800, 240, 180)
    record(1500, 210, 150, on=DAY - timedelta(days=1))

    page = signed_in(bob).get(FUNNEL, RANGE)

    steps = {one["label"]: one["data"] for one in data_of(page, "bar")["datasets"]}
    assert steps == {"This range": [1800, 240, 180], "Before": [1500, 210, 150]}
    days = data_of(page, "line")
    assert days["labels"] == ["10 Mar", "11 Mar"]
    # Nobody knows what happened on a day without a snapshot.
    assert days["datasets"][0]["data"] == [1800, None]
    assert (
        "'unsafe-inline'"
        not in page["Content-Security-Policy"].split("script-src")[1].split(";")[0]
    )
    assert not re.search(r"<script>\s*\S", page.content.decode().split('id="main"')[-1])


def test_is_of_the_event_and_the_campaign_that_are_chosen(record, fair, ball, bob, signed_in):
    record(1, 1, 1)
    record(2, 2, 2, campaign="none")
    record(4, 4, 4, event=ball, currency="EUR")
    client = signed_in(bob)

    def visitors(**chosen):
        return data_of(client.get(FUNNEL, {**RANGE, **chosen}), "bar")["datasets"][0]["data"][0]

    assert visitors() == 7
    assert visitors(event="fair") == 3
    assert visitors(campaign="=none") == 2
    assert visitors(campaign="none") == 5
    assert visitors(event=str(fair.pk), campaign="none") == 1


def test_shows_the_last_thirty_days_to_who_has_chosen_none(record, acme, bob, signed_in):
    record(5, 4, 3, on=acme.today())

    page = signed_in(bob).get(FUNNEL)

    assert "1 of 30 days has data" in text_of(page)
    assert f'value="{acme.today().isoformat()}"' in page.content.decode()


def test_says_that_nothing_was_counted(acme, bob, alice, signed_in):
    for_bob, for_alice = (text_of(signed_in(user).get(FUNNEL, RANGE)) for user in (bob, alice))

    assert "Nothing was counted" in for_bob
    assert "Enter a snapshot" not in for_bob
    assert "Enter a snapshot" in for_alice


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"since": "2026-03-11", "until": "2026-03-10"}, "A range cannot begin on 2026-03-11"),
        ({"since": "0001-01-01"}, "more than the 3660"),
        ({"until": "0001-01-01"}, "0001-01-01 is no day"),
        ({"since": "yesterday"}, "Enter a valid date"),
        ({"event": "nothing"}, "There is no event"),
        ({"event": "\x00"}, "Null characters are not allowed"),
        ({"campaign": "=unheard of"}, "Select a valid choice"),
    ],
)
def test_says_what_is_wrong_with_the_choice(acme, bob, signed_in, asked, said):
    page = signed_in(bob).get(FUNNEL, asked)

    assert page.status_code == 200
    assert said in text_of(page)


def test_offers_events_while_one_types(fair, ball, their_fair, bob, signed_in):
    client = signed_in(bob)

    assert client.get(f"{FUNNEL}events/?q=fa").json() == {"offered": ["fair"]}
    assert set(client.get(f"{FUNNEL}events/").json()["offered"]) == {"fair", "ball"}
    assert client.get(f"{FUNNEL}events/?q=%00").json()["offered"] != ["x"]


def test_the_cashier_sees_none_of_it(record, dan, signed_in):
    row = record()
    client = signed_in(dan)

    for path in (FUNNEL, f"{FUNNEL}events/", SNAPSHOTS, f"{SNAPSHOTS}{row.pk}/change/"):
        assert client.get(path).status_code == 403
    assert "Funnel" not in text_of(client.get("/admin/"))


def test_another_organizations_snapshots_are_not_there(record, mallory, signed_in):
    row = record(campaign="secret")
    client = signed_in(mallory)

    assert client.get(f"{SNAPSHOTS}{row.pk}/change/").status_code == 404
    assert "secret" not in client.get(SNAPSHOTS).content.decode()
    assert "Nothing was counted" in text_of(client.get(FUNNEL, RANGE))
    assert "secret" not in client.get(FUNNEL, RANGE).content.decode()


# --- The list -------------------------------------------------------------------------------------


def test_lists_snapshots_and_lets_the_auditor_only_look(record, bob, signed_in):
    row = record(1800, 240, 180, 5400_00, campaign="spring")
    client = signed_in(bob)

    assert "fair spring 1800 240 180 5,400.00 GBP" in text_of(client.get(SNAPSHOTS))
    page = client.get(f"{SNAPSHOTS}{row.pk}/change/")
    assert "5,400.00 GBP" in text_of(page)
    assert 'name="visitor_count"' not in page.content.decode()
    assert client.get(f"{SNAPSHOTS}add/").status_code == 403
    assert client.post(f"{SNAPSHOTS}{row.pk}/change/", {"visitor_count": 1}).status_code == 403


def test_a_list_costs_the_same_few_statements_however_long_it_is(
    record, bob, signed_in, django_assert_max_num_queries
):
    client = signed_in(bob)
    for days in range(30):
        record(on=DAY - timedelta(days=days))

    with django_assert_max_num_queries(20):
        client.get(SNAPSHOTS)


GIVEN = {
    "visitor_count": "1800",
    "checkout_started_count": "240",
    "checkout_completed_count": "180",
    "revenue_total": "5,400.50",
    "metadata": "{}",
}
KEY = {"event": "fair", "campaign": "spring", "snapshot_on": DAY.isoformat()}


def test_the_accountant_enters_one(fair, alice, signed_in):
    answer = signed_in(alice).post(f"{SNAPSHOTS}add/", {**KEY, **GIVEN})

    assert answer.status_code == 302, text_of(answer)
    row = FunnelSnapshot.objects.get()
    assert (row.event_id, row.campaign, row.snapshot_on) == (fair.pk, "spring", DAY)
    assert (row.visitor_count, row.revenue_total, row.currency) == (1800, 5400_50, "GBP")
    assert AuditEvent.objects.get(action="record_snapshot").user_id == alice.pk


def test_the_accountant_corrects_one(record, alice, signed_in):
    row = record(1, 1, 1, 1, metadata={"a": 1})
    client = signed_in(alice)
    assert 'value="0.01"' in client.get(f"{SNAPSHOTS}{row.pk}/change/").content.decode()

    answer = client.post(f"{SNAPSHOTS}{row.pk}/change/", GIVEN)

    assert answer.status_code == 302, text_of(answer)
    row.refresh_from_db()
    assert (row.visitor_count, row.revenue_total, row.metadata) == (1800, 5400_50, {})
    history = reverse("admin:analytics_funnelsnapshot_history", args=[row.pk])
    assert client.get(history).status_code == 403


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"visitor_count": "-1"}, "visitor_count cannot be -1"),
        ({"visitor_count": "1.5"}, "Enter a whole number"),
        ({"visitor_count": str(2**63)}, "less than or equal to"),
        ({"checkout_started_count": "179"}, "180 checkouts cannot have been completed"),
        ({"revenue_total": "5.005"}, "GBP has 2 decimals"),
        ({"revenue_total": "-5"}, "The revenue of a day cannot be -500"),
        ({"event": "nothing"}, "There is no event"),
        ({"metadata": "[1]"}, "is no object"),
        ({"snapshot_on": "0001-01-01"}, "0001-01-01 is no day"),
        ({"snapshot_on": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_is_said_on_the_form_and_not_written(fair, alice, signed_in, given, said):
    answer = signed_in(alice).post(f"{SNAPSHOTS}add/", {**KEY, **GIVEN, **given})

    assert answer.status_code == 200
    assert said in text_of(answer)
    assert not FunnelSnapshot.objects.exists()
