"""Mutants of the prompt: a sentence dropped, two that stand beside each other swapped.

Invariant: only the template changes. What is said to a model no recording can notice, unless a rule judges the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import pairwise

from greenroom.core.errors import FileInvalid
from greenroom.persona.prompt import fill
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.mutant import Mutant, said
from greenroom.regression.mutation.persona import TO_THE_MODEL

_SENTENCE = re.compile(r"[^\n]+?(?:[.!?](?=\s|$)|\n|$)")
_MOST = 400


def mutants(ground: Ground) -> Iterator[Mutant]:
    """Every mutant of the prompt of a ground."""
    template = ground.contract.texts.get("prompt", "")
    found = [match for match in _SENTENCE.finditer(template) if match.group().strip()][:_MOST]
    for match in found:
        text = template[: match.start()] + template[match.end() :]
        yield _made(ground, "drop a sentence", f"{said(match.group().strip())} dropped", text)
    for one, other in pairwise(found):
        between = template[one.end() : other.start()]
        if one.group().strip() != other.group().strip():
            text = template[: one.start()] + other.group() + between + one.group() + template[other.end() :]
            change = f"{said(other.group().strip())} moved before {said(one.group().strip())}"
            yield _made(ground, "swap two sentences", change, text)


def _made(ground: Ground, operator: str, change: str, template: str) -> Mutant:
    return Mutant(
        kind="prompt",
        operator=operator,
        where=ground.contract.persona.id,
        change=change,
        made=partial(_filled, ground, template),
        silent=TO_THE_MODEL,
    )


def _filled(ground: Ground, template: str) -> Ground:
    """Raises `FileInvalid` where the template has come to name a variable that has no value."""
    if template == ground.contract.texts.get("prompt", ""):
        raise FileInvalid("not another prompt")
    return ground.with_prompt(fill(template, ground.contract.persona.prompt.variables))
