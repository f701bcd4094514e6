"""Passages and memories at rest. SQLite is the truth, Chroma a derived index."""
