"""The bounds of a role: its tools, its memory segments, and the action envelopes of its policies.

Invariant: bounds only ever deny; every one of them must hold; a value that cannot be measured is out of bounds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.core.values import Json, ToolSpec
from greenroom.detectors.checks import host
from greenroom.detectors.walk import walk
from greenroom.policy.files.rules import CallLimits, Envelope, SumLimits, matching
from greenroom.policy.port import Question

if TYPE_CHECKING:
    from greenroom.persona.contract import Persona
    from greenroom.policy.verdict.sight import Sight

PERIODS = ("turn", "session", "day")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[\\/]{2}[^\s<>\"']*|(?<![\w:/\\])[\\/]{2}[^\s<>\"'/\\][^\s<>\"']*")
_SLACK = 1e-9
_STRANGE = "An address that cannot be read is outside the envelope's hosts."
_UNSUMMED = "{} is absent or no number, so its sum cannot be kept."


@dataclass(frozen=True, slots=True)
class Role:
    """Who acts. None is no bound, as in a check without a persona."""

    id: str = ""
    kind: str = "persona"
    tools: tuple[str, ...] | None = None
    memory_read: tuple[str, ...] | None = None
    memory_write: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()

    @classmethod
    def of(cls, persona: Persona | None) -> Role:
        """The role of a persona; without one, a role that nothing bounds."""
        if persona is None:
            return cls()
        return cls(
            id=persona.id,
            kind=persona.kind,
            tools=persona.tools.allow,
            memory_read=persona.memory.read,
            memory_write=persona.memory.write,
            never=persona.voice.never,
        )


@dataclass(frozen=True, slots=True)
class Bound:
    """An envelope in force, and the policy it stands in."""

    policy: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Breach:
    """What is out of bounds, by which built-in rule, under which policy ('' for the persona's own contract)."""

    rule: str
    why: str
    policy: str = ""


def breaches(question: Question, role: Role, bounds: Sequence[Bound], sight: Sight | None = None) -> Iterator[Breach]:
    """Every bound the question breaks; of arguments that are not there any more, by what `sight` knows of them."""
    if question.hook == "tool.call":
        yield from _call_breaches(question, role, bounds, sight)
    elif question.hook == "memory.write":
        yield from _memory(question.segment, role.memory_write, "written")
    elif question.hook == "memory.read":
        yield from _memory(question.segment, role.memory_read, "read")


def _memory(segment: str, allowed: tuple[str, ...] | None, deed: str) -> Iterator[Breach]:
    if allowed is not None and segment not in allowed:
        name = segment or "unnamed"
        yield Breach("memory.segments", f"Memory segment '{name}' may not be {deed} by this persona.")


def _call_breaches(question: Question, role: Role, bounds: Sequence[Bound], sight: Sight | None) -> Iterator[Breach]:
    if question.tool is None:
        yield Breach("tools.unknown", f"There is no tool named '{question.subject}'.")
        return
    tool = question.tool.name
    if role.tools is not None and not _among(tool, role.tools):
        yield Breach("tools.allow", f"{tool} is not among the tools this persona may use.")
    for bound in bounds:
        for why in _outside(question, question.tool, bound.envelope, sight):
            yield Breach("envelope", why, bound.policy)


def _outside(question: Question, tool: ToolSpec, envelope: Envelope, sight: Sight | None) -> Iterator[str]:
    if envelope.tools is not None and not _among(tool.name, envelope.tools):
        yield f"{tool.name} is outside the action envelope."
    limit = envelope.limits.calls_per_turn
    if limit is not None and question.session.calls_this_turn + 1 > limit:
        yield f"{limit} tool calls a turn are allowed, and this would be number {question.session.calls_this_turn + 1}."
    for pattern, counted in envelope.limits.calls.items():
        if _among(tool.name, (pattern,)):
            yield from _too_many(pattern, counted, question.session.sums)
    for check in argument_checks(question, tool, envelope):
        known = sight.outside(question, check.what) if sight is not None else None
        if known is None:
            yield from check.found
        elif known:
            yield known if isinstance(known, str) else check.said


@dataclass(frozen=True, slots=True)
class Check:
    """A bound that is held to a call's arguments: `what` it is in full, and what it `found`, once somebody asks.

    `said` is all that can be said where it is only known that something was found.
    """

    what: tuple[Json, ...]
    found: Iterator[str]
    said: str


def argument_checks(question: Question, tool: ToolSpec, envelope: Envelope) -> Iterator[Check]:
    """What of an envelope depends on the arguments of a call: which hosts they name, and what they add up to."""
    args, sums = _args(question), question.session.sums
    if envelope.hosts is not None:
        what: tuple[Json, ...] = ("hosts", tool.outbound, sorted(envelope.hosts))
        yield Check(what, _strange_hosts(args, tool, envelope.hosts), _STRANGE)
    for path, limits in envelope.limits.sum.items():
        what = ("sum", path, {"limits": limits.model_dump(mode="json"), "sums": dict(sums)})
        yield Check(what, _over(path, limits, tool, args, sums), _UNSUMMED.format(path))


def _strange_hosts(args: Mapping[str, Json], tool: ToolSpec, allowed: Sequence[str]) -> Iterator[str]:
    for name in _hosts(args, tool):
        if not name or not _host_allowed(name, allowed):
            yield f"{name or 'An address that cannot be read'} is outside the envelope's hosts."


def _too_many(pattern: str, limits: CallLimits, sums: Mapping[str, float]) -> Iterator[str]:
    for period in PERIODS:
        limit = getattr(limits, period)
        if limit is None:
            continue
        before = sum(value for key, value in sums.items() if key.endswith(f":{_calls(pattern)}:{period}"))
        if before + 1 > limit + _SLACK:
            yield f"{limit} calls of {pattern} a {period} are allowed, and this would be number {before + 1:g}."


def _calls(pattern: str) -> str:
    """What the calls of a pattern are counted under, beside the sums of arguments."""
    return f"calls[{pattern}]"


def _over(
    path: str, limits: SumLimits, tool: ToolSpec, args: Mapping[str, Json], sums: Mapping[str, float]
) -> Iterator[str]:
    if not _has_path(tool, path):
        return
    amount = _amount(args, path)
    if amount is None:
        yield _UNSUMMED.format(path)
        return
    for period in PERIODS:
        limit = getattr(limits, period)
        if limit is None:
            continue
        before = sum(value for key, value in sums.items() if key.endswith(f":{path}:{period}"))
        if before + amount > limit + _SLACK:
            yield f"{path} would add up to {before + amount:g} in this {period}; the envelope allows {limit:g}."


def tools_outside(tool: str, role: Role, bounds: Sequence[Bound]) -> str:
    """Why no call of this tool gets past the bounds, or ''."""
    if role.tools is not None and not _among(tool, role.tools):
        return f"{tool} is not among the tools of its contract and is denied"
    for bound in bounds:
        if bound.envelope.tools is not None and not _among(tool, bound.envelope.tools):
            return f"the envelope of {bound.policy} denies {tool}"
    return ""


def added(tool: ToolSpec | None, args: Mapping[str, Json], bounds: Sequence[Bound]) -> dict[str, float]:
    """What a permitted call adds to each limited sum and count, by `tool:args.path:period` or `tool:calls[..]:period`."""
    found: dict[str, float] = {}
    for bound in bounds:
        for pattern, counted in bound.envelope.limits.calls.items():
            for period in PERIODS:
                if tool and _among(tool.name, (pattern,)) and getattr(counted, period) is not None:
                    found[f"{tool.name}:{_calls(pattern)}:{period}"] = 1.0
        for path, limits in bound.envelope.limits.sum.items():
            amount = _amount(args, path) if tool and _has_path(tool, path) else None
            for period in PERIODS:
                if tool and amount is not None and getattr(limits, period) is not None:
                    found[f"{tool.name}:{path}:{period}"] = amount
    return found


def _among(name: str, patterns: Sequence[str]) -> bool:
    return any(matching(pattern, (name,)) for pattern in patterns)


def _args(question: Question) -> Mapping[str, Json]:
    args = question.payload.get("args")
    return args if isinstance(args, dict) else {}


def _hosts(args: Mapping[str, Json], tool: ToolSpec) -> Iterator[str]:
    """The host that each address in the arguments goes to. In a tool that sends nothing out, an address inside
    other text goes nowhere and is left alone.
    """
    for _, text in walk(dict(args)).strings:
        if "//" not in text and "\\" not in text:
            continue
        stripped = text.strip()
        for match in _URL.finditer(text):
            if tool.outbound or match.group() == stripped:
                yield host(match.group().rstrip(".,;:!?)]}"))


def _host_allowed(name: str, patterns: Sequence[str]) -> bool:
    """`*.shop.example` stands for every host below shop.example, and not for shop.example itself."""
    for pattern in patterns:
        wanted = pattern.lower().rstrip(".")
        if wanted in (name, "*") or (wanted.startswith("*.") and name.endswith(wanted[1:])):
            return True
    return False


def _has_path(tool: ToolSpec, path: str) -> bool:
    properties = tool.parameters.get("properties")
    return isinstance(properties, dict) and path.split(".")[1].removesuffix("[]") in properties


def _amount(args: Mapping[str, Json], path: str) -> float | None:
    """The number at `path`, the sum over a list's items for `[]`; negative numbers never lower a sum."""
    values: list[Any] = [args]
    for part in path.split(".")[1:]:
        key = part.removesuffix("[]")
        values = [value.get(key) if isinstance(value, Mapping) else None for value in values]
        if part.endswith("[]"):
            values = [item for value in values for item in (value if isinstance(value, list) else [None])]
    total = 0.0
    for value in values:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return None
        total += max(0.0, float(value))
    return total
