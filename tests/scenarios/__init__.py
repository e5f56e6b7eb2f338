"""Worked examples that an accountant can follow line by line."""
