"""What analytics writes, and what follows from it."""
