"""Django's admin with our site in the place of its own."""

from django.contrib.admin.apps import AdminConfig


class BooksAdminConfig(AdminConfig):
    """Its site is the back-office of the chosen organization."""

    default_site = "core.admin.BooksSite"
