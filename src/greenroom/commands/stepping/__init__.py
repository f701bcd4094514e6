"""Stopping a session at its gates: breakpoints, and what a person types where one waits."""
