"""Whether the texts that were kept with a recording are still what was kept: its persona, prompt, tools and policy.

Invariant: a text is held to the digest it is named by, once for all tapes that share it. What a policy is named by covers
more than its text, so that is held to today's where both have one name. A tape none of whose texts were kept is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from greenroom.core.canonical import digest
from greenroom.core.errors import FileInvalid
from greenroom.policy.files.bundle import parted
from greenroom.policy.load import load_file
from greenroom.regression.tape.parts import FOLDER, NOT_THERE, Parts, is_part_name, part_name, text_name
from greenroom.regression.tape.tape import Tape

_NAMED_BY_TEXT = ("persona", "prompt", "tools", "other_tools", "parameters", "ceilings", "models", "knowledge")
_POLICY = "policy"
_OF_NOTHING = part_name(digest("{}"))
_WRONG, _MISSING = "is not the text that was recorded", "is missing"

_LOOKED_AT: WeakKeyDictionary[Parts, dict[tuple[str, ...], str]] = WeakKeyDictionary()
"""What is wrong with each text of a folder, '' for nothing."""


def require_kept(tape: Tape, parts: Parts, digests: Mapping[str, str], texts: Mapping[str, str]) -> None:
    """Nothing, if every text that was kept with a tape is what it was. `digests` and `texts` are today's, by component.

    Raises:
        FileInvalid: one was edited, or is missing where others are there.
    """
    looked_at = _LOOKED_AT.setdefault(parts, {})
    found: dict[str, str] = {}
    stated = tape.digests
    for component in (*_NAMED_BY_TEXT, _POLICY):
        name = stated.get(component, "")
        if not is_part_name(name) or name == _OF_NOTHING:
            continue
        key = (name,) if component != _POLICY else (name, component)
        if key not in looked_at:
            looked_at[key] = _wrong(component, name, parts, digests, texts)
        found[component] = looked_at[key]
    there = any(wrong != _MISSING for wrong in found.values())
    for component, wrong in found.items():
        if wrong == _WRONG or (wrong and there):
            raise FileInvalid(
                f"the recorded {component.replace('_', ' ')} {wrong}",
                where=f"{FOLDER}/{stated[component]}.txt",
                hint=NOT_THERE if wrong == _MISSING else "restore it from git, or export the session again",
                code="tape.part",
            )


def _wrong(component: str, name: str, parts: Parts, digests: Mapping[str, str], texts: Mapping[str, str]) -> str:
    text = parts.component(name)
    if not text:
        return _MISSING
    if component != _POLICY:
        return "" if text_name(text) == name else _WRONG
    today = _rules(texts.get(_POLICY, "")) if part_name(digests.get(_POLICY, "")) == name else None
    return "" if today is None or _rules(text) == today else _WRONG


def _rules(text: str) -> list[str] | None:
    """What the policy files of a text say, whatever their comments and their order; None where they cannot be read."""
    try:
        policies = [load_file(source).policy for source in parted(text)]
    except FileInvalid:
        return None
    return sorted(digest(one.model_dump(mode="json", by_alias=True, exclude_defaults=True)) for one in policies)
