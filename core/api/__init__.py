"""What every endpoint shares: bodies in, answers and errors out. Knows no app and no table."""
