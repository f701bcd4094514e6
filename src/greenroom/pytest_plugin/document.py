"""How every fixture of a run went as one JSON document, for `greenroom test --json` and for other programs.

Invariant: written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from greenroom.pytest_plugin.summary import by_cause, is_stale, place_in
from greenroom.pytest_plugin.told import Told
from greenroom.regression.tape.parts import write_whole

_KEPT = (
    *("name", "kind", "line", "detail", "reasons", "changed", "places", "effect", "nodeid", "path", "tape_line"),
    *("persona", "model", "tags", "runs"),
)
KINDS = ("passed", "failed", "diverged", "stale", "broken", "error")


def write_document(path: Path, told: Sequence[Told]) -> None:
    """Write it.

    Raises:
        DiskFailed: it could not be written.
    """
    write_whole(path, orjson.dumps(document(told), option=orjson.OPT_INDENT_2) + b"\n")


def document(told: Sequence[Told]) -> dict[str, Any]:
    """Counts by outcome, causes of staleness with their number of fixtures, and each fixture."""
    return {
        "counts": {kind: sum(one["kind"] == kind for one in told) for kind in KINDS},
        "stale": [
            {"cause": cause, "place": place_in(cause, them), "fixtures": len(them)}
            for cause, them in by_cause([one for one in told if is_stale(one)]).items()
        ],
        "fixtures": [_named({key: dict(one)[key] for key in _KEPT}) for one in told],
    }


def _named(one: dict[str, Any]) -> dict[str, Any]:
    """A fixture or one run of it, with what came of it called as in every other answer: `outcome`."""
    named = {"outcome" if key == "kind" else key: value for key, value in one.items()}
    return {**named, "runs": [_named(run) for run in one["runs"]]} if "runs" in one else named
