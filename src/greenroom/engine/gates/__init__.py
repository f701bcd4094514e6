"""Where a turn waits for a person: gates, breakpoints, what waits there, and what may be put in its place."""
