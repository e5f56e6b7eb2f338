"""What a test does not care about is built here."""

import factory

from ledger.models import Account, AccountType
from organizations.models import Membership, Organization, Role, User


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user-{n}")
    is_staff = True


class OrganizationFactory(factory.django.DjangoModelFactory):
    """An organization without a chart; `tests.fixtures` has one with."""

    class Meta:
        model = Organization

    slug = factory.Sequence(lambda n: f"organization-{n}")
    name = factory.LazyAttribute(lambda o: o.slug.title())
    currency = "GBP"


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    organization = factory.SubFactory(OrganizationFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.ACCOUNTANT


class AccountFactory(factory.django.DjangoModelFactory):
    """An expense account in the organization's currency, at the top of its chart."""

    class Meta:
        model = Account

    organization = factory.SubFactory(OrganizationFactory)
    code = factory.Sequence(lambda n: f"test-{n}")
    name = factory.LazyAttribute(lambda o: f"Account {o.code}")
    type = AccountType.EXPENSE
    currency = factory.SelfAttribute("organization.currency")
