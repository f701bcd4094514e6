"""The append-only, hash-chained list of events of a session."""
