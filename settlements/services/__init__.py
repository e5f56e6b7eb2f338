"""Every write of settlements."""
