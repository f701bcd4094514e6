"""Asking a person, and answering for one who said how."""
