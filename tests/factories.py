"""What a test does not care about is built here."""

from factory.declarations import LazyAttribute, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from ledger.models import Account, AccountType
from organizations.models import Membership, Organization, Role, User


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = Sequence(lambda n: f"user-{n}")
    is_staff = True


class OrganizationFactory(DjangoModelFactory[Organization]):
    """An organization without a chart; `tests.fixtures` has one with."""

    class Meta:
        model = Organization

    slug = Sequence(lambda n: f"organization-{n}")
    name = LazyAttribute(lambda o: o.slug.title())
    currency = "GBP"


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    organization = SubFactory(OrganizationFactory)
    user = SubFactory(UserFactory)
    role = Role.ACCOUNTANT


class AccountFactory(DjangoModelFactory[Account]):
    """An expense account in the organization's currency, at the top of its chart."""

    class Meta:
        model = Account

    organization = SubFactory(OrganizationFactory)
    code = Sequence(lambda n: f"test-{n}")
    name = LazyAttribute(lambda o: f"Account {o.code}")
    type = AccountType.EXPENSE
    currency = SelfAttribute("organization.currency")
