"""What many fixtures of a page share: each cause once, what it comes to, what to do about it, and its fixtures folded.

Invariant: a fixture's conversation stands on the page once, and nothing here stands open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from greenroom.pytest_plugin.page_conversation import escaped
from greenroom.pytest_plugin.summary import TOGETHER, by_cause, came_of, is_stale, next_steps
from greenroom.pytest_plugin.together import change_rows
from greenroom.pytest_plugin.told import Told

_AS_ABOVE = f"{TOGETHER}: as above"
Fixture = Callable[[Told, bool], str]
"""A fixture as a folded row; whether its conversation is in it."""


def causes(told: Sequence[Told], fixture: Fixture, most: int) -> Iterator[str]:
    """The sections of what is stale, broken or without verdict; so many stale ones have their conversation here."""
    if stale := [one for one in told if is_stale(one)]:
        yield "<h2>Stale, by cause</h2>"
        yield from (f'<p class="next">{escaped(step)}</p>' for step in _steps(stale))
        yield from _stale(stale, fixture, most)
    for heading, kind in (("Broken, by cause", "broken"), ("Without verdict, by cause", "error")):
        if them := [one for one in told if one["kind"] == kind]:
            rows = "".join(f"<li><b>{len(of)}</b> {escaped(cause)}</li>" for cause, of in by_cause(them).items())
            yield f'<h2>{heading}</h2><ul class="causes">{rows}</ul>'


def _steps(stale: Sequence[Told]) -> list[str]:
    """What to do next as sentences; on a terminal a long one goes on in the next row."""
    text = "\n".join(next_steps(stale)).replace(",\n", ", ")
    return [row[:1].upper() + row[1:] for row in text.splitlines()]


def _stale(stale: Sequence[Told], fixture: Fixture, most: int) -> Iterator[str]:
    above: dict[str, str] = {}
    before = ""
    for cause, them in by_cause(stale).items():
        first, *changes = change_rows(cause, them)
        effect = came_of(them).strip(":, ")
        changes += [_AS_ABOVE if effect == before and effect.startswith(TOGETHER) else effect] if effect else []
        said = "".join(f'<span class="said">{escaped(row)}</span>' for row in changes)
        before = effect
        fresh = [one for one in them if one["kind"] == "stale" and one["nodeid"] not in above]
        elsewhere = [one for one in them if one not in fresh]
        inside = "".join(fixture(one, len(above) + at < most) for at, one in enumerate(fresh))
        inside += "".join(_elsewhere(elsewhere, above))
        above |= {one["nodeid"]: cause for one in fresh}
        head = f"<summary><b>{len(them)}</b> {escaped(first)}{said}</summary>"
        yield f'<details class="cause">{head}<div class="inside">{inside}</div></details>'


def _elsewhere(told: Sequence[Told], above: dict[str, str]) -> Iterator[str]:
    """The names of those that stand somewhere else on the page, and where."""
    if told:
        rows = "".join(f"<li>{escaped(one['name'])} {_where(one, above)}</li>" for one in told)
        yield f'<ul class="list">{rows}</ul>'


def _where(one: Told, above: dict[str, str]) -> str:
    if one["kind"] == "stale":
        return f'<span class="soft">is stale for this too: see above, under {escaped(above[one["nodeid"]])}</span>'
    below = "among those that passed" if one["kind"] == "passed" else "among those that did not pass"
    return f'<span class="{one["kind"]}">{one["kind"]}</span> <span class="soft">see below, {below}</span>'
