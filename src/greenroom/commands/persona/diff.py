"""Two versions of a persona, or two personas, set beside one another: `persona diff`.

Invariant: only files are read; no code of the workspace runs, so nothing has to be trusted for it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from greenroom.commands.answer import Answer, answer
from greenroom.commands.invocation import Invocation
from greenroom.commands.persona.chosen import chosen, split
from greenroom.commands.persona.difference_lines import data_of, lines_of
from greenroom.core.canonical import digest
from greenroom.core.errors import UsageError
from greenroom.persona.load import list_versions, load_persona
from greenroom.regression.stale.contract_difference import Reading, Section, difference
from greenroom.workspace.settings import load_settings

if TYPE_CHECKING:
    from greenroom.workspace.layout import Workspace


def diff(asked: Invocation) -> Answer[tuple[Section, ...]]:
    """What differs between two; exit 0 where nothing does, else 1. One alone is set against what was frozen last of it.

    Raises:
        UsageError: there is no such persona or version, or nothing was frozen of the one that was named.
        FileInvalid: a file of one of them is broken.
    """
    workspace = asked.workspace()
    one, other = _named(workspace, asked.text("persona"), asked.text("other"))
    before, old = reading_of(workspace, one)
    after, new = reading_of(workspace, other)
    found = difference(before, after)
    labels = (f"{split(one)[0]}@{old}", f"{split(other)[0]}@{new}")
    told = [word if word == label else f"{word} ({label})" for word, label in zip((one, other), labels, strict=True)]
    lines = [" → ".join(told), *lines_of(found)] if found else [f"{' and '.join(told)} say the same"]
    data = {
        "from": {"asked": one, "persona": labels[0]},
        "to": {"asked": other, "persona": labels[1]},
        **data_of(found),
    }
    return answer(found, lines, data, exit_code=1 if found else 0)


def _named(workspace: Workspace, one: str, other: str) -> tuple[str, str]:
    one = chosen(workspace, one)
    if other:
        return one, other
    name, version = split(one)
    if version:
        return one, name
    frozen = sorted(list_versions(workspace, name), key=_numbers)
    if not frozen:
        load_persona(workspace, name)
        raise UsageError(
            f"no version of '{name}' was frozen, so there is nothing to set it against",
            hint="name two: greenroom persona diff aria@1.2.0 aria",
            code="persona.unfrozen",
        )
    return f"{name}@{frozen[-1]}", one


def _numbers(version: str) -> list[tuple[int, str]]:
    """`1.10.0` behind `1.9.0`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"[.+-]", version)]


def reading_of(workspace: Workspace, asked: str, model: str = "") -> tuple[Reading, str]:
    """What a persona says, without its tools, and its version. Raises as `diff`."""
    from greenroom.assembly.casting import policy_text

    name, version = split(asked)
    loaded = load_persona(workspace, name, version)
    texts = {
        **loaded.texts,
        "policy": policy_text(workspace, loaded.persona.policy.files),
        "parameters": json.dumps(loaded.persona.model.params, sort_keys=True),
    }
    uses = load_settings(workspace).model_name(model or loaded.persona.model.use)
    return Reading({part: digest(text) for part, text in texts.items()}, texts, uses), loaded.persona.version
