"""What analytics reads."""
