"""From which account payouts leave: said by people, by the API and by a command."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from organizations.models import AuditEvent
from settlements.errors import InvalidBic, InvalidIban, InvalidPayoutProfile
from settlements.models import PayoutProfile
from settlements.selectors.profile import get_payout_profile
from settlements.services.profile import save_payout_profile
from tests.api import send
from tests.invoicing.api import made, refusal
from tests.settlements.market import IBAN, OTHER_IBAN, Market, at_once, outcomes

pytestmark = pytest.mark.django_db


def save(market: Market, **changes: Any) -> PayoutProfile:
    given = {"name": "Market Ltd", "iban": IBAN, **changes}
    return save_payout_profile(actor=market.approver, **given)


class TestService:
    def test_keeps_one_for_the_organization(self, market, mallory_ltd):
        assert get_payout_profile(market.organization) is None

        save(market, iban="ie29 aibk 9311 5212 3456 78", bic="aibkie2d", name=" Market ")
        saved = save(market, iban=OTHER_IBAN)

        stored = PayoutProfile.objects.of(market.organization).get()
        assert saved == stored == get_payout_profile(market.organization)
        assert (stored.name, stored.iban, stored.bic) == ("Market Ltd", OTHER_IBAN, "")
        assert get_payout_profile(mallory_ltd) is None

    def test_leaves_before_and_after_in_the_trail_and_nothing_where_nothing_changes(self, market):
        save(market, bic="AIBKIE2D")
        save(market, bic="AIBKIE2D", iban=IBAN.lower())
        save(market, bic="AIBKIE2DXXX")

        trail = AuditEvent.objects.of(market.organization).filter(action="save_payout_profile")
        assert [(event.before, event.after) for event in trail.order_by("occurred_at", "id")] == [
            (None, {"name": "Market Ltd", "iban": IBAN, "bic": "AIBKIE2D"}),
            ({"bic": "AIBKIE2D"}, {"bic": "AIBKIE2DXXX"}),
        ]

    @pytest.mark.parametrize(
        ("changes", "refusal", "attr"),
        [
            ({"name": ""}, InvalidPayoutProfile, "name"),
            ({"name": "x" * 71}, InvalidPayoutProfile, "name"),
            ({"name": "a\x00"}, InvalidPayoutProfile, "name"),
            ({"name": "a\x07b"}, InvalidPayoutProfile, "name"),
            ({"iban": ""}, InvalidPayoutProfile, "iban"),
            ({"iban": "IE29AIBK93115212345679"}, InvalidIban, "iban"),
            ({"bic": "COBADEFF"}, InvalidBic, "bic"),
        ],
    )
    def test_refuses_what_no_bank_would_take(self, market, changes, refusal, attr):
        with pytest.raises(refusal) as caught:
            save(market, **changes)

        assert caught.value.attr == attr
        assert get_payout_profile(market.organization) is None
        trail = AuditEvent.objects.of(market.organization).filter(action="save_payout_profile")
        assert not trail.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_say_it_at_once_one_is_the_last(market):
    results = at_once(*[lambda n=number: save(market, name=f"Market {n}") for number in range(6)])

    assert outcomes(results) == ["done"] * 6
    stored = PayoutProfile.objects.of(market.organization).get()
    trail = AuditEvent.objects.of(market.organization).filter(action="save_payout_profile")
    assert trail.count() == 6
    assert trail.filter(before__isnull=True).count() == 1
    assert stored.name in {f"Market {number}" for number in range(6)}


class TestApi:
    def test_answers_nothing_before_and_what_was_put_after(self, market_api):
        empty = made(send(market_api, "GET", "/payout-profile"), 200)
        content = {"name": "Market Ltd", "iban": "IE29 AIBK 9311 5212 3456 78", "bic": "AIBKIE2D"}

        put = made(send(market_api, "PUT", "/payout-profile", content), 200)

        assert empty == {"name": "", "iban": "", "bic": "", "updated_at": None}
        assert made(send(market_api, "GET", "/payout-profile"), 200) == put
        assert put == {**content, "iban": IBAN, "updated_at": put["updated_at"]}
        assert put["updated_at"].endswith("Z")

    def test_replaces_all_of_it(self, market_api):
        content = {"name": "Market Ltd", "iban": IBAN, "bic": "AIBKIE2D"}
        made(send(market_api, "PUT", "/payout-profile", content), 200)

        put = made(
            send(market_api, "PUT", "/payout-profile", {"name": "M", "iban": OTHER_IBAN}), 200
        )

        assert (put["name"], put["iban"], put["bic"]) == ("M", OTHER_IBAN, "")

    @pytest.mark.parametrize(
        ("content", "status", "attr"),
        [
            ({"name": "Market Ltd"}, 400, "iban"),
            ({"iban": IBAN}, 400, "name"),
            ({"name": 7, "iban": IBAN}, 400, "name"),
            ({"name": "Market Ltd", "iban": IBAN, "account": "1"}, 400, "account"),
            ({"name": "Market Ltd", "iban": "DE00"}, 422, "iban"),
            ({"name": "Market Ltd", "iban": IBAN, "bic": "COBADEFF"}, 422, "bic"),
        ],
    )
    def test_refuses_what_is_wrong_and_names_the_field(self, market_api, content, status, attr):
        refused = refusal(send(market_api, "PUT", "/payout-profile", content), status)

        assert refused[1] == attr
        assert send(market_api, "GET", "/payout-profile").json()["iban"] == ""

    def test_is_another_one_for_another_organization(self, market_api, mallorys_api):
        content = {"name": "Market Ltd", "iban": IBAN}
        made(send(market_api, "PUT", "/payout-profile", content), 200)

        assert made(send(mallorys_api, "GET", "/payout-profile"), 200)["iban"] == ""


class TestCommand:
    def run(self, *arguments: str) -> str:
        out = StringIO()
        call_command("set_payout_profile", "--organization", "market", *arguments, stdout=out)
        return out.getvalue()

    def test_says_what_it_keeps(self, market):
        said = self.run("--name", "Market Ltd", "--iban", IBAN.lower(), "--bic", "AIBKIE2D")

        assert said == f"Payouts of Market Ltd leave from {IBAN} (AIBKIE2D), as Market Ltd.\n"
        profile = get_payout_profile(market.organization)
        assert profile is not None
        assert (profile.iban, profile.bic) == (IBAN, "AIBKIE2D")
        event = AuditEvent.objects.of(market.organization).get(action="save_payout_profile")
        assert event.actor_name == "set_payout_profile"

    def test_refuses_what_is_no_iban(self, market):
        with pytest.raises(CommandError, match="DE00 is no IBAN"):
            self.run("--name", "Market Ltd", "--iban", "DE00")

        assert get_payout_profile(market.organization) is None

    def test_refuses_an_organization_that_there_is_not(self, market):
        with pytest.raises(CommandError, match="nobody"):
            call_command(
                "set_payout_profile", "--organization", "nobody", "--name", "N", "--iban", IBAN
            )
