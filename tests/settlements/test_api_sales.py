"""Sales over HTTP: what is answered, listed, refused, and replayed."""

import pytest

from settlements.models import Sale
from tests.api import code_of, send
from tests.invoicing.api import made
from tests.settlements.api import TICKETS, books_of
from tests.settlements.market import DAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(market):
    payee = market.payee(fee_policy={"percentage": "10"})
    market.event(payee)
    return payee


@pytest.fixture
def ask(market_api, ana):
    """ask("POST", "/sales", {…}) as Market's key."""

    def ask(method, path, content=None, **headers):
        return send(market_api, method, path, content, **headers)

    return ask


@pytest.fixture
def sale(ask):
    return made(ask("POST", "/sales", TICKETS))


class TestSales:
    def test_one_is_recorded(self, ask, market):
        answer = ask("POST", "/sales", TICKETS)

        assert answer.status_code == 201
        said = answer.json()
        [row] = Sale.objects.of(market.organization)
        created_at = said.pop("created_at")
        assert created_at.endswith("Z")
        assert said == {
            "id": str(row.pk),
            "reference": "tickets-1",
            "payee": "ana",
            "event": "concert",
            "currency": "EUR",
            "settlement": None,
            "journal_entry": str(row.entry_id),
            "sold_on": "2026-03-10",
            "method": "card",
            "quantity": 2,
            "total_amount": 110_00,
            "ticket_revenue": 0,
            "platform_fee": 10_00,
            "tax_amount": 0,
            "organizer_amount": 100_00,
            "fee_borne_by": "organizer",
            "refunded_amount": 0,
            "metadata": {**TICKETS["metadata"], "price": 10**23},
        }

    def test_the_very_same_again_is_answered_with_what_is_there(self, ask, sale, market):
        again = ask("POST", "/sales", TICKETS)

        assert again.status_code == 200
        assert again.json() == sale
        assert Sale.objects.of(market.organization).count() == 1

    def test_something_else_under_its_reference_is_a_conflict(self, ask, sale):
        answer = ask("POST", "/sales", {**TICKETS, "quantity": 3})

        assert answer.status_code == 409
        assert code_of(answer) == "reference_conflict"
        assert "quantity" in answer.json()["errors"][0]["detail"]

    def test_an_idempotency_key_gives_the_answer_again(self, ask):
        first = ask("POST", "/sales", TICKETS, Idempotency_Key="k")
        again = ask("POST", "/sales", TICKETS, Idempotency_Key="k")

        assert again.status_code == 201
        assert again.content == first.content
        assert again["Idempotency-Replayed"] == "true"

    def test_without_parts_the_fee_policy_decides(self, ask):
        plain = {k: v for k, v in TICKETS.items() if k not in ("platform_fee", "organizer_amount")}

        said = made(ask("POST", "/sales", plain))

        assert (said["platform_fee"], said["organizer_amount"]) == (11_00, 99_00)

    @pytest.mark.parametrize("by", ["id", "reference"])
    def test_one_is_read(self, ask, sale, by):
        answer = ask("GET", f"/sales/{sale[by]}")

        assert answer.status_code == 200
        assert answer.json() == sale

    def test_one_that_is_not_there(self, ask):
        answer = ask("GET", "/sales/nothing")

        assert answer.status_code == 404
        assert code_of(answer) == "sale_not_found"

    def test_they_are_listed_the_latest_first_in_pages(self, ask, market, ana, market_api):
        for day in (10, 12, 11):
            market.sell(ana, on=DAY.replace(day=day))

        page = ask("GET", "/sales", {"page_size": 2}).json()
        rest = market_api.get(page["next"]).json()

        days = [row["sold_on"] for row in page["results"] + rest["results"]]
        assert days == ["2026-03-12", "2026-03-11", "2026-03-10"]
        assert page["previous"] is None
        assert rest["next"] is None

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"payee": "ana"}, 2),
            ({"payee": "bob"}, 1),
            ({"event": "concert"}, 1),
            ({"event": "concert", "payee": "ana"}, 1),
            ({"event": "concert", "payee": "bob"}, 0),
            ({"from": "2026-03-11"}, 1),
            ({"to": "2026-03-10"}, 2),
            ({"settled": "false"}, 3),
            ({"settled": "true"}, 0),
            ({"reference": "late"}, 1),
            ({"settlement": "01890000-0000-7000-8000-000000000000"}, 0),
        ],
    )
    def test_they_are_narrowed_down(self, ask, market, ana, sale, query, found):
        market.sell(ana, on=DAY.replace(day=11), reference="late")
        market.sell(market.payee("bob"))

        assert len(ask("GET", "/sales", query).json()["results"]) == found

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ({"payee": "nobody"}, 404),
            ({"event": "nothing"}, 404),
            ({"settled": "perhaps"}, 400),
            ({"from": "2026-03-11", "to": "2026-03-10"}, 400),
            ({"page_size": 0}, 400),
            ({"what": "1"}, 400),
            ({"cursor": "x"}, 400),
        ],
    )
    def test_a_list_of_what_cannot_be_is_refused(self, ask, query, status):
        assert ask("GET", "/sales", query).status_code == status

    def test_a_list_takes_as_many_statements_for_many_as_for_one(
        self, ask, market, ana, sale, django_assert_max_num_queries
    ):
        for _ in range(5):
            market.sell(ana)

        with django_assert_max_num_queries(8):
            assert len(ask("GET", "/sales").json()["results"]) == 6


class TestBadSales:
    @pytest.mark.parametrize(
        ("changes", "status", "code", "attr"),
        [
            ({"organizer_amount": 99_99}, 422, "parts_do_not_add_up", "total_amount"),
            ({"platform_fee": 200_00, "organizer_amount": None}, 400, "null", "organizer_amount"),
            ({"currency": "USD"}, 422, "currency_mismatch", "currency"),
            ({"currency": "eur"}, 400, "invalid", "currency"),
            ({"event": "nothing"}, 422, "unknown_event", "event"),
            ({"payee": "nobody"}, 422, "unknown_payee", "payee"),
            ({"total_amount": 110.0}, 400, "invalid", "total_amount"),
            ({"total_amount": "11000"}, 400, "invalid", "total_amount"),
            ({"total_amount": True}, 400, "invalid", "total_amount"),
            ({"total_amount": 2**63}, 400, "max_value", "total_amount"),
            ({"total_amount": 0}, 422, "invalid_sale", "total_amount"),
            ({"tax_amount": -1}, 422, "invalid_sale", "tax_amount"),
            ({"platform_fee": 1.5}, 400, "invalid", "platform_fee"),
            ({"quantity": 0}, 422, "invalid_sale", "quantity"),
            ({"quantity": 2**31}, 422, "invalid_sale", "quantity"),
            ({"sold_on": "0001-01-01"}, 422, "invalid_sale", "sold_on"),
            ({"sold_on": "2026-02-30"}, 400, "invalid", "sold_on"),
            ({"sold_on": "2026-03-10T10:00:00Z"}, 400, "invalid", "sold_on"),
            ({"method": "barter"}, 400, "invalid_choice", "method"),
            ({"reference": ""}, 400, "blank", "reference"),
            ({"reference": "a\u0007b"}, 422, "invalid_sale", "reference"),
            ({"reference": " a"}, 422, "invalid_sale", "reference"),
            ({"reference": "x" * 181}, 400, "max_length", "reference"),
            ({"metadata": {"x": "y" * 20_001}}, 422, "invalid_sale", "metadata"),
            ({"metadata": [1]}, 400, "not_a_dict", "metadata"),
            ({"refunded_amount": 1}, 400, "unknown_field", "refunded_amount"),
        ],
    )
    def test_are_refused_at_the_field_and_write_nothing(
        self, ask, market, changes, status, code, attr
    ):
        before = books_of(market.organization)

        answer = ask("POST", "/sales", {**TICKETS, **changes})

        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"], error["attr"]) == (status, code, attr)
        assert books_of(market.organization) == before

    @pytest.mark.parametrize("name", ["payee", "event"])
    def test_ids_of_another_organization_are_unknown(
        self, mallorys_api, mallory_ltd, ask, market, ana, name
    ):
        made(
            send(
                mallorys_api,
                "POST",
                "/payees",
                {"code": "ana", "name": "M", "currency": "GBP", "payable": "2150"},
            )
        )
        event = market.event(ana, "gig")
        mine = {**TICKETS, "currency": "GBP", "event": None}
        theirs = {"payee": str(ana.pk), "event": str(event.pk)}[name]
        before = books_of(mallory_ltd)

        answer = send(mallorys_api, "POST", "/sales", {**mine, name: theirs})

        assert (answer.status_code, code_of(answer)) == (422, f"unknown_{name}")
        assert books_of(mallory_ltd) == before
