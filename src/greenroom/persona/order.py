"""Versions of a persona in the order in which they follow each other.

Invariant: the order is that of semver.org 2.0.0, section 11; what a version is built with does not count.
"""

from __future__ import annotations


def order_of(version: str) -> tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]:
    """What versions are sorted by: `1.4.0-rc1` comes before `1.4.0`, and `1.4.0-2` before `1.4.0-10`.

    Raises:
        ValueError: it is no semantic version.
    """
    core, _, pre = version.partition("+")[0].partition("-")
    numbers = tuple(map(int, core.split(".")))
    parts = tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in pre.split(".") if pre)
    return numbers, not pre, parts
