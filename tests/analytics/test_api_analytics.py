"""Funnel snapshots and funnels over HTTP."""

from datetime import timedelta

import pytest

from tests.analytics.conftest import DAY
from tests.api import code_of, send

pytestmark = pytest.mark.django_db

SNAPSHOT = {
    "event": "fair",
    "campaign": "newsletter",
    "snapshot_on": DAY.isoformat(),
    "visitor_count": 1800,
    "checkout_started_count": 240,
    "checkout_completed_count": 180,
    "revenue_total": 540000,
    "currency": "GBP",
    "metadata": {"source": "web", "share": 0.25},
}
PATH = "/funnel-snapshots"


def test_a_snapshot_is_put_and_found(api, fair):
    answer = send(api, "PUT", PATH, SNAPSHOT)

    assert answer.status_code == 201
    told = answer.json()
    assert told == {
        **SNAPSHOT,
        "id": told["id"],
        "event": str(fair.pk),
        "event_code": "fair",
        "created_at": told["created_at"],
        "updated_at": told["updated_at"],
    }
    assert send(api, "GET", PATH).json() == {"next": None, "previous": None, "results": [told]}


def test_the_same_again_is_a_200_and_the_same_row(api, fair):
    first = send(api, "PUT", PATH, SNAPSHOT)
    again = send(api, "PUT", PATH, SNAPSHOT)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


def test_a_correction_replaces_it(api, fair):
    first = send(api, "PUT", PATH, SNAPSHOT).json()
    corrected = {**SNAPSHOT, "event": str(fair.pk), "visitor_count": 2000, "metadata": {}}

    answer = send(api, "PUT", PATH, corrected)

    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["visitor_count"]) == (first["id"], 2000)
    assert answer.json()["metadata"] == {}


def test_no_campaign_is_an_empty_one(api, fair):
    given = {name: value for name, value in SNAPSHOT.items() if name != "campaign"}

    assert send(api, "PUT", PATH, given).json()["campaign"] == ""
    assert send(api, "PUT", PATH, {**SNAPSHOT, "campaign": " "}).status_code == 200


def test_a_repeated_request_with_a_key_is_answered_alike(api, fair):
    first = send(api, "PUT", PATH, SNAPSHOT, idempotency_key="one")
    again = send(api, "PUT", PATH, SNAPSHOT, idempotency_key="one")

    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("given", "status", "code", "attr"),
    [
        ({"visitor_count": -1}, 422, "negative_count", "visitor_count"),
        ({"checkout_started_count": -1}, 422, "negative_count", "checkout_started_count"),
        (
            {"checkout_started_count": 179},
            422,
            "completed_exceeds_started",
            "checkout_completed_count",
        ),
        ({"revenue_total": -1}, 422, "negative_revenue", "revenue_total"),
        ({"currency": "EUR"}, 422, "snapshot_currency_mismatch", "currency"),
        ({"currency": "ZZZ"}, 422, "unknown_currency", "currency"),
        ({"currency": "gbp"}, 400, "invalid", "currency"),
        ({"event": "nothing"}, 422, "unknown_event", "event"),
        ({"event": 7}, 400, "invalid", "event"),
        ({"campaign": "a\x07b"}, 422, "invalid_campaign", "campaign"),
        ({"campaign": "x" * 101}, 400, "max_length", "campaign"),
        ({"campaign": None}, 400, "null", "campaign"),
        ({"metadata": [1]}, 422, "invalid_snapshot_metadata", "metadata"),
        ({"metadata": {"x": "y" * 20_000}}, 422, "invalid_snapshot_metadata", "metadata"),
        ({"snapshot_on": "0001-01-01"}, 422, "implausible_day", "snapshot_on"),
        ({"snapshot_on": "9999-12-31"}, 422, "implausible_day", "snapshot_on"),
        ({"snapshot_on": "2026-02-30"}, 400, "invalid", "snapshot_on"),
        ({"snapshot_on": "yesterday"}, 400, "invalid", "snapshot_on"),
        ({"revenue_total": 5400.0}, 400, "invalid", "revenue_total"),
        ({"revenue_total": "540000"}, 400, "invalid", "revenue_total"),
        ({"revenue_total": 2**63}, 400, "max_value", "revenue_total"),
        ({"visitor_count": 2**63}, 400, "max_value", "visitor_count"),
        ({"visitor_count": -(2**64)}, 400, "min_value", "visitor_count"),
        ({"visitor_count": 1.0}, 400, "invalid", "visitor_count"),
        ({"visitor_count": True}, 400, "invalid", "visitor_count"),
        ({"visitor_count": None}, 400, "null", "visitor_count"),
        ({"unknown": 1}, 400, "unknown_field", "unknown"),
    ],
)
def test_bad_input_is_refused_by_name_and_nothing_is_written(api, fair, given, status, code, attr):
    answer = send(api, "PUT", PATH, {**SNAPSHOT, **given})

    assert answer.status_code == status, answer.content
    [error] = answer.json()["errors"]
    assert (error["code"], error["attr"]) == (code, attr)
    assert send(api, "GET", PATH).json()["results"] == []


@pytest.mark.parametrize("name", [n for n in SNAPSHOT if n not in ("campaign", "metadata")])
def test_everything_else_is_needed(api, fair, name):
    given = {key: value for key, value in SNAPSHOT.items() if key != name}

    answer = send(api, "PUT", PATH, given)

    assert (answer.status_code, code_of(answer)) == (400, "required")


def test_another_organizations_event_is_not_there(api, mallorys_api, fair):
    for name in ("fair", str(fair.pk)):
        answer = send(mallorys_api, "PUT", PATH, {**SNAPSHOT, "event": name})
        assert (answer.status_code, code_of(answer)) == (422, "unknown_event")
        for path in (PATH, "/funnel"):
            answer = send(mallorys_api, "GET", path, {"event": name})
            assert (answer.status_code, code_of(answer)) == (404, "event_not_found")


def test_a_list_is_filtered_and_comes_in_pages(api, record, fair, ball):
    for days in range(3):
        record(days, on=DAY + timedelta(days=days))
    record(campaign="spring")
    record(event=ball, currency="EUR")

    def days_of(**query):
        found = send(api, "GET", PATH, query).json()["results"]
        return [(row["event_code"], row["campaign"], row["snapshot_on"][-2:]) for row in found]

    assert len(days_of()) == 5
    assert days_of(event="ball") == [("ball", "", "10")]
    assert days_of(campaign="spring") == [("fair", "spring", "10")]
    assert len(days_of(campaign="")) == 4
    assert days_of(**{"event": "fair", "campaign": "", "from": "2026-03-11"}) == [
        ("fair", "", "12"),
        ("fair", "", "11"),
    ]
    first = send(api, "GET", PATH, {"page_size": 2}).json()
    second = api.get(first["next"]).json()
    third = api.get(second["next"]).json()
    assert [len(page["results"]) for page in (first, second, third)] == [2, 2, 1]
    assert third["next"] is None


def test_one_snapshot_is_named_by_event_campaign_and_day(api, record, ball):
    record(41)
    day = {"from": DAY.isoformat(), "to": DAY.isoformat()}

    found = send(api, "GET", PATH, {"event": "fair", "campaign": "", **day}).json()

    assert [row["visitor_count"] for row in found["results"]] == [41]
    assert (found["next"], found["previous"]) == (None, None)
    assert send(api, "GET", PATH, {"event": "ball", "campaign": "", **day}).json()["results"] == []


def test_the_funnel_of_a_range_and_of_the_one_before(api, record, fair):
    record(1500, 210, 150, 450000, on=DAY - timedelta(days=1))
    record(1800, 240, 180, 540000)

    answer = send(
        api, "GET", "/funnel", {"event": "fair", "from": DAY.isoformat(), "to": DAY.isoformat()}
    )

    rates = {
        "visit_to_start": {"rate": "0.1333", "count": 240, "of": 1800},
        "start_to_complete": {"rate": "0.7500", "count": 180, "of": 240},
        "visit_to_complete": {"rate": "0.1000", "count": 180, "of": 1800},
    }
    counts = {
        "visitor_count": 1800,
        "checkout_started_count": 240,
        "checkout_completed_count": 180,
        "rates": rates,
    }
    told = answer.json()
    before = told.pop("before")
    assert told == {
        "event": str(fair.pk),
        "campaign": None,
        "from": "2026-03-10",
        "to": "2026-03-10",
        "days": 1,
        "days_with_data": 1,
        **counts,
        "currencies": [{"currency": "GBP", **counts, "revenue_total": 540000}],
        "change": {
            "visitor_count": {"difference": 300, "relative": "0.2000"},
            "checkout_started_count": {"difference": 30, "relative": "0.1429"},
            "checkout_completed_count": {"difference": 30, "relative": "0.2000"},
            "rates": {
                "visit_to_start": "-0.0067",
                "start_to_complete": "0.0357",
                "visit_to_complete": "0.0000",
            },
            "revenue": [{"currency": "GBP", "difference": 90000, "relative": "0.2000"}],
        },
    }
    assert (before["from"], before["to"], before["visitor_count"]) == (
        "2026-03-09",
        "2026-03-09",
        1500,
    )


def test_a_funnel_of_nothing_has_no_rates(api, acme):
    told = send(api, "GET", "/funnel").json()

    assert (told["days"], told["days_with_data"], told["before"]["days"]) == (30, 0, 30)
    assert told["to"] == acme.today().isoformat()
    assert told["rates"]["visit_to_start"] == {"rate": None, "count": 0, "of": 0}
    assert told["change"]["visitor_count"] == {"difference": 0, "relative": None}


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"from": "2026-03-11", "to": "2026-03-10"}, 400, "invalid"),
        ({"from": "1900-01-01", "to": "2100-01-01"}, 422, "range_too_long"),
        ({"from": "0001-01-01", "to": "0001-01-01"}, 422, "implausible_day"),
        ({"to": "0001-01-01"}, 422, "implausible_day"),
        ({"to": "1900-01-01"}, 422, "implausible_day"),
        ({"to": "9999-12-31"}, 422, "implausible_day"),
        ({"from": "2199-12-31"}, 422, "range_backwards"),
        ({"campaign": "a\x07"}, 422, "invalid_campaign"),
        ({"event": "\x00"}, 400, "null_characters_not_allowed"),
        ({"event": "nothing"}, 404, "event_not_found"),
        ({"days": "7"}, 400, "unknown_field"),
    ],
)
def test_a_funnel_is_refused_where_the_question_makes_no_sense(api, acme, query, status, code):
    answer = send(api, "GET", "/funnel", query)

    assert (answer.status_code, code_of(answer)) == (status, code)
