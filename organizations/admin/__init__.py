"""The back-office pages of people, keys, settings and the audit trail."""

from organizations.admin import api_keys, flags, members, people, settings, switching, trail

__all__ = ["api_keys", "flags", "members", "people", "settings", "switching", "trail"]
