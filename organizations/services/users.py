"""People: how one comes to be known."""

from django.core.exceptions import ValidationError
from django.db import transaction

from organizations.errors import InvalidUsername
from organizations.models import User


def find_or_create_user(*, username: str, password: str | None = None) -> tuple[User, bool]:
    """The user of this name, and whether they are new; one who exists is left as they are.

    A new one may sign in to the back-office, where they see what their memberships allow.
    Without a password they cannot sign in until they get one.

    Raises:
        InvalidUsername
    """
    user = User(username=username, is_staff=True)
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise InvalidUsername(username=ascii(username[:80])) from error
    user.set_password(password)
    # A user is the installation's, not an organization's, so there is no audit trail to write to.
    with transaction.atomic():
        return User.objects.get_or_create(
            username=username, defaults={"password": user.password, "is_staff": True}
        )
