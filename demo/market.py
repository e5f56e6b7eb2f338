"""The marketplace: the same shop's last two days, sold for organizers, one for each country."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from core.db.transactions import shared_transaction
from ledger.services.charts import install_chart
from organizations.actors import Actor
from organizations.models import Organization, Role
from organizations.selectors import memberships_of
from organizations.services.members import add_member
from organizations.services.organizations import create_organization
from organizations.services.users import find_or_create_user
from settlements.services.events import create_event
from settlements.services.payees import create_payee
from settlements.services.profile import save_payout_profile

SLUG = "market"
CURRENCY = "EUR"
CHART = "ticketing"
DAYS = (date(2010, 12, 3), date(2010, 12, 5))
# Sunday ends the week; it is settled on Monday, and paid on Tuesday.
WEEK_ENDS_ON = date(2010, 12, 5)
SETTLED_AT = datetime(2010, 12, 6, 6, tzinfo=UTC)
PAID_ON = date(2010, 12, 7)
RETURNED_ON = date(2010, 12, 9)
PAID_AGAIN_ON = date(2010, 12, 10)

FEE_PERCENTAGE = 10
MINIMUM_PAYOUT = 50_00
WITH_RESERVE = "united-kingdom"
RESERVE_PERCENTAGE, RESERVE_DAYS = 5, 30
# Whose bank sends the money back, and the account that takes it in the end.
RETURNED = "france"
RETURNED_REASON, RETURNED_CODE = "The account is closed", "AC04"
NEW_IBAN = "FR7630006000011234567890189"
CONTROLLER = "market-controller"


@dataclass(frozen=True, slots=True)
class Organizer:
    """One country of the file. The IBANs are the examples that their registry prints; organizers of
    countries that have none keep an account elsewhere."""

    name: str
    country: str
    iban: str

    @property
    def code(self) -> str:
        return self.name.lower().replace(" ", "-")


ORGANIZERS = (
    Organizer("United Kingdom", "GB", "GB29NWBK60161331926819"),
    Organizer("Germany", "DE", "DE89370400440532013000"),
    Organizer("EIRE", "IE", "IE29AIBK93115212345678"),
    Organizer("France", "FR", "FR1420041010050500013M02606"),
    Organizer("Norway", "NO", "NO9386011117947"),
    Organizer("Lithuania", "LT", "LT121000011101001000"),
    Organizer("Italy", "IT", "IT60X0542811101000000123456"),
    Organizer("Japan", "JP", "DE75512108001245126199"),
    Organizer("Australia", "AU", "IE64IRCE92050112345678"),
    Organizer("Belgium", "BE", "BE68539007547034"),
    Organizer("Poland", "PL", "PL61109010140000071219812874"),
    Organizer("Portugal", "PT", "PT50000201231234567890154"),
    Organizer("Switzerland", "CH", "CH9300762011623852957"),
    Organizer("Spain", "ES", "ES9121000418450200051332"),
    Organizer("Netherlands", "NL", "NL91ABNA0417164300"),
)


def open_market() -> Organization:
    """The marketplace with its chart, its payout account, its organizers and their days."""
    with shared_transaction():
        market, is_new = create_organization(
            slug=SLUG,
            name="The Market",
            currency=CURRENCY,
            country="IE",
            time_zone="Europe/Dublin",
        )
        if is_new:
            actor = Actor.system(market, "demo")
            install_chart(actor=actor, chart=CHART)
            save_payout_profile(actor=actor, name="The Market", iban="IE45BOFI90000112345678")
            for organizer in ORGANIZERS:
                _take_in(actor, organizer)
    return market


def _take_in(actor: Actor, organizer: Organizer) -> None:
    has_reserve = organizer.code == WITH_RESERVE
    payee = create_payee(
        actor=actor,
        code=organizer.code,
        name=organizer.name,
        currency=CURRENCY,
        country=organizer.country,
        iban=organizer.iban,
        schedule={"every": "week", "weekday": WEEK_ENDS_ON.isoweekday()},
        minimum_payout_amount=MINIMUM_PAYOUT,
        reserve={"percentage": str(RESERVE_PERCENTAGE), "days": RESERVE_DAYS}
        if has_reserve
        else None,
        fee_policy={"percentage": str(FEE_PERCENTAGE)},
    )
    for day in DAYS:
        create_event(
            actor=actor,
            code=event_code(payee.code, day),
            name=f"{organizer.name}, {day:%-d %B %Y}",
            payee=payee,
            ends_on=day,
        )


def event_code(payee: str, day: date) -> str:
    return f"{payee}-{day.isoformat()}"


def controller_of(market: Organization) -> Actor:
    """Who approves what the clock has prepared; nobody can sign in as them."""
    user, _ = find_or_create_user(username=CONTROLLER, password=None)
    if not memberships_of(user).filter(organization_id=market.pk).exists():
        add_member(actor=Actor.system(market, "demo"), user=user, role=Role.CONTROLLER)
    return Actor.of_user(market, user)
