"""Inside a live session: what can be looked at and done by name, how it is told, and files that change under it."""
