"""The persona contract as `persona.toml` says it (schema persona/1): the closed set of what can be declared.

Invariant: a `Persona` that exists is well formed by itself; whether what it names exists is `check`'s question.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from greenroom.core.values import Frozen, Json

_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_REQUIREMENT = re.compile(r"([a-z][a-z0-9-]*)(?:@([\^~]?)(\d+(?:\.\d+){0,2}))?")


def semantic_version(text: str) -> str:
    """The text itself if it is a version as semver.org 2.0.0 writes it.

    Raises:
        ValueError: it is not.
    """
    if not _SEMVER.fullmatch(text):
        raise ValueError(f"'{text}' is not a semantic version such as 1.3.0 or 1.4.0-rc1")
    return text


def seconds(value: Json) -> Json:
    """Seconds from `"90s"`, `"15m"`, `"2h"` or `"1d"`; anything that is not text is left for the field to judge.

    Raises:
        ValueError: text of another form.
    """
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if not found:
        raise ValueError(f"'{value}' is not a duration such as 60, '90s', '15m', '2h' or '1d'")
    return float(found.group(1)) * _SECONDS[found.group(2)]


def satisfies(version: str, requirement: str) -> bool:
    """Whether a version meets `^2.3` (same major, at least), `~2.3` (same minor, at least), `2.3` (so begins) or nothing.

    Below 1.0.0 a minor is as good as a major, as semver.org has it. Pre-release parts are not compared.
    """
    have = tuple(map(int, re.split(r"[-+]", version, maxsplit=1)[0].split(".")))
    want = tuple(map(int, requirement.lstrip("^~").split("."))) if requirement else ()
    if not requirement.startswith(("^", "~")):
        return have[: len(want)] == want
    fixed = 2 if requirement.startswith("~") or want[0] == 0 else 1
    return have[:fixed] == want[:fixed] + have[len(want) : fixed] and have >= want


def _requirement(text: str) -> str:
    if not _REQUIREMENT.fullmatch(text):
        raise ValueError(f"'{text}' is not a requirement such as 'ledger-agent' or 'support@^2.3'")
    return text


def _inside(text: str) -> str:
    """A relative path that stays in the persona's folder, with forward slashes on every platform."""
    parts = text.split("/")
    if not text or "\\" in text or ":" in text or parts[0] == "" or ".." in parts:
        raise ValueError(f"'{text}' must be a path inside the persona's folder")
    return text


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
Line = Annotated[str, Field(min_length=1)]
Version = Annotated[str, AfterValidator(semantic_version)]
Seconds = Annotated[float, BeforeValidator(seconds), Field(gt=0)]
Requirement = Annotated[str, AfterValidator(_requirement)]
InsidePath = Annotated[str, AfterValidator(_inside)]
Share = Annotated[float, Field(ge=0, le=1)]
Sensitivity = Literal["public", "internal", "personal", "secret"]


class Story(Frozen):
    """The user story: the contract in one sentence, and the standard every other section is read by."""

    as_a: Line
    i_want: Line
    so_that: Line


class VoiceExample(Frozen):
    """One exchange that shows how the persona speaks."""

    user: Line
    reply: Line


class Voice(Frozen):
    """How it speaks. `never` are words and phrases that no reply may hold; a last `*` stands for any ending."""

    tone: tuple[Line, ...] = ()
    never: tuple[Line, ...] = ()
    example: tuple[VoiceExample, ...] = ()


class Prompt(Frozen):
    """Where the system prompt template is, and a value for each variable it names."""

    file: InsidePath = "prompt.md"
    variables: dict[str, str] = Field(default_factory=dict)


class ModelChoice(Frozen):
    """The model it runs on, what to try when that one cannot serve, and the parameters sent along."""

    use: Line
    fallback: tuple[Line, ...] = ()
    params: dict[str, Json] = Field(default_factory=dict)


class Knowledge(Frozen):
    """What it may look up. At most `top_k` passages and `budget_chars` code points of them reach the prompt.

    A candidate is dropped when the better of its own leg scores (0..1) is under `min_score`, so that a weak match is
    not cited; the fused score, which only orders, is no measure of that.
    """

    collections: tuple[Line, ...] = ()
    top_k: int = Field(default=6, ge=1, le=100)
    min_score: Share = 0.15
    budget_chars: int = Field(default=6000, ge=200)


class MemoryScope(Frozen):
    """The memory segments it may read and write; each is declared in greenroom.toml."""

    read: tuple[Line, ...] = ()
    write: tuple[Line, ...] = ()


class ToolScope(Frozen):
    """The tools it may call, by name; `orders.*` stands for every tool that begins so."""

    allow: tuple[Line, ...] = ()


class PolicyScope(Frozen):
    """The policy files that bind it, and how far it acts on its own (0 suggests only, 4 acts inside its envelope)."""

    files: tuple[Line, ...] = ()
    autonomy: int = Field(default=2, ge=0, le=4)


class Orchestration(Frozen):
    """How a turn is driven, and to whom it may hand over."""

    mode: Literal["direct", "plan", "reactive"] = "direct"
    handoffs: tuple[Id, ...] = ()


class Limits(Frozen):
    """What one turn may use. Reaching a limit ends the turn with a plain sentence; it is never exceeded first."""

    tool_calls: int = Field(default=6, ge=0)
    replies: int = Field(default=8, ge=1)
    tokens: int = Field(default=20_000, ge=1)
    usd: float = Field(default=0.25, ge=0)
    seconds: Seconds = 60.0


class DataInput(Frozen):
    """One kind of data it may take in. `format` is such as `sql:orders.db`."""

    name: Line
    format: Line
    sensitivity: Sensitivity


class Acceptance(Frozen):
    """One testable sentence of the contract. `fixture` names the recorded session that proves it."""

    id: Id
    given: Line
    when: Line
    then: Line
    fixture: str = ""


class Objectives(Frozen):
    """Service levels, measured from the logs: milliseconds, and shares of turns between 0 and 1."""

    latency_p95_ms: int | None = Field(default=None, ge=1)
    error_rate: Share | None = None
    policy_denials: Share | None = None


class Dependencies(Frozen):
    """Other contracts it relies on, as `name@^major.minor`."""

    personas: tuple[Requirement, ...] = ()
    policies: tuple[Requirement, ...] = ()


class Persona(Frozen):
    """The whole contract. Identity, story and model must be said; every other section has a cautious default."""

    schema_: Literal["persona/1"] = Field(alias="schema")
    id: Id
    version: Version
    name: Line
    kind: Literal["persona", "agent"] = "persona"
    story: Story
    voice: Voice = Voice()
    prompt: Prompt = Prompt()
    model: ModelChoice
    knowledge: Knowledge = Knowledge()
    memory: MemoryScope = MemoryScope()
    tools: ToolScope = ToolScope()
    policy: PolicyScope = PolicyScope()
    orchestration: Orchestration = Orchestration()
    limits: Limits = Limits()
    data: tuple[DataInput, ...] = ()
    acceptance: tuple[Acceptance, ...] = ()
    objectives: Objectives = Objectives()
    dependencies: Dependencies = Dependencies()

    @property
    def label(self) -> str:
        """`aria@1.3.0`, as people name it."""
        return f"{self.id}@{self.version}"
