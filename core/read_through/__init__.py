"""Figures that are read from Redis, and from PostgreSQL where Redis does not have them:
docs/why/caching.md says what is promised and why it holds."""
