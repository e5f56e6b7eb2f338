"""Every write of the organizations app, and the frame of every use case."""

from organizations.services.auditing import Audit, atomic_use_case

__all__ = ["Audit", "atomic_use_case"]
