"""Signing in to the back-office.

Not in the admin package: the site asks for this form while it is made, before any model is in it.
"""

from django import forms
from unfold.forms import AuthenticationForm

from organizations.models import User
from organizations.selectors import memberships_of


class LoginForm(AuthenticationForm):  # type: ignore[misc]
    """Lets in whoever belongs to an organization, and the installation's operators."""

    def confirm_login_allowed(self, user: User) -> None:
        if user.is_active and (user.is_superuser or memberships_of(user).exists()):
            return
        raise forms.ValidationError(
            self.error_messages["invalid_login"],
            code="invalid_login",
            params={"username": self.username_field.verbose_name},
        )
