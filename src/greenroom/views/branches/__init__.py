"""Sessions that came of other sessions: their trees, and what a rerun kept."""
