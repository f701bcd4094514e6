"""Lists over the screen: help, sessions, trust, export, review, leave, stops."""
