"""What is measured, and how: see README.md. `make bench` runs all of it."""
