"""Ways through a session's events: as it was at a moment, and what is found in it."""
