"""Gives the roles' groups their first permissions; used by each app's migration."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.management import create_permissions

from organizations.models import Role
from organizations.roles import granted


def seed_roles(apps: Any, schema_editor: Any, app_label: str) -> None:
    """Give every role what `organizations.roles` grants it in an app.

    A group that has permissions of this app already is left alone: somebody has edited it.
    """
    alias = schema_editor.connection.alias
    _create_permissions(apps, app_label, alias)
    group_model = apps.get_model("auth", "Group")
    permission_model = apps.get_model("auth", "Permission")
    of_app = permission_model.objects.using(alias).filter(content_type__app_label=app_label)
    for role in Role:
        group, _ = group_model.objects.using(alias).get_or_create(name=role.value)
        if group.permissions.filter(content_type__app_label=app_label).exists():
            continue
        codenames = {name.split(".")[1] for name in granted(role, app_label)}
        group.permissions.add(*of_app.filter(codename__in=codenames))


def unseed_roles(apps: Any, schema_editor: Any, app_label: str) -> None:
    """Take an app's permissions from the roles' groups; a group without any goes as well."""
    alias = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(alias)
    for group in groups.filter(name__in=[role.value for role in Role]):
        group.permissions.remove(*group.permissions.filter(content_type__app_label=app_label))
        if not group.permissions.exists():
            group.delete()


def seed_permissions(
    apps: Any, schema_editor: Any, app_label: str, codenames: Iterable[str]
) -> None:
    """Give every role what `organizations.roles` grants it of permissions that are new in an app
    whose roles were seeded before; a group that is gone stays gone."""
    alias = schema_editor.connection.alias
    _create_permissions(apps, app_label, alias)
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    new = permissions.filter(content_type__app_label=app_label, codename__in=codenames)
    for group in apps.get_model("auth", "Group").objects.using(alias):
        names = {name.split(".")[1] for name in granted(group.name, app_label)}
        group.permissions.add(*new.filter(codename__in=names))


def unseed_permissions(
    apps: Any, schema_editor: Any, app_label: str, codenames: Iterable[str]
) -> None:
    """Take these permissions from every group."""
    alias = schema_editor.connection.alias
    permissions = apps.get_model("auth", "Permission").objects.using(alias)
    for permission in permissions.filter(content_type__app_label=app_label, codename__in=codenames):
        permission.group_set.clear()


def seed_schedule(
    apps: Any,
    schema_editor: Any,
    *,
    name: str,
    task: str,
    every: int,
    period: str,
    description: str,
) -> None:
    """Put a task on the clock, every so many minutes or hours; one of that name is left as it is.

    A message that no worker took before the next one is due is thrown away by who takes it late.
    """
    alias = schema_editor.connection.alias
    intervals = apps.get_model("django_celery_beat", "IntervalSchedule").objects.using(alias)
    interval, _ = intervals.get_or_create(every=every, period=period)
    apps.get_model("django_celery_beat", "PeriodicTask").objects.using(alias).get_or_create(
        name=name,
        defaults={
            "task": task,
            "interval": interval,
            "description": description,
            "expire_seconds": every * {"minutes": 60, "hours": 3600}[period],
        },
    )


def unseed_schedule(apps: Any, schema_editor: Any, *, name: str, **_: Any) -> None:
    """Take a task off the clock."""
    alias = schema_editor.connection.alias
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects.using(alias)
    tasks.filter(name=name).delete()


def _create_permissions(apps: Any, app_label: str, alias: str) -> None:
    """Make the app's content types and permissions, which Django does only after the last
    migration."""
    config = apps.get_app_config(app_label)
    # What a migration sees is a stub, which says that it has no models.
    config.models_module = True
    create_permissions(config, verbosity=0, using=alias, apps=apps)
    config.models_module = None
