"""Mutants of a persona's contract: what it may call, keep and look up, how far it goes alone, and what it may use.

Invariant: one value of one section is another; what only a model could notice is marked as silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from greenroom.policy.load import load_file
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.mutant import Mutant, said

TO_THE_MODEL = "reaches only the model, whose replies are recorded; a live run can tell"
_TO_THE_SEARCH = "reaches only the search, whose candidates are recorded; a live run can tell"


def mutants(ground: Ground) -> Iterator[Mutant]:
    """Every mutant of the persona of a ground."""
    for maker in (_tools, _autonomy, _files, _limits, _knowledge, _memory, _voice, _parameters):
        yield from maker(ground)


def _made(ground: Ground, operator: str, section: str, key: str, value: Any, change: str = "", **more: Any) -> Mutant:
    persona = ground.contract.persona
    old = getattr(getattr(persona, section), key)
    return Mutant(
        kind="persona",
        operator=operator,
        where=persona.id,
        change=f"{section}.{key}: {change or f'{said(old)} -> {said(value)}'}",
        made=partial(ground.with_persona, {section: {key: value}}),
        **more,
    )


def without(items: tuple[Any, ...]) -> Iterator[tuple[Any, list[Any]]]:
    """Each item, and the others."""
    for place, item in enumerate(items):
        yield item, [*items[:place], *items[place + 1 :]]


def _tools(ground: Ground) -> Iterator[Mutant]:
    for name, rest in without(ground.contract.persona.tools.allow):
        calls = None if "*" in name else frozenset({name})
        hint = f"a fixture in which {name} is called"
        yield _made(ground, "drop a tool", "tools", "allow", rest, f"{said(name)} dropped", calls=calls, hint=hint)


def _autonomy(ground: Ground) -> Iterator[Mutant]:
    level = ground.contract.persona.policy.autonomy
    for other in (level - 1, level + 1):
        if 0 <= other <= 4:
            hint = (
                f"a fixture with a call that is decided by autonomy {min(level, other)} and not by {max(level, other)}"
            )
            yield _made(ground, "autonomy", "policy", "autonomy", other, hint=hint)


def _files(ground: Ground) -> Iterator[Mutant]:
    """A whole policy file left out: the least that a suite should notice."""
    own = {load_file(source).policy.id: source for source in ground.sources[1:]}
    for name, source in own.items():
        yield Mutant(
            kind="persona",
            operator="drop a policy file",
            where=ground.contract.persona.id,
            change=f"policy.files: {said(name)} dropped",
            made=partial(ground.with_sources, tuple(one for one in ground.sources if one is not source)),
            hint=f"a fixture in which a rule of {name} decides",
        )


_STEPS: Mapping[str, Callable[[float], tuple[float, ...]]] = {
    "tool_calls": lambda n: (n - 1, n + 1),
    "replies": lambda n: (n - 1, n + 1),
    "tokens": lambda n: (n // 2, n * 2),
    "usd": lambda n: (n / 2, n * 2),
    "seconds": lambda n: (n / 2, n * 2),
}


def _limits(ground: Ground) -> Iterator[Mutant]:
    for key, steps in _STEPS.items():
        value = getattr(ground.contract.persona.limits, key)
        for other in steps(value):
            if other > 0 or (other == 0 and key == "tool_calls"):
                hint = f"a fixture with a turn that comes to limits.{key} = {said(value)}"
                yield _made(ground, "limit", "limits", key, other, hint=hint)


def _knowledge(ground: Ground) -> Iterator[Mutant]:
    scope = ground.contract.persona.knowledge
    for name, rest in without(scope.collections):
        yield _made(
            ground,
            "drop a collection",
            "knowledge",
            "collections",
            rest,
            f"{said(name)} dropped",
            silent=_TO_THE_SEARCH,
        )
    near = "a fixture with passages on both sides of that bound"
    for top in (scope.top_k - 1, scope.top_k + 1):
        if 1 <= top <= 100:
            yield _made(ground, "passages", "knowledge", "top_k", top, hint=near)
    for score in (round(scope.min_score - 0.05, 4), round(scope.min_score + 0.05, 4)):
        if 0 <= score <= 1:
            yield _made(ground, "passages", "knowledge", "min_score", score, hint=near)
    for budget in (scope.budget_chars // 2, scope.budget_chars * 2):
        yield _made(ground, "passages", "knowledge", "budget_chars", max(budget, 200), hint=near)


def _memory(ground: Ground) -> Iterator[Mutant]:
    for key, deed in (("read", "recalled from"), ("write", "written to")):
        for name, rest in without(getattr(ground.contract.persona.memory, key)):
            hint = f"a fixture in which something is {deed} the segment {name}"
            yield _made(ground, "drop a segment", "memory", key, rest, f"{said(name)} dropped", hint=hint)


def _voice(ground: Ground) -> Iterator[Mutant]:
    voice = ground.contract.persona.voice
    for word, rest in without(voice.never):
        hint = f"a fixture in which the model says {said(word)}"
        yield _made(ground, "drop a forbidden word", "voice", "never", rest, f"{said(word)} dropped", hint=hint)
    for word, rest in without(voice.tone):
        yield _made(ground, "drop a tone", "voice", "tone", rest, f"{said(word)} dropped", silent=TO_THE_MODEL)
    for one, rest in without(voice.example):
        left = [item.model_dump(mode="json") for item in rest]
        change = f"{said(one.user)} dropped"
        yield _made(ground, "drop an example", "voice", "example", left, change, silent=TO_THE_MODEL)


def _parameters(ground: Ground) -> Iterator[Mutant]:
    params = ground.contract.persona.model.params
    for key, value in params.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            other = {**params, key: round(value + 0.1, 6) if isinstance(value, float) else value + 1}
            change = f"{key} {said(value)} -> {said(other[key])}"
            yield _made(ground, "parameter", "model", "params", other, change, silent=TO_THE_MODEL)
