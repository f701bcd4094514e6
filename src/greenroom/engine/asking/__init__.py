"""Asking a person: the question and what it binds to, leave given for later, and what comes of no answer."""
