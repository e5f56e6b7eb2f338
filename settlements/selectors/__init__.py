"""Every read of settlements."""
