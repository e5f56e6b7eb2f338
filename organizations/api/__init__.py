"""The API's side of organizations: who asks, for whose books, and what they may do there."""
