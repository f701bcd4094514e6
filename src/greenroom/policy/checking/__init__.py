"""What can be said of a policy without a session: its own tests, rules that never decide, and what of it was ever used."""
