"""What the ledger can hold: a closed set of kinds with checked fields. Kinds that later versions add are read past.

Invariant: what stands in the hash names sessions, digests and who acted, never what a person said: a reason is behind
a salted commitment, its text beside the hash, so that it can be erased and the chain still holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from greenroom.core.canonical import clean_json
from greenroom.core.chain import commit, committed
from greenroom.core.ids import Ids
from greenroom.core.values import Json

Kind = Literal["policy_loaded", "stop_pressed", "stop_lifted"]
"""What `Ledger.note` takes. Anchors and signatures have methods of their own."""

ANCHORED = "session_anchored"
SIGNED = "head_signed"
ERASED = "‹erased›"
LONGEST_REASON = 2_000

FIELDS: dict[str, dict[str, type]] = {
    ANCHORED: {"session": str, "seq": int, "head": str},
    SIGNED: {"head": str, "key": str, "signature": str},
    "policy_loaded": {"session": str, "persona": str, "digest": str, "label": str},
    "stop_pressed": {"scope": str, "target": str, "by": str},
    "stop_lifted": {"scope": str, "target": str, "by": str},
}
"""The fields of each kind that stand in the open."""

REASONED = frozenset({"stop_pressed", "stop_lifted"})
"""Kinds with a `reason`, which is a person's words."""

Line = dict[str, Any]
"""A line of the file: `v`, `seq`, `at`, `entry`, `prev`, `hash`, and `content` where the entry has words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry with its place. `fields` are its own, a reason as text (`‹erased›` where the text is gone)."""

    seq: int
    at: str
    kind: str
    fields: dict[str, Json]
    hash: str


def made(kind: str, fields: dict[str, Json], ids: Ids) -> tuple[dict[str, Json], dict[str, list[str]]]:
    """The entry of a kind, and the content that stands beside it.

    Raises:
        ValueError: the kind is unknown, or its fields are not exactly these.
    """
    wanted = FIELDS.get(kind)
    given = {name: value for name, value in fields.items() if not (name == "reason" and kind in REASONED)}
    if wanted is None or wanted.keys() != given.keys() or not _typed(given, wanted):
        raise ValueError(f"{kind} takes {wanted}, not {fields}")
    entry: dict[str, Json] = {"kind": kind, **clean_json(given)}
    reason = str(clean_json(fields.get("reason") or ""))[:LONGEST_REASON]
    if not reason:
        return entry, {}
    salt = ids.salt()
    commitment = commit(salt, reason)
    return {**entry, "reason": {"$": commitment}}, {commitment: [salt, reason]}


def well_formed(entry: dict[str, Json]) -> bool:
    """Whether an entry of a known kind has its fields; of a kind that a later version adds, nothing is demanded."""
    kind = entry["kind"]
    reason = entry.get("reason", {"$": ""}) if kind in REASONED else {"$": ""}
    return type(kind) is str and _typed(entry, FIELDS.get(kind, {})) and type(reason["$"]) is str


def content_fits(line: Line) -> bool:
    """Whether every text beside an entry is the one it commits to, and none stands there that it does not."""
    content = line.get("content", {})
    referred = [value["$"] for value in line["entry"].values() if type(value) is dict and "$" in value]
    return all(
        commitment in referred and len(kept) == 2 and committed(commitment, kept[0], kept[1])
        for commitment, kept in content.items()
    )


def read(line: Line) -> Entry:
    """The entry of a line that was checked."""
    fields = {name: value for name, value in line["entry"].items() if name != "kind"}
    if "reason" in fields and line["entry"]["kind"] in REASONED:
        kept = line.get("content", {}).get(fields["reason"]["$"])
        fields["reason"] = kept[1] if kept else ERASED
    return Entry(line["seq"], line["at"], line["entry"]["kind"], fields, line["hash"])


def _typed(fields: dict[str, Json], wanted: dict[str, type]) -> bool:
    return all(type(fields[name]) is kind for name, kind in wanted.items())
