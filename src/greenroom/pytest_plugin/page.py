"""A run's fixtures as one page that reads without network, script or account, in light and dark.

Invariant: every text on it is escaped; what passed or is only stale is folded, and beyond a number of fixtures told in
one row each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import orjson

from greenroom.pytest_plugin.document import KINDS
from greenroom.pytest_plugin.page_causes import causes
from greenroom.pytest_plugin.page_conversation import conversation, escaped
from greenroom.pytest_plugin.page_expectations import expectations, failing_events
from greenroom.pytest_plugin.place import CASE, TAPE, place_of
from greenroom.pytest_plugin.summary import is_stale
from greenroom.pytest_plugin.told import Told
from greenroom.regression.tape.parts import write_whole

_OPEN, _IN_FULL = 10, 100
"""How many that did not pass stand open; how many of those that did not pass, and of those that did, have their
conversation on the page.
"""

_LEFT_OUT = f'<p class="soft">The conversations of all but {_IN_FULL} are left out to keep this page small.</p>'
_WORST_FIRST = ("failed", "diverged", "error", "broken")

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


@dataclass(frozen=True, slots=True)
class Ran:
    """When a run ended (UTC, as the logs have it), how long its fixtures took in seconds, and the commit that it was of,
    '' where there is none.
    """

    at: str
    seconds: float
    commit: str = ""


def write_page(path: Path, told: Sequence[Told], ran: Ran | None = None) -> None:
    """Write the page.

    Raises:
        DiskFailed: it could not be written.
    """
    write_whole(path, page(told, ran).encode())


def page(told: Sequence[Told], ran: Ran | None = None) -> str:
    """The whole page as HTML."""
    style = (files(__package__) / "page.css").read_text(encoding="utf-8")
    counts = {kind: sum(one["kind"] == kind for one in told) for kind in KINDS}
    late = sum(one["kind"] == "passed" and is_stale(one) for one in told)
    title = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number) or "no fixtures"
    title += f" ({late} of them stale)" if late else ""
    bad = [one for kind in _WORST_FIRST for one in told if one["kind"] == kind]
    good = [one for one in told if one["kind"] == "passed"]
    rows = [_HEAD.format(title=escaped(f"Greenroom: {title}"), style=style), *_top(counts, late, told, ran)]
    rows += causes(told, lambda one, full: _fixture(one, full=full), _IN_FULL)
    if bad:
        rows += [
            "<h2>Did not pass</h2>",
            *(_fixture(one, full=n < _IN_FULL, open_=n < _OPEN) for n, one in enumerate(bad)),
        ]
    if good:
        rows += ["<h2>Passed</h2>", *(_fixture(one, full=True) for one in good[:_IN_FULL]), *_rest(good[_IN_FULL:])]
    return "\n".join([*rows, "</body>\n</html>\n"])


def _top(counts: dict[str, int], late: int, told: Sequence[Told], ran: Ran | None) -> Iterator[str]:
    personas = sorted({one["persona"] for one in told if one["persona"]})
    yield "<h1>Fixtures</h1>"
    yield f'<p class="soft">{escaped(", ".join(personas[:8]) or "no persona was read")}</p>'
    if ran is not None:
        commit = f" · commit {ran.commit}" if ran.commit else ""
        when = f"{ran.at[:10]} {ran.at[11:16]} UTC"
        yield f'<p class="soft">{escaped(f"{when}{commit} · took {ran.seconds:.1f} s")}</p>'
    shown = "".join(f'<li class="{kind}"><b>{n}</b>{kind}</li>' for kind, n in counts.items() if n)
    shown += f'<li class="stale"><b>{late}</b>stale, of those that passed</li>' if late else ""
    yield f'<ul class="counts">{shown or "<li>no fixture was collected</li>"}</ul>'


def _fixture(told: Told, *, full: bool, open_: bool = False) -> str:
    late = ' <span class="stale">stale</span>' if told["kind"] == "passed" and is_stale(told) else ""
    said = f'<span class="said">{escaped(told["line"])}</span>' if told["line"] and told["kind"] != "stale" else ""
    head = (
        f'<summary><span class="kind {told["kind"]}">{told["kind"]}</span> '
        f'<span class="name">{escaped(told["name"])}</span>{late}{said}</summary>'
    )
    rest = _told(told) if full else [_LEFT_OUT]
    expected = expectations(told) if told["kind"] == "failed" else ()
    inside = "".join([_facts(told), *expected, _diff(told), *_runs(told), *rest])
    return f'<details{" open" if open_ else ""}>{head}<div class="inside">{inside}</div></details>'


def _facts(told: Told) -> str:
    path, line = place_of(told)
    case = f"{told['shown'].removesuffix(TAPE)}{CASE}:{line}" if path.endswith(CASE) else ""
    facts = {
        "why": told["why"],
        "persona": told["persona"],
        "model": told["model"],
        "tape": f"{told['shown']}:{told['tape_line']}",
        "case": case,
        "stands for": "" if told["expect"] == "good" else told["expect"],
        "tags": ", ".join(told["tags"]),
        "stale": "; and ".join(told["changed"]) if told["kind"] != "stale" or len(told["changed"]) > 1 else "",
    }
    return f"<dl>{''.join(f'<dt>{key}</dt><dd>{escaped(value)}</dd>' for key, value in facts.items() if value)}</dl>"


def _diff(told: Told) -> str:
    known = {
        told["line"],
        f"why: {told['why']}",
        *(f"{begun}: {one}" for one in told["changed"] for begun in ("since", "and")),
        *(f"and: {one}" for one in told["reasons"] if told["kind"] == "failed"),
    }
    rows = [row for row in told["detail"].splitlines() if row not in known]
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
    """The recorded conversation, with the event marked that came out otherwise, or that a failing expectation is about."""
    if told["lines"]:
        lines = orjson.loads(told["lines"])
        here = {told["event"]} if told["kind"] == "diverged" else set()
        yield from conversation(lines, failing_events(told, lines) if told["kind"] == "failed" else here)


def _rest(told: Sequence[Told]) -> Iterator[str]:
    if told:
        names = "".join(f"<li>{escaped(one['name'])}</li>" for one in told)
        head = f"{len(told)} more that passed; their conversations are left out to keep this page small"
        yield f'<details class="plain"><summary>{head}</summary><ul class="list">{names}</ul></details>'
