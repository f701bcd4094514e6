"""The approval card: what it says, what it offers, and what a person writes on it."""
