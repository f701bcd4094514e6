"""Folds of a log: everything shown is one of these."""
