"""Recorded sessions: looked at, continued, replayed, exported."""
