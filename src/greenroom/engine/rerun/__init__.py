"""Saying again what was said in a session, under something else: what is kept of it, what is done anew, and by whom."""
