"""How a fixture went, as a report carries it, for tests of what is made of it."""

from __future__ import annotations

from typing import Any, cast

from greenroom.pytest_plugin.told import Told

HOSTILE = "<script>alert(1)</script> & \x1b[31m \u202e \"'"


def told(name: str = "refund", **changes: Any) -> Told:
    """A fixture that passed, but for `changes`."""
    plain = Told(
        kind="passed",
        line="",
        detail="",
        reasons=[],
        tape_line=1,
        changed=[],
        places=[],
        effect="",
        unkept=False,
        name=name,
        path=f"/shop/fixtures/{name}.tape.jsonl",
        shown=f"fixtures/{name}.tape.jsonl",
        nodeid=f"fixtures/{name}.tape.jsonl::{name}",
        persona="aria@1.3.0",
        model="scripted/helpdesk",
        why="",
        expect="good",
        tags=[],
        mode="fail",
        lines="",
        event=-1,
        runs=[],
    )
    assert set(changes) <= set(plain)
    if changes.get("kind", "passed") in ("passed", "stale"):
        changes = {"changed": changes.get("reasons", []), **changes}
    return cast("Told", {**plain, **changes})
