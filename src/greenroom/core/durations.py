"""A length of time as people read it."""

from __future__ import annotations


def short_time(milliseconds: int) -> str:
    """`340 ms`, `2.1 s`, `3:05`, `2 h 10 min`, `3 days`."""
    if milliseconds < 1_000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1_000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds) // 60
    if minutes < 60:
        return f"{minutes}:{int(seconds) % 60:02d}"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // 1440} days"
