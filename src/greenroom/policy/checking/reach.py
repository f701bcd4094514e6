"""Rules that can never decide: because they cannot fire, or because another one always comes first.

Invariant: no false claims. A clause that cannot be evaluated makes a restricting rule fire, so clauses that contradict
each other keep it silent only where every name in them always has a value; otherwise that is what is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from greenroom.core.toml_text import suggest
from greenroom.core.values import Effects, Origin, ToolSpec
from greenroom.detectors.find import KINDS
from greenroom.policy.checking.problem import PolicyProblem
from greenroom.policy.decide import RulePolicy
from greenroom.policy.files.rules import EFFECTS
from greenroom.policy.language.clauses import names
from greenroom.policy.language.comparisons import HAS, Comparison, comparison, conjuncts, contradict, implies
from greenroom.policy.language.conditions import Condition
from greenroom.policy.verdict.active_rule import ActiveRule
from greenroom.policy.verdict.bounds import tools_outside

_ALWAYS = ("hook", "subject", "origin", "findings.", "session.")
"""Names, or beginnings of names, that have a value in every question."""

_ORIGINS = frozenset(get_args(Origin))
_CLOSED: Mapping[str, frozenset[str]] = {
    "origin": _ORIGINS,
    "session.taint": _ORIGINS,
    "tool.effects": frozenset(get_args(Effects)),
    "tool.sensitivity": frozenset(get_args(ToolSpec.model_fields["sensitivity"].annotation)),
}
_SAID_ONLY_AT = {"voice.never": "output"}
"""Kinds that are looked for at one hook; elsewhere only masks of them are found."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Why the clauses of one alternative never all hold. `sure` is False where a missing value would make them."""

    why: str
    sure: bool


def unreachable(active: ActiveRule, policy: RulePolicy) -> Iterator[PolicyProblem]:
    """Why a rule never fires, or never where it means to."""
    blocks = [_blocked(conditions, active, policy) for conditions in _alternatives(active)]
    found = [block for block in blocks if block is not None]
    if len(found) == len(blocks):
        never = all(block.sure or active.rule.then == "allow" for block in found)
        said = "can never fire" if never else "fires only where a value is missing or cannot be read"
        why = "; ".join(dict.fromkeys(block.why for block in found))
        yield _warning(active, f"rule '{active.rule.id}' {said}: {why}", "change a clause, or remove the rule")
    yield from _looks_in_vain(active, policy)
    yield from _out_of_bounds(active, policy)


def shadowed(active: ActiveRule, policy: RulePolicy) -> Iterator[PolicyProblem]:
    """The rule that decides whenever this one could, or that does all of what this one does."""
    id = active.rule.id
    for other in policy.rules:
        if other is active or not _acts_always(other, active) or not _fires_whenever(other, active):
            continue
        that = f"'{other.rule.id}'" + ("" if other.policy == active.policy else f" of {other.policy}")
        if _strictness(other) > _strictness(active):
            unused = ", and whom its 'ask' names is never asked" if active.rule.ask else ""
            text = f"rule '{id}' never decides: {that} ({other.rule.then}) fires whenever it does{unused}"
            yield _warning(active, text, f"remove it, make it stricter, or narrow '{other.rule.id}'")
            return
        if _adds_nothing(active, other):
            text = f"rule '{id}' adds nothing: {that} fires whenever it does and also comes to {other.rule.then}"
            yield _warning(active, text, "remove it, or let it say more than the other")
            return


def _warning(active: ActiveRule, message: str, hint: str) -> PolicyProblem:
    return PolicyProblem("warning", message, active.where, hint)


def _alternatives(active: ActiveRule) -> list[tuple[Condition, ...]]:
    """The lists of clauses of which one must hold as a whole."""
    return [(*active.when, *group) for group in active.any or ((),)]


def _parts(conditions: Sequence[Condition]) -> list[str]:
    return [part for one in conditions for part in conjuncts(" ".join(one.source.splitlines()))]


def _compared(parts: Sequence[str], active: ActiveRule) -> list[tuple[str, Comparison]]:
    types = active.environment.types
    return [(part, found) for part in parts if (found := comparison(part, types)) is not None]


def _blocked(conditions: Sequence[Condition], active: ActiveRule, policy: RulePolicy) -> _Block | None:
    parts = _parts(conditions)
    for part in parts:
        if not names(part).used and _constant(part, active) is False:
            return _Block(f"{part} is never true", sure=True)
    compared = _compared(parts, active)
    found: _Block | None = None
    for place, (part, one) in enumerate(compared):
        if (known := _domain(one.name, active, policy)) and _outside(one, known):
            hint = suggest(str(one.value), sorted(known))
            found = _Block(f"{part} is never true, {one.name} is never '{one.value}' ({hint})", _certain(one, active))
        for other_part, other in compared[:place]:
            if contradict(one, other):
                found = _Block(f"{other_part} and {part} are never both true", _certain(one, active))
        if found is not None and found.sure:
            return found
    return found


def _constant(part: str, active: ActiveRule) -> bool | str:
    return active.environment.compile(part).outcome(active.environment.activation({}))


def _domain(name: str, active: ActiveRule, policy: RulePolicy) -> frozenset[str]:
    """Every text a name can be (or hold), where that is known; else nothing."""
    if name == "hook":
        return frozenset(active.rule.hook)
    if name == "tool.name":
        return active.tools or frozenset()
    if name == "findings.kinds":
        return frozenset(KINDS) | {kind.spec.id for kind in policy.own}
    return _CLOSED.get(name, frozenset())


def _outside(one: Comparison, known: frozenset[str]) -> bool:
    return one.operator in ("==", HAS) and one.value not in known


def _certain(one: Comparison, active: ActiveRule) -> bool:
    """Whether its name has a value in every question that the rule can decide."""
    if one.name.startswith("tool."):
        return active.tools is not None or set(active.rule.hook) == {"tool.call"}
    return one.name.startswith(_ALWAYS)


def _looks_in_vain(active: ActiveRule, policy: RulePolicy) -> Iterator[PolicyProblem]:
    places = {_SAID_ONLY_AT.get(kind, "") for kind in active.kinds}
    if len(places) != 1 or (place := next(iter(places))) == "":
        return
    kinds = " and ".join(sorted(active.kinds))
    elsewhere = [hook for hook in active.rule.hook if hook != place]
    if elsewhere:
        text = f"rule '{active.rule.id}' finds nothing at {', '.join(elsewhere)} but masks: {kinds} is looked for at {place}"
        yield _warning(active, text, f"name only '{place}' in 'hook'")
    elif policy.role.id and not policy.role.never:
        text = f"rule '{active.rule.id}' finds nothing but masks: the contract of {policy.role.id} rules no words out"
        yield _warning(active, text, "add them to voice.never in its persona.toml")


def _out_of_bounds(active: ActiveRule, policy: RulePolicy) -> Iterator[PolicyProblem]:
    """A rule about calls that are denied before it is asked."""
    if active.tools is None or set(active.rule.hook) != {"tool.call"}:
        return
    denied = [tools_outside(tool, policy.role, policy.bounds) for tool in sorted(active.tools)]
    if all(denied):
        text = f"rule '{active.rule.id}' never decides for {policy.role.id or 'this role'}: {denied[0]} first"
        yield _warning(active, text, "let the persona and the envelope allow the tool, or remove the rule")


def _strictness(active: ActiveRule) -> int:
    return EFFECTS.index(active.rule.then)


def _acts_always(other: ActiveRule, active: ActiveRule) -> bool:
    """Whether `other` is no milder and acts wherever it fires: it is never only observed, set aside or deferred."""
    if other.observed or other.exceptions or other.rule.autonomy_may or active.observed:
        return False
    if "allow" in (other.rule.then, active.rule.then):
        return False
    if active.rule.then == "redact" and other.rule.then != "redact":
        return False  # what it masks stays masked in the log, whatever else is decided
    return _strictness(other) >= _strictness(active)


def _adds_nothing(active: ActiveRule, other: ActiveRule) -> bool:
    """Whether only the words of its `why` would be missed. Of two that say the same, the later one adds nothing."""
    if not _says_no_more(active, other):
        return False
    same = _acts_always(active, other) and _fires_whenever(active, other) and _says_no_more(other, active)
    return not same or other.order < active.order


def _says_no_more(active: ActiveRule, other: ActiveRule) -> bool:
    rule = active.rule
    return not (rule.risk.base or rule.risk.add or rule.show or (rule.ask is not None and rule.ask != other.rule.ask))


def _fires_whenever(other: ActiveRule, active: ActiveRule) -> bool:
    if not set(active.rule.hook) <= set(other.rule.hook):
        return False
    if other.tools is not None and not (active.tools is not None and active.tools <= other.tools):
        return False
    if other.kinds and not (active.kinds and active.kinds <= other.kinds):
        return False
    return all(_implied(other, active, conditions) for conditions in _alternatives(active))


def _implied(other: ActiveRule, active: ActiveRule, conditions: Sequence[Condition]) -> bool:
    """Whether one alternative of `other` holds, or fails to be evaluated, wherever these clauses do."""
    given = _parts(conditions)
    compared = [one for _, one in _compared(given, active)]
    return any(
        all(_follows(part, other, active, given, compared) for part in _parts(wanted))
        for wanted in _alternatives(other)
    )


def _follows(
    part: str, other: ActiveRule, active: ActiveRule, given: Sequence[str], compared: Sequence[Comparison]
) -> bool:
    here, there = active.environment.types, other.environment.types
    if any(here.get(name) != there.get(name) for name in names(part).used):
        return False
    if part in given:
        return True
    wanted = comparison(part, there)
    return wanted is not None and any(implies(one, wanted) for one in compared)
