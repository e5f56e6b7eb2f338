"""Events: made, changed and found."""

from datetime import date
from typing import Any

import pytest

from organizations.models import AuditEvent, Organization
from settlements.errors import (
    EventCodeTaken,
    EventNotFound,
    EventPayeeIsFixed,
    InvalidEvent,
    UnknownPayee,
)
from settlements.models import Event
from settlements.selectors.payees import get_event, list_events
from settlements.services.events import change_event, create_event
from tests.settlements.market import DAY, Market, at_once, outcomes

pytestmark = pytest.mark.django_db

LAST_DAY = date(2026, 5, 3)
# The id of no row.
NOBODY = "0190d1a27c007b3a8b1e5f0c9a4d2e61"


@pytest.fixture
def ana(market: Market) -> Any:
    return market.payee("ana")


class TestCreate:
    @pytest.mark.parametrize("by", ["code", "pk"])
    def test_keeps_what_is_given(self, market, ana, by):
        made = create_event(
            actor=market.preparer,
            code="spring-2026",
            name=" Spring Festival ",
            payee=getattr(ana, by),
            ends_on=LAST_DAY,
        )

        stored = get_event(market.organization, "spring-2026")
        assert stored == made
        assert (stored.name, stored.payee, stored.ends_on) == ("Spring Festival", ana, LAST_DAY)

    def test_leaves_an_audit_row(self, market, ana):
        event = market.event(ana)

        row = AuditEvent.objects.of(market.organization).get(action="create_event")
        assert (row.subject_ids, row.user) == ([event.pk], market.prepares)
        assert row.after == {
            "code": "concert",
            "name": "Concert",
            "payee": "ana",
            "ends_on": "2026-03-10",
        }

    def test_is_possible_for_a_suspended_payee(self, market, ana):
        assert market.event(market.suspend(ana)).payee == ana


class TestRefuses:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("code", ""),
            ("code", "a b"),
            ("code", "x" * 101),
            ("name", ""),
            ("name", "a\x07"),
            ("name", "a\x00"),
            ("name", "x" * 201),
            ("ends_on", date(1899, 12, 31)),
            ("ends_on", date(2200, 1, 1)),
            ("ends_on", "2026-05-03"),
            ("ends_on", None),
        ],
    )
    def test_a_value_that_does_not_fit_and_names_the_field(self, market, ana, field, value):
        given = {"code": "concert", "name": "Concert", "ends_on": DAY, field: value}

        with pytest.raises(InvalidEvent) as caught:
            create_event(actor=market.preparer, payee=ana, **given)

        assert caught.value.attr == field
        assert nothing_is_written(market.organization)

    @pytest.mark.parametrize("payee", ["ben", "", "\x00", NOBODY])
    def test_a_payee_that_there_is_not(self, market, ana, payee):
        with pytest.raises(UnknownPayee) as caught:
            market.event(payee)

        assert caught.value.attr == "payee"
        assert nothing_is_written(market.organization)

    @pytest.mark.parametrize("by", ["row", "id"])
    def test_a_payee_of_another_organization(self, mallory_ltd, as_mallory, ana, by):
        with pytest.raises(UnknownPayee):
            create_event(
                actor=as_mallory,
                code="concert",
                name="Concert",
                payee=ana if by == "row" else ana.pk,
                ends_on=DAY,
            )

        assert nothing_is_written(mallory_ltd)

    def test_a_code_that_is_taken_by_whichever_payee(self, market, ana):
        market.event(ana)

        with pytest.raises(EventCodeTaken, match="concert"):
            market.event(market.payee("ben"))

        assert Event.objects.of(market.organization).count() == 1


class TestChange:
    def test_leaves_an_audit_row_with_before_and_after(self, market, ana):
        event = market.event(ana)

        changed = change_event(
            actor=market.preparer, event=event, ends_on=LAST_DAY, payee="ana", name="Concert "
        )

        assert changed.ends_on == get_event(market.organization, "concert").ends_on == LAST_DAY
        row = AuditEvent.objects.of(market.organization).get(action="change_event")
        assert row.before == {"ends_on": "2026-03-10"}
        assert row.after == {"ends_on": "2026-05-03"}

    def test_that_changes_nothing_leaves_none(self, market, ana):
        change_event(actor=market.preparer, event=market.event(ana), code="concert", ends_on=DAY)

        assert not AuditEvent.objects.of(market.organization).filter(action="change_event").exists()

    def test_keeps_the_payee(self, market, ana):
        event = market.event(ana)
        market.payee("ben")

        with pytest.raises(EventPayeeIsFixed, match="concert stays with its payee"):
            change_event(actor=market.preparer, event=event, name="Other", payee="ben")
        with pytest.raises(UnknownPayee):
            change_event(actor=market.preparer, event=event, name="Other", payee="zoe")

        assert get_event(market.organization, "concert").name == "Concert"

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"code": "taken"}, EventCodeTaken),
            ({"code": ""}, InvalidEvent),
            ({"name": " "}, InvalidEvent),
            ({"ends_on": date(2200, 1, 1)}, InvalidEvent),
        ],
    )
    def test_is_held_to_what_a_new_event_is(self, market, ana, changes, refusal):
        market.event(ana, "taken")
        event = market.event(ana)

        with pytest.raises(refusal):
            change_event(actor=market.preparer, event=event, **{"name": "New", **changes})

        assert get_event(market.organization, "concert").name == "Concert"

    def test_does_not_find_another_organizations_event(self, market, as_mallory, ana):
        event = market.event(ana)

        with pytest.raises(EventNotFound, match="concert"):
            change_event(actor=as_mallory, event=event, name="Mine")

        assert get_event(market.organization, "concert").name == "Concert"

    def test_knows_what_can_change(self, market, ana):
        with pytest.raises(TypeError, match="id"):
            change_event(actor=market.preparer, event=market.event(ana), id=NOBODY)


class TestSelectors:
    def test_an_event_is_found_by_code_or_id(self, market, ana):
        event = market.event(ana)

        assert get_event(market.organization, "concert") == event
        assert get_event(market.organization, event.pk) == event

    @pytest.mark.parametrize("name", ["Concert", "", "\x00", NOBODY])
    def test_there_is_no_such_event(self, market, ana, name):
        market.event(ana)

        with pytest.raises(EventNotFound):
            get_event(market.organization, name)

    def test_another_organizations_event_is_as_good_as_none(self, market, mallory_ltd, ana):
        event = market.event(ana)

        with pytest.raises(EventNotFound):
            get_event(mallory_ltd, event.pk)
        assert list(list_events(mallory_ltd)) == []
        assert list(list_events(mallory_ltd, payee=ana)) == []

    def test_events_are_listed_the_latest_first_and_filtered(self, market, ana):
        market.event(ana, "spring", ends_on=date(2026, 5, 3))
        market.event(ana, "autumn", ends_on=date(2026, 10, 4), name="100% Autumn")
        ben = market.payee("ben")
        market.event(ben, "summer", ends_on=date(2026, 7, 5))

        def codes(**filters: Any) -> list[str]:
            return [event.code for event in list_events(market.organization, **filters)]

        assert codes() == ["autumn", "summer", "spring"]
        assert codes(payee=ana) == ["autumn", "spring"]
        assert codes(since=date(2026, 7, 5)) == ["autumn", "summer"]
        assert codes(until=date(2026, 7, 5)) == ["summer", "spring"]
        assert codes(search="0%") == codes(search="AUT") == ["autumn"]
        assert codes(search="\x00") == []

    def test_a_list_takes_one_statement_however_long_it_is(
        self, market, ana, django_assert_num_queries
    ):
        for number in range(5):
            market.event(ana, f"event-{number}")

        with django_assert_num_queries(1):
            assert {event.payee.code for event in list_events(market.organization)} == {"ana"}


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_with_one_code_one_is_made(market, ana):
    results = at_once(*[lambda: market.event(ana)] * 6)

    assert outcomes(results) == ["EventCodeTaken"] * 5 + ["done"]
    assert Event.objects.of(market.organization).count() == 1


def nothing_is_written(organization: Organization) -> bool:
    return not (
        Event.objects.of(organization).exists()
        or AuditEvent.objects.of(organization).filter(subject_type="event").exists()
    )
