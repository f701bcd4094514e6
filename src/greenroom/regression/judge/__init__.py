"""Replies judged by a model that reads a rubric, and how far it agrees with people."""
