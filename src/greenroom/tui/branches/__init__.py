"""Branching a session off: where, with what changed, what if, and the tree of what came of it."""
