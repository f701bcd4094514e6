"""What changed in each component, in words: which keys, rules, tools or sentences, and where in the workspace they stand.

Invariant: what is said depends on the two states alone, so that one change is told alike for every fixture of a suite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from weakref import WeakKeyDictionary

from greenroom.core.canonical import short
from greenroom.regression.replay.difference import words_in_short
from greenroom.regression.replay.outcome import EACH
from greenroom.regression.stale.cause import Cause
from greenroom.regression.stale.documents import Changed
from greenroom.regression.stale.persona_change import (
    allowances,
    ceilings_change,
    contract_change,
    parameters_change,
    version_of,
)
from greenroom.regression.stale.places import Places, joined_places
from greenroom.regression.stale.policy_change import SAME_RULES, policy_change
from greenroom.regression.stale.prompt_change import prompt_change
from greenroom.regression.stale.stale import OF_NOTHING, SET_OR_NOT
from greenroom.regression.stale.tools_change import tools_change
from greenroom.regression.tape.parts import Parts, part_name
from greenroom.regression.tape.tape import Tape

_NOTHING = "{}"
_OF_PERSONA = ("persona", "prompt", "parameters")
_OF_TOOLS = ("tools", "other_tools")
"""The tools of a persona, and those it may not use: a policy is compiled with both."""
_NAMES = {"other_tools": "other tools"}
_OF_SETTINGS = "greenroom.toml: "
_UNTOLD = "changed ("
_MOST_CAUSES = 1_000
_PLACES: WeakKeyDictionary[Parts, dict[tuple[str, ...], str]] = WeakKeyDictionary()


def component_change(component: str, old: str, new: str, recorded: str, today: str) -> str:
    """What changed between two texts of one component, e.g. `prompt: one sentence: … be -old +new`.

    `recorded` and `today` are their digests, which are told where a text is ''.
    """
    return _labelled(component, _saying(component, old, new, recorded, today))


def told(tape: Tape, changed: list[tuple[str, str, str]], texts: Mapping[str, str], parts: Parts) -> tuple[Cause, ...]:
    """The causes for what `changed`: a component with its digest when recorded and that of today, for each."""
    if not changed:
        return ()
    allowed = _allowances(changed, texts, parts)
    found = {
        component: _saying(component, _kept(parts, recorded), _known(texts, component), recorded, today, allowed)
        for component, recorded, today in changed
    }
    said = {component: saying for component, saying in found.items() if saying}
    if len(said) > 1 and said.get("policy") == SAME_RULES:
        del said["policy"]  # what it was compiled with is told of by itself
    name, _, before = str(tape.header.get("persona", "")).partition("@")
    after = version_of(texts.get("persona", "")) or before
    places = _places(name, changed, texts, parts, allowed)
    own = {part: _labelled(part, said[part]) for part in _OF_PERSONA if part in said}
    rest = [
        Cause(_labelled(component, saying), places[component])
        for component, saying in said.items()
        if component not in _OF_PERSONA
    ]
    if after != before:
        line = f"persona {name} {before} -> {after}: {'; '.join(own.values()) or 'nothing else of it changed'}"
        return (Cause(line, _where(own, places)), *rest)
    who = f"persona {name}{f' {before}' if before else ''}"
    return (*(Cause(f"{who}: {one}", places[part]) for part, one in own.items()), *rest)


def told_documents(documents: Mapping[str, Changed], parts: Parts) -> tuple[Cause, ...]:
    """The causes for documents that say something else, by name."""
    places = Places(parts.workspace, "")
    return tuple(
        Cause(one.told, places.document(source, one.collection, one.line)) for source, one in documents.items()
    )


def _where(own: Mapping[str, str], places: Mapping[str, str]) -> str:
    """Where a persona stands that took a new version: what came with it each by itself, where all of that is known."""
    each = [place for part in own for place in places[part].split(EACH)]
    if ("persona" in own or len(each) > 1) and all(", " not in place for place in each):
        return joined_places(each)
    every = [place for part in ("persona", *own) if part in places for place in places[part].split(EACH)]
    return ", ".join(dict.fromkeys(place for place in every if place))


def _places(
    persona: str,
    changed: list[tuple[str, str, str]],
    texts: Mapping[str, str],
    parts: Parts,
    allowed: tuple[str, ...],
) -> Mapping[str, str]:
    """Where each component that changed stands, worked out once for all fixtures that were recorded under the same."""
    known = _PLACES.setdefault(parts, {})
    found = {}
    for component, recorded, today in changed:
        key = (persona, component, recorded, today, *allowed)
        if key not in known:
            places = Places(parts.workspace, persona)
            known[key] = places.of(component, _kept(parts, recorded), _known(texts, component), allowed)
        found[component] = known[key]
    return found


def _allowances(changed: list[tuple[str, str, str]], texts: Mapping[str, str], parts: Parts) -> tuple[str, ...]:
    """What the contract lets its persona call since, or no longer: that is told of the contract, not of the tools."""
    recorded = next((recorded for component, recorded, _ in changed if component == "persona"), "")
    return allowances(_kept(parts, recorded), _known(texts, "persona")) if recorded else ()


def _kept(parts: Parts, recorded: str) -> str:
    """The text of a component as it was recorded, '' if it was not kept."""
    return _NOTHING if recorded == part_name(OF_NOTHING) else parts.component(recorded)


def _known(texts: Mapping[str, str], component: str) -> str:
    """The text of a component today."""
    return texts.get(component, _NOTHING if component in SET_OR_NOT else "")


def _labelled(component: str, saying: str) -> str:
    """`prompt: one sentence`, `greenroom.toml: limits.usd the persona's own -> 0.1`; the contract's own keys need no label."""
    if component == "ceilings":
        return f"{_OF_SETTINGS}{saying}" if not saying.startswith(_UNTOLD) else f"{_OF_SETTINGS}limits {saying}"
    if saying.startswith(_UNTOLD):
        return f"{'contract' if component == 'persona' else _NAMES.get(component, component)} {saying}"
    return saying if component == "persona" else f"{_NAMES.get(component, component)}: {saying}"


@lru_cache(maxsize=_MOST_CAUSES)
def _saying(component: str, old: str, new: str, recorded: str, today: str, allowed: tuple[str, ...] = ()) -> str:
    """What of a component changed; its digests where its old text was not kept, '' where it says the same.

    Tools that came or went because the contract allows others (`allowed`) are told of the contract alone.
    """
    if not (old and new):
        return f"{_UNTOLD}#{short(recorded)} -> #{short(today)})"
    if component in _OF_TOOLS and allowed:
        return tools_change(old, new, allowed)
    told = _TELLERS.get(component, _words)(old, new)
    return told if told or component == "persona" else f"{_UNTOLD}#{short(recorded)} -> #{short(today)})"


def _words(old: str, new: str) -> str:
    return words_in_short(old, new, context=3)


_TELLERS: Mapping[str, Callable[[str, str], str]] = {
    "persona": contract_change,
    "prompt": prompt_change,
    "parameters": parameters_change,
    "ceilings": ceilings_change,
    "models": parameters_change,
    **dict.fromkeys(_OF_TOOLS, tools_change),
    "policy": policy_change,
}
