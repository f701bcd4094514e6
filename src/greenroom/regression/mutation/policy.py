"""Mutants of the policy files: rules, exceptions, detectors and envelopes, one key of one of them at a time.

Invariant: a file is changed as data and written as TOML again, so that the loader itself says what is a policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from greenroom.policy.files.rules import EFFECTS, matching
from greenroom.policy.load import PolicySource, load_file
from greenroom.regression.mutation import clauses
from greenroom.regression.mutation.envelope import envelope_changes
from greenroom.regression.mutation.ground import Ground
from greenroom.regression.mutation.mutant import Mutant, said
from greenroom.regression.mutation.persona import without

Data = dict[str, Any]
Change = tuple[str, str, Data, str]
"""Operator, what changed, the entry as it is then ({} for gone), and what would notice it."""

_ASKS = ("require_approval", "escalate")
_NOT_REPLAYED = frozenset({"export", "handoff"})
_AT_EXPORT = "is about exports or handoffs, which are no part of a replay; tests inside the policy can tell"


def mutants(ground: Ground) -> Iterator[Mutant]:
    """Every mutant of the policy files of a ground; the built-in pack is not theirs to change."""
    for place, source in enumerate(ground.sources[1:], 1):
        file = load_file(source).policy
        data = file.model_dump(mode="json", by_alias=True, exclude_unset=True)
        label = file.id
        for kind, changes in (("rule", _rule), ("exception", _exception), ("detector", _detector)):
            for at, entry in enumerate(data.get(kind, ())):
                calls = _called(entry, ground) if kind == "rule" else None
                for operator, change, fresh, hint in changes(entry, ground):
                    entries = [*data[kind][:at], *([fresh] if fresh else []), *data[kind][at + 1 :]]
                    made = partial(_compiled, ground, place, {**data, kind: entries})
                    silent = _unheard(entry, fresh) if kind == "rule" else ""
                    yield Mutant("policy", operator, label, change, made, calls, silent, hint)
        for operator, change, fresh, hint in envelope_changes(data.get("envelope", {})):
            made = partial(_compiled, ground, place, {**data, "envelope": fresh})
            yield Mutant("policy", operator, label, change, made, hint=hint)
        if file.mode == "enforce":
            made = partial(_compiled, ground, place, {**data, "mode": "observe"})
            yield Mutant("policy", "observe", label, "mode: enforce -> observe", made, hint="a fixture with a verdict")


def written(data: Data, file: str) -> PolicySource:
    """A policy file's data as the text of one."""
    import tomli_w

    return PolicySource(file, tomli_w.dumps(_plain(data)))


def _plain(value: Any) -> Any:
    """TOML has no null: what is not set is left out."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _compiled(ground: Ground, place: int, data: Data) -> Ground:
    sources = list(ground.sources)
    sources[place] = written(data, sources[place].file)
    return ground.with_sources(sources)


def _hooks(rule: Data) -> frozenset[str]:
    hook = rule.get("hook", ())
    return frozenset([hook] if isinstance(hook, str) else hook)


def _unheard(rule: Data, fresh: Data) -> str:
    """Why no replay can notice a change, where it is about hooks that no replay comes to."""
    gone = _hooks(rule) - _hooks(fresh) if fresh else frozenset()
    return _AT_EXPORT if (gone or _hooks(rule)) <= _NOT_REPLAYED else ""


def _called(rule: Data, ground: Ground) -> frozenset[str] | None:
    """The tools one of which must be called for a rule to have a say; None where it may be asked about anything."""
    if not rule.get("tools") or not _hooks(rule) <= {"tool.call", "tool.result"}:
        return None
    names = tuple(spec.name for spec in ground.specs)
    return frozenset(name for pattern in rule["tools"] for name in matching(pattern, names))


def _rule(rule: Data, ground: Ground) -> Iterator[Change]:
    name, about = rule["id"], f"a fixture in which {rule['id']} decides ({said(rule['why']).rstrip('.')})"
    yield "drop a rule", f"{name}: dropped", {}, about
    for operator, change, fresh, hint in (*_effects(rule), *_scope(rule), *_risk(rule), *_asking(rule)):
        yield operator, f"{name}: {change}", fresh, hint or about
    for key, operator, change, fresh, hint in clauses.changed(rule, ("when", "any"), ground.specs):
        yield operator, f"{name}: {key} {change}", fresh, hint or about


def _effects(rule: Data) -> Iterator[Change]:
    """One step milder and one stricter; what belongs to another effect goes with it."""
    at = EFFECTS.index(rule["then"])
    steps = [one for one in EFFECTS if one != "redact" or rule.get("find")]
    now = steps.index(EFFECTS[at])
    for other, operator in ((now - 1, "a milder effect"), (now + 1, "a stricter effect")):
        if not 0 <= other < len(steps):
            continue
        fresh = {**rule, "then": steps[other]}
        if steps[other] not in _ASKS:
            fresh.pop("ask", None)
        if steps[other] != "require_approval":
            fresh.pop("autonomy_may", None)
        yield operator, f"then {rule['then']} -> {steps[other]}", fresh, ""
    if rule.get("mode", "enforce") == "enforce":
        yield "observe", "mode enforce -> observe", {**rule, "mode": "observe"}, ""
    if rule["then"] == "require_approval":
        may = not rule.get("autonomy_may", False)
        hint = f"a fixture in which {rule['id']} decides about a call that autonomy would let pass"
        yield "autonomy", f"autonomy_may {said(not may)} -> {said(may)}", {**rule, "autonomy_may": may}, hint


def _scope(rule: Data) -> Iterator[Change]:
    """Where a rule is asked: hooks and tools dropped, tools widened, what it looks for dropped."""
    for key, operator in (("hook", "drop a hook"), ("tools", "drop a tool"), ("find", "drop a finding")):
        items = tuple(rule.get(key) or ())
        if isinstance(rule.get(key), str) or len(items) < 2:
            continue
        for item, rest in without(items):
            noun = {"hook": f"at the hook {item}", "tools": f"about {item}", "find": f"because of {item}"}[key]
            yield (
                operator,
                f"{key}: {said(item)} dropped",
                {**rule, key: rest},
                f"a fixture in which {rule['id']} decides {noun}",
            )
    if rule.get("tools"):
        fresh = {key: value for key, value in rule.items() if key != "tools"}
        hint = f"a fixture with a call of another tool that {rule['id']} must not decide about"
        yield "widen tools", f"tools: {said(rule['tools'])} -> any", fresh, hint
    if rule.get("find") and (rule.get("when") or rule.get("any")) and rule["then"] != "redact":
        fresh = {key: value for key, value in rule.items() if key != "find"}
        yield "drop find", f"find: {said(rule['find'])} dropped", fresh, ""


def _risk(rule: Data) -> Iterator[Change]:
    risk = rule.get("risk") or {}
    base = risk.get("base", 0)
    for other in (base - 10, base + 10):
        if 0 <= other <= 100:
            yield "risk", f"risk.base {base} -> {other}", {**rule, "risk": {**risk, "base": other}}, ""
    for item, rest in without(tuple(risk.get("add", ()))):
        hint = f"a fixture in which {rule['id']} fires and {said(item[0])} holds"
        yield "risk", f"risk.add: {said(item[0])} dropped", {**rule, "risk": {**risk, "add": rest}}, hint


def _asking(rule: Data) -> Iterator[Change]:
    """Whom a rule asks. Deadlines are not among them: in a replay the answer comes at once."""
    if rule["then"] in _ASKS:
        ask = rule.get("ask") or {}
        role = ask.get("role", "operator")
        other = "lead" if role != "lead" else "operator"
        yield "another role", f"ask.role {said(role)} -> {other}", {**rule, "ask": {**ask, "role": other}}, ""


def _exception(entry: Data, ground: Ground) -> Iterator[Change]:
    name = f"exception to {entry['rule']} ({said(entry['owner'])})"
    hint = f"a fixture in which the exception to {entry['rule']} sets it aside"
    yield "drop an exception", f"{name}: dropped", {}, hint
    for key, operator, change, fresh, edge in clauses.changed(entry, ("when",), ground.specs):
        yield operator, f"{name}: {key} {change}", fresh, edge or hint


def _detector(entry: Data, ground: Ground) -> Iterator[Change]:
    hint = f"a fixture in which {entry['id']} finds something"
    yield "drop a detector", f"{entry['id']}: dropped", {}, hint
    if entry.get("near"):
        fresh = {key: value for key, value in entry.items() if key not in ("near", "within")}
        yield "widen a detector", f"{entry['id']}: near dropped", fresh, hint
    if entry.get("check"):
        fresh = {key: value for key, value in entry.items() if key != "check"}
        yield "widen a detector", f"{entry['id']}: check {said(entry['check'])} dropped", fresh, hint
    never = {**entry, "pattern": rf"(?:{entry['pattern']})\bnever-there\b", "test": []}
    yield "blind a detector", f"{entry['id']}: finds nothing", never, hint
