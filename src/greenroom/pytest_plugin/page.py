"""A run's fixtures as one page that reads without network, script or account, in light and dark.

Invariant: every text on it is escaped; what passed is folded, and beyond a number of fixtures told in one row each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import orjson

from greenroom.pytest_plugin.document import KINDS
from greenroom.pytest_plugin.page_conversation import conversation, escaped
from greenroom.pytest_plugin.summary import by_cause, is_stale
from greenroom.pytest_plugin.told import Told
from greenroom.regression.tape.parts import write_whole

_OPEN, _IN_FULL = 10, 100
"""How many that did not pass stand open; how many of those that did not pass, and of those that did, have their
conversation on the page.
"""

_LEFT_OUT = f'<p class="soft">The conversations of all but {_IN_FULL} are left out to keep this page small.</p>'
_WORST_FIRST = ("failed", "diverged", "error", "broken", "stale")

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}</style>
<body>
"""


def write_page(path: Path, told: Sequence[Told]) -> None:
    """Write the page.

    Raises:
        DiskFailed: it could not be written.
    """
    write_whole(path, page(told).encode())


def page(told: Sequence[Told]) -> str:
    """The whole page as HTML."""
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
    counts = {kind: sum(one["kind"] == kind for one in told) for kind in KINDS}
    title = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number) or "no fixtures"
    bad = [one for kind in _WORST_FIRST for one in told if one["kind"] == kind]
    good = [one for one in told if one["kind"] == "passed"]
    rows = [_HEAD.format(title=escaped(f"Greenroom: {title}"), style=style), *_top(counts, told)]
    if bad:
        rows += [
            "<h2>Did not pass</h2>",
            *(_fixture(one, full=n < _IN_FULL, open_=n < _OPEN) for n, one in enumerate(bad)),
        ]
    if good:
        rows += ["<h2>Passed</h2>", *(_fixture(one, full=True) for one in good[:_IN_FULL]), *_rest(good[_IN_FULL:])]
    return "\n".join([*rows, "</body>\n</html>\n"])


def _top(counts: dict[str, int], told: Sequence[Told]) -> Iterator[str]:
    personas = sorted({one["persona"] for one in told if one["persona"]})
    yield "<h1>Fixtures</h1>"
    yield f'<p class="soft">{escaped(", ".join(personas[:8]) or "no persona was read")}</p>'
    shown = "".join(f'<li class="{kind}"><b>{n}</b>{kind}</li>' for kind, n in counts.items() if n)
    yield f'<ul class="counts">{shown or "<li>no fixture was collected</li>"}</ul>'
    for heading, them in (
        ("Stale, by cause", [one for one in told if is_stale(one)]),
        ("Broken, by cause", [one for one in told if one["kind"] == "broken"]),
        ("Without verdict, by cause", [one for one in told if one["kind"] == "error"]),
    ):
        if them:
            causes = "".join(f"<li><b>{len(of)}</b> {escaped(cause)}</li>" for cause, of in by_cause(them).items())
            yield f'<h2>{heading}</h2><ul class="causes">{causes}</ul>'


def _fixture(told: Told, *, full: bool, open_: bool = False) -> str:
    said = f'<span class="said">{escaped(told["line"])}</span>' if told["line"] else ""
    head = (
        f'<summary><span class="kind {told["kind"]}">{told["kind"]}</span> '
        f'<span class="name">{escaped(told["name"])}</span>{said}</summary>'
    )
    rest = _told(told) if full else [_LEFT_OUT]
    inside = "".join([_facts(told), _diff(told), *_runs(told), *rest])
    return f'<details{" open" if open_ else ""}>{head}<div class="inside">{inside}</div></details>'


def _facts(told: Told) -> str:
    facts = {
        "why": told["why"],
        "persona": told["persona"],
        "model": told["model"],
        "tape": f"{told['nodeid'].partition('::')[0]}:{told['tape_line']}",
        "stands for": "" if told["expect"] == "good" else told["expect"],
        "tags": ", ".join(told["tags"]),
        "stale": "; ".join(told["changed"]) if told["kind"] != "stale" else "",
    }
    return f"<dl>{''.join(f'<dt>{key}</dt><dd>{escaped(value)}</dd>' for key, value in facts.items() if value)}</dl>"


def _diff(told: Told) -> str:
    rows = [row for row in told["detail"].splitlines() if row != told["line"] and row != f"why: {told['why']}"]
    signs = {"- ": "gone", "+ ": "came"}
    shown = "".join(f'<span class="{signs.get(row[:2], "same")}">{escaped(row)}</span>' for row in rows)
    return f'<pre class="diff">{shown}</pre>' if shown else ""


def _runs(told: Told) -> Iterator[str]:
    for number, run in enumerate(told["runs"], 1):
        spent = f"{run.get('milliseconds', 0)} ms, {run.get('micro_usd', 0) / 1_000_000:.4f} USD"
        kind = str(run.get("kind", ""))
        yield f'<p class="mono">run {number}: <b class="{escaped(kind)}">{escaped(kind)}</b> '
        yield f'<span class="soft">{escaped(spent)}</span> {escaped(run.get("line", ""))}</p>'


def _told(told: Told) -> Iterator[str]:
    """The recorded conversation, with the event marked that came out otherwise."""
    if told["lines"]:
        here = told["event"] if told["kind"] == "diverged" else -1
        yield from conversation(orjson.loads(told["lines"]), here)


def _rest(told: Sequence[Told]) -> Iterator[str]:
    if told:
        names = "".join(f"<li>{escaped(one['name'])}</li>" for one in told)
        head = f"{len(told)} more that passed; their conversations are left out to keep this page small"
        yield f'<details class="plain"><summary>{head}</summary><ul class="list">{names}</ul></details>'
