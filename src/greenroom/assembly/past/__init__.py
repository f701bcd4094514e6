"""What recorded sessions were, put together from their logs: what governed them, what was sent, and the proof of it."""
