"""A policy file as people write it (schema policy/1): the closed set of keys, and nothing about how it is evaluated.

Invariant: a `PolicyFile` that exists is well formed by itself; whether the names in it exist is `load`'s question.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from greenroom.core.toml_text import suggest
from greenroom.core.values import MOST_SECONDS, Effect, Frozen, Hook, Json, Origin
from greenroom.policy.files.own_detectors import DetectorSpec

HOOKS: tuple[Hook, ...] = get_args(Hook)
EFFECTS: tuple[Effect, ...] = ("allow", "redact", "require_approval", "escalate", "deny")
"""From the mildest to the strictest."""

AUTONOMY = "autonomy"
"""What an exception names to set aside what autonomy alone asks."""

BUILT_IN = frozenset(
    {
        AUTONOMY,
        "default",
        "envelope",
        "memory.segments",
        "policy.fault",
        "taint",
        "tools.allow",
        "tools.unknown",
        "unchecked",
    }
)
"""What verdicts cite where no rule of a file decided."""

_SEMVER = re.compile(r"\d+\.\d+\.\d+(?:[-+][\w.+-]+)?")
_DURATION = re.compile(r"(\d{1,12})\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_AFTER = re.compile(r"deny|(?:notify|escalate):[\w.-]+")
_SUM_PATH = re.compile(r"args(?:\.[A-Za-z_][\w-]*(?:\[\])?)+")


def _listed(value: Json) -> Json:
    return [value] if isinstance(value, str) else value


def _alternatives(value: Json) -> Json:
    return [[item] if isinstance(item, str) else item for item in value] if isinstance(value, list) else value


def _hook(text: str) -> str:
    if text not in HOOKS:
        raise ValueError(f"unknown hook '{text}'; {suggest(text, list(HOOKS))}")
    return text


def _version(text: str) -> str:
    if not _SEMVER.fullmatch(text):
        raise ValueError(f"'{text}' is not a version such as 2.3.0")
    return text


def _duration(text: str) -> str:
    if not seconds(text):
        raise ValueError(f"'{text}' is not a duration such as 90s, 15m, 2h or 1d")
    return text


def _after(text: str) -> str:
    if not _AFTER.fullmatch(text):
        raise ValueError(f"'{text}' must be 'deny', 'notify:<role>' or 'escalate:<role>'; a deadline never allows")
    return text


def _sum_path(text: str) -> str:
    if not _SUM_PATH.fullmatch(text):
        raise ValueError(f"'{text}' is not a path such as args.amount or args.items[].price")
    return text


def matching(pattern: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names a pattern stands for: the name itself, or every name with what `*` leaves open."""
    if "*" not in pattern:
        return (pattern,) if pattern in names else ()
    compiled = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    return tuple(name for name in names if compiled.fullmatch(name))


def seconds(duration: str) -> int:
    """`15m` in seconds; 0 for what is no duration, or one with an end that no calendar knows."""
    found = _DURATION.fullmatch(duration)
    length = int(found[1]) * _SECONDS[found[2]] if found else 0
    return length if length <= MOST_SECONDS else 0


def _one_or_many(item: dict[str, Json]) -> WithJsonSchema:
    """What editors are told: one value, or a list of them."""
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item}]})


Text = Annotated[str, Field(min_length=1)]
_STRINGS = _one_or_many({"type": "string", "minLength": 1})
Clauses = tuple[Text, ...]
HookName = Annotated[Hook, BeforeValidator(_hook)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Addend = tuple[Text, Annotated[int, Field(ge=0, le=100)]]
"""A clause and its points. Points are never negative: a rule that fires cannot make anything look safer."""


class AskSpec(Frozen):
    """Whom to ask, by which runbook (a document of the workspace, or a sentence), and what happens when nobody answers."""

    role: Text = "operator"
    deadline: Annotated[str, AfterValidator(_duration)] | None = None
    then: tuple[Annotated[str, AfterValidator(_after)], ...] = ("deny",)
    runbook: str = ""


class RiskSpec(Frozen):
    """How much a firing rule adds to the risk (0..100): a base, and points for each clause that holds."""

    base: int = Field(default=0, ge=0, le=100)
    add: tuple[Addend, ...] = ()


class TestFacts(Frozen):
    """What a test says of the session; what it leaves out is as in a fresh one."""

    turn: int = 0
    taint: tuple[Origin, ...] = ()
    calls_this_turn: int = 0
    counts: dict[str, int] = Field(default_factory=dict)
    sums: dict[str, float] = Field(default_factory=dict)
    autonomy: int = Field(default=2, ge=0, le=4)


class TestWith(Frozen):
    """The question a test puts. `tool` and `hook` are the rule's first ones unless named; `payload` adds anything else."""

    hook: HookName | None = None
    tool: str = ""
    subject: str = ""
    args: dict[str, Json] | None = None
    text: str | None = None
    origin: Origin | None = None
    segment: str = ""
    args_from: dict[str, tuple[Origin, ...]] = Field(default_factory=dict)
    session: TestFacts = TestFacts()
    payload: dict[str, Json] = Field(default_factory=dict)


class RuleTest(Frozen):
    """A sentence about the rule that can be checked: given `with`, the rule alone comes to `expect`."""

    name: Text
    with_: TestWith = Field(default=TestWith(), alias="with")
    expect: Literal["no_match", "allow", "redact", "require_approval", "escalate", "deny"]


class ExceptionTest(Frozen):
    """Given `with`, on which the rule fires: does the exception set it aside, or is it in force?"""

    name: Text
    with_: TestWith = Field(default=TestWith(), alias="with")
    expect: Literal["set_aside", "in_force"]


class Rule(Frozen):
    """One rule: when all of `when` and, if given, one of `any` hold and `find` found something, `then` is its effect."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][\w.-]*$", max_length=80)]
    why: Text
    hook: Annotated[
        tuple[HookName, ...], BeforeValidator(_listed), Field(min_length=1), _one_or_many({"enum": list(HOOKS)})
    ]
    tools: Annotated[tuple[Text, ...], BeforeValidator(_listed), _STRINGS] = ()
    when: Annotated[Clauses, BeforeValidator(_listed), _STRINGS] = ()
    any: Annotated[
        tuple[Clauses, ...],
        BeforeValidator(_alternatives),
        WithJsonSchema({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "array"}]}}),
    ] = ()
    find: Annotated[tuple[Text, ...], BeforeValidator(_listed), _STRINGS] = ()
    then: Effect
    risk: RiskSpec = RiskSpec()
    ask: AskSpec | None = None
    show: Clauses = ()
    mode: Literal["enforce", "observe"] = "enforce"
    autonomy_may: bool = False
    test: tuple[RuleTest, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Rule:
        if self.id in BUILT_IN:
            raise ValueError(f"'{self.id}' is what a built-in decision is called; give the rule another id")
        if self.tools and not set(self.hook) <= {"tool.call", "tool.result"}:
            raise ValueError(f"rule '{self.id}': 'tools' belongs to the hooks tool.call and tool.result only")
        if self.then == "redact" and not self.find:
            raise ValueError(f"rule '{self.id}': redact needs 'find', which says what is masked")
        if self.autonomy_may and self.then != "require_approval":
            raise ValueError(f"rule '{self.id}': 'autonomy_may' belongs to require_approval only")
        if self.ask and self.then not in ("require_approval", "escalate"):
            raise ValueError(f"rule '{self.id}': 'ask' belongs to require_approval and escalate only")
        return self


class SumLimits(Frozen):
    """How much may add up in a turn, a session, a day; None is no limit."""

    turn: Amount | None = None
    session: Amount | None = None
    day: Amount | None = None


class CallLimits(Frozen):
    """How many calls there may be in a turn, a session, a day; None is no limit."""

    turn: int | None = Field(default=None, ge=0)
    session: int | None = Field(default=None, ge=0)
    day: int | None = Field(default=None, ge=0)


class EnvelopeLimits(Frozen):
    """Counts and cumulative sums: `calls` by a pattern of tools, `sum` by the path of a number in the arguments."""

    calls_per_turn: int | None = Field(default=None, ge=0)
    calls: dict[Text, CallLimits] = Field(default_factory=dict)
    sum: dict[Annotated[str, AfterValidator(_sum_path)], SumLimits] = Field(default_factory=dict)


class Envelope(Frozen):
    """What a role may even try. None is no bound; an empty list allows nothing."""

    tools: tuple[Text, ...] | None = None
    hosts: tuple[Text, ...] | None = None
    limits: EnvelopeLimits = EnvelopeLimits()


class RuleException(Frozen):
    """Sets one rule of this file aside until a day. `owner` answers for it.

    As `autonomy` it sets aside the question that autonomy alone asks about calls of `tools`, so that "always allow
    this" can be said as policy; it speaks for itself only, never against a rule or a bound.
    """

    rule: Text
    owner: Text
    expires: date
    why: Text
    tools: Annotated[tuple[Text, ...], BeforeValidator(_listed), _STRINGS] = ()
    when: Annotated[Clauses, BeforeValidator(_listed), _STRINGS] = ()
    test: tuple[ExceptionTest, ...] = ()

    @property
    def text(self) -> str:
        """How verdicts name it: `Goodwill week (kim, until 2026-12-01)`."""
        return f"{self.why} ({self.owner}, until {self.expires.isoformat()})"

    @model_validator(mode="after")
    def _says_which_calls(self) -> RuleException:
        if self.rule == AUTONOMY and not (self.tools and self.when):
            raise ValueError("an exception to autonomy needs 'tools' and 'when', which say for exactly which calls")
        if self.rule != AUTONOMY and self.tools:
            raise ValueError("'tools' belongs to exceptions to autonomy; a rule names its tools itself")
        return self


class PolicyFile(Frozen):
    """One policy file. `envelope` is by persona kind (`persona`, `agent`) or persona id."""

    schema_: Literal["policy/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
    version: Annotated[str, AfterValidator(_version)]
    mode: Literal["enforce", "observe"] = "enforce"
    envelope: dict[str, Envelope] = Field(default_factory=dict)
    detector: tuple[DetectorSpec, ...] = ()
    rule: tuple[Rule, ...] = ()
    exception: tuple[RuleException, ...] = ()

    @property
    def label(self) -> str:
        """`support@2.3.0`, as verdicts cite it."""
        return f"{self.id}@{self.version}"
