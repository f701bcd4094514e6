"""The tape: one recorded session as JSON lines, its parts beside it, and what keeps it honest."""
