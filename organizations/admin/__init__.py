"""The back-office pages of people, keys, settings, jobs and the audit trail."""

from organizations.admin import (
    api_keys,
    flags,
    jobs,
    members,
    outbox,
    people,
    schedules,
    settings,
    switching,
    trail,
)

__all__ = [
    "api_keys",
    "flags",
    "jobs",
    "members",
    "outbox",
    "people",
    "schedules",
    "settings",
    "switching",
    "trail",
]
