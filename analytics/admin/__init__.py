"""The back-office pages of analytics."""

from analytics.admin import funnels, snapshots

__all__ = ["funnels", "snapshots"]
