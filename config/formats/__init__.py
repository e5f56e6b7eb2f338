"""Dates as finance reads them: the month in letters, so that no day is mistaken for it."""
