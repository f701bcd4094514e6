"""The values a turn handles: usage, passages, memories, tools, findings, verdicts, approvals. Frozen, closed to unknown keys."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict of those. Cleaned at ingest by `canonical.clean_json`."""

Hook = Literal[
    "input",
    "memory.read",
    "retrieval",
    "prompt",
    "tool.call",
    "tool.result",
    "memory.write",
    "handoff",
    "output",
    "export",
]
Effect = Literal["allow", "redact", "require_approval", "escalate", "deny"]
Origin = Literal["user", "memory", "passage", "tool", "web", "model", "persona"]
Effects = Literal["none", "repeatable", "once"]
Gate = Literal["input", "recall", "retrieve", "prompt", "tool", "result", "output", "remember"]
GateDeed = Literal["continue", "step", "edit", "simulate", "skip", "abandon"]
StepMode = Literal["run", "tools", "step"]
Scope = Literal["once", "turn", "session"]
StopScope = Literal["call", "turn", "tool", "everything"]
_new = object.__new__
_put_fields, _put_names, _put_extra, _put_private = (
    BaseModel.__dict__[slot].__set__
    for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)
"""What a value is made of, put where it stands: a quarter quicker than by name, and a replay makes hundreds."""
MOST_SECONDS = 86_400_000_000
"""The longest that leave can be given for: a million days, far from the end of the calendar."""


class Frozen(BaseModel):
    """Base of every value read from a file or a wire: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __copy__(self) -> Self:
        """A shallow copy, as `model_copy` makes; with neither private nor extra fields there is little to it."""
        copied = _new(type(self))
        _put_fields(copied, self.__dict__.copy())
        _put_names(copied, self.__pydantic_fields_set__.copy())
        _put_extra(copied, None)
        _put_private(copied, None)
        return copied


F = TypeVar("F", bound=Frozen)


def trusted(kind: type[F], /, **fields: Any) -> F:
    """A value of `fields` as they are, in a third of the time, for nothing is checked.

    Only for what Greenroom has just worked out, or has checked itself; every field without a default must be there.
    """
    blank, made_anew, names = _blank(kind)
    values = blank | fields
    for name, make in made_anew:
        if name not in fields:
            values[name] = make()
    made = _new(kind)
    _put_fields(made, values)
    _put_names(made, names)
    _put_extra(made, None)
    _put_private(made, None)
    return made


def forget_which_were_set(value: Frozen) -> None:
    """Have a value hold that all its fields were given, as those of `trusted` do: in one set for all of its class."""
    _put_names(value, _blank(type(value))[2])


@cache
def _blank(kind: type[Frozen]) -> tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...], set[str]]:
    """Every field in its order with its default, those whose default is made anew each time, and all names."""
    fields = kind.model_fields
    anew = tuple(
        (name, cast(Callable[[], Any], one.default_factory)) for name, one in fields.items() if one.default_factory
    )
    return {name: one.default for name, one in fields.items()}, anew, set(fields)


class Usage(Frozen):
    """What a call or turn used. Money is counted in millionths of a US dollar, so that sums stay exact."""

    input_tokens: int = 0
    output_tokens: int = 0
    micro_usd: int = 0

    def plus(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            micro_usd=self.micro_usd + other.micro_usd,
        )

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def usd(self) -> float:
        return self.micro_usd / 1_000_000


class Passage(Frozen):
    """A piece of a document that retrieval found.

    `start` and `end` are code points in the source. A score is None where its leg did not run or did not find it;
    `vector` is cosine similarity in 0..1, `lexical` the leg's own relevance (larger is better), `score` the fused one.
    `edited` is who put other words in its place at a gate.
    """

    id: str
    source: str
    heading: str = ""
    text: str
    start: int = 0
    end: int = 0
    collection: str = ""
    score: float = 0.0
    vector: float | None = None
    lexical: float | None = None
    matched: tuple[str, ...] = ()
    origin: Origin = "passage"
    edited: str = Field(default="", exclude_if=operator.not_)

    @property
    def label(self) -> str:
        """`returns.md#refunds`, as people cite it."""
        return f"{self.source}#{self.heading}" if self.heading else self.source


class Memory(Frozen):
    """One thing kept about a subject. `record` is `session:seq` of the words it came from; `confidence` is 0..1;
    `edited` is who put other words in its place at a gate.
    """

    id: str
    segment: str
    subject: str
    text: str
    key: str = ""
    confidence: float = 1.0
    record: str = ""
    created: str = ""
    expires: str | None = None
    score: float | None = None
    edited: str = Field(default="", exclude_if=operator.not_)


class ToolSpec(Frozen):
    """What a tool is and what it may do to the world. `parameters` is a JSON Schema of an object.

    `outbound` sends something out; `untrusted` brings in text that nobody on the team wrote or vetted. `returns` is the
    JSON Schema of its result where it declares one: for people who make one up, and no part of what a model is told.
    """

    name: str
    description: str
    parameters: dict[str, Json]
    effects: Effects = "once"
    reversible: bool = False
    timeout_seconds: float = 30.0
    output_limit: int = 20_000
    sensitivity: Literal["public", "internal", "personal", "secret"] = "internal"
    outbound: bool = False
    untrusted: bool = Field(default=False, exclude_if=operator.not_)
    returns: dict[str, Json] = Field(default_factory=dict, exclude=True)


class ToolCall(Frozen):
    """A call the model asks for. `id` is the engine's number (`c1`); `problem` says why the arguments could not be read."""

    id: str
    tool: str
    arguments: dict[str, Json] = Field(default_factory=dict)
    vendor_id: str = ""
    problem: str = ""


class ToolResult(Frozen):
    """What a call came to. Everything but `done` is a value the model gets to read, never an exception."""

    status: Literal["done", "failed", "timed_out", "invalid", "denied", "unknown"]
    output: Json = None
    error: str = ""


class Finding(Frozen):
    """Something a detector saw. `path` is where in the payload (`args.note`, `text`), the span is code points there."""

    detector: str
    path: str
    start: int
    end: int
    mask: str = ""


class Clause(Frozen):
    """One clause of a rule as it was evaluated, with the live value of every name in it."""

    source: str
    outcome: Literal["true", "false", "error"]
    values: dict[str, Json] = Field(default_factory=dict)
    error: str = ""


class Fired(Frozen):
    """A rule that took part in a verdict. `observed` means it was recorded without acting; `aside` names the exception
    that set it aside, if that is why.
    """

    rule: str
    effect: Effect
    why: str
    policy: str = ""
    clauses: tuple[Clause, ...] = ()
    observed: bool = False
    aside: str = Field(default="", exclude_if=operator.not_)


class Ask(Frozen):
    """Who is asked and until when. `then` is what happens after the deadline, in order; it never allows.

    `runbook` is what the person asked should follow: a document of the workspace, or a sentence.
    """

    role: str = "operator"
    deadline_seconds: int | None = None
    then: tuple[str, ...] = ("deny",)
    runbook: str = ""


class Verdict(Frozen):
    """A decision with its reasons.

    `rule` is the strictest rule that fired, or a built-in name such as `envelope`, `autonomy` or `default`.
    `payload` is what goes on after a redact, and None otherwise. `addends` are the parts `risk` (0..100) is made of.
    """

    effect: Effect
    rule: str
    why: str
    policy: str = ""
    policy_digest: str = ""
    risk: int = 0
    addends: tuple[tuple[str, int], ...] = ()
    autonomy: int = 0
    fired: tuple[Fired, ...] = ()
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()
    show: dict[str, Json] = Field(default_factory=dict)
    ask: Ask | None = None
    payload: Json = None

    @property
    def blocks(self) -> bool:
        """Whether what was asked about may not go on without a person."""
        return self.effect in ("deny", "escalate", "require_approval")


class Card(Frozen):
    """What a person is shown when asked, in reading order; its commitment is part of the log.

    At a hook other than `tool.call` the call is a stand-in: its tool is what would be done with the text, such as
    `reply`, and its one argument the text. `provenance` says of each argument by name whose words it repeats.
    """

    call: ToolCall
    spec: ToolSpec
    verdict: Verdict
    reason: str = ""
    origin: tuple[str, ...] = ()
    hook: Hook = "tool.call"
    provenance: dict[str, tuple[Origin, ...]] = Field(default_factory=dict)


class ApprovalReply(Frozen):
    """A person's answer. `arguments` belongs to edit, `result` to simulate, `reason` to deny and stop.

    With a `scope` beyond `once` an allow also covers later calls of the same tool that the same rules ask about and
    for which every clause of `when` holds, for at most `valid_seconds`.
    """

    decision: Literal["allow", "deny", "edit", "simulate", "stop"]
    approver: str = ""
    established: str = ""
    reason: str = ""
    arguments: dict[str, Json] | None = None
    result: Json = None
    scope: Scope = "once"
    when: tuple[str, ...] = ()
    valid_seconds: int | None = Field(default=None, le=MOST_SECONDS)


class Stop(Frozen):
    """What a person stopped. `target` is a tool's name or pattern, `session/turn` (`s1/t3`) or `session/step` of a call;
    '' for everything. `at` is a stamp.
    """

    scope: StopScope
    target: str = ""
    reason: str = ""
    by: str = ""
    at: str = ""


class Breakpoint(Frozen):
    """A condition at which a session stops, switched on or off."""

    when: str
    on: bool = True


class GateReply(Frozen):
    """What a person does at a pause. `edit` is what an edit or a simulation puts in, in that gate's own form (see
    `engine/gates/edits.py`); `by` and `established` are who did it, and how that is known.
    """

    action: GateDeed
    edit: Json = None
    by: str = ""
    established: str = ""
